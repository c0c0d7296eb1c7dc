/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro-probe: asks a service once how it is, and ends with what it said.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <glib-unix.h>

#include "health.h"

#define EXIT_USAGE 1
#define EXIT_INTERRUPTED 130

/* On the loop but for the main loop and what it is made of. */
typedef struct
{
  const HealthOptions *options;
  gboolean verbose;
  guint n_missing;
  Verdict worst;
  GMainLoop *main_loop;
  gboolean interrupted; /* by the main thread, before it closes the transport */
} Probe;

typedef struct
{
  Probe *probe;
  const Target *target;
} Part;

/* On the main thread: a main loop that is told to end before it runs would run for ever. */
static gboolean
micro_probe_quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static void
micro_probe_has_verdict (Verdict verdict, const char *reason, gpointer user_data)
{
  Part *part = user_data;
  Probe *self = part->probe;

  if (reason != NULL && !self->interrupted)
    fprintf (stderr, "micro-probe: %s: %s\n", part->target->name, reason);
  else if (self->verbose)
    printf ("%s at %s is well\n", part->target->name, part->target->address);
  /* That one could not be asked says more than that one is not well. */
  if (verdict == VERDICT_UNREACHABLE || self->worst == VERDICT_HEALTHY)
    self->worst = verdict;
  g_free (part);
  self->n_missing--;
  if (self->n_missing == 0)
    g_idle_add_full (G_PRIORITY_DEFAULT, micro_probe_quit, self->main_loop, NULL);
}

static void
ask_all (gpointer user_data)
{
  Probe *self = user_data;
  GPtrArray *targets = self->options->targets;

  self->n_missing = targets->len;
  for (guint i = 0; i < targets->len; i++)
    {
      Part *part = g_new (Part, 1);

      *part = (Part){ self, targets->pdata[i] };
      target_ask (&self->options->asker, targets->pdata[i], QUESTION_LIVE, micro_probe_has_verdict,
                  part);
    }
}

static gboolean
micro_probe_on_signal (gpointer data)
{
  Probe *self = data;

  self->interrupted = TRUE;
  g_main_loop_quit (self->main_loop);
  return G_SOURCE_CONTINUE;
}

static int
micro_probe_ask (MicroApp *app, const HealthOptions *options, gboolean say_well)
{
  Probe self = { options, say_well, 0, VERDICT_HEALTHY, g_main_loop_new (NULL, FALSE), FALSE };

  g_unix_signal_add (SIGINT, micro_probe_on_signal, &self);
  g_unix_signal_add (SIGTERM, micro_probe_on_signal, &self);
  micro_loop_post (options->asker.loop, ask_all, &self);
  g_main_loop_run (self.main_loop);
  /* What is still asked ends with this. */
  micro_transport_close (micro_app_get_transport (app));
  g_main_loop_unref (self.main_loop);
  return self.interrupted ? EXIT_INTERRUPTED : (int) self.worst;
}

static int
micro_probe_fail (const GError *error)
{
  fprintf (stderr, "micro-probe: %s\n", error->message);
  return EXIT_USAGE;
}

/* Which Go's flags take too. */
static gboolean
is_true (const char *text)
{
  return g_ascii_strcasecmp (text, "true") == 0 || g_ascii_strcasecmp (text, "t") == 0
         || strcmp (text, "1") == 0;
}

static gboolean verbose; /* GOption gives its call-backs no other way */

static gboolean
take_verbose (const char *flag, const char *value, gpointer data, GError **error)
{
  verbose = value == NULL || is_true (value);
  return TRUE;
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *verbose_text = health_option (NULL, "MICRO_VERBOSE", "false");
  HealthOptions options;
  int status = EXIT_USAGE;
  const GOptionEntry entries[] = {
    { "verbose", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (gpointer) take_verbose,
      "Say so when it is well [MICRO_VERBOSE]", NULL },
    G_OPTION_ENTRY_NULL,
  };

  verbose = is_true (verbose_text);
  signal (SIGPIPE, SIG_IGN);
  g_set_prgname ("micro-probe");
  health_options_prepare ();
  app = micro_app_new ("micro-probe", MICRO_VERSION);
  micro_app_set_usage (app, NULL,
                       "Asks a service how it is. Ends with 0 when it is well, 1 for bad usage, 2 "
                       "when it could\nnot be asked, 4 when it is not well.\n\n  micro-probe "
                       "--server_name=greeter --server_address=localhost:9091");
  micro_app_add_options (app, entries);
  health_options_add (&options, app);
  if (!micro_app_init (app, &argc, &argv, &error))
    status = micro_probe_fail (error);
  else if (argc > 1)
    fprintf (stderr, "micro-probe: unexpected argument “%s”; see --help\n", argv[1]);
  else if (!health_options_read (&options, app, "1s", &error))
    status = micro_probe_fail (error);
  else
    status = micro_probe_ask (app, &options, verbose);
  health_options_clear (&options);
  return status;
}
