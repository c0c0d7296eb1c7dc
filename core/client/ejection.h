/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Nodes that refuse connections, and how long they are left alone.
 */
#pragma once

#include <micro/micro-service.h>

G_BEGIN_DECLS

typedef struct _MicroEjection MicroEjection;

/* Any thread. */
MicroEjection *micro_ejection_new (void);
void micro_ejection_free (MicroEjection *self);
void micro_ejection_failed (MicroEjection *self, const char *address);
void micro_ejection_worked (MicroEjection *self, const char *address);
/* (transfer full) (nullable): @tried and the nodes of @service that are out; %NULL for none */
GPtrArray *micro_ejection_get_tried (MicroEjection *self, MicroService *service, GPtrArray *tried);

G_END_DECLS
