/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Loop threads: epoll, timers and posted work inside one GSource.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include <glib-unix.h>

#include "loop/loop.h"

#define MAX_TASK_ROUNDS 4

typedef struct
{
  MicroLoopFunc func;
  gpointer user_data;
} Posted;

typedef struct
{
  GSource source;
  MicroLoop *loop;
  gpointer tag;
} LoopGSource;

/* --- Work posted by other threads, and tasks of this turn --- */

static void
run_posted (MicroLoop *self)
{
  g_autoptr (GArray) posted = NULL;

  if (!g_atomic_int_get (&self->has_posted))
    return;
  g_mutex_lock (&self->mutex);
  posted = g_steal_pointer (&self->posted);
  self->posted = g_array_new (FALSE, FALSE, sizeof (Posted));
  g_atomic_int_set (&self->has_posted, FALSE);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < posted->len; i++)
    {
      Posted *item = &g_array_index (posted, Posted, i);

      item->func (item->user_data);
    }
}

/* Tasks queue tasks (a flush makes room, a handler fills it); the rest is left to the next turn, so
 * that others are read from in between. */
static void
run_tasks (MicroLoop *self)
{
  for (int round = 0; round < MAX_TASK_ROUNDS && self->tasks != NULL; round++)
    {
      MicroLoopTask **last = self->tasks_tail;
      gboolean more = TRUE;

      while (more)
        {
          MicroLoopTask *task = self->tasks;

          more = &task->next != last;
          self->tasks = task->next;
          if (self->tasks == NULL)
            self->tasks_tail = &self->tasks;
          task->next = NULL;
          task->queued = FALSE;
          task->run (task);
        }
    }
}

/**
 * micro_loop_queue_task: (skip)
 * @self: the loop of the calling thread
 * @task: something to do
 *
 * Runs @task once, after everything that is readable in this turn has been read; queueing it
 * again before that changes nothing.  A task must not be freed while it is queued.  This is how
 * many answers leave in one write.
 */
void
micro_loop_queue_task (MicroLoop *self, MicroLoopTask *task)
{
  if (task->queued)
    return;
  task->queued = TRUE;
  task->next = NULL;
  *self->tasks_tail = task;
  self->tasks_tail = &task->next;
}

/* @func may drop the last reference. */
static void
run_after_end (MicroLoop *self, MicroLoopFunc func, gpointer user_data)
{
  micro_loop_ref (self);
  g_rec_mutex_lock (&self->runs_now);
  func (user_data);
  run_tasks (self);
  g_rec_mutex_unlock (&self->runs_now);
  micro_loop_unref (self);
}

/**
 * micro_loop_post:
 * @self: a loop
 * @func: (scope async): what to run on its thread
 * @user_data: for @func
 *
 * Runs @func on the loop's thread, in the order of the posts.  Any thread.  When the loop's thread
 * has ended, which the caller sees only if it holds a reference, @func runs before this returns, on
 * the calling thread, and never two at once: so a late answer finds its end.
 */
void
micro_loop_post (MicroLoop *self, MicroLoopFunc func, gpointer user_data)
{
  Posted item = { func, user_data };
  gboolean wake;

  g_mutex_lock (&self->mutex);
  if (G_UNLIKELY (self->ended))
    {
      g_mutex_unlock (&self->mutex);
      run_after_end (self, func, user_data);
      return;
    }
  g_array_append_val (self->posted, item);
  wake = self->posted->len == 1;
  g_atomic_int_set (&self->has_posted, TRUE);
  g_mutex_unlock (&self->mutex);
  if (wake)
    g_main_context_wakeup (self->context);
}

typedef struct
{
  MicroLoopFunc func;
  gpointer user_data;
  GMutex mutex;
  GCond cond;
  gboolean done;
} SyncCall;

static void
run_sync_call (gpointer user_data)
{
  SyncCall *call = user_data;

  call->func (call->user_data);
  g_mutex_lock (&call->mutex);
  call->done = TRUE;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->mutex);
}

/**
 * micro_loop_run_sync:
 * @self: a loop
 * @func: (scope call): what to run on its thread
 * @user_data: for @func
 *
 * Runs @func on the loop's thread and waits until it has returned.  Any thread; on the loop's own
 * it is a plain call.
 */
void
micro_loop_run_sync (MicroLoop *self, MicroLoopFunc func, gpointer user_data)
{
  SyncCall call = { .func = func, .user_data = user_data };

  if (micro_loop_get_current () == self)
    {
      func (user_data);
      return;
    }
  g_mutex_init (&call.mutex);
  g_cond_init (&call.cond);
  micro_loop_post (self, run_sync_call, &call);
  g_mutex_lock (&call.mutex);
  while (!call.done)
    g_cond_wait (&call.cond, &call.mutex);
  g_mutex_unlock (&call.mutex);
  g_mutex_clear (&call.mutex);
  g_cond_clear (&call.cond);
}

/* --- Descriptors --- */

/**
 * micro_loop_add_source: (skip)
 * @self: the loop of the calling thread
 * @source: (transfer none): a descriptor, its mask and its call-back
 * @error: return location
 *
 * Watches @source until micro_loop_remove_source().  Level-triggered unless its mask says EPOLLET.
 */
gboolean
micro_loop_add_source (MicroLoop *self, MicroLoopSource *source, GError **error)
{
  struct epoll_event event = { .events = source->events, .data.ptr = source };

  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot watch descriptor %d: %s",
               source->fd, g_strerror (errno));
  return FALSE;
}

/**
 * micro_loop_change_source: (skip)
 * @self: the loop of the calling thread
 * @source: what is watched
 * @events: its new mask
 *
 * Watches it for other events.
 */
void
micro_loop_change_source (MicroLoop *self, MicroLoopSource *source, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = source };

  if (source->events == events)
    return;
  source->events = events;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) != 0)
    g_critical ("epoll_ctl: %s", g_strerror (errno));
}

/**
 * micro_loop_remove_source: (skip)
 * @self: the loop of the calling thread
 * @source: what is watched
 *
 * Watches it no more.
 */
void
micro_loop_remove_source (MicroLoop *self, MicroLoopSource *source)
{
  epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
  /* Events already fetched must not reach memory that may be gone. */
  for (int i = self->next_event; i < self->n_events; i++)
    if (self->events[i].data.ptr == source)
      self->events[i].data.ptr = NULL;
}

static void
run_sources (MicroLoop *self)
{
  micro_loop_fetch_events (self);
  while (self->next_event < self->n_events)
    {
      struct epoll_event *event = &self->events[self->next_event++];
      MicroLoopSource *source = event->data.ptr;

      if (source != NULL)
        source->ready (source, event->events);
    }
  self->n_events = 0;
}

/* --- The GSource ---
 *
 * GLib guards a source against being dispatched inside its own dispatch by taking its descriptor
 * out of the poll and putting it back, and wakes the context up for both: three system calls a
 * turn.  This source recurses as far as GLib is concerned and keeps still by itself when somebody
 * in a turn does iterate the context.
 */

static void
set_muted (LoopGSource *source, gboolean muted)
{
  if (source->loop->muted == muted)
    return;
  source->loop->muted = muted;
  g_source_modify_unix_fd (&source->source, source->tag, muted ? 0 : G_IO_IN);
}

static gboolean
loop_source_prepare (GSource *source, int *timeout_ms)
{
  MicroLoop *self = ((LoopGSource *) source)->loop;
  gint64 wait_us;

  *timeout_ms = -1;
  if (self->dispatching)
    {
      set_muted ((LoopGSource *) source, TRUE);
      return FALSE;
    }
  if (self->tasks != NULL || g_atomic_int_get (&self->has_posted))
    return TRUE;
  if (self->n_timers == 0)
    return FALSE;
  wait_us = self->heap[1]->at_us - g_get_monotonic_time ();
  if (wait_us <= 0)
    return TRUE;
  *timeout_ms = (int) MIN ((wait_us + 999) / 1000, 60 * 60 * 1000);
  return FALSE;
}

static gboolean
loop_source_check (GSource *source)
{
  LoopGSource *loop_source = (LoopGSource *) source;
  MicroLoop *self = loop_source->loop;

  if (self->dispatching)
    return FALSE;
  if (g_source_query_unix_fd (source, loop_source->tag) != 0 || self->tasks != NULL
      || g_atomic_int_get (&self->has_posted))
    return TRUE;
  return self->n_timers > 0 && self->heap[1]->at_us <= g_get_monotonic_time ();
}

static gboolean
loop_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  MicroLoop *self = ((LoopGSource *) source)->loop;

  self->dispatching = TRUE;
  self->now_us = g_get_monotonic_time ();
  run_posted (self);
  run_sources (self);
  micro_loop_run_timers (self);
  run_tasks (self);
  self->dispatching = FALSE;
  set_muted ((LoopGSource *) source, FALSE);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs loop_source_funcs
    = { loop_source_prepare, loop_source_check, loop_source_dispatch, NULL, NULL, NULL };

/**
 * micro_loop_ref:
 * @self: a loop
 *
 * Keeps the pointer valid.  The thread runs until micro_loop_free() all the same.  Any thread.
 *
 * Returns: (transfer full): @self
 */
MicroLoop *
micro_loop_ref (MicroLoop *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

/**
 * micro_loop_unref:
 * @self: (transfer full): a loop of which a reference was taken
 *
 * Any thread.
 */
void
micro_loop_unref (MicroLoop *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_main_context_unref (self->context);
  close (self->epoll_fd);
  g_array_unref (self->posted);
  g_mutex_clear (&self->mutex);
  g_rec_mutex_clear (&self->runs_now);
  micro_block_clear (self);
  g_free (self->heap);
  g_free (self);
}

G_DEFINE_BOXED_TYPE (MicroLoop, micro_loop, micro_loop_ref, micro_loop_unref)

static gpointer
copy_loop (gconstpointer loop, gpointer user_data)
{
  return micro_loop_ref ((MicroLoop *) loop);
}

/**
 * micro_loop_ref_all:
 * @loops: (element-type MicroLoop): loops; who gave the array need not keep them
 *
 * Returns: (transfer full) (element-type MicroLoop): an array of the same, with a reference to each
 */
GPtrArray *
micro_loop_ref_all (GPtrArray *loops)
{
  GPtrArray *copy = g_ptr_array_copy (loops, copy_loop, NULL);

  g_ptr_array_set_free_func (copy, (GDestroyNotify) micro_loop_unref);
  return copy;
}

/* FALSE: something was posted in between. */
static gboolean
try_end (MicroLoop *self)
{
  g_mutex_lock (&self->mutex);
  self->ended = self->posted->len == 0;
  g_mutex_unlock (&self->mutex);
  return self->ended;
}

static gpointer
loop_thread (gpointer user_data)
{
  MicroLoop *self = user_data;

  micro_loop_set_current (self);
  g_main_context_push_thread_default (self->context);
  while (!self->quit)
    g_main_context_iteration (self->context, TRUE);
  /* What was posted before the end still runs: somebody may be waiting for it. */
  do
    {
      micro_loop_tell_endings (self);
      while (g_atomic_int_get (&self->has_posted) || self->tasks != NULL
             || g_main_context_pending (self->context))
        g_main_context_iteration (self->context, FALSE);
    }
  while (self->endings != NULL || !try_end (self));
  g_main_context_pop_thread_default (self->context);
  micro_loop_unref (self);
  return NULL;
}

/**
 * micro_loop_new:
 * @name: the thread's name, at most 15 bytes
 *
 * Starts a loop thread.  Never fails: without descriptors or threads the process cannot go on.
 *
 * Returns: (transfer full): the loop; free with micro_loop_free()
 */
MicroLoop *
micro_loop_new (const char *name)
{
  MicroLoop *self = g_new0 (MicroLoop, 1);
  LoopGSource *source;

  g_atomic_ref_count_init (&self->references);
  micro_loop_ref (self); /* the thread's */
  self->context = g_main_context_new ();
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->tasks_tail = &self->tasks;
  self->posted = g_array_new (FALSE, FALSE, sizeof (Posted));
  self->now_us = g_get_monotonic_time ();
  g_mutex_init (&self->mutex);
  g_rec_mutex_init (&self->runs_now);
  self->source = g_source_new (&loop_source_funcs, sizeof (LoopGSource));
  g_source_set_static_name (self->source, "micro loop");
  source = (LoopGSource *) self->source;
  source->loop = self;
  source->tag = g_source_add_unix_fd (self->source, self->epoll_fd, G_IO_IN);
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, self->context);
  micro_loop_init_poll (self);
  /* GLib makes its C locale at the first number, and when two threads want it at once the one that
   * waits is left with an errno that g_ascii_string_to_unsigned() takes for a bad number. */
  g_ascii_strtoull ("0", NULL, 10);
  self->thread = g_thread_new (name, loop_thread, self);
  return self;
}

static void
loop_quit (gpointer user_data)
{
  MicroLoop *self = user_data;

  self->quit = TRUE;
}

/**
 * micro_loop_free:
 * @self: (transfer full): a loop
 *
 * Ends the thread after what was posted has run, and drops the reference.  The loop's sources and
 * timers must have been removed.  From the loop's own thread, where the last call that holds a
 * client may end, it returns at once and the thread ends by itself.
 */
void
micro_loop_free (MicroLoop *self)
{
  g_return_if_fail (self != NULL);
  if (micro_loop_get_current () == self)
    {
      self->quit = TRUE;
      g_thread_unref (self->thread);
    }
  else
    {
      micro_loop_post (self, loop_quit, self);
      g_thread_join (self->thread);
    }
  micro_loop_unref (self);
}

struct _MicroScope **
micro_loop_get_scope (MicroLoop *self)
{
  return &self->scope;
}

/**
 * micro_loop_get_context:
 * @self: a loop
 *
 * Returns: (transfer none): the context that its thread runs, for GLib's sources
 */
GMainContext *
micro_loop_get_context (MicroLoop *self)
{
  return self->context;
}

/**
 * micro_loop_get_time:
 * @self: the loop of the calling thread
 *
 * Returns: the monotonic time, in µs, at which this turn of the loop began
 */
gint64
micro_loop_get_time (MicroLoop *self)
{
  return self->now_us;
}
