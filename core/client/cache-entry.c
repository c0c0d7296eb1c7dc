/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One name in the cache: watched, or asked for now and then where the registry cannot watch.
 */
#include "config.h"

#include "client/cache-entry.h"
#include <micro/micro-error.h>

#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS 10000
/* A registry that cannot watch is asked again this often, as go-micro's cache does. */
#define POLL_MS 60000
/* And whether it can watch by now, after so many answers. */
#define POLLS_A_WATCH 10

typedef struct
{
  MicroCacheFunc callback;
  gpointer user_data;
} Waiter;

struct _MicroCacheEntry
{
  char *name;
  MicroRegistry *registry;
  MicroLoop *loop;
  GCancellable *cancellable;
  const MicroCacheEntryFuncs *funcs;
  gpointer owner;

  MicroSnapshot *snapshot; /* (nullable) */
  GError *reason;          /* (nullable): why it is known that there is none */
  GArray *waiting;         /* of Waiter */
  gint64 asked_us;         /* when somebody last did */

  MicroWatcher *watcher;
  gint64 watching_since_us;
  guint n_running; /* operations of the registry */
  guint n_polls;
  gboolean cannot_watch;
  gboolean stopped;
  guint retry_ms;
  MicroLoopTimer timer; /* follows again */
};

static void follow (MicroCacheEntry *self);

MicroCacheEntry *
micro_cache_entry_new (const char *name,
                       MicroRegistry *registry,
                       MicroLoop *loop,
                       GCancellable *cancellable,
                       const MicroCacheEntryFuncs *funcs,
                       gpointer owner)
{
  MicroCacheEntry *self = g_new0 (MicroCacheEntry, 1);

  self->name = g_strdup (name);
  self->registry = registry;
  self->loop = loop;
  self->cancellable = cancellable;
  self->funcs = funcs;
  self->owner = owner;
  self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return self;
}

void
micro_cache_entry_free (MicroCacheEntry *self)
{
  g_clear_pointer (&self->snapshot, micro_snapshot_unref);
  g_clear_error (&self->reason);
  g_array_unref (self->waiting);
  g_free (self->name);
  g_free (self);
}

const char *
micro_cache_entry_get_name (MicroCacheEntry *self)
{
  return self->name;
}

gpointer
micro_cache_entry_get_owner (MicroCacheEntry *self)
{
  return self->owner;
}

MicroSnapshot *
micro_cache_entry_get_snapshot (MicroCacheEntry *self)
{
  return self->snapshot;
}

gboolean
micro_cache_entry_is_busy (MicroCacheEntry *self)
{
  return self->n_running > 0;
}

static void
entry_operation_began (MicroCacheEntry *self)
{
  self->n_running++;
  self->funcs->operation_began (self->owner);
}

/* FALSE: the entry is to go, and may be gone. */
static gboolean
entry_operation_ended (MicroCacheEntry *self)
{
  gboolean stopped = self->stopped;

  self->n_running--;
  self->funcs->operation_ended (self->owner);
  return !stopped;
}

/* --- What is known --- */

/* @error: when nothing is known */
static void
tell_waiters (MicroCacheEntry *self, const GError *error)
{
  g_autoptr (GArray) waiting = g_steal_pointer (&self->waiting);
  g_autoptr (MicroSnapshot) snapshot
      = self->snapshot != NULL ? micro_snapshot_ref (self->snapshot) : NULL;

  self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiter));
  for (guint i = 0; i < waiting->len; i++)
    {
      Waiter *waiter = &g_array_index (waiting, Waiter, i);

      waiter->callback (snapshot, snapshot != NULL ? NULL : error, waiter->user_data);
    }
}

/* @records: (nullable): there is none. */
static void
know (MicroCacheEntry *self, GPtrArray *records, const GError *reason)
{
  gboolean there = records != NULL && records->len > 0;
  g_autoptr (MicroSnapshot) snapshot = there ? micro_snapshot_new (records) : NULL;

  self->funcs->changed (self, snapshot);
  g_clear_pointer (&self->snapshot, micro_snapshot_unref);
  g_clear_error (&self->reason);
  self->snapshot = g_steal_pointer (&snapshot);
  if (!there && reason != NULL)
    self->reason = g_error_copy (reason);
  else if (!there)
    self->reason = g_error_new (MICRO_ERROR, MICRO_STATUS_NOT_FOUND, "no service “%s”", self->name);
  tell_waiters (self, self->reason);
}

/* --- Following --- */

static void
timer_expired (MicroLoopTimer *timer)
{
  follow (MICRO_CONTAINER_OF (timer, MicroCacheEntry, timer));
}

static void
again_in (MicroCacheEntry *self, guint ms)
{
  gint64 jittered_us = (gint64) (ms * g_random_double_range (800, 1200));

  if (self->stopped)
    return;
  self->timer.expired = timer_expired;
  micro_loop_start_timer (self->loop, &self->timer, g_get_monotonic_time () + jittered_us);
}

/* What is known stays known: losing the registry loses no node. */
static void
lose (MicroCacheEntry *self, const GError *error)
{
  g_info ("“%s” is not followed for a moment: %s", self->name, error->message);
  tell_waiters (self, error);
  self->retry_ms = CLAMP (self->retry_ms * 2, RETRY_FIRST_MS, RETRY_MOST_MS);
  again_in (self, self->retry_ms);
}

/* Whether it would fail tomorrow too. */
static gboolean
is_for_good (const GError *error)
{
  MicroStatus status;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return TRUE;
  status = micro_error_get_status (error);
  return error->domain == MICRO_ERROR
         && (status == MICRO_STATUS_UNIMPLEMENTED || status == MICRO_STATUS_PERMISSION_DENIED);
}

static void ask (MicroCacheEntry *self);

static void
do_without_watch (MicroCacheEntry *self, const GError *error)
{
  if (!self->cannot_watch && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    g_message ("“%s” cannot be watched, and is asked for every %u s instead: %s", self->name,
               POLL_MS / 1000, error->message);
  self->cannot_watch = TRUE;
  self->n_polls = 0;
  ask (self);
}

static void next_event (MicroCacheEntry *self);

static void
got_event (GObject *source, GAsyncResult *result, gpointer user_data)
{
  MicroCacheEntry *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MicroEvent) event = micro_watcher_next_finish (MICRO_WATCHER (source), result, &error);

  if (!entry_operation_ended (self))
    return;
  if (event == NULL)
    {
      g_clear_object (&self->watcher);
      if (is_for_good (error))
        {
          do_without_watch (self, error);
          return;
        }
      /* One that always ends at once is not to be opened again at once for ever. */
      if (g_get_monotonic_time () - self->watching_since_us > RETRY_MOST_MS * (gint64) 1000)
        self->retry_ms = 0;
      lose (self, error);
      return;
    }
  self->cannot_watch = FALSE;
  if (g_str_equal (micro_event_get_name (event), self->name))
    know (self, micro_event_get_services (event), micro_event_get_reason (event));
  next_event (self);
}

static void
next_event (MicroCacheEntry *self)
{
  if (self->stopped)
    return;
  entry_operation_began (self);
  /* The end of the cache stops it: with a cancellable, each of a thousand watches would be a source
   * that every turn of the loop looks at. */
  micro_watcher_next_async (self->watcher, NULL, got_event, self);
}

static void
got_watcher (GObject *source, GAsyncResult *result, gpointer user_data)
{
  MicroCacheEntry *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MicroWatcher) watcher
      = micro_registry_watch_finish (MICRO_REGISTRY (source), result, &error);

  if (!entry_operation_ended (self))
    return;
  if (watcher != NULL)
    {
      self->watcher = g_steal_pointer (&watcher);
      self->watching_since_us = g_get_monotonic_time ();
      next_event (self);
      return;
    }
  if (!is_for_good (error))
    {
      lose (self, error);
      return;
    }
  do_without_watch (self, error);
}

static void
watch (MicroCacheEntry *self)
{
  entry_operation_began (self);
  micro_registry_watch_async (self->registry, self->name, self->cancellable, got_watcher, self);
}

static void
got_services (GObject *source, GAsyncResult *result, gpointer user_data)
{
  MicroCacheEntry *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services
      = micro_registry_get_service_finish (MICRO_REGISTRY (source), result, &error);

  if (!entry_operation_ended (self))
    return;
  if (services == NULL && !g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND))
    {
      lose (self, error);
      return;
    }
  self->retry_ms = 0;
  know (self, services, error);
  again_in (self, POLL_MS);
}

static void
ask (MicroCacheEntry *self)
{
  self->n_polls++;
  entry_operation_began (self);
  micro_registry_get_service_async (self->registry, self->name, self->cancellable, got_services,
                                    self);
}

static void
follow (MicroCacheEntry *self)
{
  if (self->n_running > 0)
    return;
  micro_loop_stop_timer (self->loop, &self->timer);
  if (self->cannot_watch && self->n_polls % POLLS_A_WATCH != 0)
    ask (self);
  else
    watch (self);
}

GError *
micro_cache_ended_error (void)
{
  return g_error_new_literal (MICRO_ERROR, MICRO_STATUS_CANCELLED,
                              "the cache of the registry has ended");
}

void
micro_cache_entry_stop (MicroCacheEntry *self)
{
  g_autoptr (GError) error = micro_cache_ended_error ();

  self->stopped = TRUE;
  tell_waiters (self, error);
  micro_loop_stop_timer (self->loop, &self->timer);
  if (self->watcher != NULL)
    micro_watcher_stop (self->watcher);
  g_clear_object (&self->watcher);
}

/* --- What clients ask --- */

void
micro_cache_entry_get (MicroCacheEntry *self, MicroCacheFunc callback, gpointer user_data)
{
  Waiter waiter = { callback, user_data };

  self->asked_us = g_get_monotonic_time ();
  if (self->snapshot != NULL || self->reason != NULL)
    {
      g_autoptr (MicroSnapshot) snapshot
          = self->snapshot != NULL ? micro_snapshot_ref (self->snapshot) : NULL;
      g_autoptr (GError) error = snapshot == NULL ? g_error_copy (self->reason) : NULL;

      callback (snapshot, error, user_data);
      return;
    }
  g_array_append_val (self->waiting, waiter);
  follow (self);
}

gboolean
micro_cache_entry_is_idle (MicroCacheEntry *self, gint64 now_us, gint64 idle_us)
{
  if (self->waiting->len > 0)
    return FALSE;
  if (self->snapshot != NULL && g_atomic_int_get (&self->snapshot->used))
    {
      g_atomic_int_set (&self->snapshot->used, FALSE);
      self->asked_us = now_us;
    }
  return now_us - self->asked_us > idle_us;
}
