/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The life of a service: listen, register, serve, deregister, drain.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib-unix.h>

#include "app/app.h"
#include <micro/micro-metadata.h>
#include <micro/micro-node.h>
#include <micro/micro-service.h>
#include <micro/micro-transport.h>

/* What go-micro puts into every node, over what the user gave. */
static MicroMetadata *
make_metadata (MicroApp *self)
{
  const char *const *pairs = micro_options_get_strv (self->options, "server-metadata");
  const char *broker = self->plugin_names[MICRO_PLUGIN_BROKER];
  g_autoptr (MicroMetadata) fixed
      = micro_metadata_new ("broker", broker != NULL ? broker : "none", "protocol", "grpc",
                            "registry", self->plugin_names[MICRO_PLUGIN_REGISTRY], "server", "grpc",
                            "transport", self->plugin_names[MICRO_PLUGIN_TRANSPORT], NULL);
  MicroMetadata *all = micro_metadata_ref (fixed);

  for (; pairs != NULL && *pairs != NULL; pairs++)
    {
      const char *equals = strchr (*pairs, '=');
      g_autofree char *key = g_strndup (*pairs, equals - *pairs);
      MicroMetadata *more;

      if (micro_metadata_lookup (fixed, key) != NULL)
        continue;
      more = micro_metadata_with (all, key, equals + 1);
      micro_metadata_unref (all);
      all = more;
    }
  return all;
}

static MicroService *
make_record (MicroApp *self)
{
  const char *name = micro_options_get_string (self->options, "server-name");
  const char *given_id = micro_options_get_string (self->options, "server-id");
  g_autofree char *random_id = g_uuid_string_random ();
  g_autofree char *id = g_strdup_printf ("%s-%s", name, given_id != NULL ? given_id : random_id);
  g_autoptr (MicroMetadata) metadata = make_metadata (self);
  g_autoptr (GPtrArray) endpoints = micro_router_get_endpoints (self->router);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  g_ptr_array_add (nodes, micro_node_new (id, self->address, metadata));
  return micro_service_new (name, micro_options_get_string (self->options, "server-version"), NULL,
                            endpoints, nodes);
}

static gboolean
listen_and_advertise (MicroApp *self, GError **error)
{
  gboolean same_machine = micro_registry_is_local (self->registry);
  const char *wanted = micro_options_get_string (self->options, "server-advertise");
  g_autofree char *bound = NULL;

  if (!micro_app_check_advertise (wanted, error))
    return FALSE;
  bound = micro_transport_listen (self->transport,
                                  micro_options_get_string (self->options, "server-address"),
                                  self->router, self->loops, error);
  if (bound == NULL)
    return FALSE;
  self->address = micro_app_advertise (bound, wanted, same_machine);
  return TRUE;
}

static gboolean
stop_main_loop (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static gboolean
run_on_signal (gpointer data)
{
  micro_app_quit (data);
  return G_SOURCE_CONTINUE;
}

/* Serves on while the others learn that we are leaving. */
static void
wait_for_drain_delay (MicroApp *self)
{
  guint delay_ms = micro_app_get_duration (self, "drain-delay");

  if (delay_ms == 0)
    return;
  g_timeout_add (delay_ms, stop_main_loop, self->main_loop);
  g_main_loop_run (self->main_loop);
}

static gboolean
run_serve (MicroApp *self, GError **error)
{
  g_autoptr (MicroService) record = NULL;
  MicroRegistrar *registrar;
  guint terminate, interrupt;

  self->services = micro_services_new (self->router, self->client,
                                       micro_options_get_string (self->options, "server-name"));
  if (!micro_app_start_health (self, error))
    return FALSE;
  if (!listen_and_advertise (self, error))
    {
      micro_app_stop_checks (self);
      micro_app_stop_health (self);
      return FALSE;
    }
  if (!micro_app_start_subscriptions (self, error))
    {
      micro_app_stop_checks (self);
      micro_app_stop_health (self);
      return FALSE;
    }
  micro_app_set_condition (self, "listening", NULL);
  record = make_record (self);
  terminate = g_unix_signal_add (SIGTERM, run_on_signal, self);
  interrupt = g_unix_signal_add (SIGINT, run_on_signal, self);
  registrar = micro_registrar_new (self, record);

  g_main_loop_run (self->main_loop);

  /* From here on a second signal ends the process as if we had never asked for it. */
  g_source_remove (terminate);
  g_source_remove (interrupt);
  micro_app_set_condition (self, "serving", "the service stops");
  micro_app_stop_checks (self);
  micro_registrar_stop (registrar);
  micro_app_close_broker (self);
  wait_for_drain_delay (self);
  micro_services_stop (self->services);
  micro_transport_drain (self->transport, micro_app_get_duration (self, "drain-timeout"));
  micro_app_stop_health (self);
  return TRUE;
}

static int
report (MicroApp *self, GError *error)
{
  gboolean usage = error->domain == G_OPTION_ERROR
                   || g_error_matches (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_NOT_FOUND);
  int status = usage ? 2 : EXIT_FAILURE;

  fprintf (stderr, "%s: %s\n", self->name, error->message);
  g_error_free (error);
  return status;
}

/**
 * micro_app_run:
 * @self: a program
 * @argc: main()'s
 * @argv: (array length=argc): main()'s; it stays as it is
 *
 * The whole life of a service: micro_app_init() if that was not done, listens, registers, serves
 * until SIGTERM, SIGINT or micro_app_quit(), deregisters, and drains.  Runs the default main
 * context meanwhile.  Says on stderr what goes wrong.  Once.
 *
 * Returns: the exit status: 0, 1 for a failure, 2 for wrong usage
 */
int
micro_app_run (MicroApp *self, int argc, char *argv[])
{
  g_autofree char **copy = g_new0 (char *, argc + 1);
  GError *error = NULL;

  g_return_val_if_fail (MICRO_IS_APP (self), EXIT_FAILURE);
  signal (SIGPIPE, SIG_IGN);
  if (self->options == NULL)
    {
      memcpy (copy, argv, (gsize) argc * sizeof *argv);
      argv = copy; /* what is taken out is not missed by who frees it */
      if (!micro_app_init (self, &argc, &argv, &error))
        return report (self, error);
      if (argc > 1 && self->parameters == NULL)
        {
          g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                       "unexpected argument “%s”; see --help", argv[1]);
          return report (self, error);
        }
    }
  if (!run_serve (self, &error))
    return report (self, error);
  return EXIT_SUCCESS;
}

static gboolean
quit_main_loop (gpointer data)
{
  MicroApp *self = data;

  g_main_loop_quit (self->main_loop);
  return G_SOURCE_REMOVE;
}

/**
 * micro_app_quit:
 * @self: a program
 *
 * Ends micro_app_run() as SIGTERM does.  Any thread, also before it runs.
 */
void
micro_app_quit (MicroApp *self)
{
  g_autoptr (GSource) source = NULL;

  g_return_if_fail (MICRO_IS_APP (self));
  if (!g_atomic_int_compare_and_exchange (&self->quit, FALSE, TRUE))
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, quit_main_loop, g_object_ref (self), g_object_unref);
  g_source_attach (source, NULL);
}
