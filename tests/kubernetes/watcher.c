/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Our side of tests/kubernetes/bench: what a program's selector would be given, and when.
 *
 * Says "ready", then obeys lines of its standard input, each answered by a line:
 *   sync               knows every service: "synced N"
 *   keep               has asked for each of them, as a client of all would: "kept N"
 *   nodes              "nodes N", of all services that were asked for
 *   lookup N           as many lookups, each service in turn: "lookup NANOSECONDS", of each
 *   probe NAME         "probing", and from now on "seen SEQ/N SECONDS" whenever seq in a node's
 * metadata or the number of nodes is another one; looked at every --interval and ends with it.  It
 * is linked with private functions: what a call looks at is no public one.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "client/client.h"
#include <micro/micro.h>

const MicroPluginInfo *micro_plugin_k8s_registry (void);

static int interval_us = 100;

static const GOptionEntry options[]
    = { { "interval", 0, 0, G_OPTION_ARG_INT, &interval_us, "Between looks", "MICROSECONDS" },
        { NULL } };

typedef struct
{
  MicroClient *client;
  GPtrArray *names;
} Watcher;

G_GNUC_PRINTF (1, 2)
static void
say (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  fflush (stdout);
}

static void
synchronise (Watcher *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = micro_client_list_services_sync (self->client, &error);

  if (services == NULL)
    {
      say ("error %s\n", error->message);
      return;
    }
  g_ptr_array_set_size (self->names, 0);
  for (guint i = 0; i < services->len; i++)
    g_ptr_array_add (self->names, g_strdup (micro_service_get_name (services->pdata[i])));
  say ("synced %u\n", services->len);
}

static void
keep (Watcher *self)
{
  guint n = 0;

  for (guint i = 0; i < self->names->len; i++)
    {
      g_autoptr (GPtrArray) services
          = micro_client_get_service_sync (self->client, self->names->pdata[i], NULL);

      n += services != NULL;
    }
  say ("kept %u\n", n);
}

static void
count_all (Watcher *self)
{
  guint n = 0;

  for (guint i = 0; i < self->names->len; i++)
    {
      g_autoptr (MicroSnapshot) snapshot
          = micro_cache_peek (self->client->cache, self->names->pdata[i]);

      n += snapshot != NULL ? micro_service_get_nodes (snapshot->all)->len : 0;
    }
  say ("nodes %u\n", n);
}

static void
look_up (Watcher *self, guint times)
{
  gint64 begin_us = g_get_monotonic_time ();
  guint found = 0;

  for (guint i = 0; i < times; i++)
    {
      g_autoptr (MicroSnapshot) snapshot
          = micro_cache_peek (self->client->cache, self->names->pdata[i % self->names->len]);

      found += snapshot != NULL;
    }
  if (found == times)
    say ("lookup %.1f\n", (g_get_monotonic_time () - begin_us) * 1000.0 / times);
  else
    say ("error only %u of %u lookups found something\n", found, times);
}

/* Of the one node that has some. */
static const char *
sequence_of (GPtrArray *nodes)
{
  for (guint i = 0; i < nodes->len; i++)
    {
      const char *value = micro_metadata_lookup (micro_node_get_metadata (nodes->pdata[i]), "seq");

      if (value != NULL)
        return value;
    }
  return "0";
}

typedef struct
{
  MicroCache *cache;
  char *name;
} Probe;

static gpointer
look_on (gpointer data)
{
  Probe *self = data;
  g_autofree char *last = NULL;
  g_autoptr (MicroSnapshot) before = NULL;

  prctl (PR_SET_TIMERSLACK, 1);
  for (;; g_usleep ((gulong) interval_us))
    {
      g_autoptr (MicroSnapshot) now = micro_cache_peek (self->cache, self->name);
      GPtrArray *nodes = now != NULL ? micro_service_get_nodes (now->all) : NULL;
      gint64 now_us = g_get_monotonic_time ();
      g_autofree char *state = NULL;

      if (now == before)
        continue;
      state = nodes != NULL ? g_strdup_printf ("%s/%u", sequence_of (nodes), nodes->len)
                            : g_strdup ("0/0");
      if (g_strcmp0 (state, last) != 0)
        say ("seen %s %.6f\n", state, (double) now_us / G_USEC_PER_SEC);
      g_free (last);
      last = g_steal_pointer (&state);
      g_clear_pointer (&before, micro_snapshot_unref);
      before = g_steal_pointer (&now);
    }
  return NULL;
}

static void
start_probe (Watcher *self, const char *name)
{
  Probe *probe = g_new0 (Probe, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = NULL;

  while ((services = micro_client_get_service_sync (self->client, name, &error)) == NULL)
    {
      g_clear_error (&error);
      g_usleep (100000);
    }
  probe->cache = self->client->cache;
  probe->name = g_strdup (name);
  g_thread_unref (g_thread_new ("probe", look_on, probe));
  say ("probing\n");
}

static void
obey (Watcher *self, const char *line)
{
  if (strcmp (line, "sync") == 0)
    synchronise (self);
  else if (strcmp (line, "keep") == 0)
    keep (self);
  else if (strcmp (line, "nodes") == 0)
    count_all (self);
  else if (g_str_has_prefix (line, "lookup "))
    look_up (self, (guint) g_ascii_strtoull (line + 7, NULL, 10));
  else if (g_str_has_prefix (line, "probe "))
    start_probe (self, line + 6);
  else
    say ("error what is “%s”?\n", line);
}

int
main (int argc, char *argv[])
{
  Watcher self = { NULL, g_ptr_array_new_with_free_func (g_free) };
  g_autoptr (MicroApp) app = NULL;
  g_autoptr (GError) error = NULL;
  char line[256];

  micro_plugin_add_builtin (micro_plugin_k8s_registry ());
  app = micro_app_new ("watcher", "1.0.0");
  micro_app_add_options (app, options);
  if (!micro_app_init (app, &argc, &argv, &error))
    {
      g_printerr ("watcher: %s\n", error->message);
      return 2;
    }
  self.client = micro_app_get_client (app);
  say ("ready\n");
  while (fgets (line, sizeof line, stdin) != NULL)
    obey (&self, g_strchomp (line));
  fflush (stdout);
  _exit (0); /* the probe looks at what would go */
}
