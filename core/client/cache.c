/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry cache: snapshots for readers, folded from one watch a name.
 */
#include "config.h"

#include <string.h>

#include "client/cache.h"
#include "client/published.h"
#include "client/snapshot.h"
#include <micro/micro-error.h>

#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS 10000
/* A registry that cannot watch is asked again this often, as go-micro's cache does. */
#define POLL_MS 60000
/* From this many nodes on, events are folded in at most once in this time. */
#define MANY_NODES 500
#define SETTLE_MS 10

typedef struct
{
  MicroCacheFunc callback;
  gpointer user_data;
} Waiter;

typedef struct
{
  MicroCache *cache;
  char *name;
  GPtrArray *services; /* (nullable): the snapshot, as it is published */
  GArray *waiting;     /* of Waiter */
  MicroWatcher *watcher;
  GPtrArray *pending; /* of MicroEvent: not yet in the snapshot */
  GPtrArray *news;    /* of MicroEvent: what came since the registry was asked */
  gint64 watching_since_us;
  gboolean asking;
  gboolean ask_again; /* a watch opened while the answer was on its way */
  gboolean opening;   /* a watch */
  gboolean cannot_watch;
  guint retry_ms;
  MicroLoopTimer timer; /* asks, or watches, again */
  MicroLoopTimer settle;
} Entry;

struct _MicroCache
{
  MicroRegistry *registry;
  MicroLoop *loop;
  GCancellable *cancellable;
  MicroPublished *published;
  GHashTable *entries; /* name → Entry; on the loop */
  int n_entries;       /* atomic: the same for others */
  guint n_running;     /* of the registry's operations; on the loop */
  gboolean closing;
  GMutex idle_mutex;
  GCond idle;
};

static void cache_ask (Entry *entry);
static void cache_watch (Entry *entry);

static void
operation_ended (MicroCache *self)
{
  g_mutex_lock (&self->idle_mutex);
  self->n_running--;
  g_cond_signal (&self->idle);
  g_mutex_unlock (&self->idle_mutex);
}

static void
operation_began (MicroCache *self)
{
  g_mutex_lock (&self->idle_mutex);
  self->n_running++;
  g_mutex_unlock (&self->idle_mutex);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_pointer (&entry->services, g_ptr_array_unref);
  g_array_unref (entry->waiting);
  g_ptr_array_unref (entry->pending);
  g_ptr_array_unref (entry->news);
  g_free (entry->name);
  g_free (entry);
}

static void
cache_publish (Entry *entry, GPtrArray *services)
{
  g_clear_pointer (&entry->services, g_ptr_array_unref);
  if (services != NULL && services->len > 0)
    entry->services = g_ptr_array_ref (services);
  micro_published_set (entry->cache->published, entry->name, entry->services);
}

static void
cache_tell_waiting (Entry *entry, const GError *error)
{
  g_autoptr (GArray) waiting = g_steal_pointer (&entry->waiting);
  g_autoptr (GPtrArray) services
      = entry->services != NULL ? g_ptr_array_ref (entry->services) : NULL;

  entry->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
  for (guint i = 0; i < waiting->len; i++)
    {
      Waiter *waiter = &g_array_index (waiting, Waiter, i);

      waiter->callback (services, services != NULL ? NULL : error, waiter->user_data);
    }
}

/* --- Folding events into the snapshot --- */

static guint
count_nodes (GPtrArray *services)
{
  guint n = 0;

  for (guint i = 0; services != NULL && i < services->len; i++)
    n += micro_service_get_nodes (g_ptr_array_index (services, i))->len;
  return n;
}

static void
fold_pending (Entry *entry)
{
  g_autoptr (GPtrArray) next = NULL;

  micro_loop_stop_timer (entry->cache->loop, &entry->settle);
  if (entry->pending->len == 0)
    return;
  next = micro_snapshot_fold (entry->services, entry->pending);
  g_ptr_array_set_size (entry->pending, 0);
  cache_publish (entry, next);
}

static void
cache_settled (MicroLoopTimer *timer)
{
  fold_pending (MICRO_CONTAINER_OF (timer, Entry, settle));
}

/* A snapshot is made anew for each change, so a large one waits for more of them. */
static void
fold_soon (Entry *entry)
{
  if (count_nodes (entry->services) + entry->pending->len < MANY_NODES)
    fold_pending (entry);
  else if (entry->settle.position == 0)
    {
      entry->settle.expired = cache_settled;
      micro_loop_start_timer (entry->cache->loop, &entry->settle,
                              g_get_monotonic_time () + SETTLE_MS * 1000);
    }
}

/* --- Asking and watching --- */

static void
timer_expired (MicroLoopTimer *timer)
{
  Entry *entry = MICRO_CONTAINER_OF (timer, Entry, timer);

  if (entry->cannot_watch || entry->watcher != NULL || entry->services == NULL)
    cache_ask (entry);
  else
    cache_watch (entry);
}

static void
again_in (Entry *entry, guint ms)
{
  gint64 jittered_us = ms * g_random_double_range (800, 1200);

  if (entry->cache->closing)
    return;
  entry->timer.expired = timer_expired;
  micro_loop_start_timer (entry->cache->loop, &entry->timer, g_get_monotonic_time () + jittered_us);
}

static void
cache_back_off (Entry *entry)
{
  entry->retry_ms = CLAMP (entry->retry_ms * 2, RETRY_FIRST_MS, RETRY_MOST_MS);
  again_in (entry, entry->retry_ms);
}

static void next_event (Entry *entry);

static void
got_event (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Entry *entry = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MicroEvent) event = micro_watcher_next_finish (MICRO_WATCHER (source), result, &error);

  operation_ended (entry->cache);
  if (entry->cache->closing)
    return;
  if (event == NULL)
    {
      /* What is known stays known: losing the registry loses no node. */
      g_info ("the watch on “%s” ended: %s", entry->name, error->message);
      g_clear_object (&entry->watcher);
      /* One that always ends at once is not to be opened again at once for ever. */
      if (g_get_monotonic_time () - entry->watching_since_us > RETRY_MOST_MS * (gint64) 1000)
        entry->retry_ms = 0;
      cache_back_off (entry);
      return;
    }
  if (g_str_equal (micro_service_get_name (micro_event_get_service (event)), entry->name))
    {
      if (entry->asking)
        g_ptr_array_add (entry->news, micro_event_ref (event));
      g_ptr_array_add (entry->pending, g_steal_pointer (&event));
      fold_soon (entry);
    }
  next_event (entry);
}

static void
next_event (Entry *entry)
{
  operation_began (entry->cache);
  /* The end of the cache stops it: with a cancellable, each of a thousand watches would be a source
   * that every turn of the loop looks at. */
  micro_watcher_next_async (entry->watcher, NULL, got_event, entry);
}

static void
got_watcher (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Entry *entry = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MicroWatcher) watcher
      = micro_registry_watch_finish (MICRO_REGISTRY (source), result, &error);

  operation_ended (entry->cache);
  entry->opening = FALSE;
  if (entry->cache->closing)
    return;
  if (watcher != NULL)
    {
      entry->watcher = g_steal_pointer (&watcher);
      entry->watching_since_us = g_get_monotonic_time ();
      next_event (entry);
      /* What went between the last answer and the watch is in neither. */
      entry->ask_again = entry->asking;
      cache_ask (entry);
      return;
    }
  entry->cannot_watch = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  if (entry->cannot_watch)
    again_in (entry, POLL_MS);
  else
    cache_back_off (entry);
}

static void
cache_watch (Entry *entry)
{
  if (entry->watcher != NULL || entry->opening || entry->cannot_watch)
    return;
  entry->opening = TRUE;
  operation_began (entry->cache);
  micro_registry_watch_async (entry->cache->registry, entry->name, entry->cache->cancellable,
                              got_watcher, entry);
}

/* Names that nobody serves come from outside, from a gateway's callers say: none is kept. */
static gboolean
forget_if_nothing (Entry *entry)
{
  MicroCache *self = entry->cache;

  if (entry->services != NULL || entry->watcher != NULL || entry->opening || entry->asking
      || entry->waiting->len > 0)
    return FALSE;
  micro_loop_stop_timer (self->loop, &entry->timer);
  micro_loop_stop_timer (self->loop, &entry->settle);
  g_hash_table_remove (self->entries, entry->name);
  g_atomic_int_set (&self->n_entries, (int) g_hash_table_size (self->entries));
  return TRUE;
}

static void
got_services (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Entry *entry = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services
      = micro_registry_get_service_finish (MICRO_REGISTRY (source), result, &error);
  gboolean answered
      = services != NULL || g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND);

  operation_ended (entry->cache);
  entry->asking = FALSE;
  if (answered)
    {
      /* It may be older than an event that overtook it; events can be folded in twice. */
      g_autoptr (GPtrArray) now = micro_snapshot_fold (services, entry->news);

      cache_publish (entry, now);
      g_ptr_array_set_size (entry->pending, 0);
    }
  g_ptr_array_set_size (entry->news, 0);
  cache_tell_waiting (entry, error);
  if (entry->cache->closing || forget_if_nothing (entry))
    return;
  if (entry->ask_again)
    {
      entry->ask_again = FALSE;
      cache_ask (entry);
    }
  else if (entry->cannot_watch)
    again_in (entry, POLL_MS);
  else if (!answered && entry->watcher != NULL)
    cache_back_off (entry); /* what went while nobody watched is still in the snapshot */
  else if (services != NULL)
    cache_watch (entry);
}

static void
cache_ask (Entry *entry)
{
  if (entry->asking)
    return;
  fold_pending (entry);
  entry->asking = TRUE;
  operation_began (entry->cache);
  micro_registry_get_service_async (entry->cache->registry, entry->name, entry->cache->cancellable,
                                    got_services, entry);
}

/* --- What clients call --- */

typedef struct
{
  MicroCache *cache;
  char *name;
  Waiter waiter;
} Request;

static void
get_on_loop (gpointer user_data)
{
  Request *request = user_data;
  MicroCache *self = request->cache;
  g_autoptr (GPtrArray) services = NULL;
  Entry *entry;

  entry = g_hash_table_lookup (self->entries, request->name);
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->cache = self;
      entry->name = g_strdup (request->name);
      entry->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
      entry->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_event_unref);
      entry->news = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_event_unref);
      g_hash_table_insert (self->entries, entry->name, entry);
      g_atomic_int_set (&self->n_entries, (int) g_hash_table_size (self->entries));
    }
  services = entry->services != NULL ? g_ptr_array_ref (entry->services) : NULL;
  if (services != NULL)
    request->waiter.callback (services, NULL, request->waiter.user_data);
  else
    {
      g_array_append_val (entry->waiting, request->waiter);
      cache_ask (entry);
    }
  g_free (request->name);
  g_free (request);
}

void
micro_cache_get (MicroCache *self, const char *name, MicroCacheFunc callback, gpointer user_data)
{
  Request *request = g_new (Request, 1);

  *request = (Request){ self, g_strdup (name), { callback, user_data } };
  if (micro_loop_get_current () == self->loop)
    get_on_loop (request);
  else
    micro_loop_post (self->loop, get_on_loop, request);
}

GPtrArray *
micro_cache_peek (MicroCache *self, const char *name)
{
  return micro_published_get (self->published, name);
}

guint
micro_cache_get_size (MicroCache *self)
{
  return (guint) g_atomic_int_get (&self->n_entries);
}

/* --- Life --- */

MicroCache *
micro_cache_new (MicroRegistry *registry, MicroLoop *loop)
{
  MicroCache *self = g_new0 (MicroCache, 1);

  self->registry = g_object_ref (registry);
  self->loop = loop;
  self->cancellable = g_cancellable_new ();
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->published = micro_published_new ();
  g_mutex_init (&self->idle_mutex);
  g_cond_init (&self->idle);
  return self;
}

static void
cache_close_on_loop (gpointer user_data)
{
  MicroCache *self = user_data;
  GHashTableIter iter;
  gpointer value;

  self->closing = TRUE;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      micro_loop_stop_timer (self->loop, &entry->timer);
      micro_loop_stop_timer (self->loop, &entry->settle);
      if (entry->watcher != NULL)
        micro_watcher_stop (entry->watcher);
      g_clear_object (&entry->watcher);
    }
  g_cancellable_cancel (self->cancellable);
}

static void
do_nothing (gpointer user_data)
{
}

void
micro_cache_free (MicroCache *self)
{
  micro_loop_run_sync (self->loop, cache_close_on_loop, self);
  g_mutex_lock (&self->idle_mutex);
  while (self->n_running > 0)
    g_cond_wait (&self->idle, &self->idle_mutex);
  g_mutex_unlock (&self->idle_mutex);
  /* The last call-back has counted itself down, but need not have returned. */
  micro_loop_run_sync (self->loop, do_nothing, NULL);
  g_hash_table_unref (self->entries);
  g_object_unref (self->registry);
  g_object_unref (self->cancellable);
  micro_published_free (self->published);
  g_mutex_clear (&self->idle_mutex);
  g_cond_clear (&self->idle);
  g_free (self);
}
