/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: a registry of one process, shared by all that is in it.
 */
#include "config.h"

#include "memory-store.h"

typedef struct
{
  GObject parent_instance;
} MemoryRegistry;

typedef struct
{
  GObjectClass parent_class;
} MemoryRegistryClass;

static GType memory_registry_get_type (void);
static void memory_registry_iface_init (MicroRegistryInterface *iface);

G_DEFINE_TYPE_WITH_CODE (MemoryRegistry,
                         memory_registry,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, memory_registry_iface_init))

static void
memory_registry_register_async (MicroRegistry *registry,
                                MicroService *service,
                                guint ttl_s,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);

  g_task_set_source_tag (task, memory_registry_register_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  memory_store_add (registry, service, ttl_s);
  g_task_return_boolean (task, TRUE);
}

static void
memory_registry_deregister_async (MicroRegistry *registry,
                                  MicroService *service,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);

  g_task_set_source_tag (task, memory_registry_deregister_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  memory_store_remove (registry, service);
  g_task_return_boolean (task, TRUE);
}

static void
memory_registry_get_service_async (MicroRegistry *registry,
                                   const char *name,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);
  g_autoptr (GPtrArray) services = memory_store_find (name);

  g_task_set_source_tag (task, memory_registry_get_service_async);
  if (services->len == 0)
    g_task_return_error (task, memory_store_not_found (name));
  else
    g_task_return_pointer (task, g_steal_pointer (&services), (GDestroyNotify) g_ptr_array_unref);
}

static void
memory_registry_list_services_async (MicroRegistry *registry,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);

  g_task_set_source_tag (task, memory_registry_list_services_async);
  g_task_return_pointer (task, memory_store_find (NULL), (GDestroyNotify) g_ptr_array_unref);
}

static void
memory_registry_watch_async (MicroRegistry *registry,
                             const char *name,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);

  g_task_set_source_tag (task, memory_registry_watch_async);
  g_task_return_pointer (task, memory_store_watch (name), g_object_unref);
}

static gboolean
memory_registry_is_local (MicroRegistry *registry)
{
  return TRUE;
}

/* What was registered here and not taken back goes, as a process's goes when it dies. */
static void
memory_registry_finalize (GObject *object)
{
  memory_store_remove_owner (object);
  G_OBJECT_CLASS (memory_registry_parent_class)->finalize (object);
}

static void
memory_registry_class_init (MemoryRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = memory_registry_finalize;
}

static void
memory_registry_init (MemoryRegistry *self)
{
}

static void
memory_registry_iface_init (MicroRegistryInterface *iface)
{
  iface->register_async = memory_registry_register_async;
  iface->deregister_async = memory_registry_deregister_async;
  iface->get_service_async = memory_registry_get_service_async;
  iface->list_services_async = memory_registry_list_services_async;
  iface->watch_async = memory_registry_watch_async;
  iface->is_local = memory_registry_is_local;
}

MICRO_PLUGIN_DEFINE (memory_registry,
                     .name = "memory",
                     .summary = "the services of one process",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = memory_registry_get_type)
