/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One reader of a folder's events, and what it has yet to be told.
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
  g_queue_init (&self->pending);
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
  g_queue_clear_full (&self->pending, (GDestroyNotify) micro_event_unref);
  g_free (self->service);
  g_free (self->prefix);
}

void
local_watch_unref (LocalWatch *self)
{
  g_rc_box_release_full (self, watch_clear);
}

/* One event a service and version, however many nodes. */
void
local_watch_queue (LocalWatch *self, MicroEventKind kind, GPtrArray *records)
{
  g_autoptr (GPtrArray) services = local_records_merge (records, self->service);

  for (guint i = 0; i < services->len; i++)
    g_queue_push_tail (&self->pending, micro_event_new (kind, g_ptr_array_index (services, i)));
}

void
local_watch_deliver (LocalWatch *self)
{
  g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&self->watcher);
  MicroEvent *event;

  while ((event = g_queue_pop_head (&self->pending)) != NULL)
    {
      if (watcher != NULL)
        micro_watcher_push (watcher, event);
      micro_event_unref (event);
    }
}

LocalChanges
local_changes_new (void)
{
  LocalChanges self;

  for (guint i = 0; i < G_N_ELEMENTS (self.of_kind); i++)
    self.of_kind[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) local_record_unref);
  return self;
}

void
local_changes_add (LocalChanges *self, MicroEventKind kind, LocalRecord *record)
{
  g_ptr_array_add (self->of_kind[kind], local_record_ref (record));
}

static gboolean
local_watch_is_same_version (MicroService *a, MicroService *b)
{
  return g_str_equal (micro_service_get_name (a), micro_service_get_name (b))
         && g_str_equal (micro_service_get_version (a), micro_service_get_version (b));
}

void
local_changes_compare (LocalChanges *self, LocalRecord *known, LocalRecord *record)
{
  if (known == NULL && record == NULL)
    return;
  if (known == NULL)
    local_changes_add (self, MICRO_EVENT_CREATED, record);
  else if (record == NULL)
    local_changes_add (self, MICRO_EVENT_DELETED, known);
  else if (!local_watch_is_same_version (known->service, record->service))
    {
      local_changes_add (self, MICRO_EVENT_DELETED, known);
      local_changes_add (self, MICRO_EVENT_CREATED, record);
    }
  else if (!micro_service_equal (known->service, record->service))
    local_changes_add (self, MICRO_EVENT_UPDATED, record);
}

/* A node belongs to one version, so what went comes before what came. */
void
local_changes_queue (LocalChanges *self, GPtrArray *watches)
{
  static const MicroEventKind order[]
      = { MICRO_EVENT_DELETED, MICRO_EVENT_UPDATED, MICRO_EVENT_CREATED };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      for (guint j = 0; j < watches->len; j++)
        local_watch_queue (g_ptr_array_index (watches, j), order[i], self->of_kind[order[i]]);
      g_clear_pointer (&self->of_kind[order[i]], g_ptr_array_unref);
    }
}
