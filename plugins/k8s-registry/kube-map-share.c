/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What many pods and slices say alike: it is read once, and kept once.
 */
#include "config.h"

#include <string.h>

#include "../common/kube-scan.h"
#include "kube-map.h"

/* What nobody uses any more is forgotten with all the rest; what is in use is held elsewhere. */
#define MAX_SHARED 4096

static guint
shape_hash (gconstpointer data)
{
  MicroService *shape = (MicroService *) data;

  return g_str_hash (micro_service_get_name (shape)) * 31
         + g_str_hash (micro_service_get_version (shape));
}

static gboolean
shape_equal (gconstpointer a, gconstpointer b)
{
  return a == b || micro_service_equal ((MicroService *) a, (MicroService *) b);
}

static guint
metadata_hash (gconstpointer data)
{
  MicroMetadata *metadata = (MicroMetadata *) data;
  guint hash = 0;

  for (guint i = 0; i < micro_metadata_get_length (metadata); i++)
    hash = (hash * 31 + g_str_hash (micro_metadata_get_key (metadata, i))) * 31
           + g_str_hash (micro_metadata_get_value (metadata, i));
  return hash;
}

static gboolean
metadata_equal (gconstpointer a, gconstpointer b)
{
  return micro_metadata_equal ((MicroMetadata *) a, (MicroMetadata *) b);
}

KubeMap *
kube_map_new (void)
{
  KubeMap *self = g_new0 (KubeMap, 1);

  self->family = 4;
  self->shapes
      = g_hash_table_new_full (shape_hash, shape_equal, (GDestroyNotify) micro_service_unref, NULL);
  self->shapes_by_text = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                (GDestroyNotify) micro_service_unref);
  self->metadata = g_hash_table_new_full (metadata_hash, metadata_equal,
                                          (GDestroyNotify) micro_metadata_unref, NULL);
  return self;
}

void
kube_map_free (KubeMap *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->shapes);
  g_hash_table_unref (self->shapes_by_text);
  g_hash_table_unref (self->metadata);
  g_free (self);
}

static void
map_share_make_room (GHashTable *table)
{
  if (g_hash_table_size (table) >= MAX_SHARED)
    g_hash_table_remove_all (table);
}

/* Ten thousand replicas of a service have one list of methods between them. */
static MicroService *
share_shape (KubeMap *self, MicroService *shape)
{
  MicroService *known = g_hash_table_lookup (self->shapes, shape);

  if (known != NULL)
    return micro_service_ref (known);
  map_share_make_room (self->shapes);
  g_hash_table_add (self->shapes, micro_service_ref (shape));
  return micro_service_ref (shape);
}

static MicroMetadata *
share_metadata (KubeMap *self, MicroMetadata *metadata)
{
  MicroMetadata *known;

  if (metadata == NULL)
    return NULL;
  known = g_hash_table_lookup (self->metadata, metadata);
  if (known != NULL)
    return known;
  map_share_make_room (self->metadata);
  g_hash_table_add (self->metadata, micro_metadata_ref (metadata));
  return metadata;
}

MicroNode *
kube_map_make_node (KubeMap *self, const char *id, const char *address, MicroMetadata *metadata)
{
  return micro_node_new (id, address, share_metadata (self, metadata));
}

void
kube_map_add_offer (KubeMap *self, KubeEntry *entry, KubeOffer *offer, MicroService *shape)
{
  offer->shape = share_shape (self, shape);
  g_array_append_vals (entry->offers, offer, 1);
}

/* --- Records --- */

/* Keys and values; FALSE if there is more to it. */
static gboolean
read_pairs (KubeScan *scan, GPtrArray *pairs)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return TRUE;
  while (kube_scan_next_member (scan, &name, &length))
    {
      char *value = kube_scan_string (scan);

      if (memchr (name, '\\', length) != NULL)
        {
          g_free (value);
          return FALSE;
        }
      if (value == NULL)
        continue;
      g_ptr_array_add (pairs, g_strndup (name, length));
      g_ptr_array_add (pairs, value);
    }
  return TRUE;
}

static gboolean
read_node (KubeMap *self, KubeScan *scan, GPtrArray *nodes)
{
  g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (MicroMetadata) metadata = NULL;
  g_autofree char *id = NULL;
  g_autofree char *address = NULL;
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return FALSE;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "id"))
      kube_scan_take_string (scan, &id);
    else if (kube_scan_is (name, length, "address"))
      kube_scan_take_string (scan, &address);
    else if (!kube_scan_is (name, length, "metadata") || !read_pairs (scan, pairs))
      return FALSE;
  g_ptr_array_add (pairs, NULL);
  metadata = micro_metadata_new_from_pairs ((const char *const *) pairs->pdata);
  if (id != NULL && address != NULL)
    g_ptr_array_add (nodes, kube_map_make_node (self, id, address, metadata));
  return !scan->failed;
}

typedef struct
{
  const char *start; /* (nullable): where the nodes begin */
  const char *end;
  GPtrArray *nodes;
} Found;

/* FALSE if there is anything but one list of nodes as they are written today. */
static gboolean
find_nodes (KubeMap *self, const char *json, gsize length, Found *found)
{
  const char *name;
  gsize n;
  KubeScan scan;

  kube_scan_init (&scan, json, length);
  if (!kube_scan_enter_object (&scan))
    return FALSE;
  while (kube_scan_next_member (&scan, &name, &n))
    if (!kube_scan_is (name, n, "nodes"))
      kube_scan_skip (&scan);
    else
      {
        if (found->start != NULL)
          return FALSE;
        found->start = scan.at;
        if (!kube_scan_enter_array (&scan))
          return FALSE;
        while (kube_scan_next_element (&scan))
          if (!read_node (self, &scan, found->nodes))
            return FALSE;
        found->end = scan.at;
      }
  return found->start != NULL && !scan.failed;
}

static MicroService *
read_whole (KubeMap *self, const char *json, GPtrArray *nodes, GError **error)
{
  g_autoptr (MicroService) record = micro_service_from_json (json, -1, error);
  GPtrArray *read;

  if (record == NULL)
    return NULL;
  read = micro_service_get_nodes (record);
  g_ptr_array_set_size (nodes, 0);
  for (guint i = 0; i < read->len; i++)
    {
      MicroNode *node = g_ptr_array_index (read, i);

      g_ptr_array_add (nodes, kube_map_make_node (self, micro_node_get_id (node),
                                                  micro_node_get_address (node),
                                                  micro_node_get_metadata (node)));
    }
  return micro_service_with_nodes (record, NULL);
}

static MicroService *
read_shape (KubeMap *self, char *text, GError **error)
{
  g_autofree char *owned = text;
  g_autoptr (MicroService) record = NULL;
  g_autoptr (MicroService) bare = NULL;
  MicroService *shape = g_hash_table_lookup (self->shapes_by_text, text);

  if (shape != NULL)
    return micro_service_ref (shape);
  record = micro_service_from_json (text, -1, error);
  if (record == NULL)
    return NULL;
  bare = micro_service_with_nodes (record, NULL);
  shape = share_shape (self, bare);
  map_share_make_room (self->shapes_by_text);
  g_hash_table_insert (self->shapes_by_text, g_steal_pointer (&owned), micro_service_ref (shape));
  return shape;
}

/* The methods are most of a record, and every replica has the same: only its node is new. */
MicroService *
kube_map_read_record (
    KubeMap *self, const char *json, gsize length, GPtrArray **ret_nodes, GError **error)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  Found found = { .nodes = nodes };
  MicroService *shape;

  if (find_nodes (self, json, length, &found))
    shape = read_shape (
        self, g_strdup_printf ("%.*snull%s", (int) (found.start - json), json, found.end), error);
  else
    shape = read_whole (self, json, nodes, error);
  if (shape != NULL)
    *ret_nodes = g_steal_pointer (&nodes);
  return shape;
}
