/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry cache: snapshots for readers, folded from one watch a name.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-cache-private.h>
#include <micro/micro-error.h>
#include <micro/micro-node.h>

#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS 10000
/* A registry that cannot watch is asked again this often, as go-micro's cache does. */
#define POLL_MS 60000

typedef struct
{
  MicroCacheFunc callback;
  gpointer user_data;
} Waiter;

typedef struct
{
  MicroCache *cache;
  char *name;
  GPtrArray *services; /* (nullable): the snapshot, replaced whole, under the cache's mutex */
  GArray *waiting;     /* of Waiter */
  MicroWatcher *watcher;
  gboolean asking;
  gboolean cannot_watch;
  guint retry_ms;
  MicroLoopTimer timer; /* asks, or watches, again */
} Entry;

struct _MicroCache
{
  MicroRegistry *registry;
  MicroLoop *loop;
  GCancellable *cancellable;
  GMutex mutex;
  GHashTable *entries; /* name → Entry */
  guint n_running;     /* of the registry's operations; on the loop */
  gboolean closing;
  GMutex idle_mutex;
  GCond idle;
};

static void ask (Entry *entry);
static void watch (Entry *entry);

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
  g_free (entry->name);
  g_free (entry);
}

static void
publish (Entry *entry, GPtrArray *services)
{
  g_mutex_lock (&entry->cache->mutex);
  g_clear_pointer (&entry->services, g_ptr_array_unref);
  if (services != NULL && services->len > 0)
    entry->services = g_ptr_array_ref (services);
  g_mutex_unlock (&entry->cache->mutex);
}

static void
tell_waiting (Entry *entry, const GError *error)
{
  g_autoptr (GArray) waiting = g_steal_pointer (&entry->waiting);
  g_autoptr (GPtrArray) services = micro_cache_peek (entry->cache, entry->name);

  entry->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
  for (guint i = 0; i < waiting->len; i++)
    {
      Waiter *waiter = &g_array_index (waiting, Waiter, i);

      waiter->callback (services, services != NULL ? NULL : error, waiter->user_data);
    }
}

/* --- Folding events into the snapshot --------------------------------------------------------- */

static void
append_except (GPtrArray *nodes, GPtrArray *from, GPtrArray *except)
{
  for (guint i = 0; i < from->len; i++)
    {
      MicroNode *node = g_ptr_array_index (from, i);
      gboolean found = FALSE;

      for (guint j = 0; j < except->len && !found; j++)
        found = g_str_equal (micro_node_get_id (node),
                             micro_node_get_id (g_ptr_array_index (except, j)));
      if (!found)
        g_ptr_array_add (nodes, micro_node_ref (node));
    }
}

static MicroService *
fold_record (MicroService *known, MicroEventKind kind, MicroService *changed)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  GPtrArray *touched = micro_service_get_nodes (changed);

  append_except (nodes, micro_service_get_nodes (known), touched);
  if (kind == MICRO_EVENT_DELETED)
    return touched->len == 0 ? NULL : micro_service_with_nodes (known, nodes);
  for (guint i = 0; i < touched->len; i++)
    g_ptr_array_add (nodes, micro_node_ref (g_ptr_array_index (touched, i)));
  return micro_service_with_nodes (changed, nodes);
}

static GPtrArray *
fold (GPtrArray *services, MicroEvent *event)
{
  GPtrArray *next = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  MicroService *changed = micro_event_get_service (event);
  gboolean found = FALSE;

  for (guint i = 0; services != NULL && i < services->len; i++)
    {
      MicroService *known = g_ptr_array_index (services, i);
      g_autoptr (MicroService) folded = NULL;

      if (!g_str_equal (micro_service_get_version (known), micro_service_get_version (changed)))
        {
          g_ptr_array_add (next, micro_service_ref (known));
          continue;
        }
      found = TRUE;
      folded = fold_record (known, micro_event_get_kind (event), changed);
      if (folded != NULL && micro_service_get_nodes (folded)->len > 0)
        g_ptr_array_add (next, g_steal_pointer (&folded));
    }
  if (!found && micro_event_get_kind (event) != MICRO_EVENT_DELETED)
    g_ptr_array_add (next, micro_service_ref (changed));
  return next;
}

/* --- Asking and watching ------------------------------------------------------------------------
 */

static void
timer_expired (MicroLoopTimer *timer)
{
  Entry *entry = (Entry *) ((char *) timer - G_STRUCT_OFFSET (Entry, timer));

  if (entry->cannot_watch || entry->services == NULL)
    ask (entry);
  else
    watch (entry);
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
back_off (Entry *entry)
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
  g_autoptr (GPtrArray) next = NULL;

  operation_ended (entry->cache);
  if (entry->cache->closing)
    return;
  if (event == NULL)
    {
      /* What is known stays known: losing the registry loses no node. */
      g_info ("the watch on “%s” ended: %s", entry->name, error->message);
      g_clear_object (&entry->watcher);
      back_off (entry);
      return;
    }
  entry->retry_ms = 0;
  if (g_str_equal (micro_service_get_name (micro_event_get_service (event)), entry->name))
    {
      next = fold (entry->services, event);
      publish (entry, next);
    }
  next_event (entry);
}

static void
next_event (Entry *entry)
{
  operation_began (entry->cache);
  micro_watcher_next_async (entry->watcher, entry->cache->cancellable, got_event, entry);
}

static void
got_watcher (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Entry *entry = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MicroWatcher) watcher
      = micro_registry_watch_finish (MICRO_REGISTRY (source), result, &error);

  operation_ended (entry->cache);
  if (entry->cache->closing)
    return;
  if (watcher != NULL)
    {
      entry->watcher = g_steal_pointer (&watcher);
      next_event (entry);
      /* What went between the first answer and the watch is in neither. */
      ask (entry);
      return;
    }
  entry->cannot_watch = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  if (entry->cannot_watch)
    again_in (entry, POLL_MS);
  else
    back_off (entry);
}

static void
watch (Entry *entry)
{
  if (entry->watcher != NULL || entry->cannot_watch)
    return;
  operation_began (entry->cache);
  micro_registry_watch_async (entry->cache->registry, entry->name, entry->cache->cancellable,
                              got_watcher, entry);
}

static void
got_services (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Entry *entry = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services
      = micro_registry_get_service_finish (MICRO_REGISTRY (source), result, &error);

  operation_ended (entry->cache);
  entry->asking = FALSE;
  if (services != NULL)
    {
      publish (entry, services);
      entry->retry_ms = 0;
      tell_waiting (entry, NULL);
    }
  else
    {
      if (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND))
        publish (entry, NULL);
      tell_waiting (entry, error);
    }
  if (entry->cache->closing)
    return;
  if (entry->cannot_watch)
    again_in (entry, POLL_MS);
  else if (services != NULL)
    watch (entry);
}

static void
ask (Entry *entry)
{
  if (entry->asking)
    return;
  entry->asking = TRUE;
  operation_began (entry->cache);
  micro_registry_get_service_async (entry->cache->registry, entry->name, entry->cache->cancellable,
                                    got_services, entry);
}

/* --- What clients call ---------------------------------------------------------------------------
 */

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

  g_mutex_lock (&self->mutex);
  entry = g_hash_table_lookup (self->entries, request->name);
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->cache = self;
      entry->name = g_strdup (request->name);
      entry->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
      g_hash_table_insert (self->entries, entry->name, entry);
    }
  services = entry->services != NULL ? g_ptr_array_ref (entry->services) : NULL;
  g_mutex_unlock (&self->mutex);
  if (services != NULL)
    request->waiter.callback (services, NULL, request->waiter.user_data);
  else
    {
      g_array_append_val (entry->waiting, request->waiter);
      ask (entry);
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
  GPtrArray *services = NULL;
  Entry *entry;

  g_mutex_lock (&self->mutex);
  entry = g_hash_table_lookup (self->entries, name);
  if (entry != NULL && entry->services != NULL)
    services = g_ptr_array_ref (entry->services);
  g_mutex_unlock (&self->mutex);
  return services;
}

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean done;
  GPtrArray *services;
  GError *error;
} SyncGet;

static void
sync_done (GPtrArray *services, const GError *error, gpointer user_data)
{
  SyncGet *get = user_data;

  g_mutex_lock (&get->mutex);
  get->services = services != NULL ? g_ptr_array_ref (services) : NULL;
  get->error = error != NULL ? g_error_copy (error) : NULL;
  get->done = TRUE;
  g_cond_signal (&get->cond);
  g_mutex_unlock (&get->mutex);
}

GPtrArray *
micro_cache_get_sync (MicroCache *self, const char *name, GError **error)
{
  SyncGet get = { .done = FALSE };

  g_mutex_init (&get.mutex);
  g_cond_init (&get.cond);
  micro_cache_get (self, name, sync_done, &get);
  g_mutex_lock (&get.mutex);
  while (!get.done)
    g_cond_wait (&get.cond, &get.mutex);
  g_mutex_unlock (&get.mutex);
  g_mutex_clear (&get.mutex);
  g_cond_clear (&get.cond);
  if (get.error != NULL)
    g_propagate_error (error, get.error);
  return get.services;
}

/* --- Life
 * ------------------------------------------------------------------------------------------- */

MicroCache *
micro_cache_new (MicroRegistry *registry, MicroLoop *loop)
{
  MicroCache *self = g_new0 (MicroCache, 1);

  self->registry = g_object_ref (registry);
  self->loop = loop;
  self->cancellable = g_cancellable_new ();
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  g_mutex_init (&self->mutex);
  g_mutex_init (&self->idle_mutex);
  g_cond_init (&self->idle);
  return self;
}

static void
close_on_loop (gpointer user_data)
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
  micro_loop_run_sync (self->loop, close_on_loop, self);
  g_mutex_lock (&self->idle_mutex);
  while (self->n_running > 0)
    g_cond_wait (&self->idle, &self->idle_mutex);
  g_mutex_unlock (&self->idle_mutex);
  /* The last call-back has counted itself down, but need not have returned. */
  micro_loop_run_sync (self->loop, do_nothing, NULL);
  g_hash_table_unref (self->entries);
  g_object_unref (self->registry);
  g_object_unref (self->cancellable);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->idle_mutex);
  g_cond_clear (&self->idle);
  g_free (self);
}
