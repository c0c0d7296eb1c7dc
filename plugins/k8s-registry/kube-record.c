/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a pod carries for the services of a process: go-micro's labels and annotations.
 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "../common/kube-scan.h"
#include "kube-record.h"

#define PREFIX "micro.mu/"
/* Of all annotations of a pod the API server takes 256 KiB, and others want some too. */
#define MAX_ALL 204800
#define MAX_RECORD 32768
#define MAX_KEY 63

struct _KubeRecords
{
  char *container;                                  /* (nullable) */
  GHashTable *services;                             /* name → MicroService */
  GHashTable *keys;                                 /* name → the annotation's, chosen once */
  GHashTable *removed_labels, *removed_annotations; /* sets of keys */
};

static GHashTable *
kube_record_new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

KubeRecords *
kube_records_new (const char *container)
{
  KubeRecords *self = g_new0 (KubeRecords, 1);

  self->container = g_strdup (container != NULL && *container != '\0' ? container : NULL);
  self->services = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) micro_service_unref);
  self->keys = kube_record_new_table ();
  self->removed_labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->removed_annotations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
kube_records_free (KubeRecords *self)
{
  if (self == NULL)
    return;
  g_free (self->container);
  g_hash_table_unref (self->services);
  g_hash_table_unref (self->keys);
  g_hash_table_unref (self->removed_labels);
  g_hash_table_unref (self->removed_annotations);
  g_free (self);
}

/* --- Keys and values --- */

static gboolean
is_taken (KubeRecords *self, const char *key)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->keys);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (strcmp (value, key) == 0)
      return TRUE;
  return FALSE;
}

/* Readers go by the name in the record, so a key need only be of its own: “a/b” and “a_b” would
 * have the same. */
static const char *
annotation_of (KubeRecords *self, const char *name)
{
  g_autofree char *plain = kube_map_key_of_name (name);
  const char *known = g_hash_table_lookup (self->keys, name);
  char *key;

  if (known != NULL)
    return known;
  key = g_strconcat (KUBE_ANNOTATION_SERVICE, plain, self->container != NULL ? "." : NULL,
                     self->container, NULL);
  if (is_taken (self, key) || strlen (key) - strlen (PREFIX) > MAX_KEY)
    {
      g_autofree char *text
          = g_strconcat (name, "\n", self->container != NULL ? self->container : "", NULL);
      g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

      g_free (key);
      key = g_strdup_printf (KUBE_ANNOTATION_SERVICE "h-%.32s", digest);
    }
  g_hash_table_insert (self->keys, g_strdup (name), key);
  return key;
}

static char *
label_of (const char *name)
{
  g_autofree char *key = kube_map_key_of_name (name);

  return g_strconcat (KUBE_LABEL_SELECTOR, key, NULL);
}

/* The methods are what makes a record long, and only tools read them. */
static char *
value_of (MicroService *service)
{
  char *json = micro_service_to_json (service, FALSE);
  g_autoptr (MicroMetadata) metadata = NULL;
  g_autoptr (MicroService) shorter = NULL;

  if (strlen (json) <= MAX_RECORD)
    return json;
  g_free (json);
  metadata = micro_metadata_with (micro_service_get_metadata (service), "endpoints", "omitted");
  shorter
      = micro_service_new (micro_service_get_name (service), micro_service_get_version (service),
                           metadata, NULL, micro_service_get_nodes (service));
  return micro_service_to_json (shorter, FALSE);
}

GHashTable *
kube_records_get_labels (KubeRecords *self)
{
  GHashTable *labels = kube_record_new_table ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->services);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_replace (labels, label_of (name), g_strdup ("service"));
  if (g_hash_table_size (labels) > 0)
    g_hash_table_replace (labels, g_strdup (KUBE_LABEL_TYPE), g_strdup ("service"));
  return labels;
}

GHashTable *
kube_records_get_annotations (KubeRecords *self)
{
  GHashTable *annotations = kube_record_new_table ();
  GHashTableIter iter;
  gpointer name, service;

  g_hash_table_iter_init (&iter, self->services);
  while (g_hash_table_iter_next (&iter, &name, &service))
    g_hash_table_replace (annotations, g_strdup (annotation_of (self, name)), value_of (service));
  return annotations;
}

/* --- Adding and removing --- */

static gboolean
kube_record_has_node (GPtrArray *nodes, const char *id)
{
  for (guint i = 0; i < nodes->len; i++)
    if (strcmp (micro_node_get_id (g_ptr_array_index (nodes, i)), id) == 0)
      return TRUE;
  return FALSE;
}

/* The nodes of @known that are not in @service, and those of @service if @keep. */
static MicroService *
kube_record_merge (MicroService *known, MicroService *service, gboolean keep)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  GPtrArray *old = micro_service_get_nodes (known);
  GPtrArray *now = micro_service_get_nodes (service);

  for (guint i = 0; i < old->len; i++)
    if (!kube_record_has_node (now, micro_node_get_id (g_ptr_array_index (old, i))))
      g_ptr_array_add (nodes, g_ptr_array_index (old, i));
  for (guint i = 0; keep && i < now->len; i++)
    g_ptr_array_add (nodes, g_ptr_array_index (now, i));
  return micro_service_with_nodes (keep ? service : known, nodes);
}

static gsize
size_of_all (KubeRecords *self)
{
  g_autoptr (GHashTable) annotations = kube_records_get_annotations (self);
  GHashTableIter iter;
  gpointer key, value;
  gsize size = 0;

  g_hash_table_iter_init (&iter, annotations);
  while (g_hash_table_iter_next (&iter, &key, &value))
    size += strlen (key) + strlen (value);
  return size;
}

gboolean
kube_records_add (KubeRecords *self, MicroService *service, GError **error)
{
  const char *name = micro_service_get_name (service);
  MicroService *known = g_hash_table_lookup (self->services, name);
  g_autoptr (MicroService) before = known != NULL ? micro_service_ref (known) : NULL;
  g_autofree char *label = label_of (name);

  g_hash_table_replace (self->services, g_strdup (name),
                        before != NULL ? kube_record_merge (before, service, TRUE)
                                       : micro_service_ref (service));
  if (size_of_all (self) <= MAX_ALL)
    {
      g_hash_table_remove (self->removed_annotations, annotation_of (self, name));
      g_hash_table_remove (self->removed_labels, label);
      return TRUE;
    }
  if (before != NULL)
    g_hash_table_replace (self->services, g_strdup (name), g_steal_pointer (&before));
  else
    g_hash_table_remove (self->services, name);
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
               "the records of this process with “%s” are longer than %d bytes, which is more than "
               "fits into a pod's annotations; register fewer nodes or less metadata",
               name, MAX_ALL);
  return FALSE;
}

void
kube_records_remove (KubeRecords *self, MicroService *service)
{
  const char *name = micro_service_get_name (service);
  MicroService *known = g_hash_table_lookup (self->services, name);
  MicroService *rest;
  g_autoptr (GHashTable) labels = NULL;
  g_autofree char *label = label_of (name);

  if (known == NULL)
    return;
  rest = kube_record_merge (known, service, FALSE);
  if (micro_service_get_nodes (rest)->len > 0)
    {
      g_hash_table_replace (self->services, g_strdup (name), rest);
      return;
    }
  micro_service_unref (rest);
  g_hash_table_add (self->removed_annotations, g_strdup (annotation_of (self, name)));
  g_hash_table_remove (self->keys, name);
  g_hash_table_remove (self->services, name);
  labels = kube_records_get_labels (self);
  if (!g_hash_table_contains (labels, label))
    g_hash_table_add (self->removed_labels, g_strdup (label));
}

gboolean
kube_records_contains (KubeRecords *self, MicroService *service)
{
  MicroService *known = g_hash_table_lookup (self->services, micro_service_get_name (service));
  g_autoptr (MicroService) merged = known != NULL ? kube_record_merge (known, service, TRUE) : NULL;

  return merged != NULL && micro_service_equal (known, merged);
}

gboolean
kube_records_is_removed (KubeRecords *self, const char *key)
{
  return g_hash_table_contains (self->removed_annotations, key);
}

const char *
kube_records_get_container (KubeRecords *self)
{
  return self->container;
}

GHashTable *
kube_records_get_services (KubeRecords *self)
{
  return self->services;
}

guint
kube_records_get_size (KubeRecords *self)
{
  return g_hash_table_size (self->services);
}

/* --- Writing --- */

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Sorted, so that equal states make equal patches. */
static void
write_map (JsonBuilder *builder, const char *name, GHashTable *values, GHashTable *removed)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, values);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (keys, key);
  g_hash_table_iter_init (&iter, removed);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!g_hash_table_contains (values, key))
      g_ptr_array_add (keys, key);
  g_ptr_array_sort (keys, compare_keys);
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
  for (guint i = 0; i < keys->len; i++)
    {
      const char *value = g_hash_table_lookup (values, g_ptr_array_index (keys, i));

      json_builder_set_member_name (builder, g_ptr_array_index (keys, i));
      if (value != NULL)
        json_builder_add_string_value (builder, value);
      else
        json_builder_add_null_value (builder);
    }
  json_builder_end_object (builder);
}

char *
kube_records_make_patch (KubeRecords *self, const char *uid, gboolean others)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GHashTable) labels = kube_records_get_labels (self);
  g_autoptr (GHashTable) annotations = kube_records_get_annotations (self);
  g_autoptr (JsonNode) root = NULL;

  if (g_hash_table_size (labels) == 0 && !others)
    g_hash_table_add (self->removed_labels, g_strdup (KUBE_LABEL_TYPE));
  else
    g_hash_table_remove (self->removed_labels, KUBE_LABEL_TYPE);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "metadata");
  json_builder_begin_object (builder);
  if (uid != NULL)
    {
      /* Another pod of our name is not ours: the API server refuses to change a uid. */
      json_builder_set_member_name (builder, "uid");
      json_builder_add_string_value (builder, uid);
    }
  write_map (builder, "labels", labels, self->removed_labels);
  write_map (builder, "annotations", annotations, self->removed_annotations);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

void
kube_records_patched (KubeRecords *self)
{
  g_hash_table_remove_all (self->removed_labels);
  g_hash_table_remove_all (self->removed_annotations);
}

/* --- Reading --- */

static void
read_map (KubeScan *scan, GHashTable *map)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    {
      char *value;

      if (length <= strlen (PREFIX) || memcmp (name, PREFIX, strlen (PREFIX)) != 0)
        {
          kube_scan_skip (scan);
          continue;
        }
      value = kube_scan_string (scan);
      if (value != NULL)
        g_hash_table_replace (map, g_strndup (name, length), value);
    }
}

gboolean
kube_records_read_pod (const char *json,
                       gsize length,
                       GHashTable *ret_labels,
                       GHashTable *ret_annotations,
                       char **ret_uid,
                       gboolean *ret_deleting)
{
  const char *name;
  gsize n;
  KubeScan scan;

  *ret_deleting = FALSE;
  kube_scan_init (&scan, json, length);
  if (!kube_scan_enter_object (&scan))
    return FALSE;
  while (kube_scan_next_member (&scan, &name, &n))
    {
      if (!kube_scan_is (name, n, "metadata") || !kube_scan_enter_object (&scan))
        {
          if (!kube_scan_is (name, n, "metadata"))
            kube_scan_skip (&scan);
          continue;
        }
      while (kube_scan_next_member (&scan, &name, &n))
        if (kube_scan_is (name, n, "labels"))
          read_map (&scan, ret_labels);
        else if (kube_scan_is (name, n, "annotations"))
          read_map (&scan, ret_annotations);
        else if (kube_scan_is (name, n, "uid") && *ret_uid == NULL)
          *ret_uid = kube_scan_string (&scan);
        else if (kube_scan_is (name, n, "deletionTimestamp"))
          {
            *ret_deleting = TRUE;
            kube_scan_skip (&scan);
          }
        else
          kube_scan_skip (&scan);
      return !scan.failed && *ret_uid != NULL;
    }
  return FALSE;
}
