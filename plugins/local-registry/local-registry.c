/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: a registry of one machine and user, without a daemon.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <glib-unix.h>

#include "local-store.h"

/* When a process dies its files are closed just before their locks go. */
#define SETTLE_MS 5
#define SETTLE_AGAIN_MS 100

typedef struct
{
  MicroWatcher *watcher; /* not owned: its end ends this */
  char *service;         /* (nullable) */
  char *folder;
  GMainContext *context;
  int inotify_fd;
  GSource *source;
  GSource *settle;
  GHashTable *changed; /* file names */
  GHashTable *known;   /* file name → MicroService */
} Watch;

typedef struct
{
  GObject parent_instance;

  char *directory;
  GHashTable *held; /* file name → descriptor */
} LocalRegistry;

typedef struct
{
  GObjectClass parent_class;
} LocalRegistryClass;

static GType local_registry_get_type (void);
static void local_registry_iface_init (MicroRegistryInterface *iface);

G_DEFINE_TYPE_WITH_CODE (LocalRegistry,
                         local_registry,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, local_registry_iface_init))

enum
{
  PROP_DIRECTORY = 1
};

/* --- Registering -------------------------------------------------------------------------------
 */

static void
close_held (gpointer data)
{
  close (GPOINTER_TO_INT (data));
}

static void
local_registry_register_async (MicroRegistry *registry,
                               MicroService *service,
                               guint ttl_s,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  LocalRegistry *self = (LocalRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GPtrArray *nodes = micro_service_get_nodes (service);

  (void) ttl_s; /* the lock is the lease */
  for (guint i = 0; i < nodes->len; i++)
    {
      MicroNode *node = g_ptr_array_index (nodes, i);
      GError *error = NULL;
      int fd = local_store_write (self->directory, service, node, &error);

      if (fd < 0)
        {
          g_task_return_error (task, error);
          return;
        }
      g_hash_table_replace (
          self->held,
          local_store_file_name (micro_service_get_name (service), micro_node_get_id (node)),
          GINT_TO_POINTER (fd));
    }
  g_task_return_boolean (task, TRUE);
}

static void
local_registry_deregister_async (MicroRegistry *registry,
                                 MicroService *service,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  LocalRegistry *self = (LocalRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GPtrArray *nodes = micro_service_get_nodes (service);

  for (guint i = 0; i < nodes->len; i++)
    {
      g_autofree char *name = local_store_file_name (
          micro_service_get_name (service), micro_node_get_id (g_ptr_array_index (nodes, i)));
      g_autofree char *path = g_build_filename (self->directory, name, NULL);

      if (g_hash_table_contains (self->held, name))
        unlink (path);
      g_hash_table_remove (self->held, name);
    }
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish_boolean (MicroRegistry *registry, GAsyncResult *result, GError **error)
{
  (void) registry;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static GPtrArray *
finish_services (MicroRegistry *registry, GAsyncResult *result, GError **error)
{
  (void) registry;
  return g_task_propagate_pointer (G_TASK (result), error);
}

static MicroWatcher *
finish_watcher (MicroRegistry *registry, GAsyncResult *result, GError **error)
{
  (void) registry;
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Looking up --------------------------------------------------------------------------------
 */

static void
local_registry_get_service_async (MicroRegistry *registry,
                                  const char *name,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  LocalRegistry *self = (LocalRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GHashTable) records = local_store_scan (self->directory, name);
  g_autoptr (GPtrArray) services = local_store_merge (records);

  if (services->len == 0)
    g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_NOT_FOUND,
                             "no service “%s” in the local registry (%s)", name, self->directory);
  else
    g_task_return_pointer (task, g_steal_pointer (&services), (GDestroyNotify) g_ptr_array_unref);
}

static void
local_registry_list_services_async (MicroRegistry *registry,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  LocalRegistry *self = (LocalRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GHashTable) records = local_store_scan (self->directory, NULL);

  g_task_return_pointer (task, local_store_merge (records), (GDestroyNotify) g_ptr_array_unref);
}

/* --- Watching ----------------------------------------------------------------------------------
 */

static void
push (Watch *watch, MicroEventKind kind, MicroService *record)
{
  g_autoptr (MicroEvent) event = micro_event_new (kind, record);

  micro_watcher_push (watch->watcher, event);
}

static gboolean
is_wanted (Watch *watch, MicroService *record)
{
  return record != NULL
         && (watch->service == NULL
             || g_str_equal (micro_service_get_name (record), watch->service));
}

static void
look_at (Watch *watch, const char *file_name)
{
  g_autoptr (MicroService) record = local_store_read (watch->folder, file_name);
  MicroService *known = g_hash_table_lookup (watch->known, file_name);

  if (!is_wanted (watch, record))
    {
      if (known != NULL)
        push (watch, MICRO_EVENT_DELETED, known);
      g_hash_table_remove (watch->known, file_name);
      return;
    }
  if (known != NULL && micro_service_equal (known, record))
    return;
  push (watch, known != NULL ? MICRO_EVENT_UPDATED : MICRO_EVENT_CREATED, record);
  g_hash_table_replace (watch->known, g_strdup (file_name), g_steal_pointer (&record));
}

/* Everything again: the first time, and when the kernel says that it dropped events. */
static void
look_at_all (Watch *watch)
{
  g_autoptr (GHashTable) records = local_store_scan (watch->folder, watch->service);
  g_autoptr (GList) known = g_hash_table_get_keys (watch->known);
  GHashTableIter iter;
  gpointer name;

  for (GList *at = known; at != NULL; at = at->next)
    if (!g_hash_table_contains (records, at->data))
      {
        g_autofree char *gone = g_strdup (at->data);

        look_at (watch, gone);
      }
  g_hash_table_iter_init (&iter, records);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    look_at (watch, name);
}

static void
stop_settling (Watch *watch)
{
  if (watch->settle == NULL)
    return;
  g_source_destroy (watch->settle);
  g_clear_pointer (&watch->settle, g_source_unref);
}

static void
settle_in (Watch *watch, guint ms, GSourceFunc func)
{
  stop_settling (watch);
  watch->settle = g_timeout_source_new (ms);
  g_source_set_callback (watch->settle, func, watch, NULL);
  g_source_attach (watch->settle, watch->context);
}

static void
look_at_changed (Watch *watch)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, watch->changed);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    look_at (watch, name);
}

static gboolean
settled_again (gpointer user_data)
{
  Watch *watch = user_data;

  look_at_changed (watch);
  g_hash_table_remove_all (watch->changed);
  g_clear_pointer (&watch->settle, g_source_unref);
  return G_SOURCE_REMOVE;
}

static gboolean
settled (gpointer user_data)
{
  Watch *watch = user_data;

  look_at_changed (watch);
  g_clear_pointer (&watch->settle, g_source_unref);
  settle_in (watch, SETTLE_AGAIN_MS, settled_again);
  return G_SOURCE_REMOVE;
}

static gboolean
folder_changed (int fd, GIOCondition condition, gpointer user_data)
{
  Watch *watch = user_data;
  char buffer[16384] __attribute__ ((aligned (8)));
  ssize_t n = read (fd, buffer, sizeof buffer);

  (void) condition;
  for (ssize_t at = 0; at < n;)
    {
      const struct inotify_event *event = (const struct inotify_event *) (buffer + at);

      at += sizeof *event + event->len;
      if (event->mask & IN_Q_OVERFLOW)
        look_at_all (watch);
      else if (event->len > 0 && event->name[0] != '.')
        g_hash_table_add (watch->changed, g_strdup (event->name));
    }
  if (g_hash_table_size (watch->changed) > 0)
    settle_in (watch, SETTLE_MS, settled);
  return G_SOURCE_CONTINUE;
}

static void
watch_free (Watch *watch)
{
  stop_settling (watch);
  g_source_destroy (watch->source);
  g_source_unref (watch->source);
  close (watch->inotify_fd);
  g_hash_table_unref (watch->changed);
  g_hash_table_unref (watch->known);
  g_main_context_unref (watch->context);
  g_free (watch->service);
  g_free (watch->folder);
  g_free (watch);
}

static gboolean
watch_free_later (gpointer user_data)
{
  watch_free (user_data);
  return G_SOURCE_REMOVE;
}

/* The reader may stop on any thread, and from inside a push. */
static void
watch_stopped (gpointer user_data)
{
  Watch *watch = user_data;
  g_autoptr (GSource) idle = g_idle_source_new ();

  g_source_set_priority (idle, G_PRIORITY_DEFAULT);
  g_source_set_callback (idle, watch_free_later, watch, NULL);
  g_source_attach (idle, watch->context);
}

static void
local_registry_watch_async (MicroRegistry *registry,
                            const char *name,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  LocalRegistry *self = (LocalRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Watch *watch;
  int fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);

  if (g_mkdir_with_parents (self->directory, 0700) != 0
      || inotify_add_watch (fd, self->directory,
                            IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)
             < 0)
    {
      g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (errno),
                               "cannot watch %s: %s; set --registry-directory to another folder",
                               self->directory, g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return;
    }
  watch = g_new0 (Watch, 1);
  watch->service = g_strdup (name);
  watch->folder = g_strdup (self->directory);
  watch->context = g_main_context_ref_thread_default ();
  watch->inotify_fd = fd;
  watch->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  watch->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) micro_service_unref);
  watch->watcher = micro_watcher_new (watch_stopped, watch);
  watch->source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_callback (watch->source, G_SOURCE_FUNC (folder_changed), watch, NULL);
  g_source_attach (watch->source, watch->context);
  look_at_all (watch);
  g_task_return_pointer (task, watch->watcher, g_object_unref);
}

/* --- The object --------------------------------------------------------------------------------
 */

static void
local_registry_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LocalRegistry *self = (LocalRegistry *) object;

  (void) id;
  (void) pspec;
  self->directory = g_value_dup_string (value);
  if (self->directory == NULL || self->directory[0] == '\0')
    {
      g_free (self->directory);
      self->directory = g_build_filename (g_get_user_runtime_dir (), "micro", "registry", NULL);
    }
}

static void
local_registry_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  (void) id;
  (void) pspec;
  g_value_set_string (value, ((LocalRegistry *) object)->directory);
}

/* What is still registered goes with its lock. */
static void
local_registry_finalize (GObject *object)
{
  LocalRegistry *self = (LocalRegistry *) object;
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->held);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      g_autofree char *path = g_build_filename (self->directory, name, NULL);

      unlink (path);
    }
  g_hash_table_unref (self->held);
  g_free (self->directory);
  G_OBJECT_CLASS (local_registry_parent_class)->finalize (object);
}

static void
local_registry_class_init (LocalRegistryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = local_registry_set_property;
  object_class->get_property = local_registry_get_property;
  object_class->finalize = local_registry_finalize;
  g_object_class_install_property (
      object_class, PROP_DIRECTORY,
      g_param_spec_string ("directory", "DIR",
                           "Folder of the records, in the runtime folder if unset", NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
local_registry_init (LocalRegistry *self)
{
  self->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, close_held);
}

static void
local_registry_iface_init (MicroRegistryInterface *iface)
{
  iface->register_async = local_registry_register_async;
  iface->register_finish = finish_boolean;
  iface->deregister_async = local_registry_deregister_async;
  iface->deregister_finish = finish_boolean;
  iface->get_service_async = local_registry_get_service_async;
  iface->get_service_finish = finish_services;
  iface->list_services_async = local_registry_list_services_async;
  iface->list_services_finish = finish_services;
  iface->watch_async = local_registry_watch_async;
  iface->watch_finish = finish_watcher;
}

MICRO_PLUGIN_DEFINE (local_registry,
                     .name = "local",
                     .summary = "one machine and user, without a daemon",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = local_registry_get_type)
