/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro-health: answers a kubelet's HTTP probes for a service that speaks gRPC.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib-unix.h>

#include "common/http-server.h"
#include "health.h"

#define EXIT_USAGE 2

static gboolean
micro_health_on_signal (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_CONTINUE;
}

static void
wait_for_signal (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_unix_signal_add (SIGTERM, micro_health_on_signal, loop);
  g_unix_signal_add (SIGINT, micro_health_on_signal, loop);
  g_main_loop_run (loop);
}

static void
say_ready (const HealthOptions *options, const char *bound)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < options->targets->len; i++)
    {
      const Target *target = options->targets->pdata[i];

      g_string_append_printf (text, "%s%s at %s", i > 0 ? ", " : "", target->name, target->address);
    }
  fprintf (stderr, "micro-health serves on http://%s/health for %s\n", bound, text->str);
}

static int
micro_health_fail (int status, const GError *error)
{
  fprintf (stderr, "micro-health: %s\n", error->message);
  return status;
}

static int
micro_health_serve (MicroApp *app, const HealthOptions *options, const char *address)
{
  Rounds *rounds = rounds_new (&options->asker, options->targets);
  HttpServer *server = http_server_new (options->asker.loop, rounds_answer, rounds);
  g_autoptr (GError) error = NULL;
  g_autofree char *bound = http_server_listen (server, address, &error);

  if (bound != NULL)
    {
      say_ready (options, bound);
      wait_for_signal ();
    }
  http_server_free (server);
  /* What is asked still ends with this. */
  micro_transport_close (micro_app_get_transport (app));
  rounds_free (rounds);
  if (error == NULL)
    return EXIT_SUCCESS;
  return micro_health_fail (error->domain == G_OPTION_ERROR ? EXIT_USAGE : EXIT_FAILURE, error);
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  char *given_address = NULL;
  HealthOptions options;
  int status = EXIT_USAGE;
  const GOptionEntry entries[] = {
    { "health-address", 0, 0, G_OPTION_ARG_STRING, &given_address,
      "Where to answer; :PORT is all interfaces [MICRO_HEALTH_ADDRESS] (:8080)", "ADDRESS" },
    G_OPTION_ENTRY_NULL,
  };

  signal (SIGPIPE, SIG_IGN);
  g_set_prgname ("micro-health");
  health_options_prepare ();
  app = micro_app_new ("micro-health", MICRO_VERSION);
  micro_app_set_usage (app, NULL,
                       "Answers HTTP probes for a service: /health is 200 while it is "
                       "well, else 500.\n\n  micro-health --server_name=greeter "
                       "--server_address=localhost:9091");
  micro_app_add_options (app, entries);
  health_options_add (&options, app);
  if (!micro_app_init (app, &argc, &argv, &error))
    status = micro_health_fail (EXIT_USAGE, error);
  else if (argc > 1)
    fprintf (stderr, "micro-health: unexpected argument “%s”; see --help\n", argv[1]);
  else if (!health_options_read (&options, app, "5s", &error))
    status = micro_health_fail (EXIT_USAGE, error);
  else
    {
      address = health_option (given_address, "MICRO_HEALTH_ADDRESS", ":8080");
      status = micro_health_serve (app, &options, address);
    }
  g_free (given_address);
  health_options_clear (&options);
  return status;
}
