/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The options of every program, and which plugins they choose.
 */
#include "config.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "app/app.h"

#define TOKEN_FILE "/var/run/secrets/kubernetes.io/serviceaccount/token"

static const char *const duration_names[]
    = { "client-request-timeout", "client-pool-ttl", "drain-delay", "drain-timeout" };

gboolean
micro_app_is_in_pod (void)
{
  const char *host = g_getenv ("KUBERNETES_SERVICE_HOST");

  return host != NULL && *host != '\0';
}

/* --- MICRO_LOG_LEVEL --- */

static GLogLevelFlags shown_levels;

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if ((level & shown_levels) == 0)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_standard_streams (level, fields, n_fields, data);
}

static gboolean
set_log_level (GError **error)
{
  static const struct
  {
    const char *name;
    GLogLevelFlags least;
  } levels[] = { { "fatal", G_LOG_LEVEL_ERROR },  { "error", G_LOG_LEVEL_CRITICAL },
                 { "warn", G_LOG_LEVEL_WARNING }, { "info", G_LOG_LEVEL_INFO },
                 { "debug", G_LOG_LEVEL_DEBUG },  { "trace", G_LOG_LEVEL_DEBUG } };
  static gsize set;
  const char *name = g_getenv ("MICRO_LOG_LEVEL");

  if (name == NULL || *name == '\0')
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (g_ascii_strcasecmp (name, levels[i].name) == 0)
      {
        /* A smaller bit is a worse thing. */
        shown_levels = ((levels[i].least << 1) - 1) & G_LOG_LEVEL_MASK;
        if (g_once_init_enter (&set))
          {
            g_log_set_writer_func (write_log, NULL, NULL);
            g_once_init_leave (&set, 1);
          }
        return TRUE;
      }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "MICRO_LOG_LEVEL: “%s” is not one of trace, debug, info, warn, error, fatal", name);
  return FALSE;
}

/* --- Options of the core --- */

static void
options_add_string (
    MicroOptions *self, const char *name, const char *metavar, const char *help, const char *preset)
{
  micro_options_add (self, g_param_spec_string (name, metavar, help, preset, G_PARAM_READWRITE));
}

static void
add_uint (MicroOptions *self,
          const char *name,
          const char *metavar,
          const char *help,
          guint least,
          guint most,
          guint preset)
{
  micro_options_add (
      self, g_param_spec_uint (name, metavar, help, least, most, preset, G_PARAM_READWRITE));
}

static void
add_core_options (MicroApp *app)
{
  MicroOptions *self = app->options;

  options_add_string (self, "registry", "NAME", "Where services are announced and found",
                      app->plugin_names[MICRO_PLUGIN_REGISTRY]);
  options_add_string (self, "selector", "NAME", "Which node gets the next call",
                      app->plugin_names[MICRO_PLUGIN_SELECTOR]);
  options_add_string (self, "transport", "NAME", "What calls travel by",
                      app->plugin_names[MICRO_PLUGIN_TRANSPORT]);
  options_add_string (self, "broker", "NAME", "What messages travel by", NULL);
  options_add_string (self, "health", "NAME", "What answers probes, beside gRPC's health service",
                      NULL);
  options_add_string (self, "config-directory", "DIRECTORY",
                      "Settings from its files: a mounted ConfigMap", NULL);
  options_add_string (self, "config-map", "NAME", "Settings from a ConfigMap, read by the registry",
                      NULL);
  options_add_string (self, "client", "NAME", "Kind of client; only grpc", "grpc");
  options_add_string (self, "server", "NAME", "Kind of server; only grpc", "grpc");
  options_add_string (self, "server-name", "NAME", "Name of the service in the registry",
                      app->name);
  options_add_string (self, "server-version", "VERSION", "Its version", app->version);
  options_add_string (self, "server-id", "ID", "Id of this instance; random unless given", NULL);
  options_add_string (self, "server-address", "ADDRESS", "Where to listen", ":0");
  options_add_string (self, "server-advertise", "ADDRESS", "What to register instead of it", NULL);
  micro_options_add (self, g_param_spec_boxed ("server-metadata", "KEY=VALUE",
                                               "Metadata to register; repeatable", G_TYPE_STRV,
                                               G_PARAM_READWRITE));
  add_uint (self, "server-threads", "N", "Loop threads; 0: as many as the CPU quota", 0, 1024, 0);
  add_uint (self, "register-ttl", "SECONDS", "How long a registration lasts", 0, G_MAXINT, 60);
  add_uint (self, "register-interval", "SECONDS", "How often it is renewed; 0: never", 0, G_MAXINT,
            30);
  options_add_string (self, "drain-delay", "DURATION", "How long to serve on once deregistered",
                      micro_app_is_in_pod () ? "3s" : "0s");
  options_add_string (self, "drain-timeout", "DURATION", "How long to wait for running calls then",
                      "20s");
  options_add_string (self, "client-request-timeout", "DURATION", "How long a call may take", "5s");
  add_uint (self, "client-retries", "N", "Further tries of a failed call", 0, 1000, 1);
  add_uint (self, "client-pool-size", "N", "Taken but not needed: one connection carries all", 0,
            G_MAXINT, 0);
  options_add_string (self, "client-pool-ttl", "DURATION", "Taken but not needed", "1m");
}

/* go-micro has an address for these whatever the implementation. */
static void
add_addresses (MicroOptions *self)
{
  static const struct
  {
    const char *name;
    const char *help;
  } addresses[] = { { "registry-address", "Where the registry is, if it needs that" },
                    { "transport-address", "Taken but not needed" },
                    { "broker-address", "Where the broker is or listens" } };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    if (!micro_options_has (self, addresses[i].name))
      options_add_string (self, addresses[i].name, "ADDRESS", addresses[i].help, NULL);
}

/* Whatever the transport, its TLS and the lives of its connections are spelled the same. */
static void
add_brief_names (MicroOptions *self)
{
  static const char *const names[] = { "tls",
                                       "tls-cert",
                                       "tls-key",
                                       "tls-ca",
                                       "tls-server-name",
                                       "tls-verify-clients",
                                       "keepalive-ms",
                                       "keepalive-timeout-ms",
                                       "keepalive-without-calls",
                                       "server-keepalive-ms",
                                       "server-keepalive-timeout-ms",
                                       "server-min-ping-interval-ms",
                                       "server-permit-idle-pings",
                                       "server-max-connection-age-ms",
                                       "server-max-connection-age-grace-ms",
                                       "server-max-connection-idle-ms" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = g_strconcat ("transport-", names[i], NULL);

      micro_options_add_brief (self, name, names[i]);
    }
}

/* --- Plugins --- */

static gboolean
load_more_plugins (const char *variable, GError **error)
{
  const char *list = getauxval (AT_SECURE) ? NULL : g_getenv (variable);
  g_auto (GStrv) names = list != NULL ? g_strsplit_set (list, ":,", -1) : NULL;

  for (char **name = names; name != NULL && *name != NULL; name++)
    if (**name != '\0' && !micro_plugin_load (*name, error))
      {
        g_prefix_error (error, "%s: ", variable);
        return FALSE;
      }
  return TRUE;
}

static const char *
default_name (MicroPluginKind kind)
{
  switch (kind)
    {
    case MICRO_PLUGIN_REGISTRY:
      return micro_app_is_in_pod () && access (TOKEN_FILE, F_OK) == 0 ? "kubernetes" : "local";
    case MICRO_PLUGIN_SELECTOR:
      return "roundrobin";
    case MICRO_PLUGIN_TRANSPORT:
      return "grpc";
    default:
      return NULL;
    }
}

static gboolean
choose_plugin (MicroApp *self, MicroPluginKind kind, int argc, char **argv, GError **error)
{
  const char *kind_name = micro_plugin_kind_to_string (kind);
  char *name = micro_options_peek (argc, argv, kind_name);
  GType type;

  if (name == NULL)
    name = g_strdup (kind == MICRO_PLUGIN_BROKER && self->wishes != NULL ? "http"
                                                                         : default_name (kind));
  /* go-micro calls its own selector, which asks the registry, "registry". */
  if (kind == MICRO_PLUGIN_SELECTOR && g_strcmp0 (name, "registry") == 0)
    {
      g_free (name);
      name = g_strdup (default_name (kind));
    }
  g_free (self->plugin_names[kind]);
  self->plugin_names[kind] = name;
  if (name == NULL)
    return TRUE;
  type = micro_plugin_find (kind, name, error);
  if (type == G_TYPE_INVALID)
    return FALSE;
  /* A path was given: speak of it by its name. */
  if (strchr (name, '/') != NULL && micro_plugin_get_info (type) != NULL)
    {
      self->plugin_names[kind] = g_strdup (micro_plugin_get_info (type)->name);
      g_free (name);
    }
  micro_options_add_plugin (self->options, kind, self->plugin_names[kind], type);
  return TRUE;
}

static gboolean
choose_plugins (MicroApp *self, int argc, char **argv, GError **error)
{
  static const MicroPluginKind kinds[]
      = { MICRO_PLUGIN_REGISTRY, MICRO_PLUGIN_SELECTOR, MICRO_PLUGIN_TRANSPORT, MICRO_PLUGIN_BROKER,
          MICRO_PLUGIN_HEALTH };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (!choose_plugin (self, kinds[i], argc, argv, error))
      return FALSE;
  return TRUE;
}

gboolean
micro_app_load_plugins (MicroApp *self, int argc, char **argv, GError **error)
{
  gboolean fine = set_log_level (error) && load_more_plugins ("MICRO_PLUGINS", error)
                  && load_more_plugins ("MICRO_PLUGIN", error)
                  && choose_plugins (self, argc, argv, error);
  const GOptionEntry end = { NULL };

  g_array_append_val (self->entries, end);
  micro_options_add_entries (self->options, (const GOptionEntry *) self->entries->data);
  add_core_options (self);
  add_addresses (self->options);
  add_brief_names (self->options);
  micro_options_add_alias (self->options, "selector-domain", "STATIC_SELECTOR_DOMAIN_NAME");
  micro_options_add_alias (self->options, "selector-port", "STATIC_SELECTOR_PORT_NUMBER");
  return fine;
}

/* --- What the values must be --- */

static gboolean
set_bad_value (MicroApp *self, const char *name, const char *text, const char *why, GError **error)
{
  const char *origin = micro_options_get_origin (self->options, name);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: “%s” %s",
               origin != NULL ? origin : name, text, why);
  return FALSE;
}

static gboolean
check_metadata (MicroApp *self, GError **error)
{
  const char *const *pairs = micro_options_get_strv (self->options, "server-metadata");

  for (; pairs != NULL && *pairs != NULL; pairs++)
    if (strchr (*pairs, '=') == NULL || **pairs == '=')
      return set_bad_value (self, "server-metadata", *pairs, "is not KEY=VALUE", error);
  return TRUE;
}

/* It is part of the paths of its calls: visible ASCII (RFC 9113, 8.3.1) without what ends a path.
 */
static gboolean
options_is_name (const char *name)
{
  const char *at = name;

  while (g_ascii_isgraph (*at) && strchr ("?#\"\\", *at) == NULL)
    at++;
  return at != name && *at == '\0' && name[0] != '/' && at[-1] != '/';
}

gboolean
micro_app_check_options (MicroApp *self, GError **error)
{
  const char *name = micro_options_get_string (self->options, "server-name");
  static const char *const only_grpc[] = { "client", "server" };

  for (guint i = 0; i < G_N_ELEMENTS (only_grpc); i++)
    {
      const char *value = micro_options_get_string (self->options, only_grpc[i]);

      if (!g_str_equal (value, "grpc"))
        return set_bad_value (self, only_grpc[i], value, "is not there; only grpc is", error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (duration_names); i++)
    {
      const char *value = micro_options_get_string (self->options, duration_names[i]);
      guint ms;

      if (!micro_duration_parse (value, &ms))
        return set_bad_value (self, duration_names[i], value,
                              "is not a duration; write it as 500ms, 5s or 1m30s", error);
    }
  if (!options_is_name (name))
    return set_bad_value (self, "server-name", name,
                          "is not a name that a path can carry; use letters, digits, . - _ and /",
                          error);
  return check_metadata (self, error);
}

guint
micro_app_get_duration (MicroApp *self, const char *name)
{
  guint ms = 0;

  micro_duration_parse (micro_options_get_string (self->options, name), &ms);
  return ms;
}

guint
micro_app_get_n_threads (MicroApp *self)
{
  guint wanted = micro_options_get_uint (self->options, "server-threads");

  return wanted > 0 ? wanted : micro_quota_cpus ();
}
