/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A program made of micro: its type, and the parts that others ask it for.
 */
#include "config.h"

#include "app/app.h"
#include "client/cache.h"
#include "plugin/plugin.h"
#include <micro/micro-transport.h>

static GObjectClass *parent_class;

/* --- GObject --- */

/* These two on the registry's thread, which owns what they drop. */
static void
drop_registry (gpointer data)
{
  g_clear_object ((MicroRegistry **) data);
}

static void
drop_config (gpointer data)
{
  g_clear_object ((MicroConfig **) data);
}

static void
micro_app_dispose (GObject *object)
{
  MicroApp *self = MICRO_APP (object);

  if (self->transport != NULL)
    micro_transport_close (self->transport);
  g_clear_object (&self->health);
  g_clear_object (&self->client);
  if (self->cache != NULL) /* others may have the client */
    micro_cache_close (self->cache);
  g_clear_pointer (&self->cache, micro_cache_unref);
  g_clear_object (&self->broker);
  g_clear_object (&self->transport);
  g_clear_object (&self->selector);
  if (self->config != NULL)
    micro_loop_run_sync (self->registry_loop, drop_config, &self->config);
  if (self->registry != NULL)
    micro_loop_run_sync (self->registry_loop, drop_registry, &self->registry);
  g_clear_pointer (&self->registry_loop, micro_loop_free);
  g_clear_pointer (&self->loops, g_ptr_array_unref);
  g_clear_pointer (&self->wishes, g_ptr_array_unref);
  g_clear_pointer (&self->services, micro_services_free);
  g_clear_object (&self->router);
  parent_class->dispose (object);
}

static void
micro_app_finalize (GObject *object)
{
  MicroApp *self = MICRO_APP (object);

  for (guint kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    g_free (self->plugin_names[kind]);
  g_clear_pointer (&self->options, micro_options_free);
  g_array_unref (self->entries);
  g_main_loop_unref (self->main_loop);
  micro_checks_unref (self->checks);
  g_free (self->name);
  g_free (self->version);
  g_free (self->parameters);
  g_free (self->summary);
  g_free (self->address);
  parent_class->finalize (object);
}

static void
class_init (MicroAppClass *klass)
{
  parent_class = g_type_class_peek_parent (klass);
  G_OBJECT_CLASS (klass)->dispose = micro_app_dispose;
  G_OBJECT_CLASS (klass)->finalize = micro_app_finalize;
}

static void
instance_init (MicroApp *self)
{
  self->router = micro_router_new ();
  self->checks = micro_checks_new ();
  self->loops_ms = 5000;
  self->entries = g_array_new (FALSE, FALSE, sizeof (GOptionEntry));
  self->main_loop = g_main_loop_new (NULL, FALSE);
}

/* By hand: G_DEFINE_TYPE wants the name micro_app_init() for itself. */
GType
micro_app_get_type (void)
{
  static gsize registered;

  if (g_once_init_enter (&registered))
    {
      GType type = g_type_register_static_simple (
          G_TYPE_OBJECT, g_intern_static_string ("MicroApp"), sizeof (MicroAppClass),
          (GClassInitFunc) class_init, sizeof (MicroApp), (GInstanceInitFunc) instance_init,
          G_TYPE_FLAG_FINAL);

      g_once_init_leave (&registered, type);
    }
  return registered;
}

/* --- What it is made of --- */

/**
 * micro_app_new:
 * @name: the service's name in the registry, unless `--server-name` says another
 * @version: its version, unless `--server-version` says another
 *
 * Returns: (transfer full): a program without handlers
 */
MicroApp *
micro_app_new (const char *name, const char *version)
{
  MicroApp *self;

  g_return_val_if_fail (name != NULL && *name != '\0' && version != NULL, NULL);
  micro_plugin_init (); /* so that the program can offer its own */
  self = g_object_new (MICRO_TYPE_APP, NULL);
  self->name = g_strdup (name);
  self->version = g_strdup (version);
  return self;
}

/**
 * micro_app_add_options:
 * @self: a program, before micro_app_init()
 * @entries: (array zero-terminated=1): flags of its own; what they point to must stay
 *
 * Adds to the flags that the program takes, as g_option_context_add_main_entries() does.
 */
void
micro_app_add_options (MicroApp *self, const GOptionEntry *entries)
{
  g_return_if_fail (MICRO_IS_APP (self) && self->options == NULL);
  for (; entries->long_name != NULL; entries++)
    g_array_append_val (self->entries, *entries);
}

/**
 * micro_app_set_usage:
 * @self: a program
 * @parameters: (nullable): its positional arguments, such as "SERVICE ENDPOINT"
 * @summary: (nullable): a sentence about it
 *
 * Says more about the program in `--help`.
 */
void
micro_app_set_usage (MicroApp *self, const char *parameters, const char *summary)
{
  g_return_if_fail (MICRO_IS_APP (self));
  g_free (self->parameters);
  self->parameters = g_strdup (parameters);
  g_free (self->summary);
  self->summary = g_strdup (summary);
}

/**
 * micro_app_get_router:
 * @self: a program
 *
 * Returns: (transfer none): where its handlers go, before micro_app_run()
 */
MicroRouter *
micro_app_get_router (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->router;
}

/**
 * micro_app_get_client:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable): its client, for any thread
 */
MicroClient *
micro_app_get_client (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->client;
}

/**
 * micro_app_get_registry:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable): its registry, to be used on the thread of
 *   micro_app_get_registry_loop()
 */
MicroRegistry *
micro_app_get_registry (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->registry;
}

/**
 * micro_app_get_registry_loop:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable): the thread that owns the registry, and serves no calls
 */
MicroLoop *
micro_app_get_registry_loop (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->registry_loop;
}

/**
 * micro_app_get_cache:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable): what it knows of services, for further clients
 */
MicroCache *
micro_app_get_cache (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->cache;
}

/**
 * micro_app_get_selector:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable): its selector
 */
MicroSelector *
micro_app_get_selector (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->selector;
}

/**
 * micro_app_get_transport:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable): its transport
 */
MicroTransport *
micro_app_get_transport (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->transport;
}

/**
 * micro_app_get_loops:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable) (element-type MicroLoop): its loop threads
 */
GPtrArray *
micro_app_get_loops (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->loops;
}

/**
 * micro_app_get_checks:
 * @self: a program
 *
 * Returns: (transfer none): what it needs to be ready; a service adds its own checks before
 *   micro_app_run(), or later
 */
MicroChecks *
micro_app_get_checks (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->checks;
}

/**
 * micro_app_get_option:
 * @self: a program, after micro_app_init()
 * @name: of an option that is a text and of every program, such as "server-name"
 *
 * Returns: (transfer none) (nullable): what its flag, its variable or its default says
 */
const char *
micro_app_get_option (MicroApp *self, const char *name)
{
  g_return_val_if_fail (MICRO_IS_APP (self) && self->options != NULL, NULL);
  g_return_val_if_fail (micro_options_has (self->options, name), NULL);
  return micro_options_get_string (self->options, name);
}

/**
 * micro_app_get_address:
 * @self: a program
 *
 * Returns: (transfer none) (nullable): the address it is registered with, once it listens
 */
const char *
micro_app_get_address (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->address;
}
