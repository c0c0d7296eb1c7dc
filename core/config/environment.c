/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Settings from the variables of the process, which do not change.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-config-source.h>

typedef struct
{
  GObject parent_instance;

  char *prefix;
  char *description;
} Environment;

typedef GObjectClass EnvironmentClass;

static GType environment_get_type (void);
static void environment_iface_init (MicroConfigSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (Environment,
                               environment,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_CONFIG_SOURCE,
                                                      environment_iface_init))

static void
environment_start (MicroConfigSource *source, MicroConfigFunc func, gpointer user_data)
{
  Environment *self = (Environment *) source;
  g_autoptr (GHashTable) entries
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  g_auto (GStrv) variables = g_get_environ ();

  for (char **variable = variables; *variable != NULL; variable++)
    {
      const char *name = *variable;
      const char *equals = strchr (name, '=');

      if (equals == NULL || !g_str_has_prefix (name, self->prefix))
        continue;
      name += strlen (self->prefix);
      if (equals > name)
        g_hash_table_replace (entries, g_strndup (name, equals - name),
                              g_bytes_new (equals + 1, strlen (equals + 1)));
    }
  func (entries, NULL, user_data);
}

static const char *
environment_describe (MicroConfigSource *source)
{
  return ((Environment *) source)->description;
}

static void
environment_finalize (GObject *object)
{
  Environment *self = (Environment *) object;

  g_free (self->prefix);
  g_free (self->description);
  G_OBJECT_CLASS (environment_parent_class)->finalize (object);
}

static void
environment_class_init (EnvironmentClass *klass)
{
  klass->finalize = environment_finalize;
}

static void
environment_init (Environment *self)
{
}

static void
environment_iface_init (MicroConfigSourceInterface *iface)
{
  iface->start = environment_start;
  iface->describe = environment_describe;
}

/**
 * micro_config_environment_new:
 * @prefix: (nullable): what the names of the variables begin with, such as "GREETER_"
 *
 * DATABASE_HOST is the setting database.host.
 *
 * Returns: (transfer full): a source
 */
MicroConfigSource *
micro_config_environment_new (const char *prefix)
{
  Environment *self = g_object_new (environment_get_type (), NULL);

  self->prefix = g_strdup (prefix != NULL ? prefix : "");
  self->description = g_strconcat ("$", self->prefix, NULL);
  return (MicroConfigSource *) self;
}
