/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Health endpoint: answers probes by HTTP, on a thread of its own.
 */
#include "config.h"

#include "../common/http-server.h"
#include "http-health.h"

#define HTTP_TYPE_HEALTH (http_health_get_type ())
G_DECLARE_FINAL_TYPE (HttpHealth, http_health, HTTP, HEALTH, GObject)

struct _HttpHealth
{
  GObject parent_instance;

  char *address;
  char **lists[2]; /* tcp, http */
  char **optional;
  guint interval_ms;
  guint timeout_ms;

  GPtrArray *probes;   /* of HealthProbe, until the checks have them */
  MicroChecks *checks; /* (nullable) */
  MicroLoop *loop;     /* (nullable): while it serves */
  HttpServer *server;
  int ready; /* atomic */
};

enum
{
  PROP_ADDRESS = 1,
  PROP_TCP,
  PROP_HTTP,
  PROP_OPTIONAL,
  PROP_INTERVAL_MS,
  PROP_TIMEOUT_MS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void http_health_iface_init (MicroHealthInterface *iface);
static void initable_iface_init (GInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HttpHealth,
                               http_health,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_HEALTH, http_health_iface_init)
                                   G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, initable_iface_init))

/* --- Answers, on the loop --- */

static gboolean
is_fine (HttpHealth *self, HealthPath path)
{
  gboolean live = self->checks == NULL || micro_checks_pass (self->checks, MICRO_CHECK_LIVE, NULL);

  return live && (path == HEALTH_PATH_LIVE || g_atomic_int_get (&self->ready));
}

static void
health_answer (HttpRequest *request, gpointer user_data)
{
  HttpHealth *self = user_data;
  HealthPath path = health_path_parse (http_request_get_path (request));
  g_autofree char *report = NULL;
  gboolean fine;

  if (path == HEALTH_PATH_UNKNOWN)
    {
      http_request_answer (request, 404, "try /health, /health/live or /health/ready\n");
      return;
    }
  fine = is_fine (self, path);
  if (http_request_has_parameter (request, "verbose"))
    report = health_report (self->checks, path, fine);
  http_request_answer (request, fine ? 200 : 500,
                       report != NULL ? report
                       : fine         ? "OK"
                                      : "NOT_HEALTHY");
}

/* --- MicroHealth --- */

static void
http_health_set_checks (MicroHealth *health, MicroChecks *checks)
{
  HttpHealth *self = HTTP_HEALTH (health);

  self->checks = micro_checks_ref (checks);
  for (guint i = 0; i < self->probes->len; i++)
    {
      HealthProbe *probe = self->probes->pdata[i];

      micro_checks_add (checks, probe->name, probe->flags, self->interval_ms, self->timeout_ms,
                        health_probe_run, probe, (GDestroyNotify) health_probe_free);
    }
  g_ptr_array_set_free_func (self->probes, NULL);
  g_ptr_array_set_size (self->probes, 0);
}

static void
http_health_set_ready (MicroHealth *health, gboolean ready, const char *reason)
{
  (void) reason; /* the checks have it */
  g_atomic_int_set (&HTTP_HEALTH (health)->ready, ready);
}

static gboolean
http_health_start (MicroHealth *health, GError **error)
{
  HttpHealth *self = HTTP_HEALTH (health);
  g_autofree char *bound = NULL;

  self->loop = micro_loop_new ("health");
  self->server = http_server_new (self->loop, health_answer, self);
  bound = http_server_listen (self->server, self->address, error);
  if (bound == NULL)
    return FALSE;
  g_message ("probes are answered on http://%s/health", bound);
  return TRUE;
}

static void
http_health_stop (MicroHealth *health)
{
  HttpHealth *self = HTTP_HEALTH (health);

  g_clear_pointer (&self->server, http_server_free);
  g_clear_pointer (&self->loop, micro_loop_free);
}

static void
http_health_iface_init (MicroHealthInterface *iface)
{
  iface->set_checks = http_health_set_checks;
  iface->set_ready = http_health_set_ready;
  iface->start = http_health_start;
  iface->stop = http_health_stop;
}

/* --- Options --- */

static HealthProbe *
find_probe (HttpHealth *self, const char *name)
{
  for (guint i = 0; i < self->probes->len; i++)
    if (g_str_equal (((HealthProbe *) self->probes->pdata[i])->name, name))
      return self->probes->pdata[i];
  return NULL;
}

static gboolean
read_probe (HttpHealth *self, const char *text, gboolean http, GError **error)
{
  HealthProbe *probe = health_probe_new (text, http, error);

  if (probe == NULL)
    return FALSE;
  if (find_probe (self, probe->name) == NULL)
    {
      g_ptr_array_add (self->probes, probe);
      return TRUE;
    }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "two checks are called “%s”; give each a name of its own", probe->name);
  health_probe_free (probe);
  return FALSE;
}

static gboolean
http_health_init_finally (GInitable *initable, GCancellable *cancellable, GError **error)
{
  HttpHealth *self = HTTP_HEALTH (initable);

  for (guint http = 0; http < G_N_ELEMENTS (self->lists); http++)
    for (char **text = self->lists[http]; text != NULL && *text != NULL; text++)
      if (!read_probe (self, *text, http, error))
        return FALSE;
  for (char **name = self->optional; name != NULL && *name != NULL; name++)
    {
      HealthProbe *probe = find_probe (self, *name);

      if (probe == NULL)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "--health-optional: no check is called “%s”; name one of --health-tcp or "
                       "--health-http",
                       *name);
          return FALSE;
        }
      probe->flags = MICRO_CHECK_NONE;
    }
  return TRUE;
}

static void
initable_iface_init (GInitableIface *iface)
{
  iface->init = http_health_init_finally;
}

static void
http_health_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  HttpHealth *self = HTTP_HEALTH (object);

  if (id == PROP_ADDRESS)
    self->address = g_value_dup_string (value);
  else if (id == PROP_TCP || id == PROP_HTTP)
    self->lists[id - PROP_TCP] = g_value_dup_boxed (value);
  else if (id == PROP_OPTIONAL)
    self->optional = g_value_dup_boxed (value);
  else if (id == PROP_INTERVAL_MS)
    self->interval_ms = g_value_get_uint (value);
  else if (id == PROP_TIMEOUT_MS)
    self->timeout_ms = g_value_get_uint (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
http_health_finalize (GObject *object)
{
  HttpHealth *self = HTTP_HEALTH (object);

  http_health_stop (MICRO_HEALTH (self));
  g_clear_pointer (&self->checks, micro_checks_unref);
  g_ptr_array_unref (self->probes);
  for (guint i = 0; i < G_N_ELEMENTS (self->lists); i++)
    g_strfreev (self->lists[i]);
  g_strfreev (self->optional);
  g_free (self->address);
  G_OBJECT_CLASS (http_health_parent_class)->finalize (object);
}

static void
http_health_class_init (HttpHealthClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->set_property = http_health_set_property;
  object_class->finalize = http_health_finalize;
  props[PROP_ADDRESS] = g_param_spec_string (
      "address", "ADDRESS", "Where to answer; :PORT is all interfaces", ":8080", flags);
  props[PROP_TCP] = g_param_spec_boxed ("tcp", "NAME=HOST:PORT", "Ports that must take connections",
                                        G_TYPE_STRV, flags);
  props[PROP_HTTP] = g_param_spec_boxed ("http", "NAME=URL", "URLs that must answer 2xx or 3xx",
                                         G_TYPE_STRV, flags);
  props[PROP_OPTIONAL] = g_param_spec_boxed ("optional", "NAME", "Checks of those that may fail",
                                             G_TYPE_STRV, flags);
  props[PROP_INTERVAL_MS] = g_param_spec_uint (
      "interval-ms", "MS", "How long to wait between checks", 10, 3600000, 10000, flags);
  props[PROP_TIMEOUT_MS]
      = g_param_spec_uint ("timeout-ms", "MS", "How long a check may take", 1, 600000, 5000, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
http_health_init (HttpHealth *self)
{
  self->probes = g_ptr_array_new_with_free_func ((GDestroyNotify) health_probe_free);
}

MICRO_PLUGIN_DEFINE (http_health,
                     .name = "http",
                     .summary = "answers probes by HTTP",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = http_health_get_type)
