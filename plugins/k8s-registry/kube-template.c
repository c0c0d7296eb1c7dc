/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Registration without a right to patch: what the template of a pod has to say of its services.
 */
#include "config.h"

#include <string.h>

#include "kube-template.h"

/* The last part of host:port with its colon. */
static const char *
port_of (MicroNode *node)
{
  const char *address = micro_node_get_address (node);
  const char *colon = strrchr (address, ':');

  return colon != NULL ? colon : address;
}

/* --- What it should have --- */

/* Every replica has the same template: the node has a port and no host, and readers put the pod's
 * address and name there. */
static MicroService *
as_template (MicroService *service)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  GPtrArray *from = micro_service_get_nodes (service);

  for (guint i = 0; i < from->len; i++)
    {
      MicroNode *node = g_ptr_array_index (from, i);

      g_ptr_array_add (nodes, micro_node_new (micro_service_get_name (service), port_of (node),
                                              micro_node_get_metadata (node)));
    }
  return micro_service_with_nodes (service, nodes);
}

static void
template_print_map (GString *out, const char *name, GHashTable *map, const char *quote)
{
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (map), (GCompareFunc) strcmp);

  g_string_append_printf (out, "  %s:\n", name);
  for (GList *key = keys; key != NULL; key = key->next)
    {
      g_autoptr (GString) value = g_string_new (g_hash_table_lookup (map, key->data));

      g_string_replace (value, "'", "''", 0);
      g_string_append_printf (out, "    %s: %s%s%s\n", (char *) key->data, quote, value->str,
                              quote);
    }
}

char *
kube_template_print (KubeRecords *records)
{
  g_autoptr (KubeRecords) same = kube_records_new (kube_records_get_container (records));
  g_autoptr (GHashTable) labels = NULL;
  g_autoptr (GHashTable) annotations = NULL;
  GString *out = g_string_new ("metadata:\n");
  GHashTableIter iter;
  gpointer service;

  g_hash_table_iter_init (&iter, kube_records_get_services (records));
  while (g_hash_table_iter_next (&iter, NULL, &service))
    {
      g_autoptr (MicroService) record = as_template (service);

      kube_records_add (same, record, NULL); /* is shorter than what was taken */
    }
  labels = kube_records_get_labels (same);
  annotations = kube_records_get_annotations (same);
  template_print_map (out, "labels", labels, "");
  template_print_map (out, "annotations", annotations, "'");
  return g_string_free (out, FALSE);
}

/* --- What it has --- */

static gboolean
has_port (MicroService *record, const char *port)
{
  GPtrArray *nodes = micro_service_get_nodes (record);

  for (guint i = 0; i < nodes->len; i++)
    if (strcmp (port_of (g_ptr_array_index (nodes, i)), port) == 0)
      return TRUE;
  return FALSE;
}

/* Whichever key it stands under: readers go by the name in it. */
static gboolean
is_recorded (GHashTable *annotations, const char *service, const char *port)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, annotations);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      g_autoptr (MicroService) record = NULL;

      if (!g_str_has_prefix (key, KUBE_ANNOTATION_SERVICE))
        continue;
      record = micro_service_from_json (value, -1, NULL);
      if (record != NULL && strcmp (micro_service_get_name (record), service) == 0
          && (port == NULL || has_port (record, port)))
        return TRUE;
    }
  return FALSE;
}

static char *
find_fault_of (MicroService *service, GHashTable *annotations)
{
  const char *name = micro_service_get_name (service);
  GPtrArray *nodes = micro_service_get_nodes (service);

  if (!is_recorded (annotations, name, NULL))
    return g_strdup_printf ("has no annotation with a record of “%s”", name);
  for (guint i = 0; i < nodes->len; i++)
    {
      const char *port = port_of (g_ptr_array_index (nodes, i));

      if (!is_recorded (annotations, name, port))
        return g_strdup_printf ("has an annotation by which others call “%s” at a port that is "
                                "not %s",
                                name, *port == ':' ? port + 1 : port);
    }
  return NULL;
}

char *
kube_template_find_fault (KubeRecords *records, GHashTable *labels, GHashTable *annotations)
{
  g_autoptr (GHashTable) wanted = kube_records_get_labels (records);
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (wanted), (GCompareFunc) strcmp);
  GHashTableIter iter;
  gpointer service;
  char *fault = NULL;

  for (GList *key = keys; key != NULL; key = key->next)
    if (g_strcmp0 (g_hash_table_lookup (labels, key->data), g_hash_table_lookup (wanted, key->data))
        != 0)
      return g_strdup_printf ("lacks the label %s: %s", (char *) key->data,
                              (char *) g_hash_table_lookup (wanted, key->data));
  g_hash_table_iter_init (&iter, kube_records_get_services (records));
  while (fault == NULL && g_hash_table_iter_next (&iter, NULL, &service))
    fault = find_fault_of (service, annotations);
  return fault;
}
