/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A service at one moment, as calls use it: versions merged once, nodes that drain left out.
 */
#include "config.h"

#include "client/snapshot.h"
#include <micro/micro-node.h>

static void
add_nodes (GPtrArray *nodes, MicroService *record, gboolean draining)
{
  GPtrArray *from = micro_service_get_nodes (record);

  for (guint i = 0; i < from->len; i++)
    if (draining || micro_node_get_state (from->pdata[i]) == MICRO_NODE_READY)
      g_ptr_array_add (nodes, micro_node_ref (from->pdata[i]));
}

/* Those that drain are better than none. */
static MicroService *
merge (GPtrArray *records, guint first, guint n)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  guint n_known = 0;

  for (guint i = first; i < first + n; i++)
    {
      n_known += micro_service_get_nodes (records->pdata[i])->len;
      add_nodes (nodes, records->pdata[i], FALSE);
    }
  if (nodes->len == 0)
    for (guint i = first; i < first + n; i++)
      add_nodes (nodes, records->pdata[i], TRUE);
  if (n == 1 && nodes->len == n_known)
    return micro_service_ref (records->pdata[first]);
  return micro_service_with_nodes (records->pdata[first], nodes);
}

MicroSnapshot *
micro_snapshot_new (GPtrArray *records)
{
  MicroSnapshot *self = g_atomic_rc_box_new0 (MicroSnapshot);

  self->records = g_ptr_array_ref (records);
  self->versions = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  for (guint i = 0; i < records->len; i++)
    g_ptr_array_add (self->versions, merge (records, i, 1));
  self->all = records->len == 1 ? micro_service_ref (self->versions->pdata[0])
                                : merge (records, 0, records->len);
  self->used = TRUE;
  return self;
}

MicroSnapshot *
micro_snapshot_ref (MicroSnapshot *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
snapshot_clear (gpointer data)
{
  MicroSnapshot *self = data;

  micro_service_unref (self->all);
  g_ptr_array_unref (self->versions);
  g_ptr_array_unref (self->records);
}

void
micro_snapshot_unref (MicroSnapshot *self)
{
  g_atomic_rc_box_release_full (self, snapshot_clear);
}

MicroService *
micro_snapshot_get_service (MicroSnapshot *self, const char *version)
{
  if (version == NULL)
    return micro_service_ref (self->all);
  for (guint i = 0; i < self->versions->len; i++)
    if (g_str_equal (micro_service_get_version (self->versions->pdata[i]), version))
      return micro_service_ref (self->versions->pdata[i]);
  return micro_service_with_nodes (self->all, NULL);
}
