/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a watch has to tell: a registry pushes, a reader pulls, and only the newest of a name waits.
 */
#include "config.h"

#include <micro/micro-watcher.h>

struct _MicroWatcher
{
  GObject parent_instance;

  GMutex mutex;
  GQueue unread;       /* of MicroEvent, one a name, the longest unread first */
  GHashTable *by_name; /* name → its link in unread */
  GError *failure;     /* (nullable): told once the events are read */
  GTask *waiting;      /* (nullable) */
  GSource *cancel;     /* (nullable): the end of the wait by its cancellable */
  gboolean stopped;
  GDestroyNotify on_stopped;
  gpointer user_data;
};

G_DEFINE_FINAL_TYPE (MicroWatcher, micro_watcher, G_TYPE_OBJECT)

static void
clear_unread (MicroWatcher *self)
{
  g_hash_table_remove_all (self->by_name);
  g_queue_clear_full (&self->unread, (GDestroyNotify) micro_event_unref);
}

/* In the place of an older one of its name; under the mutex. */
static void
put_unread (MicroWatcher *self, MicroEvent *event)
{
  const char *name = micro_event_get_name (event);
  GList *link = g_hash_table_lookup (self->by_name, name);
  MicroEvent *older = NULL;

  if (link == NULL)
    {
      g_queue_push_tail (&self->unread, NULL);
      link = g_queue_peek_tail_link (&self->unread);
    }
  older = link->data;
  link->data = micro_event_ref (event);
  g_hash_table_replace (self->by_name, (gpointer) name, link); /* the key is the event's */
  micro_event_unref (older);
}

static MicroEvent *
take_unread (MicroWatcher *self)
{
  MicroEvent *event = g_queue_peek_head (&self->unread);

  if (event == NULL)
    return NULL;
  g_hash_table_remove (self->by_name, micro_event_get_name (event));
  return g_queue_pop_head (&self->unread);
}

static void
micro_watcher_dispose (GObject *object)
{
  micro_watcher_stop (MICRO_WATCHER (object));
  G_OBJECT_CLASS (micro_watcher_parent_class)->dispose (object);
}

static void
micro_watcher_finalize (GObject *object)
{
  MicroWatcher *self = MICRO_WATCHER (object);

  clear_unread (self);
  g_hash_table_unref (self->by_name);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (micro_watcher_parent_class)->finalize (object);
}

static void
micro_watcher_class_init (MicroWatcherClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = micro_watcher_dispose;
  G_OBJECT_CLASS (klass)->finalize = micro_watcher_finalize;
}

static void
micro_watcher_init (MicroWatcher *self)
{
  g_mutex_init (&self->mutex);
  g_queue_init (&self->unread);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
}

/**
 * micro_watcher_new:
 * @stopped: (nullable): runs once, when the reader stops or drops the watcher
 * @user_data: for @stopped
 *
 * For registries.
 *
 * Returns: (transfer full): a watcher
 */
MicroWatcher *
micro_watcher_new (GDestroyNotify stopped, gpointer user_data)
{
  MicroWatcher *self = g_object_new (MICRO_TYPE_WATCHER, NULL);

  self->on_stopped = stopped;
  self->user_data = user_data;
  return self;
}

/* Without it, the source of every wait would stay in the reader's context. */
static void
forget_cancel (MicroWatcher *self)
{
  if (self->cancel == NULL)
    return;
  g_source_destroy (self->cancel);
  g_clear_pointer (&self->cancel, g_source_unref);
}

/* Takes the waiting task if there is now something to tell it; under the mutex. */
static GTask *
take_ready (MicroWatcher *self, MicroEvent **ret_event, GError **ret_error)
{
  if (self->waiting == NULL)
    return NULL;
  *ret_event = take_unread (self);
  if (*ret_event == NULL && self->failure != NULL)
    *ret_error = g_error_copy (self->failure);
  else if (*ret_event == NULL && self->stopped)
    *ret_error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the watcher was stopped");
  else if (*ret_event == NULL)
    return NULL;
  forget_cancel (self);
  return g_steal_pointer (&self->waiting);
}

/* Tells the reader outside of the lock: its call-back may do anything, drop the watcher too. */
static void
unlock_and_tell (MicroWatcher *self)
{
  MicroEvent *event = NULL;
  GError *error = NULL;
  g_autoptr (GTask) task = take_ready (self, &event, &error);

  g_mutex_unlock (&self->mutex);
  if (task == NULL)
    return;
  if (event != NULL)
    g_task_return_pointer (task, event, (GDestroyNotify) micro_event_unref);
  else
    g_task_return_error (task, error);
}

/**
 * micro_watcher_push:
 * @self: a watcher
 * @event: (transfer none): what a service is now; an unread event of the same name is dropped
 *
 * For registries.  Any thread; after the reader has stopped it does nothing.
 */
void
micro_watcher_push (MicroWatcher *self, MicroEvent *event)
{
  g_return_if_fail (MICRO_IS_WATCHER (self) && event != NULL);
  g_mutex_lock (&self->mutex);
  if (!self->stopped)
    put_unread (self, event);
  unlock_and_tell (self);
}

/**
 * micro_watcher_fail:
 * @self: a watcher
 * @error: (transfer none): why no more events will come
 *
 * For registries.  The reader gets the events pushed before, then @error.
 */
void
micro_watcher_fail (MicroWatcher *self, const GError *error)
{
  g_return_if_fail (MICRO_IS_WATCHER (self) && error != NULL);
  g_mutex_lock (&self->mutex);
  if (self->failure == NULL)
    self->failure = g_error_copy (error);
  unlock_and_tell (self);
}

static gboolean
cancel_wait (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  MicroWatcher *self = g_task_get_source_object (task);
  gboolean mine;

  g_mutex_lock (&self->mutex);
  mine = self->waiting == task;
  if (mine)
    {
      self->waiting = NULL;
      forget_cancel (self);
    }
  g_mutex_unlock (&self->mutex);
  if (mine)
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  return G_SOURCE_REMOVE;
}

/**
 * micro_watcher_next_async:
 * @self: a watcher
 * @cancellable: (nullable): ends the wait
 * @callback: told of the next event
 * @user_data: for @callback
 *
 * Waits for the next event.  One wait at a time.
 */
void
micro_watcher_next_async (MicroWatcher *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task;

  g_return_if_fail (MICRO_IS_WATCHER (self));
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, micro_watcher_next_async);
  g_mutex_lock (&self->mutex);
  if (self->waiting != NULL)
    {
      g_mutex_unlock (&self->mutex);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING,
                               "the watcher is waiting for an event already");
      g_object_unref (task);
      return;
    }
  self->waiting = task;
  if (cancellable != NULL && g_queue_is_empty (&self->unread))
    {
      self->cancel = g_cancellable_source_new (cancellable);
      g_task_attach_source (task, self->cancel, G_SOURCE_FUNC (cancel_wait));
    }
  unlock_and_tell (self);
}

/**
 * micro_watcher_next_finish:
 * @self: a watcher
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: (transfer full): the event; %G_IO_ERROR_CLOSED after micro_watcher_stop()
 */
MicroEvent *
micro_watcher_next_finish (MicroWatcher *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * micro_watcher_stop:
 * @self: a watcher
 *
 * Ends it.  A wait fails with %G_IO_ERROR_CLOSED.  Any thread; twice is once.
 */
void
micro_watcher_stop (MicroWatcher *self)
{
  GDestroyNotify on_stopped;

  g_return_if_fail (MICRO_IS_WATCHER (self));
  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  clear_unread (self);
  on_stopped = g_steal_pointer (&self->on_stopped);
  unlock_and_tell (self);
  if (on_stopped != NULL)
    on_stopped (self->user_data);
}
