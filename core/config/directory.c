/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Settings from the files of a directory, read again when they change.
 */
#include "config.h"

#include "config/files.h"
#include <micro/micro-config-source.h>

/* After a change: those that come in a row are read once. */
#define SETTLE_MS 20
#define RETRY_MS 1000

typedef struct
{
  GObject parent_instance;

  char *path;
  char *description;
  char *generation;      /* (nullable) */
  GFileMonitor *monitor; /* (nullable) */
  GSource *timer;        /* (nullable): to read it */
  guint retry_ms;        /* while it cannot be read, and while nothing tells of changes */
  MicroConfigFunc func;
  gpointer user_data;
} Directory;

typedef GObjectClass DirectoryClass;

static GType directory_get_type (void);
static void directory_iface_init (MicroConfigSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (Directory,
                               directory,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_CONFIG_SOURCE,
                                                      directory_iface_init))

static void read_now (Directory *self);

static gboolean
directory_on_timer (gpointer user_data)
{
  Directory *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  read_now (self);
  return G_SOURCE_REMOVE;
}

static void
read_soon (Directory *self, guint ms)
{
  if (self->timer != NULL)
    return;
  self->timer = g_timeout_source_new (ms);
  g_source_set_callback (self->timer, directory_on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/* --- Following --- */

/* With `..data` only its swap is a change; a swap makes half a dozen events. */
static void
directory_on_event (
    GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer user_data)
{
  Directory *self = user_data;
  g_autofree char *generation = micro_config_files_get_generation (self->path);

  if (generation == NULL || g_strcmp0 (generation, self->generation) != 0)
    read_soon (self, SETTLE_MS);
}

static void
stop_monitor (Directory *self)
{
  if (self->monitor == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_file_monitor_cancel (self->monitor);
  g_clear_object (&self->monitor);
}

/* Before it is read, so that no change is missed. */
static void
start_monitor (Directory *self)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->path);

  if (self->monitor != NULL)
    return;
  self->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (self->monitor == NULL)
    return;
  g_file_monitor_set_rate_limit (self->monitor, SETTLE_MS);
  g_signal_connect (self->monitor, "changed", G_CALLBACK (directory_on_event), self);
}

static void
read_now (Directory *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) entries = NULL;
  char *generation = NULL;

  start_monitor (self);
  entries = micro_config_files_read (self->path, &generation, &error);
  if (entries != NULL)
    {
      g_free (self->generation);
      self->generation = generation;
    }
  else
    stop_monitor (self); /* it may watch a directory that has gone */
  self->func (entries, error, self->user_data);
  if (self->monitor == NULL)
    read_soon (self, self->retry_ms);
}

/* --- The interface --- */

static void
directory_start (MicroConfigSource *source, MicroConfigFunc func, gpointer user_data)
{
  Directory *self = (Directory *) source;

  self->func = func;
  self->user_data = user_data;
  read_now (self);
}

static void
directory_stop (MicroConfigSource *source)
{
  Directory *self = (Directory *) source;

  stop_monitor (self);
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static const char *
directory_describe (MicroConfigSource *source)
{
  return ((Directory *) source)->description;
}

static void
directory_finalize (GObject *object)
{
  Directory *self = (Directory *) object;

  directory_stop ((MicroConfigSource *) self);
  g_free (self->path);
  g_free (self->description);
  g_free (self->generation);
  G_OBJECT_CLASS (directory_parent_class)->finalize (object);
}

static void
directory_class_init (DirectoryClass *klass)
{
  klass->finalize = directory_finalize;
}

static void
directory_init (Directory *self)
{
  self->retry_ms = RETRY_MS;
}

static void
directory_iface_init (MicroConfigSourceInterface *iface)
{
  iface->start = directory_start;
  iface->stop = directory_stop;
  iface->describe = directory_describe;
}

void
micro_config_directory_set_retry_ms (MicroConfigSource *source, guint ms)
{
  ((Directory *) source)->retry_ms = ms;
}

/**
 * micro_config_directory_new:
 * @path: of a directory, such as where a pod has a ConfigMap mounted
 *
 * The file database/host, or the line host=… of the file database, is the setting database.host.
 * A file of more than 1 MiB, or one that cannot be read, keeps all as it was.  Changes of a mounted
 * ConfigMap are seen whole; in a plain directory, replace files by rename().
 *
 * Returns: (transfer full): a source
 */
MicroConfigSource *
micro_config_directory_new (const char *path)
{
  Directory *self = g_object_new (directory_get_type (), NULL);

  g_return_val_if_fail (path != NULL, NULL);
  self->path = g_canonicalize_filename (path, NULL);
  self->description = g_strconcat (self->path, "/", NULL);
  return (MicroConfigSource *) self;
}
