/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The settings of a program: the environment, then a directory, then what the registry has.
 */
#include "config.h"

#include "app/app.h"

/* For what has to be asked; what comes later is a change like any other. */
#define FIRST_ANSWER_MS 5000

typedef struct
{
  MicroApp *app;
  GError *error;
} Making;

static void
config_add (MicroApp *self, MicroConfigSource *source)
{
  micro_config_add (self->config, source);
  g_object_unref (source);
}

static void
make_on_loop (gpointer data)
{
  Making *making = data;
  MicroApp *self = making->app;
  const char *directory = micro_options_get_string (self->options, "config-directory");
  const char *map = micro_options_get_string (self->options, "config-map");

  self->config = micro_config_new ();
  config_add (self, micro_config_environment_new (NULL));
  if (directory != NULL && *directory != '\0')
    config_add (self, micro_config_directory_new (directory));
  if (map != NULL && *map != '\0')
    {
      MicroConfigSource *source
          = micro_registry_get_config_source (self->registry, map, &making->error);

      if (source != NULL)
        config_add (self, source);
    }
}

gboolean
micro_app_make_config (MicroApp *self, GError **error)
{
  Making making = { self, NULL };
  const char *directory = micro_options_get_string (self->options, "config-directory");

  if (directory != NULL && *directory != '\0' && !g_file_test (directory, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "%s: “%s” is no directory; name the one where the ConfigMap is mounted",
                   micro_options_get_origin (self->options, "config-directory"), directory);
      return FALSE;
    }
  micro_loop_run_sync (self->registry_loop, make_on_loop, &making);
  if (making.error != NULL)
    {
      g_propagate_prefixed_error (error, making.error,
                                  "%s: ", micro_options_get_origin (self->options, "config-map"));
      return FALSE;
    }
  if (!micro_config_wait (self->config, FIRST_ANSWER_MS))
    g_warning ("settings: no answer within %d s; the program goes on without, and takes them later",
               FIRST_ANSWER_MS / 1000);
  return TRUE;
}

/**
 * micro_app_get_config:
 * @self: a program, after micro_app_init()
 *
 * Its settings: the variables of the process, over them the files in `--config-directory`, and over
 * those the ConfigMap `--config-map`.  The signal "changed" comes on the thread of the
 * registry; connect to it before micro_app_run().
 *
 * Returns: (transfer none) (nullable): its settings, for any thread
 */
MicroConfig *
micro_app_get_config (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->config;
}
