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

static MicroEvent *
describe_service (const char *name, GPtrArray *records, const char *directory)
{
  g_autoptr (GPtrArray) services = local_records_merge (records, name);
  g_autoptr (GError) reason = NULL;

  if (services->len > 0)
    return micro_event_new_snapshot (name, services);
  reason = local_store_not_found (name, directory);
  return micro_event_new_gone (name, reason);
}

void
local_watch_deliver (LocalWatch *self, GHashTable *known, const char *directory)
{
  g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&self->watcher);
  g_autoptr (GHashTable) changed = g_steal_pointer (&self->changed);
  g_autoptr (GPtrArray) records = local_records_list (known);
  GHashTableIter iter;
  gpointer name;

  self->changed = local_changes_new ();
  g_hash_table_iter_init (&iter, changed);
  while (watcher != NULL && g_hash_table_iter_next (&iter, &name, NULL))
    {
      g_autoptr (MicroEvent) event = describe_service (name, records, directory);

      micro_watcher_push (watcher, event);
    }
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
