/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a service is after some events.
 */
#pragma once

#include <micro/micro-service.h>

G_BEGIN_DECLS

/* @services: (nullable) (element-type MicroService): what was known, which stays as it is.
 * @events: (element-type MicroEvent): all of one service name, in their order.
 * Returns: (transfer full): one record a version that has nodes left.  Its time is that of reading
 * both once, however many nodes and events there are. */
GPtrArray *micro_snapshot_fold (GPtrArray *services, GPtrArray *events);

G_END_DECLS
