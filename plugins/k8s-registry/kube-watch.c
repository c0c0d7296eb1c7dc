/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A watcher of one service or all, told only what has changed for it.
 */
#include "config.h"

#include <string.h>

#include "kube-watch.h"

struct _KubeWatch
{
  gatomicrefcount ref_count;
  char *name;       /* (nullable) */
  GPtrArray *names; /* (nullable): of KubeName */
  GHashTable *told; /* name → GPtrArray of MicroService: what the reader knows */
  GWeakRef watcher; /* the reader's: its end is ours */
  GMainContext *context;
  KubeWatchStopped stopped;
  gpointer user_data;
};

KubeWatch *
kube_watch_ref (KubeWatch *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
kube_watch_unref (KubeWatch *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->name);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_hash_table_unref (self->told);
  g_weak_ref_clear (&self->watcher);
  g_main_context_unref (self->context);
  g_free (self);
}

static gboolean
stopped_here (gpointer user_data)
{
  KubeWatch *self = user_data;

  if (self->stopped != NULL)
    self->stopped (self, self->user_data);
  return G_SOURCE_REMOVE;
}

/* On any thread. */
static void
watcher_stopped (gpointer user_data)
{
  KubeWatch *self = user_data;
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, stopped_here, self, (GDestroyNotify) kube_watch_unref);
  g_source_attach (source, self->context);
}

KubeWatch *
kube_watch_new (const char *name,
                GPtrArray *names,
                KubeWatchStopped stopped,
                gpointer user_data,
                MicroWatcher **ret_watcher)
{
  KubeWatch *self = g_new0 (KubeWatch, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = g_strdup (name);
  self->names = names;
  self->told
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->context = g_main_context_ref_thread_default ();
  self->stopped = stopped;
  self->user_data = user_data;
  *ret_watcher = micro_watcher_new (watcher_stopped, kube_watch_ref (self));
  g_weak_ref_init (&self->watcher, *ret_watcher);
  return self;
}

GPtrArray *
kube_watch_get_names (KubeWatch *self)
{
  return self->names;
}

void
kube_watch_end (KubeWatch *self, const GError *error)
{
  g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&self->watcher);

  self->stopped = NULL;
  if (watcher != NULL)
    micro_watcher_fail (watcher, error);
}

/* --- What has changed --- */

static void
kube_watch_push (MicroWatcher *watcher, MicroEventKind kind, MicroService *record)
{
  g_autoptr (MicroEvent) event = micro_event_new (kind, record);

  micro_watcher_push (watcher, event);
}

static MicroService *
find_version (GPtrArray *records, const char *version)
{
  for (guint i = 0; records != NULL && i < records->len; i++)
    {
      MicroService *record = g_ptr_array_index (records, i);

      if (strcmp (micro_service_get_version (record), version) == 0)
        return record;
    }
  return NULL;
}

/* Those of @before whose id is not in @after; both are ordered by id. */
static GPtrArray *
nodes_gone (GPtrArray *before, GPtrArray *after)
{
  GPtrArray *gone = g_ptr_array_new ();
  guint j = 0;

  for (guint i = 0; i < before->len; i++)
    {
      const char *id = micro_node_get_id (g_ptr_array_index (before, i));

      while (j < after->len && strcmp (micro_node_get_id (g_ptr_array_index (after, j)), id) < 0)
        j++;
      if (j == after->len || strcmp (micro_node_get_id (g_ptr_array_index (after, j)), id) != 0)
        g_ptr_array_add (gone, g_ptr_array_index (before, i));
    }
  return gone;
}

static void
tell_gone (MicroWatcher *watcher, MicroService *before, MicroService *after)
{
  g_autoptr (GPtrArray) gone = NULL;
  g_autoptr (MicroService) record = NULL;

  if (after == NULL)
    {
      kube_watch_push (watcher, MICRO_EVENT_DELETED, before);
      return;
    }
  gone = nodes_gone (micro_service_get_nodes (before), micro_service_get_nodes (after));
  if (gone->len == 0)
    return;
  record = micro_service_with_nodes (before, gone);
  kube_watch_push (watcher, MICRO_EVENT_DELETED, record);
}

/* New nodes are told of before old ones go: a service that is rolled is never seen empty. */
static void
kube_watch_tell (MicroWatcher *watcher, GPtrArray *before, GPtrArray *after)
{
  for (guint i = 0; i < after->len; i++)
    {
      MicroService *record = g_ptr_array_index (after, i);
      MicroService *known = find_version (before, micro_service_get_version (record));

      if (known == NULL)
        kube_watch_push (watcher, MICRO_EVENT_CREATED, record);
      else if (!micro_service_equal (known, record))
        kube_watch_push (watcher, MICRO_EVENT_UPDATED, record);
    }
  for (guint i = 0; before != NULL && i < before->len; i++)
    {
      MicroService *known = g_ptr_array_index (before, i);

      tell_gone (watcher, known, find_version (after, micro_service_get_version (known)));
    }
}

static void
update_name (KubeWatch *self,
             MicroWatcher *watcher,
             const char *name,
             KubeWatchResolve resolve,
             gpointer user_data)
{
  g_autoptr (GPtrArray) before = g_hash_table_lookup (self->told, name);
  GPtrArray *after = resolve (name, user_data);

  if (before != NULL)
    g_ptr_array_ref (before);
  kube_watch_tell (watcher, before, after);
  if (after->len > 0)
    g_hash_table_replace (self->told, g_strdup (name), after);
  else
    {
      g_hash_table_remove (self->told, name);
      g_ptr_array_unref (after);
    }
}

static gboolean
concerns (KubeWatch *self, GHashTable *services)
{
  for (guint i = 0; i < self->names->len; i++)
    if (g_hash_table_contains (services,
                               ((KubeName *) g_ptr_array_index (self->names, i))->service))
      return TRUE;
  return FALSE;
}

void
kube_watch_update (KubeWatch *self,
                   GHashTable *services,
                   KubeWatchResolve resolve,
                   gpointer user_data)
{
  g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&self->watcher);
  GHashTableIter iter;
  gpointer name;

  if (watcher == NULL)
    return;
  if (self->name != NULL)
    {
      if (concerns (self, services))
        update_name (self, watcher, self->name, resolve, user_data);
      return;
    }
  g_hash_table_iter_init (&iter, services);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    update_name (self, watcher, name, resolve, user_data);
}
