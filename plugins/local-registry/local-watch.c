/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One reader of a folder, and the services whose news it has yet to be told.
 */
#include "config.h"

#include "local-watch.h"

LocalWatch *
local_watch_new (const char *service, gpointer owner, GDestroyNotify stopped, MicroWatcher **ret)
{
  LocalWatch *self = g_rc_box_new0 (LocalWatch);

  self->owner = owner;
  self->service = g_strdup (service);
  self->prefix = service != NULL ? local_store_prefix (service) : NULL;
  self->changed = local_changes_new ();
  *ret = micro_watcher_new (stopped, self);
  g_weak_ref_init (&self->watcher, *ret);
  return self;
}

LocalWatch *
local_watch_ref (LocalWatch *self)
{
  return g_rc_box_acquire (self);
}

static void
watch_clear (gpointer data)
{
  LocalWatch *self = data;

  g_weak_ref_clear (&self->watcher);
  g_hash_table_unref (self->changed);
  g_free (self->service);
  g_free (self->prefix);
}

void
local_watch_unref (LocalWatch *self)
{
  g_rc_box_release_full (self, watch_clear);
}

gboolean
local_watch_wants (LocalWatch *self, const char *name)
{
  return self->service == NULL || g_str_equal (self->service, name);
}

/* One record a version of each service that has changed, those of a service side by side. */
static GPtrArray *
merge_changed (GHashTable *changed, GHashTable *known)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer record;

  g_hash_table_iter_init (&iter, known);
  while (g_hash_table_iter_next (&iter, NULL, &record))
    if (g_hash_table_contains (changed, micro_service_get_name (((LocalRecord *) record)->service)))
      g_ptr_array_add (records, record);
  return local_records_merge (records, NULL);
}

static void
push_snapshots (MicroWatcher *watcher, GPtrArray *merged, GHashTable *changed)
{
  for (guint i = 0; i < merged->len;)
    {
      const char *name = micro_service_get_name (merged->pdata[i]);
      g_autoptr (GPtrArray) services
          = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
      g_autoptr (MicroEvent) event = NULL;

      for (; i < merged->len && g_str_equal (micro_service_get_name (merged->pdata[i]), name); i++)
        g_ptr_array_add (services, micro_service_ref (merged->pdata[i]));
      event = micro_event_new_snapshot (name, services);
      micro_watcher_push (watcher, event);
      g_hash_table_remove (changed, name);
    }
}

static void
push_gone (MicroWatcher *watcher, GHashTable *names, const char *directory)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      g_autoptr (GError) reason = local_store_not_found (name, directory);
      g_autoptr (MicroEvent) event = micro_event_new_gone (name, reason);

      micro_watcher_push (watcher, event);
    }
}

void
local_watch_deliver (LocalWatch *self, GHashTable *known, const char *directory)
{
  g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&self->watcher);
  g_autoptr (GHashTable) changed = g_steal_pointer (&self->changed);
  g_autoptr (GPtrArray) merged = NULL;

  self->changed = local_changes_new ();
  if (watcher == NULL || g_hash_table_size (changed) == 0)
    return;
  merged = merge_changed (changed, known);
  push_snapshots (watcher, merged, changed);
  push_gone (watcher, changed, directory);
}

/* --- Changes --- */

GHashTable *
local_changes_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

void
local_changes_add (GHashTable *self, LocalRecord *record)
{
  g_hash_table_add (self, g_strdup (micro_service_get_name (record->service)));
}

void
local_changes_compare (GHashTable *self, LocalRecord *known, LocalRecord *record)
{
  if (known != NULL && record != NULL && micro_service_equal (known->service, record->service))
    return;
  if (known != NULL)
    local_changes_add (self, known);
  if (record != NULL)
    local_changes_add (self, record);
}
