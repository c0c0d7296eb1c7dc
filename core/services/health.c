/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * grpc.health.v1: whether this process, and each of its services, takes calls.
 */
#include "config.h"

#include "grpc/health/v1/health.micro.h"
#include "services.h"

#define SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

typedef struct
{
  GObject parent_instance;

  MicroRouter *router; /* not owned: it owns the handlers that use this */
  char *name;
  int ready;   /* atomic */
  int stopped; /* atomic */
  Subscribers *watchers;
} HealthService;

typedef GObjectClass HealthServiceClass;

static GType health_service_get_type (void);
static void health_service_iface_init (MicroHealthInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HealthService,
                               health_service,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_HEALTH, health_service_iface_init))

/* --- What is asked --- */

/* (transfer full): "package.Service" */
static char *
full_name (const MicroServiceDescriptor *service)
{
  return g_strconcat (service->package, service->package[0] != '\0' ? "." : "", service->name,
                      NULL);
}

static gboolean
is_here (HealthService *self, const char *name)
{
  GPtrArray *services = micro_router_get_services (self->router);

  if (name[0] == '\0' || g_str_equal (name, self->name))
    return TRUE;
  for (guint i = 0; i < services->len; i++)
    {
      g_autofree char *full = full_name (g_ptr_array_index (services, i));

      if (g_str_equal (name, full))
        return TRUE;
    }
  return FALSE;
}

static int
get_status (HealthService *self)
{
  return g_atomic_int_get (&self->ready) ? SERVING : NOT_SERVING;
}

static void
health_check (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const Grpc__Health__V1__HealthCheckRequest *request = message;
  Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
  HealthService *self = user_data;

  if (!is_here (self, request->service))
    {
      g_autofree char *quoted = micro_error_quote (request->service);

      micro_call_fail (call, MICRO_STATUS_NOT_FOUND, "unknown service %s", quoted);
      return;
    }
  response.status = get_status (self);
  micro_call_reply (call, &response);
}

static void
list (MicroCall *call, gconstpointer message, gpointer user_data)
{
  Grpc__Health__V1__HealthListResponse response = GRPC__HEALTH__V1__HEALTH_LIST_RESPONSE__INIT;
  Grpc__Health__V1__HealthCheckResponse status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
  Grpc__Health__V1__HealthListResponse__StatusesEntry *entries;
  HealthService *self = user_data;
  GPtrArray *services = micro_router_get_services (self->router);
  gsize n = services->len + 1;

  status.status = get_status (self);
  entries = micro_call_alloc (call, n * sizeof *entries);
  response.statuses = micro_call_alloc (call, n * sizeof *response.statuses);
  for (gsize i = 0; i < n; i++)
    {
      const MicroServiceDescriptor *service = i > 0 ? g_ptr_array_index (services, i - 1) : NULL;

      grpc__health__v1__health_list_response__statuses_entry__init (&entries[i]);
      entries[i].key = (char *) "";
      if (service != NULL)
        entries[i].key = micro_call_printf (call, "%s%s%s", service->package,
                                            service->package[0] != '\0' ? "." : "", service->name);
      entries[i].value = &status;
      response.statuses[i] = &entries[i];
    }
  response.n_statuses = n;
  micro_call_reply (call, &response);
}

/* --- Watching --- */

typedef struct
{
  HealthService *service;
  gboolean known;
  int last;
} Watcher;

static void
tell_watcher (MicroCall *call, gpointer state, gpointer news)
{
  Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
  Watcher *watcher = state;

  response.status = watcher->known ? get_status (watcher->service) : SERVICE_UNKNOWN;
  if ((int) response.status != watcher->last)
    micro_call_send (call, &response);
  watcher->last = response.status;
}

static void
end_watcher (MicroCall *call, gpointer state, gpointer news)
{
  Watcher *watcher = state;

  subscribers_remove (watcher->service->watchers, call);
  micro_call_fail (call, MICRO_STATUS_UNAVAILABLE, "the server stops");
}

static void
watcher_gone (MicroCall *call, gpointer user_data)
{
  Watcher *watcher = user_data;

  subscribers_remove (watcher->service->watchers, call);
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
}

static void
health_watch (MicroCall *call, gconstpointer message, gpointer user_data)
{
  static const MicroStreamFuncs funcs = { .cancelled = watcher_gone };
  const Grpc__Health__V1__HealthCheckRequest *request = message;
  HealthService *self = user_data;
  Watcher *watcher = micro_call_alloc (call, sizeof *watcher);

  *watcher = (Watcher){ self, is_here (self, request->service), -1 };
  micro_call_stream (call, &funcs, watcher);
  subscribers_add (self->watchers, call, watcher);
  tell_watcher (call, watcher, NULL);
  if (g_atomic_int_get (&self->stopped))
    end_watcher (call, watcher, NULL);
}

/* --- MicroHealth --- */

static void
health_service_set_ready (MicroHealth *health, gboolean ready, const char *reason)
{
  HealthService *self = (HealthService *) health;

  g_atomic_int_set (&self->ready, ready);
  subscribers_tell (self->watchers, tell_watcher, NULL, NULL);
}

static void
health_service_stop (MicroHealth *health)
{
  HealthService *self = (HealthService *) health;

  g_atomic_int_set (&self->stopped, TRUE);
  subscribers_tell (self->watchers, end_watcher, NULL, NULL);
}

static void
health_service_iface_init (MicroHealthInterface *iface)
{
  iface->set_ready = health_service_set_ready;
  iface->stop = health_service_stop;
}

static void
health_service_finalize (GObject *object)
{
  HealthService *self = (HealthService *) object;

  subscribers_free (self->watchers);
  g_free (self->name);
  G_OBJECT_CLASS (health_service_parent_class)->finalize (object);
}

static void
health_service_class_init (HealthServiceClass *klass)
{
  klass->finalize = health_service_finalize;
}

static void
health_service_init (HealthService *self)
{
  self->watchers = subscribers_new ();
}

MicroHealth *
health_service_new (MicroRouter *router, const char *name)
{
  static const MicroHandler handlers[] = { health_check, list, health_watch };
  HealthService *self = g_object_new (health_service_get_type (), NULL);

  self->router = router;
  self->name = g_strdup (name);
  micro_router_add_internal (router, &grpc_health_v1_health_descriptor, handlers,
                             g_object_ref (self), g_object_unref);
  return (MicroHealth *) self;
}
