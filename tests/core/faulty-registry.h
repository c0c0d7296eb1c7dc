/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The memory registry behind one that counts what it is asked, and fails or waits when told to.
 */
#pragma once

#include <atomic>

#include "../registry-test.h"

extern "C" const MicroPluginInfo *micro_plugin_memory_registry (void);

struct FaultyRegistry
{
  GObject parent_instance;

  MicroRegistry *inner;
  GQueue *held;        /* of GTask, each with its answer; of the loop */
  GPtrArray *watchers; /* of MicroWatcher; of the loop */
  std::atomic<int> gets;
  std::atomic<int> answers;
  std::atomic<int> watches;
  std::atomic<bool> hold; /* answers wait for faulty_registry_release() */
  std::atomic<bool> gets_fail;
  std::atomic<bool> watches_fail;
  std::atomic<bool> watches_end; /* as soon as they begin */
  std::atomic<bool> cannot_watch;
  std::atomic<bool> may_not_watch; /* no right */
};

struct FaultyRegistryClass
{
  GObjectClass parent_class;
};

static void faulty_registry_iface_init (MicroRegistryInterface *iface);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
G_DEFINE_TYPE_WITH_CODE (FaultyRegistry,
                         faulty_registry,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, faulty_registry_iface_init))
#pragma GCC diagnostic pop

static gboolean
faulty_registry_cancelled (GCancellable *, gpointer data)
{
  GTask *task = (GTask *) data;
  FaultyRegistry *self = (FaultyRegistry *) g_task_get_source_object (task);

  if (g_queue_remove (self->held, task))
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  return G_SOURCE_REMOVE;
}

/* What the memory registry said then, now. */
static void
faulty_registry_answer (GTask *task)
{
  FaultyRegistry *self = (FaultyRegistry *) g_task_get_source_object (task);
  GAsyncResult *result = (GAsyncResult *) g_task_get_task_data (task);
  GError *error = nullptr;
  GPtrArray *services = micro_registry_get_service_finish (self->inner, result, &error);

  self->answers++;
  if (services != nullptr)
    g_task_return_pointer (task, services, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

static void
faulty_registry_got (GObject *, GAsyncResult *result, gpointer data)
{
  GTask *task = (GTask *) data;
  FaultyRegistry *self = (FaultyRegistry *) g_task_get_source_object (task);

  g_task_set_task_data (task, g_object_ref (result), g_object_unref);
  if (!self->hold)
    {
      faulty_registry_answer (task);
      return;
    }
  g_queue_push_tail (self->held, task);
  if (g_task_get_cancellable (task) != nullptr)
    {
      g_autoptr (GSource) source = g_cancellable_source_new (g_task_get_cancellable (task));

      g_task_attach_source (task, source, G_SOURCE_FUNC (faulty_registry_cancelled));
    }
}

static void
faulty_registry_get_service_async (MicroRegistry *registry,
                                   const char *name,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  FaultyRegistry *self = (FaultyRegistry *) registry;
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  self->gets++;
  if (!self->gets_fail)
    {
      micro_registry_get_service_async (self->inner, name, nullptr, faulty_registry_got, task);
      return;
    }
  g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "the registry is away");
  g_object_unref (task);
}

static void
faulty_registry_end_watch (gpointer watcher, gpointer)
{
  g_autoptr (GError) error = g_error_new (MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "lost");

  micro_watcher_fail (MICRO_WATCHER (watcher), error);
}

static void
faulty_registry_watching (GObject *, GAsyncResult *result, gpointer data)
{
  GTask *task = (GTask *) data;
  FaultyRegistry *self = (FaultyRegistry *) g_task_get_source_object (task);
  MicroWatcher *watcher = micro_registry_watch_finish (self->inner, result, nullptr);

  if (self->watches_end)
    faulty_registry_end_watch (watcher, nullptr);
  g_ptr_array_add (self->watchers, g_object_ref (watcher));
  g_task_return_pointer (task, watcher, g_object_unref);
  g_object_unref (task);
}

static void
faulty_registry_watch_async (MicroRegistry *registry,
                             const char *name,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  FaultyRegistry *self = (FaultyRegistry *) registry;
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  self->watches++;
  if (!self->cannot_watch && !self->may_not_watch && !self->watches_fail)
    {
      micro_registry_watch_async (self->inner, name, nullptr, faulty_registry_watching, task);
      return;
    }
  if (self->cannot_watch)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "cannot watch");
  else if (self->may_not_watch)
    g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_PERMISSION_DENIED, "may not watch");
  else
    g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "the registry is away");
  g_object_unref (task);
}

static gpointer
faulty_registry_finish (MicroRegistry *, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
faulty_registry_iface_init (MicroRegistryInterface *iface)
{
  iface->get_service_async = faulty_registry_get_service_async;
  iface->get_service_finish = [] (MicroRegistry *self, GAsyncResult *result, GError **error) {
    return (GPtrArray *) faulty_registry_finish (self, result, error);
  };
  iface->watch_async = faulty_registry_watch_async;
  iface->watch_finish = [] (MicroRegistry *self, GAsyncResult *result, GError **error) {
    return (MicroWatcher *) faulty_registry_finish (self, result, error);
  };
}

static void
faulty_registry_finalize (GObject *object)
{
  FaultyRegistry *self = (FaultyRegistry *) object;

  g_queue_free (self->held);
  g_ptr_array_unref (self->watchers);
  g_object_unref (self->inner);
  G_OBJECT_CLASS (faulty_registry_parent_class)->finalize (object);
}

static void
faulty_registry_class_init (FaultyRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = faulty_registry_finalize;
}

static void
faulty_registry_init (FaultyRegistry *self)
{
  self->inner
      = MICRO_REGISTRY (g_object_new (micro_plugin_memory_registry ()->get_type (), nullptr));
  self->held = g_queue_new ();
  self->watchers = g_ptr_array_new_with_free_func (g_object_unref);
}

/* --- On the registry's loop --- */

/* Answers what was held. */
inline void
faulty_registry_release (gpointer data)
{
  FaultyRegistry *self = (FaultyRegistry *) data;
  GTask *task;

  self->hold = false;
  while ((task = (GTask *) g_queue_pop_head (self->held)) != nullptr)
    faulty_registry_answer (task);
}

/* Every watch is lost. */
inline void
faulty_registry_end_watches (gpointer data)
{
  FaultyRegistry *self = (FaultyRegistry *) data;

  g_ptr_array_foreach (self->watchers, faulty_registry_end_watch, nullptr);
  g_ptr_array_set_size (self->watchers, 0);
}
