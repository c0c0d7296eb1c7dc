/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What every server has beside its own services; made in core/services.
 */
#pragma once

#include <micro/micro-client.h>
#include <micro/micro-health.h>
#include <micro/micro-server.h>

G_BEGIN_DECLS

typedef struct _MicroServices MicroServices;

/* Adds grpc.health.v1, reflection and Debug to @router, and the interceptors that they need to it
 * and to @client (nullable).
 * @name: of the service, as the registry has it. */
MicroServices *micro_services_new (MicroRouter *router, MicroClient *client, const char *name);
/* (transfer none): what grpc.health.v1 says */
MicroHealth *micro_services_get_health (MicroServices *self);
/* Ends the streams that would never end.  Any thread. */
void micro_services_stop (MicroServices *self);
void micro_services_free (MicroServices *self); /* after the server has stopped */

G_END_DECLS
