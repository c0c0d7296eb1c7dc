/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry cache: an entry a name that is called, published for readers, forgotten in time.
 */
#include "config.h"

#include "client/cache-entry.h"
#include "client/published.h"
#include <micro/micro-error.h>

/* Names that nobody serves come from outside, from a gateway's callers say: no more are kept. */
#define MAX_ABSENT 1000
#define SWEEP_MS 1000

guint micro_cache_idle_ms = 5 * 60 * 1000;
guint micro_cache_absent_ms = 1000;

typedef struct
{
  MicroCacheUpdated updated;
  gpointer user_data;
} Listener;

struct _MicroCache
{
  gatomicrefcount references;
  MicroRegistry *registry;
  MicroRegistry *lookup; /* asked for single services: the same, or a selector's */
  MicroLoop *loop;
  GCancellable *cancellable;
  MicroPublished *published; /* of MicroSnapshot */

  /* On the loop. */
  GHashTable *entries; /* name → MicroCacheEntry */
  GPtrArray *leaving;  /* of MicroCacheEntry: stopped, and an operation still runs */
  GArray *listeners;
  guint n_absent;
  MicroLoopTimer sweep;
  gboolean closing;

  int n_entries; /* atomic: the same for others */
  GMutex idle_mutex;
  GCond idle;
  guint n_running; /* of the registry's operations; under the mutex */
};

G_DEFINE_BOXED_TYPE (MicroCache, micro_cache, micro_cache_ref, micro_cache_unref)

/* --- What entries tell --- */

/* All that calls may choose from. */
static void
tell_listener (const Listener *listener, MicroSnapshot *snapshot)
{
  listener->updated (snapshot->all, listener->user_data);
  for (guint i = 0; snapshot->versions->len > 1 && i < snapshot->versions->len; i++)
    listener->updated (snapshot->versions->pdata[i], listener->user_data);
}

static void
entry_changed (MicroCacheEntry *entry, MicroSnapshot *snapshot)
{
  MicroCache *self = micro_cache_entry_get_owner (entry);
  gboolean was_there = micro_cache_entry_get_snapshot (entry) != NULL;

  for (guint i = 0; snapshot != NULL && i < self->listeners->len; i++)
    tell_listener (&g_array_index (self->listeners, Listener, i), snapshot);
  if (was_there || snapshot != NULL)
    micro_published_set (self->published, micro_cache_entry_get_name (entry), snapshot);
}

static void
operation_began (gpointer owner)
{
  MicroCache *self = owner;

  g_mutex_lock (&self->idle_mutex);
  self->n_running++;
  g_mutex_unlock (&self->idle_mutex);
}

static void
operation_ended (gpointer owner)
{
  MicroCache *self = owner;

  for (guint i = self->leaving->len; i > 0; i--)
    if (!micro_cache_entry_is_busy (self->leaving->pdata[i - 1]))
      micro_cache_entry_free (g_ptr_array_remove_index_fast (self->leaving, i - 1));
  g_mutex_lock (&self->idle_mutex);
  self->n_running--;
  g_cond_signal (&self->idle);
  g_mutex_unlock (&self->idle_mutex);
}

static const MicroCacheEntryFuncs entry_funcs = { entry_changed, operation_began, operation_ended };

/* --- Forgetting --- */

static void
drop_entry (MicroCache *self, MicroCacheEntry *entry)
{
  if (micro_cache_entry_get_snapshot (entry) != NULL)
    micro_published_set (self->published, micro_cache_entry_get_name (entry), NULL);
  micro_cache_entry_stop (entry);
  if (micro_cache_entry_is_busy (entry))
    g_ptr_array_add (self->leaving, entry);
  else
    micro_cache_entry_free (entry);
}

static void plan_sweep (MicroCache *self);

static void
sweep (MicroLoopTimer *timer)
{
  MicroCache *self = MICRO_CONTAINER_OF (timer, MicroCache, sweep);
  gint64 now_us = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;
  guint n_absent = 0;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      gboolean there = micro_cache_entry_get_snapshot (value) != NULL;
      gint64 idle_us = (gint64) (there ? micro_cache_idle_ms : micro_cache_absent_ms) * 1000;

      if (!micro_cache_entry_is_idle (value, now_us, idle_us)
          && (there || ++n_absent <= MAX_ABSENT))
        continue;
      g_hash_table_iter_remove (&iter);
      drop_entry (self, value);
    }
  g_atomic_int_set (&self->n_entries, (int) g_hash_table_size (self->entries));
  plan_sweep (self);
}

static void
plan_sweep (MicroCache *self)
{
  if (self->closing || self->sweep.position != 0 || g_hash_table_size (self->entries) == 0)
    return;
  self->sweep.expired = sweep;
  micro_loop_start_timer (self->loop, &self->sweep, g_get_monotonic_time () + SWEEP_MS * 1000);
}

/* --- What clients call --- */

typedef struct
{
  MicroCache *cache;
  char *name;
  MicroCacheFunc callback;
  gpointer user_data;
} Request;

static void
refuse (Request *request)
{
  g_autoptr (GError) error = micro_cache_ended_error ();

  request->callback (NULL, error, request->user_data);
}

static void
get_on_loop (gpointer user_data)
{
  Request *request = user_data;
  MicroCache *self = request->cache;
  MicroCacheEntry *entry = g_hash_table_lookup (self->entries, request->name);

  if (self->closing)
    refuse (request);
  else if (entry == NULL)
    {
      entry = micro_cache_entry_new (request->name, self->lookup, self->loop, self->cancellable,
                                     &entry_funcs, self);
      g_hash_table_insert (self->entries, (gpointer) micro_cache_entry_get_name (entry), entry);
      g_atomic_int_set (&self->n_entries, (int) g_hash_table_size (self->entries));
      plan_sweep (self);
    }
  if (entry != NULL)
    micro_cache_entry_get (entry, request->callback, request->user_data);
  micro_cache_unref (self);
  g_free (request->name);
  g_free (request);
}

void
micro_cache_get (MicroCache *self, const char *name, MicroCacheFunc callback, gpointer user_data)
{
  Request *request = g_new (Request, 1);

  *request = (Request){ micro_cache_ref (self), g_strdup (name), callback, user_data };
  if (micro_loop_get_current () == self->loop)
    get_on_loop (request);
  else
    micro_loop_post (self->loop, get_on_loop, request);
}

MicroSnapshot *
micro_cache_peek (MicroCache *self, const char *name)
{
  MicroSnapshot *snapshot = micro_published_get (self->published, name);

  /* Written only if need be: the line is shared by all who call the service. */
  if (snapshot != NULL && !g_atomic_int_get (&snapshot->used))
    g_atomic_int_set (&snapshot->used, TRUE);
  return snapshot;
}

guint
micro_cache_get_size (MicroCache *self)
{
  return (guint) g_atomic_int_get (&self->n_entries);
}

/* --- Listeners --- */

typedef struct
{
  MicroCache *cache;
  Listener listener;
} ListenerJob;

static void
add_listener_on_loop (gpointer user_data)
{
  ListenerJob *job = user_data;
  GHashTableIter iter;
  gpointer value;

  g_array_append_val (job->cache->listeners, job->listener);
  g_hash_table_iter_init (&iter, job->cache->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      MicroSnapshot *snapshot = micro_cache_entry_get_snapshot (value);

      if (snapshot != NULL)
        tell_listener (&job->listener, snapshot);
    }
}

void
micro_cache_add_listener (MicroCache *self, MicroCacheUpdated updated, gpointer user_data)
{
  ListenerJob job = { self, { updated, user_data } };

  micro_loop_run_sync (self->loop, add_listener_on_loop, &job);
}

static void
remove_listener_on_loop (gpointer user_data)
{
  ListenerJob *job = user_data;
  GArray *listeners = job->cache->listeners;

  for (guint i = listeners->len; i > 0; i--)
    if (g_array_index (listeners, Listener, i - 1).user_data == job->listener.user_data)
      g_array_remove_index (listeners, i - 1);
}

void
micro_cache_remove_listener (MicroCache *self, gpointer user_data)
{
  ListenerJob job = { self, { NULL, user_data } };

  micro_loop_run_sync (self->loop, remove_listener_on_loop, &job);
}

/* --- All services --- */

typedef struct
{
  MicroCache *cache;
  MicroCacheListFunc callback;
  gpointer user_data;
} List;

static void
list_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree List *list = user_data;
  GError *error = NULL;
  GPtrArray *services
      = micro_registry_list_services_finish (MICRO_REGISTRY (source), result, &error);

  list->callback (services, error, list->user_data);
  operation_ended (list->cache);
}

static void
list_on_loop (gpointer user_data)
{
  List *list = user_data;

  if (list->cache->closing)
    {
      list->callback (NULL, micro_cache_ended_error (), list->user_data);
      g_free (list);
      return;
    }
  operation_began (list->cache);
  micro_registry_list_services_async (list->cache->registry, list->cache->cancellable, list_done,
                                      list);
}

void
micro_cache_list (MicroCache *self, MicroCacheListFunc callback, gpointer user_data)
{
  List *list = g_new (List, 1);

  *list = (List){ self, callback, user_data };
  micro_loop_post (self->loop, list_on_loop, list);
}

/* --- Life --- */

/**
 * micro_cache_new:
 * @registry: where services are found; used on @loop only
 * @lookup: (nullable): asked for single services in its place, as micro_selector_get_registry() has
 * it
 * @loop: a thread of its own, which ends after the cache
 *
 * Returns: (transfer full): a cache that knows nothing yet
 */
MicroCache *
micro_cache_new (MicroRegistry *registry, MicroRegistry *lookup, MicroLoop *loop)
{
  MicroCache *self;

  g_return_val_if_fail (MICRO_IS_REGISTRY (registry) && loop != NULL, NULL);
  self = g_new0 (MicroCache, 1);
  g_atomic_ref_count_init (&self->references);
  self->registry = g_object_ref (registry);
  self->lookup = g_object_ref (lookup != NULL ? lookup : registry);
  self->loop = micro_loop_ref (loop);
  self->cancellable = g_cancellable_new ();
  self->published = micro_published_new ((GBoxedCopyFunc) micro_snapshot_ref,
                                         (GBoxedFreeFunc) micro_snapshot_unref);
  self->entries = g_hash_table_new (g_str_hash, g_str_equal);
  self->leaving = g_ptr_array_new ();
  self->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  g_mutex_init (&self->idle_mutex);
  g_cond_init (&self->idle);
  return self;
}

/**
 * micro_cache_ref:
 * @self: a cache
 *
 * Returns: (transfer full): @self
 */
MicroCache *
micro_cache_ref (MicroCache *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

static void
cache_close_on_loop (gpointer user_data)
{
  MicroCache *self = user_data;
  GHashTableIter iter;
  gpointer value;

  self->closing = TRUE;
  micro_loop_stop_timer (self->loop, &self->sweep);
  g_cancellable_cancel (self->cancellable);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      g_hash_table_iter_remove (&iter);
      drop_entry (self, value);
    }
}

/* By now the last call-back, which had counted itself down, has returned too. */
static void
drop_registries_on_loop (gpointer user_data)
{
  MicroCache *self = user_data;

  g_clear_object (&self->registry);
  g_clear_object (&self->lookup);
}

void
micro_cache_close (MicroCache *self)
{
  micro_loop_run_sync (self->loop, cache_close_on_loop, self);
  g_mutex_lock (&self->idle_mutex);
  while (self->n_running > 0)
    g_cond_wait (&self->idle, &self->idle_mutex);
  g_mutex_unlock (&self->idle_mutex);
  micro_loop_run_sync (self->loop, drop_registries_on_loop, self);
}

static void
cache_free (MicroCache *self)
{
  micro_cache_close (self);
  g_hash_table_unref (self->entries);
  g_ptr_array_unref (self->leaving);
  g_array_unref (self->listeners);
  g_object_unref (self->cancellable);
  micro_loop_unref (self->loop);
  micro_published_free (self->published);
  g_mutex_clear (&self->idle_mutex);
  g_cond_clear (&self->idle);
  g_free (self);
}

/**
 * micro_cache_unref:
 * @self: (transfer full): a cache
 *
 * Drops a reference.  The last one waits for what runs in the registry: not on a loop thread.
 */
void
micro_cache_unref (MicroCache *self)
{
  if (g_atomic_ref_count_dec (&self->references))
    cache_free (self);
}

/**
 * micro_cache_get_registry:
 * @self: a cache
 *
 * Returns: (transfer none) (nullable): the registry of the program; to be used on
 *   micro_cache_get_loop() only; %NULL once the program has ended
 */
MicroRegistry *
micro_cache_get_registry (MicroCache *self)
{
  return self->registry;
}

/**
 * micro_cache_get_loop:
 * @self: a cache
 *
 * Returns: (transfer none): the thread that owns its registry
 */
MicroLoop *
micro_cache_get_loop (MicroCache *self)
{
  return self->loop;
}
