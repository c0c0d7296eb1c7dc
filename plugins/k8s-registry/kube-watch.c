/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A watcher of one service or all, told of services that are others than it knows.
 */
#include "config.h"

#include <string.h>

#include "kube-watch.h"

struct _KubeWatch
{
  gatomicrefcount ref_count;
  char *name;       /* (nullable) */
  GPtrArray *names; /* (nullable): of KubeName */
  GHashTable *told; /* name → GPtrArray of MicroService, or NULL for gone: what the reader knows */
  guint wait;
  gboolean begun;
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

static void
records_free (gpointer records)
{
  if (records != NULL)
    g_ptr_array_unref (records);
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
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, records_free);
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

/* Both in the order that resolve() gives them. */
static gboolean
are_equal (GPtrArray *a, GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!micro_service_equal (a->pdata[i], b->pdata[i]))
      return FALSE;
  return TRUE;
}

static void
update_name (KubeWatch *self,
             MicroWatcher *watcher,
             const char *name,
             KubeWatchResolve resolve,
             gpointer user_data)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GPtrArray) now = resolve (name, user_data, &reason);
  g_autoptr (MicroEvent) event = NULL;
  gpointer before;
  gboolean told = g_hash_table_lookup_extended (self->told, name, NULL, &before);

  if (now != NULL && told && before != NULL && are_equal (before, now))
    return;
  /* Of a service that it has never heard of, only who asks for that one hears that it has gone. */
  if (now == NULL && (told ? before == NULL : self->name == NULL))
    return;
  event = now != NULL ? micro_event_new_snapshot (name, now) : micro_event_new_gone (name, reason);
  micro_watcher_push (watcher, event);
  if (now == NULL && self->name == NULL)
    g_hash_table_remove (self->told, name);
  else
    g_hash_table_replace (self->told, g_strdup (name), g_steal_pointer (&now));
}

gpointer
kube_watch_get_owner (KubeWatch *self)
{
  return self->user_data;
}

void
kube_watch_set_wait (KubeWatch *self, guint wait)
{
  self->wait = wait;
}

guint
kube_watch_get_wait (KubeWatch *self)
{
  return self->wait;
}

void
kube_watch_begin (KubeWatch *self)
{
  self->begun = TRUE;
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

  if (watcher == NULL || !self->begun)
    return;
  if (self->name != NULL)
    {
      if (!g_hash_table_contains (self->told, self->name) || concerns (self, services))
        update_name (self, watcher, self->name, resolve, user_data);
      return;
    }
  g_hash_table_iter_init (&iter, services);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    update_name (self, watcher, name, resolve, user_data);
}
