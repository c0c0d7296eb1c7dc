/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: a registry of one machine and user, without a daemon.
 */
#include "config.h"

#include <sys/stat.h>

#include "local-monitor.h"

/* How soon a record is back that somebody has removed or spoilt, with the folder maybe. */
#define MEND_S 2

typedef struct
{
  GObject parent_instance;

  char *directory;
  LocalFolder *folder;
  LocalOwner *owner;     /* (nullable): until the first record */
  LocalMonitor *monitor; /* (nullable): until the first watch */
  GHashTable *held;      /* file name → Held */
  GSource *mending;
  gboolean complained;
} LocalRegistry;

typedef struct
{
  GObjectClass parent_class;
} LocalRegistryClass;

/* A record of ours, in case it must be written again. */
typedef struct
{
  MicroService *service;
  MicroNode *node;
  struct stat file;
} Held;

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

/* --- Keeping what is registered --- */

static void
held_free (gpointer data)
{
  Held *held = data;

  micro_service_unref (held->service);
  micro_node_unref (held->node);
  g_free (held);
}

/* Nor has anybody written over it, or put something else in its place. */
static gboolean
is_in_place (const char *path, const Held *held)
{
  struct stat now;

  return lstat (path, &now) == 0 && local_record_is_same_file (&now, &held->file);
}

static gboolean
write_held (LocalRegistry *self, gboolean only_missing, GError **error)
{
  GHashTableIter iter;
  gpointer name;
  gpointer value;

  g_hash_table_iter_init (&iter, self->held);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      g_autofree char *path = g_build_filename (self->directory, name, NULL);
      Held *held = value;

      if (only_missing && is_in_place (path, held))
        continue;
      if (!local_store_write (self->directory, self->owner, held->service, held->node, &held->file,
                              error))
        return FALSE;
    }
  return TRUE;
}

/* Our file in the folder; all records again if it had to be made anew, as they name it. */
static gboolean
ensure_owner (LocalRegistry *self, GError **error)
{
  if (self->owner != NULL && local_owner_is_in_place (self->owner))
    return TRUE;
  g_clear_pointer (&self->owner, local_owner_free);
  self->owner = local_owner_new (self->directory, error);
  return self->owner != NULL && write_held (self, FALSE, error);
}

static gboolean
mend (gpointer user_data)
{
  LocalRegistry *self = user_data;
  g_autoptr (GError) error = NULL;

  if (g_hash_table_size (self->held) == 0)
    return G_SOURCE_CONTINUE;
  if (ensure_owner (self, &error) && write_held (self, TRUE, &error))
    self->complained = FALSE;
  else if (!self->complained)
    {
      self->complained = TRUE;
      g_warning ("the record of this service is gone and cannot be written again yet: %s",
                 error->message);
    }
  return G_SOURCE_CONTINUE;
}

static void
start_mending (LocalRegistry *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (self->mending != NULL)
    return;
  self->mending = g_timeout_source_new_seconds (MEND_S);
  g_source_set_static_name (self->mending, "local-registry mend");
  g_source_set_callback (self->mending, mend, self, NULL);
  g_source_attach (self->mending, context);
}

/* --- Registering --- */

static gboolean
local_registry_write_node (LocalRegistry *self,
                           MicroService *service,
                           MicroNode *node,
                           GError **error)
{
  struct stat file;
  Held *held;

  if (!local_store_write (self->directory, self->owner, service, node, &file, error))
    return FALSE;
  held = g_new0 (Held, 1);
  held->file = file;
  held->service = micro_service_ref (service);
  held->node = micro_node_ref (node);
  g_hash_table_replace (
      self->held,
      local_store_file_name (micro_service_get_name (service), micro_node_get_id (node)), held);
  return TRUE;
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
  GError *error = NULL;
  gboolean done;

  (void) ttl_s; /* the lock is the lease */
  g_task_set_source_tag (task, local_registry_register_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  done = ensure_owner (self, &error);
  for (guint i = 0; done && i < nodes->len; i++)
    done = local_registry_write_node (self, service, g_ptr_array_index (nodes, i), &error);
  start_mending (self);
  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Our own file needs no look into it, for which there may be no descriptor. */
static void
local_registry_take_back (LocalRegistry *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->directory, name, NULL);
  Held *held = g_hash_table_lookup (self->held, name);

  if (held == NULL)
    return;
  if (is_in_place (path, held))
    unlink (path);
  else if (self->owner != NULL)
    local_store_remove (self->directory, name, local_owner_get_token (self->owner));
  g_hash_table_remove (self->held, name);
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

  g_task_set_source_tag (task, local_registry_deregister_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  for (guint i = 0; i < nodes->len; i++)
    {
      g_autofree char *name = local_store_file_name (
          micro_service_get_name (service), micro_node_get_id (g_ptr_array_index (nodes, i)));

      local_registry_take_back (self, name);
    }
  g_task_return_boolean (task, TRUE);
}

/* --- Looking up --- */

static GPtrArray *
local_registry_find (LocalRegistry *self, const char *name, GError **error)
{
  g_autoptr (GHashTable) prefixes = local_store_prefixes (name);
  g_autoptr (GHashTable) records = NULL;
  g_autoptr (GPtrArray) all = NULL;

  records = local_store_scan (self->folder, prefixes, error);
  if (records == NULL)
    return NULL;
  all = local_records_list (records);
  return local_records_merge (all, name);
}

static void
local_registry_get_service_async (MicroRegistry *registry,
                                  const char *name,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  LocalRegistry *self = (LocalRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  g_autoptr (GPtrArray) services = local_registry_find (self, name, &error);

  g_task_set_source_tag (task, local_registry_get_service_async);
  if (services == NULL)
    g_task_return_error (task, error);
  else if (services->len == 0)
    g_task_return_error (task, local_store_not_found (name, self->directory));
  else
    g_task_return_pointer (task, g_steal_pointer (&services), (GDestroyNotify) g_ptr_array_unref);
}

static void
local_registry_list_services_async (MicroRegistry *registry,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);
  GError *error = NULL;
  GPtrArray *services = local_registry_find ((LocalRegistry *) registry, NULL, &error);

  g_task_set_source_tag (task, local_registry_list_services_async);
  if (services == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, services, (GDestroyNotify) g_ptr_array_unref);
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
  MicroWatcher *watcher;
  GError *error = NULL;

  g_task_set_source_tag (task, local_registry_watch_async);
  if (self->monitor == NULL)
    self->monitor = local_monitor_new (self->folder);
  watcher = local_monitor_watch (self->monitor, name, &error);
  if (watcher == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, watcher, g_object_unref);
}

/* --- The object --- */

static void
local_registry_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LocalRegistry *self = (LocalRegistry *) object;

  self->directory = g_value_dup_string (value);
  if (self->directory == NULL || self->directory[0] == '\0')
    {
      g_free (self->directory);
      self->directory = g_build_filename (g_get_user_runtime_dir (), "micro", "registry", NULL);
    }
  self->folder = local_folder_new (self->directory);
}

static void
local_registry_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string (value, ((LocalRegistry *) object)->directory);
}

/* What is still registered goes with it. */
/* It sees by itself whether we live. */
static guint
local_registry_get_renew_interval (MicroRegistry *registry, guint asked_s)
{
  return 0;
}

static gboolean
local_registry_is_local (MicroRegistry *registry)
{
  return TRUE;
}

static void
local_registry_finalize (GObject *object)
{
  LocalRegistry *self = (LocalRegistry *) object;
  GHashTableIter iter;
  gpointer name;

  if (self->mending != NULL)
    {
      g_source_destroy (self->mending);
      g_source_unref (self->mending);
    }
  g_hash_table_iter_init (&iter, self->held);
  while (self->owner != NULL && g_hash_table_iter_next (&iter, &name, NULL))
    local_store_remove (self->directory, name, local_owner_get_token (self->owner));
  g_clear_pointer (&self->owner, local_owner_free);
  g_clear_pointer (&self->monitor, local_monitor_unref);
  g_clear_pointer (&self->folder, local_folder_unref);
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
  self->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, held_free);
}

static void
local_registry_iface_init (MicroRegistryInterface *iface)
{
  iface->register_async = local_registry_register_async;
  iface->deregister_async = local_registry_deregister_async;
  iface->get_service_async = local_registry_get_service_async;
  iface->list_services_async = local_registry_list_services_async;
  iface->watch_async = local_registry_watch_async;
  iface->get_renew_interval = local_registry_get_renew_interval;
  iface->is_local = local_registry_is_local;
}

MICRO_PLUGIN_DEFINE (local_registry,
                     .name = "local",
                     .summary = "one machine and user, without a daemon",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = local_registry_get_type)
