/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A program is made of its options: the plugins that they name, the loops, the client.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"

static void
print_help (MicroApp *self, const char *flag)
{
  g_autofree char *text
      = micro_options_get_help (self->options, flag, self->parameters, self->summary);

  fputs (text, stdout);
}

/* Prints and ends the process if --help or --version is asked for. */
static void
answer_help (MicroApp *self, int argc, char **argv, const GError *error)
{
  static const char *const flags[] = { "--help",
                                       "-h",
                                       "-?",
                                       "--help-all",
                                       "--help-registry",
                                       "--help-selector",
                                       "--help-transport",
                                       "--help-broker",
                                       "--help-health",
                                       NULL };
  static const char *const version[] = { "--version", NULL };
  const char *flag = micro_options_find_flag (argc, argv, flags);

  if (flag != NULL)
    {
      print_help (self, flag);
      if (error != NULL)
        fprintf (stderr, "%s: %s\n", self->name, error->message);
      exit (error != NULL ? EXIT_FAILURE : EXIT_SUCCESS);
    }
  if (micro_options_find_flag (argc, argv, version) != NULL)
    {
      printf ("%s %s (micro %s)\n", self->name, self->version, PACKAGE_VERSION);
      exit (EXIT_SUCCESS);
    }
}

typedef struct
{
  MicroApp *app;
  GError *error;
} Construction;

/* On the registry's thread. */
static void
construct_registry (gpointer data)
{
  Construction *self = data;

  self->app->registry = (MicroRegistry *) micro_options_construct (
      self->app->options, MICRO_PLUGIN_REGISTRY, &self->error);
}

static gboolean
construct (MicroApp *self, GError **error)
{
  guint n_threads = micro_app_get_n_threads (self);
  Construction construction = { self, NULL };
  const char *proxy = g_getenv ("MICRO_PROXY");

  self->loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);
  for (guint i = 0; i < n_threads; i++)
    {
      g_autofree char *name = g_strdup_printf ("loop-%u", i);

      g_ptr_array_add (self->loops, micro_loop_new (name));
    }
  self->registry_loop = micro_loop_new ("registry");
  micro_loop_run_sync (self->registry_loop, construct_registry, &construction);
  if (self->registry == NULL)
    {
      g_propagate_error (error, construction.error);
      return FALSE;
    }
  if (!micro_app_make_config (self, error))
    return FALSE;
  self->selector
      = (MicroSelector *) micro_options_construct (self->options, MICRO_PLUGIN_SELECTOR, error);
  if (self->selector == NULL)
    return FALSE;
  self->transport
      = (MicroTransport *) micro_options_construct (self->options, MICRO_PLUGIN_TRANSPORT, error);
  if (self->transport == NULL)
    return FALSE;
  if (!micro_app_make_broker (self, error))
    return FALSE;
  self->cache = micro_cache_new (self->registry, micro_selector_get_registry (self->selector),
                                 self->registry_loop);
  self->client = micro_client_new (self->cache, self->selector, self->transport, self->loops);
  micro_client_set_name (self->client, micro_options_get_string (self->options, "server-name"));
  if (proxy != NULL && *proxy != '\0')
    micro_client_set_proxy (self->client,
                            g_str_equal (proxy, "service") ? "go.micro.proxy" : proxy);
  micro_client_set_defaults (self->client, micro_app_get_duration (self, "client-request-timeout"),
                             (int) micro_options_get_uint (self->options, "client-retries"));
  return TRUE;
}

/**
 * micro_app_init:
 * @self: a program
 * @argc: (inout): main()'s
 * @argv: (inout) (array length=argc): main()'s
 * @error: return location; %G_OPTION_ERROR for what the user typed
 *
 * Reads the flags and the variables, loads the plugins that they name and makes the client.  Takes
 * what it knows out of @argv.  `--help` and `--version` print and end the process.  Once.
 *
 * Returns: whether the program can run
 */
gboolean
micro_app_init (MicroApp *self, int *argc, char ***argv, GError **error)
{
  GError *local = NULL;

  g_return_val_if_fail (MICRO_IS_APP (self) && self->options == NULL, FALSE);
  if (g_get_prgname () == NULL && *argc > 0)
    {
      g_autofree char *name = g_path_get_basename ((*argv)[0]);

      g_set_prgname (name);
    }
  self->options = micro_options_new ();
  micro_app_load_plugins (self, *argc, *argv, &local);
  answer_help (self, *argc, *argv, local);
  if (local != NULL)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  micro_options_warn_foreign ();
  return micro_options_parse (self->options, argc, argv, error)
         && micro_app_check_options (self, error) && construct (self, error);
}

/**
 * micro_app_init_strv: (rename-to micro_app_init)
 * @self: a program
 * @arguments: (array zero-terminated=1): those of the program, its own name first
 * @error: return location; %G_OPTION_ERROR for what the user typed
 *
 * As micro_app_init(), for who cannot have an array changed in place.
 *
 * Returns: (transfer full) (array zero-terminated=1): what is left of @arguments
 */
char **
micro_app_init_strv (MicroApp *self, const char *const *arguments, GError **error)
{
  g_auto (GStrv) copy = g_strdupv ((char **) arguments);
  int argc = (int) g_strv_length (copy);
  g_autofree char **rest = g_memdup2 (copy, ((gsize) argc + 1) * sizeof *copy);
  char **left = rest;

  return micro_app_init (self, &argc, &left, error) ? g_strdupv (left) : NULL;
}
