/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The router: from a method path to its handler, without a lock.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "call/call.h"
#include <micro/micro-metadata.h>

/* Values nest to this depth in the registry's records (go-micro cuts there too). */
#define MAX_VALUE_DEPTH 3

typedef struct
{
  gpointer user_data;
  GDestroyNotify destroy;
} Owned;

/* A method without generated code. */
typedef struct
{
  MicroMethod method;
  char *names; /* package, service and method, each with its NUL */
} BytesMethod;

struct _MicroRouter
{
  GObject parent_instance;

  GPtrArray *routes;
  GPtrArray *services;             /* of const MicroServiceDescriptor */
  MicroInterceptors *interceptors; /* (nullable): around the program's methods */
  MicroInterceptors *general;      /* (nullable): those of them that see internal ones too */
  GArray *owned;
  MicroRoute **table; /* open addressing, at most half full */
  guint mask;
};

G_DEFINE_FINAL_TYPE (MicroRouter, micro_router, G_TYPE_OBJECT)

/* FNV-1a; the paths are the program's own, so nobody can choose them to collide. */
static guint
hash_path (const char *path, gsize length)
{
  guint hash = 2166136261u;

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ (guchar) path[i]) * 16777619u;
  return hash;
}

static void
route_free (gpointer data)
{
  MicroRoute *route = data;

  g_free (route->path);
  g_free (route);
}

static void
owned_clear (gpointer data)
{
  Owned *owned = data;

  if (owned->destroy != NULL)
    owned->destroy (owned->user_data);
}

static void
micro_router_finalize (GObject *object)
{
  MicroRouter *self = MICRO_ROUTER (object);

  g_ptr_array_unref (self->routes);
  g_ptr_array_unref (self->services);
  g_clear_pointer (&self->interceptors, micro_interceptors_free);
  g_clear_pointer (&self->general, micro_interceptors_free);
  g_array_unref (self->owned);
  g_free (self->table);
  G_OBJECT_CLASS (micro_router_parent_class)->finalize (object);
}

static void
micro_router_class_init (MicroRouterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = micro_router_finalize;
}

static void
micro_router_init (MicroRouter *self)
{
  self->services = g_ptr_array_new ();
  self->routes = g_ptr_array_new_with_free_func (route_free);
  self->owned = g_array_new (FALSE, FALSE, sizeof (Owned));
  g_array_set_clear_func (self->owned, owned_clear);
}

/**
 * micro_router_new:
 *
 * Returns: (transfer full): an empty router
 */
MicroRouter *
micro_router_new (void)
{
  return g_object_new (MICRO_TYPE_ROUTER, NULL);
}

static void
fill_table (MicroRouter *self)
{
  guint size = 16;

  while (size < self->routes->len * 2)
    size *= 2;
  g_free (self->table);
  self->table = g_new0 (MicroRoute *, size);
  self->mask = size - 1;
  for (guint i = 0; i < self->routes->len; i++)
    {
      MicroRoute *route = g_ptr_array_index (self->routes, i);
      guint slot = route->hash & self->mask;

      while (self->table[slot] != NULL)
        slot = (slot + 1) & self->mask;
      self->table[slot] = route;
    }
}

static void
add_route (MicroRouter *self, const MicroMethod *method, MicroRoute *route)
{
  route->router = self;
  route->method = method;
  route->interceptors = route->internal ? self->general : self->interceptors;
  route->path = g_strdup_printf ("%s/%s", method->service, method->name);
  route->length = strlen (route->path);
  route->package_length = strlen (method->package);
  route->hash = hash_path (route->path, route->length);
  g_ptr_array_add (self->routes, route);
}

static void
add_service (MicroRouter *self,
             const MicroServiceDescriptor *service,
             const MicroHandler *handlers,
             gpointer user_data,
             GDestroyNotify destroy,
             gboolean internal)
{
  Owned owned = { user_data, destroy };

  g_ptr_array_add (self->services, (gpointer) service);
  for (guint i = 0; i < service->n_methods; i++)
    {
      MicroRoute *route = g_new0 (MicroRoute, 1);

      route->handler = handlers[i];
      route->user_data = user_data;
      route->internal = internal;
      add_route (self, &service->methods[i], route);
    }
  g_array_append_val (self->owned, owned);
  fill_table (self);
}

/**
 * micro_router_add: (skip)
 * @self: a router that nobody serves yet
 * @service: (transfer none): a generated descriptor
 * @handlers: (transfer none): one a method, in the descriptor's order; %NULL answers UNIMPLEMENTED
 * @user_data: for the handlers
 * @destroy: (nullable): frees @user_data when the router goes
 *
 * Adds the methods of a service.  Two services with the same name and different packages may live
 * side by side; a caller that names no package gets the first.
 */
void
micro_router_add (MicroRouter *self,
                  const MicroServiceDescriptor *service,
                  const MicroHandler *handlers,
                  gpointer user_data,
                  GDestroyNotify destroy)
{
  g_return_if_fail (MICRO_IS_ROUTER (self) && service != NULL);
  add_service (self, service, handlers, user_data, destroy, FALSE);
}

/**
 * micro_router_add_internal: (skip)
 * @self: a router that nobody serves yet
 * @service: (transfer none): a generated descriptor
 * @handlers: (transfer none): one a method, in the descriptor's order; %NULL answers UNIMPLEMENTED
 * @user_data: for the handlers
 * @destroy: (nullable): frees @user_data when the router goes
 *
 * Adds what every server has: not shown in the registry, and not counted or traced.
 */
void
micro_router_add_internal (MicroRouter *self,
                           const MicroServiceDescriptor *service,
                           const MicroHandler *handlers,
                           gpointer user_data,
                           GDestroyNotify destroy)
{
  g_return_if_fail (MICRO_IS_ROUTER (self) && service != NULL);
  add_service (self, service, handlers, user_data, destroy, TRUE);
}

static void
bytes_method_free (BytesMethod *self)
{
  g_free (self->names);
  g_free (self);
}

/* NULL: @path is none. */
static BytesMethod *
bytes_method_new (const char *path, MicroMethodKind kind)
{
  const char *slash = path[0] == '/' ? strrchr (path + 1, '/') : NULL;
  BytesMethod *self;
  char *dot;

  if (slash == NULL || slash == path + 1 || slash[1] == '\0' || slash[-1] == '.')
    return NULL;
  self = g_new0 (BytesMethod, 1);
  self->names = g_strdup (path + 1);
  self->names[slash - path - 1] = '\0';
  self->method.name = self->names + (slash - path);
  self->method.kind = kind;
  dot = strrchr (self->names, '.');
  self->method.service = dot != NULL ? dot + 1 : self->names;
  self->method.package = dot != NULL ? self->names : "";
  if (dot != NULL)
    *dot = '\0';
  return self;
}

/**
 * micro_router_add_bytes:
 * @self: a router that nobody serves yet
 * @path: `/greeter.Say/Hello`: package, service and method
 * @kind: how many messages it takes and gives
 * @func: (scope notified) (closure user_data) (destroy destroy): the handler
 * @user_data: for @func
 * @destroy: (nullable): frees @user_data when the router goes
 *
 * Adds a method without generated code: its messages are bytes as they come, whatever the codec.
 * The registry shows it without its messages' fields, and reflection does not know it.
 */
void
micro_router_add_bytes (MicroRouter *self,
                        const char *path,
                        MicroMethodKind kind,
                        MicroBytesHandler func,
                        gpointer user_data,
                        GDestroyNotify destroy)
{
  Owned owned = { user_data, destroy };
  BytesMethod *method;
  Owned names;
  MicroRoute *route;

  g_return_if_fail (MICRO_IS_ROUTER (self) && path != NULL && func != NULL);
  method = bytes_method_new (path, kind);
  if (method == NULL)
    {
      g_critical ("“%s” is no path of a method: it must be /service/method", path);
      return;
    }
  route = g_new0 (MicroRoute, 1);
  route->bytes_handler = func;
  route->user_data = user_data;
  add_route (self, &method->method, route);
  names = (Owned){ method, (GDestroyNotify) bytes_method_free };
  g_array_append_val (self->owned, owned);
  g_array_append_val (self->owned, names);
  fill_table (self);
}

static void
push_interceptor (MicroInterceptors **stack,
                  const MicroServerInterceptor *interceptor,
                  gpointer user_data,
                  GDestroyNotify destroy)
{
  if (*stack == NULL)
    *stack = micro_interceptors_new ();
  micro_interceptors_add (*stack, interceptor, interceptor->message != NULL, user_data, destroy);
}

static void
set_interceptors (MicroRouter *self)
{
  for (guint i = 0; i < self->routes->len; i++)
    {
      MicroRoute *route = g_ptr_array_index (self->routes, i);

      route->interceptors = route->internal ? self->general : self->interceptors;
    }
}

/**
 * micro_router_add_observer: (skip)
 * @self: a router that nobody serves yet
 * @interceptor: (transfer none): must outlive the router
 * @user_data: for @interceptor
 *
 * As micro_router_add_interceptor(), of the calls of the program's methods only, and not of those
 * that every server has.
 */
void
micro_router_add_observer (MicroRouter *self,
                           const MicroServerInterceptor *interceptor,
                           gpointer user_data)
{
  g_return_if_fail (MICRO_IS_ROUTER (self) && interceptor != NULL);
  push_interceptor (&self->interceptors, interceptor, user_data, NULL);
  set_interceptors (self);
}

/**
 * micro_router_add_interceptor: (skip)
 * @self: a router that nobody serves yet
 * @interceptor: (transfer none): must outlive the router
 * @user_data: for @interceptor
 * @destroy: (nullable): frees @user_data when the router goes
 *
 * Adds an interceptor inside those that were added before.
 */
void
micro_router_add_interceptor (MicroRouter *self,
                              const MicroServerInterceptor *interceptor,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  g_return_if_fail (MICRO_IS_ROUTER (self) && interceptor != NULL);
  push_interceptor (&self->interceptors, interceptor, user_data, destroy);
  push_interceptor (&self->general, interceptor, user_data, NULL);
  set_interceptors (self);
}

/**
 * micro_router_get_services: (skip)
 * @self: a router
 *
 * Returns: (transfer none) (element-type MicroServiceDescriptor): what it serves, in the order of
 *   adding, internal ones too
 */
GPtrArray *
micro_router_get_services (MicroRouter *self)
{
  g_return_val_if_fail (MICRO_IS_ROUTER (self), NULL);
  return self->services;
}

static gboolean
has_package (const MicroRoute *route, const char *package, gsize length)
{
  return route->package_length == length && memcmp (route->method->package, package, length) == 0;
}

/* @path: "/anything.Service/Method", where a name of go-micro's may have slashes; what stands
 * before the last dot is the micro service name or the proto package, and only tells apart services
 * of one name. */
static const MicroRoute *
find_route (MicroRouter *self, const char *path, const char **ret_service)
{
  const MicroRoute *found = NULL;
  const char *slash;
  const char *service;
  gsize length;
  guint hash;

  *ret_service = NULL;
  if (path[0] != '/' || (slash = strrchr (path + 1, '/')) == NULL)
    return NULL;
  service = slash;
  while (service > path + 1 && service[-1] != '.')
    service--;
  *ret_service = service;
  if (self->table == NULL)
    return NULL;
  length = strlen (service);
  hash = hash_path (service, length);
  for (guint slot = hash & self->mask; self->table[slot] != NULL; slot = (slot + 1) & self->mask)
    {
      const MicroRoute *route = self->table[slot];

      if (route->hash != hash || route->length != length
          || memcmp (route->path, service, length) != 0)
        continue;
      if (service > path + 1 && has_package (route, path + 1, service - path - 2))
        return route;
      if (found == NULL)
        found = route;
    }
  return found;
}

/* --- A call arrives --- */

static gboolean
knows_service (MicroRouter *self, const char *service, gsize length)
{
  for (guint i = 0; i < self->routes->len; i++)
    {
      const MicroRoute *route = g_ptr_array_index (self->routes, i);

      if (strlen (route->method->service) == length
          && memcmp (route->method->service, service, length) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
router_refuse (MicroRouter *self, MicroCall *call, const char *path, const char *service)
{
  const char *slash = service != NULL ? strrchr (service, '/') : NULL;
  g_autofree char *name = slash != NULL ? g_strndup (service, slash - service) : NULL;
  g_autofree char *quoted = micro_error_quote (name != NULL ? name : path);

  if (slash == NULL)
    micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED,
                     "malformed method path “%s”: it must be /service/method", quoted);
  else if (knows_service (self, service, slash - service))
    {
      g_autofree char *method = micro_error_quote (slash + 1);

      micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED, "unknown method %s of service %s", method,
                       quoted);
    }
  else
    micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED, "unknown service %s", quoted);
}

/**
 * micro_router_dispatch: (skip)
 * @self: a router
 * @call: a call that a transport has begun to receive
 * @path: its method path; need not outlive this
 *
 * For transports: from now on `call->events` takes what arrives.  A call that nobody serves is
 * answered at once, before this returns.
 */
void
micro_router_dispatch (MicroRouter *self, MicroCall *call, const char *path)
{
  const char *service;
  const MicroRoute *route = find_route (self, path, &service);

  call->events = &micro_serve_one_request;
  call->route = route;
  if (route == NULL)
    {
      router_refuse (self, call, path, service);
      return;
    }
  call->method = route->method;
  if (route->handler == NULL && route->bytes_handler == NULL)
    micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED, "%s is not implemented", route->path);
  else
    micro_serve (call);
}

/* --- What the registry shows --- */

static const char *
value_type (const ProtobufCFieldDescriptor *field)
{
  static const char *const names[] = {
    [PROTOBUF_C_TYPE_INT32] = "int32",    [PROTOBUF_C_TYPE_SINT32] = "int32",
    [PROTOBUF_C_TYPE_SFIXED32] = "int32", [PROTOBUF_C_TYPE_INT64] = "int64",
    [PROTOBUF_C_TYPE_SINT64] = "int64",   [PROTOBUF_C_TYPE_SFIXED64] = "int64",
    [PROTOBUF_C_TYPE_UINT32] = "uint32",  [PROTOBUF_C_TYPE_FIXED32] = "uint32",
    [PROTOBUF_C_TYPE_UINT64] = "uint64",  [PROTOBUF_C_TYPE_FIXED64] = "uint64",
    [PROTOBUF_C_TYPE_FLOAT] = "float32",  [PROTOBUF_C_TYPE_DOUBLE] = "float64",
    [PROTOBUF_C_TYPE_BOOL] = "bool",      [PROTOBUF_C_TYPE_STRING] = "string",
    [PROTOBUF_C_TYPE_BYTES] = "[]uint8",
  };

  if (field->type == PROTOBUF_C_TYPE_MESSAGE)
    return ((const ProtobufCMessageDescriptor *) field->descriptor)->short_name;
  if (field->type == PROTOBUF_C_TYPE_ENUM)
    return ((const ProtobufCEnumDescriptor *) field->descriptor)->short_name;
  return names[field->type];
}

static MicroValue *
make_value (const char *name,
            const char *type,
            const ProtobufCMessageDescriptor *message,
            int depth)
{
  g_autoptr (GPtrArray) values = NULL;

  if (message != NULL && depth < MAX_VALUE_DEPTH)
    {
      values = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_value_unref);
      for (unsigned i = 0; i < message->n_fields; i++)
        {
          const ProtobufCFieldDescriptor *field = &message->fields[i];
          const ProtobufCMessageDescriptor *inner
              = field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
          g_autofree char *field_type = g_strconcat (
              field->label == PROTOBUF_C_LABEL_REPEATED ? "[]" : "", value_type (field), NULL);

          g_ptr_array_add (values, make_value (field->name, field_type, inner, depth + 1));
        }
    }
  return micro_value_new (name, type, values);
}

static int
compare_endpoints (gconstpointer a, gconstpointer b)
{
  return strcmp (micro_endpoint_get_name (*(MicroEndpoint *const *) a),
                 micro_endpoint_get_name (*(MicroEndpoint *const *) b));
}

static MicroEndpoint *
describe_method (const MicroMethod *method)
{
  const ProtobufCMessageDescriptor *in = method->request;
  const ProtobufCMessageDescriptor *out = method->response;
  g_autofree char *name = g_strdup_printf ("%s.%s", method->service, method->name);
  g_autoptr (MicroValue) request
      = in != NULL ? make_value (in->short_name, in->short_name, in, 0) : NULL;
  g_autoptr (MicroValue) response
      = out != NULL ? make_value (out->short_name, out->short_name, out, 0) : NULL;
  g_autoptr (MicroMetadata) metadata
      = method->kind == MICRO_METHOD_UNARY ? NULL : micro_metadata_new ("stream", "true", NULL);

  return micro_endpoint_new (name, request, response, metadata);
}

/**
 * micro_router_get_endpoints:
 * @self: a router
 *
 * Returns: (transfer container) (element-type MicroEndpoint): what it serves, sorted by name
 */
GPtrArray *
micro_router_get_endpoints (MicroRouter *self)
{
  GPtrArray *endpoints = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_endpoint_unref);

  for (guint i = 0; i < self->routes->len; i++)
    {
      const MicroRoute *route = g_ptr_array_index (self->routes, i);

      if (!route->internal)
        g_ptr_array_add (endpoints, describe_method (route->method));
    }
  g_ptr_array_sort (endpoints, compare_endpoints);
  return endpoints;
}
