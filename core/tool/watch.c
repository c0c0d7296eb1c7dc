/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro list --watch: what is registered, and then what changes, as it comes.
 */
#include "config.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define AGAIN_MS 1000

/**
 * Watching:
 *
 * Events are printed on the registry's thread; the other waits for a signal.
 */
typedef struct
{
  Tool *tool;
  GMainLoop *main;
  GCancellable *cancellable;
  MicroWatcher *watcher; /* (nullable); of the registry's thread */
  GHashTable *known;     /* name → GPtrArray of MicroService: as they were printed */
  gboolean running;      /* there was one */
  int status;            /* once @main has ended */
} Watching;

static void watch_registry (gpointer user_data);

static gboolean
watch_quit (gpointer user_data)
{
  Watching *self = user_data;

  g_main_loop_quit (self->main);
  return G_SOURCE_REMOVE;
}

/* Without this, it would be noticed with the next event. */
static gboolean
on_reader_gone (int fd, GIOCondition condition, gpointer user_data)
{
  return watch_quit (user_data);
}

/* From any thread; before @main runs too. */
static void
watch_end (Watching *self, int status)
{
  self->status = status;
  g_main_context_invoke (NULL, watch_quit, self);
}

/* --- What is printed --- */

static char *
addresses_of (MicroService *service)
{
  GPtrArray *nodes = micro_service_get_nodes (service);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < nodes->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "",
                            micro_node_get_address (nodes->pdata[i]));
  return g_string_free (text, FALSE);
}

static void
print_record (Watching *self, const char *kind, MicroService *service)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%fZ");
  g_autofree char *name = tool_clean (micro_service_get_name (service));
  g_autofree char *version = tool_clean (micro_service_get_version (service));
  g_autofree char *addresses = addresses_of (service);
  g_autofree char *clean = tool_clean (addresses);
  g_autofree char *json = NULL;

  if (self->tool->output == TOOL_JSON || self->tool->output == TOOL_JSONL)
    {
      json = micro_service_to_json (service, FALSE);
      g_print ("{\"apiVersion\":\"micro/v1\",\"time\":\"%s\",\"event\":\"%s\",\"service\":%s}\n",
               time, kind, json);
    }
  else if (self->tool->output == TOOL_NAME)
    g_print ("%s\n", name);
  else
    g_print ("%s  %s  %s  %s\n", kind, name, version, clean);
}

static MicroService *
find_version (GPtrArray *records, MicroService *one)
{
  for (guint i = 0; records != NULL && i < records->len; i++)
    if (g_str_equal (micro_service_get_version (records->pdata[i]),
                     micro_service_get_version (one)))
      return records->pdata[i];
  return NULL;
}

/* A line for each version that is another than the one before. */
static void
print_event (Watching *self, MicroEvent *event)
{
  const char *name = micro_event_get_name (event);
  GPtrArray *before = g_hash_table_lookup (self->known, name);
  GPtrArray *now = micro_event_get_services (event);

  for (guint i = 0; now != NULL && i < now->len; i++)
    {
      MicroService *known = find_version (before, now->pdata[i]);

      if (known == NULL || !micro_service_equal (known, now->pdata[i]))
        print_record (self, known == NULL ? "created" : "updated", now->pdata[i]);
    }
  for (guint i = 0; before != NULL && i < before->len; i++)
    if (find_version (now, before->pdata[i]) == NULL)
      print_record (self, "deleted", before->pdata[i]);
  if (now != NULL)
    g_hash_table_replace (self->known, g_strdup (name), g_ptr_array_ref (now));
  else
    g_hash_table_remove (self->known, name);
  if (!tool_output_flush ())
    watch_end (self,
               EXIT_OK); /* which tool_output_end() corrects, unless the reader has had enough */
}

/* --- The watcher --- */

static gboolean
watch_again (gpointer user_data)
{
  watch_registry (user_data);
  return G_SOURCE_REMOVE;
}

/* At first a failure is one of the configuration, and the end; later it is a matter of time. */
static void
lose_registry (Watching *self, const GError *error)
{
  g_autoptr (GSource) source = NULL;

  g_clear_object (&self->watcher);
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (!self->running)
    {
      watch_end (self, tool_fail (EXIT_REGISTRY, NULL, "list: %s", error->message));
      return;
    }
  g_message ("%s; watching again", error->message);
  source = g_timeout_source_new (AGAIN_MS);
  g_source_set_callback (source, watch_again, self, NULL);
  g_source_attach (source, micro_loop_get_context (self->tool->loop));
}

static void
watch_on_event (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Watching *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MicroEvent) event = micro_watcher_next_finish (MICRO_WATCHER (source), result, &error);

  if (event == NULL)
    {
      lose_registry (self, error);
      return;
    }
  print_event (self, event);
  micro_watcher_next_async (self->watcher, self->cancellable, watch_on_event, self);
}

static void
on_watcher (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Watching *self = user_data;
  g_autoptr (GError) error = NULL;

  self->watcher = micro_registry_watch_finish (MICRO_REGISTRY (source), result, &error);
  if (self->watcher == NULL)
    {
      lose_registry (self, error);
      return;
    }
  self->running = TRUE;
  micro_watcher_next_async (self->watcher, self->cancellable, watch_on_event, self);
}

static void
watch_registry (gpointer user_data)
{
  Watching *self = user_data;

  micro_registry_watch_async (self->tool->registry, NULL, self->cancellable, on_watcher, self);
}

static void
watch_stop (gpointer user_data)
{
  Watching *self = user_data;

  g_cancellable_cancel (self->cancellable);
  if (self->watcher != NULL)
    micro_watcher_stop (self->watcher);
}

int
tool_watch (Tool *tool)
{
  /* Lives as long as the process: a call-back may come until the registry's thread ends. */
  static Watching self;

  self.tool = tool;
  self.main = g_main_loop_new (NULL, FALSE);
  self.cancellable = g_cancellable_new ();
  self.known
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  g_unix_signal_add (SIGINT, watch_quit, &self);
  g_unix_signal_add (SIGTERM, watch_quit, &self);
  g_unix_fd_add (STDOUT_FILENO, G_IO_ERR, on_reader_gone, &self);
  micro_loop_post (tool->loop, watch_registry, &self);
  g_main_loop_run (self.main);
  micro_loop_run_sync (tool->loop, watch_stop, &self);
  return self.status;
}
