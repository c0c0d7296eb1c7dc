/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a service is after some events.
 */
#include "config.h"

#include "client/snapshot.h"
#include <micro/micro-node.h>

/* One version while it changes.  What is in it belongs to the records and events around it. */
typedef struct
{
  MicroService *service; /* says what the version is */
  GPtrArray *nodes;      /* of MicroNode; NULL where one has gone */
  GHashTable *places;    /* id → index in nodes, from 1 */
} Draft;

static void
draft_free (gpointer data)
{
  Draft *draft = data;

  g_ptr_array_unref (draft->nodes);
  g_hash_table_unref (draft->places);
  g_free (draft);
}

static void
draft_put (Draft *draft, MicroNode *node)
{
  gpointer place = g_hash_table_lookup (draft->places, micro_node_get_id (node));

  if (place != NULL)
    {
      draft->nodes->pdata[GPOINTER_TO_SIZE (place) - 1] = node;
      return;
    }
  g_ptr_array_add (draft->nodes, node);
  g_hash_table_insert (draft->places, (char *) micro_node_get_id (node),
                       GSIZE_TO_POINTER (draft->nodes->len));
}

static void
draft_put_all (Draft *draft, MicroService *service)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  for (guint i = 0; i < nodes->len; i++)
    draft_put (draft, g_ptr_array_index (nodes, i));
}

static void
draft_drop (Draft *draft, MicroNode *node)
{
  gpointer place = g_hash_table_lookup (draft->places, micro_node_get_id (node));

  if (place == NULL)
    return;
  draft->nodes->pdata[GPOINTER_TO_SIZE (place) - 1] = NULL;
  g_hash_table_remove (draft->places, micro_node_get_id (node));
}

/* A deletion without nodes is one of them all. */
static void
draft_drop_all (Draft *draft, MicroService *service)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  if (nodes->len == 0)
    {
      g_ptr_array_set_size (draft->nodes, 0);
      g_hash_table_remove_all (draft->places);
    }
  for (guint i = 0; i < nodes->len; i++)
    draft_drop (draft, g_ptr_array_index (nodes, i));
}

/* (transfer full) (nullable): the version as it now is */
static MicroService *
draft_finish (Draft *draft)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_sized_new (draft->nodes->len);

  for (guint i = 0; i < draft->nodes->len; i++)
    if (g_ptr_array_index (draft->nodes, i) != NULL)
      g_ptr_array_add (nodes, g_ptr_array_index (draft->nodes, i));
  return nodes->len > 0 ? micro_service_with_nodes (draft->service, nodes) : NULL;
}

static Draft *
find_draft (GPtrArray *drafts, MicroService *service)
{
  Draft *draft;

  for (guint i = 0; i < drafts->len; i++)
    {
      draft = g_ptr_array_index (drafts, i);
      if (g_str_equal (micro_service_get_version (draft->service),
                       micro_service_get_version (service)))
        return draft;
    }
  draft = g_new0 (Draft, 1);
  draft->service = service;
  draft->nodes = g_ptr_array_new ();
  draft->places = g_hash_table_new (g_str_hash, g_str_equal);
  g_ptr_array_add (drafts, draft);
  return draft;
}

static void
apply (GPtrArray *drafts, MicroEvent *event)
{
  MicroService *service = micro_event_get_service (event);
  Draft *draft = find_draft (drafts, service);

  if (micro_event_get_kind (event) == MICRO_EVENT_DELETED)
    {
      draft_drop_all (draft, service);
      return;
    }
  draft->service = service;
  draft_put_all (draft, service);
}

GPtrArray *
micro_snapshot_fold (GPtrArray *services, GPtrArray *events)
{
  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_autoptr (GPtrArray) drafts = g_ptr_array_new_with_free_func (draft_free);

  for (guint i = 0; services != NULL && i < services->len; i++)
    {
      MicroService *service = g_ptr_array_index (services, i);

      draft_put_all (find_draft (drafts, service), service);
    }
  for (guint i = 0; i < events->len; i++)
    apply (drafts, g_ptr_array_index (events, i));
  for (guint i = 0; i < drafts->len; i++)
    {
      MicroService *service = draft_finish (g_ptr_array_index (drafts, i));

      if (service != NULL)
        g_ptr_array_add (result, service);
    }
  return result;
}
