/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a file says, kept so that a crowd of them is not read again and again.
 */
#include "config.h"

#include <string.h>

#include "local-record.h"

#define NODES ",\"nodes\":["
#define MAX_MODELS 64

LocalRecord *
local_record_ref (LocalRecord *self)
{
  return g_rc_box_acquire (self);
}

static void
local_record_clear (gpointer data)
{
  LocalRecord *self = data;

  micro_service_unref (self->service);
  g_free (self->owner);
}

void
local_record_unref (LocalRecord *self)
{
  g_rc_box_release_full (self, local_record_clear);
}

LocalFolder *
local_folder_new (const char *path)
{
  LocalFolder *self = g_rc_box_new0 (LocalFolder);

  self->path = g_strdup (path);
  self->records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) local_record_unref);
  self->models = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) micro_service_unref);
  return self;
}

LocalFolder *
local_folder_ref (LocalFolder *self)
{
  return g_rc_box_acquire (self);
}

static void
folder_clear (gpointer data)
{
  LocalFolder *self = data;

  g_hash_table_unref (self->records);
  g_hash_table_unref (self->models);
  g_free (self->path);
}

void
local_folder_unref (LocalFolder *self)
{
  g_rc_box_release_full (self, folder_clear);
}

/* Files are replaced, never written again, so another text is another file. */
gboolean
local_record_is_same_file (const struct stat *a, const struct stat *b)
{
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size
         && a->st_uid == b->st_uid && a->st_mode == b->st_mode
         && memcmp (&a->st_mtim, &b->st_mtim, sizeof a->st_mtim) == 0;
}

LocalRecord *
local_folder_find (LocalFolder *self, const char *file_name, const struct stat *file)
{
  LocalRecord *record = g_hash_table_lookup (self->records, file_name);

  return record != NULL && local_record_is_same_file (&record->file, file) ? record : NULL;
}

/* All nodes of a version say the same before their nodes, which come last: it is parsed once, and
 * kept once.  In a string the quotes would be escaped, so what looks like the key is the key. */
static MicroService *
local_record_parse (LocalFolder *self, const char *json, GError **error)
{
  const char *nodes = strstr (json, NODES);
  g_autofree char *head = nodes != NULL ? g_strndup (json, nodes - json) : NULL;
  MicroService *model = head != NULL ? g_hash_table_lookup (self->models, head) : NULL;
  MicroService *service;

  if (model != NULL)
    {
      g_autofree char *rest = g_strconcat ("{\"name\":\"\"", nodes, NULL);
      g_autoptr (MicroService) alone = micro_service_from_json (rest, -1, error);

      return alone != NULL ? micro_service_with_nodes (model, micro_service_get_nodes (alone))
                           : NULL;
    }
  service = micro_service_from_json (json, -1, error);
  if (service == NULL || head == NULL)
    return service;
  if (g_hash_table_size (self->models) >= MAX_MODELS)
    g_hash_table_remove_all (self->models);
  g_hash_table_insert (self->models, g_steal_pointer (&head),
                       micro_service_with_nodes (service, NULL));
  return service;
}

LocalRecord *
local_folder_parse (LocalFolder *self,
                    const char *file_name,
                    const struct stat *file,
                    const char *owner,
                    const char *json,
                    GError **error)
{
  MicroService *service = local_record_parse (self, json, error);
  LocalRecord *record;

  if (service == NULL)
    return NULL;
  record = g_rc_box_new0 (LocalRecord);
  record->service = service;
  record->owner = g_strdup (owner);
  record->file = *file;
  g_hash_table_replace (self->records, g_strdup (file_name), local_record_ref (record));
  return record;
}

void
local_folder_forget (LocalFolder *self, const char *file_name)
{
  g_hash_table_remove (self->records, file_name);
}

GPtrArray *
local_records_list (GHashTable *records)
{
  GPtrArray *values = g_ptr_array_sized_new (g_hash_table_size (records));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (values, value);
  return values;
}

/* --- Merging --- */

static int
local_record_compare_records (gconstpointer a, gconstpointer b)
{
  MicroService *first = (*(LocalRecord *const *) a)->service;
  MicroService *second = (*(LocalRecord *const *) b)->service;
  int order = strcmp (micro_service_get_name (first), micro_service_get_name (second));

  if (order == 0)
    order = strcmp (micro_service_get_version (first), micro_service_get_version (second));
  if (order == 0)
    order = strcmp (micro_node_get_id (micro_service_get_nodes (first)->pdata[0]),
                    micro_node_get_id (micro_service_get_nodes (second)->pdata[0]));
  return order;
}

static gboolean
local_record_is_same_version (MicroService *a, MicroService *b)
{
  return g_str_equal (micro_service_get_name (a), micro_service_get_name (b))
         && g_str_equal (micro_service_get_version (a), micro_service_get_version (b));
}

GPtrArray *
local_records_merge (GPtrArray *records, const char *service)
{
  GPtrArray *merged = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_autoptr (GPtrArray) sorted = g_ptr_array_sized_new (records->len);

  for (guint i = 0; i < records->len; i++)
    {
      LocalRecord *record = g_ptr_array_index (records, i);

      if (service == NULL || g_str_equal (micro_service_get_name (record->service), service))
        g_ptr_array_add (sorted, record);
    }
  g_ptr_array_sort (sorted, local_record_compare_records);
  for (guint i = 0; i < sorted->len;)
    {
      MicroService *first = ((LocalRecord *) g_ptr_array_index (sorted, i))->service;
      g_autoptr (GPtrArray) nodes = g_ptr_array_new ();

      for (; i < sorted->len; i++)
        {
          MicroService *one = ((LocalRecord *) g_ptr_array_index (sorted, i))->service;

          if (!local_record_is_same_version (one, first))
            break;
          g_ptr_array_add (nodes, micro_service_get_nodes (one)->pdata[0]);
        }
      g_ptr_array_add (merged, micro_service_with_nodes (first, nodes));
    }
  return merged;
}
