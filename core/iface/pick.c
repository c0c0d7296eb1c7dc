/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What selectors ask of the call that they choose a node for.
 */
#include "config.h"

#include <micro/micro-selector.h>

/**
 * micro_pick_may_use: (skip)
 * @self: what select() was given
 * @node: a node of the service
 *
 * Returns: whether @node may be chosen: the call has not failed on it, and it is not set aside
 */
gboolean
micro_pick_may_use (const MicroPick *self, MicroNode *node)
{
  for (guint i = 0; self->tried != NULL && i < self->tried->len; i++)
    if (micro_node_equal (self->tried->pdata[i], node))
      return FALSE;
  return TRUE;
}

/**
 * micro_pick_get_header: (skip)
 * @self: what select() was given
 * @name: in any case
 *
 * Returns: (nullable) (transfer none): the first value of a header that the caller sends
 */
const char *
micro_pick_get_header (const MicroPick *self, const char *name)
{
  for (guint i = 0; i + 1 < self->n_headers; i += 2)
    if (g_ascii_strcasecmp (self->headers[i], name) == 0)
      return self->headers[i + 1];
  return NULL;
}

/**
 * micro_pick_fail: (skip)
 * @self: what select() was given
 * @service: that has no node left for it
 * @error: return location
 *
 * The error of a selector that finds nothing to choose, with %MICRO_STATUS_UNAVAILABLE.
 */
void
micro_pick_fail (const MicroPick *self, MicroService *service, GError **error)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
               "no ready nodes for “%s” (%u known, %u tried)", micro_service_get_name (service),
               nodes != NULL ? nodes->len : 0, self->tried != NULL ? self->tried->len : 0);
}
