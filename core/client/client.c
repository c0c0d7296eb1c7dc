/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The client: what programs call, in three flavours over one core.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "client/client.h"
#include "codec/unpack.h"
#include "loop/loop.h"

#define DEFAULT_TIMEOUT_MS 5000
#define DEFAULT_RETRIES 1

G_DEFINE_FINAL_TYPE (MicroClient, micro_client, G_TYPE_OBJECT)

static void
micro_client_finalize (GObject *object)
{
  MicroClient *self = MICRO_CLIENT (object);

  if (self->cache != NULL)
    {
      micro_cache_remove_listener (self->cache, self);
      micro_cache_unref (self->cache);
    }
  micro_ejection_free (self->ejection);
  micro_budgets_free (self->budgets);
  micro_policies_free (self->policies);
  g_clear_pointer (&self->interceptors, micro_interceptors_free);
  g_free (self->name);
  g_free (self->proxy);
  g_clear_object (&self->selector);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->loops, g_ptr_array_unref);
  g_clear_pointer (&self->loops_given, g_ptr_array_unref);
  G_OBJECT_CLASS (micro_client_parent_class)->finalize (object);
}

static void
micro_client_class_init (MicroClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = micro_client_finalize;
}

static void
micro_client_init (MicroClient *self)
{
  self->ejection = micro_ejection_new ();
  self->budgets = micro_budgets_new ();
  self->policies = micro_policies_new ();
  self->timeout_ms = DEFAULT_TIMEOUT_MS;
  self->retries = DEFAULT_RETRIES;
}

static void
update_selector (MicroService *service, gpointer user_data)
{
  micro_selector_update (MICRO_CLIENT (user_data)->selector, service);
}

static gpointer
copy_loop (gconstpointer loop, gpointer user_data)
{
  return micro_loop_ref ((MicroLoop *) loop);
}

/**
 * micro_client_new:
 * @cache: what is known of services; of the selector's own registry, if it has one
 * @selector: which node is called
 * @transport: how
 * @loops: (element-type MicroLoop): the threads that carry the calls; they outlive the client
 *
 * Returns: (transfer full): a client.  Drop it before the loops end, and not on one of them.
 */
MicroClient *
micro_client_new (MicroCache *cache,
                  MicroSelector *selector,
                  MicroTransport *transport,
                  GPtrArray *loops)
{
  MicroClient *self = g_object_new (MICRO_TYPE_CLIENT, NULL);

  self->cache = micro_cache_ref (cache);
  self->selector = g_object_ref (selector);
  self->transport = g_object_ref (transport);
  self->loops_given = g_ptr_array_ref (loops);
  self->loops = g_ptr_array_copy (loops, copy_loop, NULL);
  g_ptr_array_set_free_func (self->loops, (GDestroyNotify) micro_loop_unref);
  self->resolves = micro_selector_can_resolve (selector);
  self->learns = MICRO_SELECTOR_GET_IFACE (selector)->done != NULL;
  micro_cache_add_listener (cache, update_selector, self);
  return self;
}

MicroService *
micro_client_resolve (MicroClient *self, const char *name, GError **error)
{
  g_autoptr (GError) problem = NULL;
  MicroService *service;

  if (!g_atomic_int_get (&self->resolves))
    return NULL;
  service = micro_selector_resolve (self->selector, name, &problem);
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    g_atomic_int_set (&self->resolves, FALSE);
  else if (service == NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return service;
}

/**
 * micro_client_set_defaults:
 * @self: a client that has not called yet
 * @timeout_ms: for a whole call; 0 leaves it at 5 s
 * @retries: further tries; negative leaves it at one
 */
void
micro_client_set_defaults (MicroClient *self, guint timeout_ms, int retries)
{
  g_return_if_fail (MICRO_IS_CLIENT (self));
  if (timeout_ms > 0)
    self->timeout_ms = timeout_ms;
  if (retries >= 0)
    self->retries = retries;
}

/**
 * micro_client_set_name:
 * @self: a client that has not called yet
 * @name: (nullable): of the program
 *
 * Tells those who are called who calls, in the header `micro-from-service`, as go-micro does.
 */
void
micro_client_set_name (MicroClient *self, const char *name)
{
  g_return_if_fail (MICRO_IS_CLIENT (self));
  g_free (self->name);
  self->name = g_strdup (name);
}

/**
 * micro_client_set_proxy:
 * @self: a client that has not called yet
 * @proxy: (nullable): `HOST:PORT`, or the name of a service
 *
 * Sends every call there that does not say an address itself; the path still names the service it
 * is for.  This is what `MICRO_PROXY` does.
 */
void
micro_client_set_proxy (MicroClient *self, const char *proxy)
{
  g_return_if_fail (MICRO_IS_CLIENT (self));
  g_free (self->proxy);
  self->proxy = g_strdup (proxy);
}

/* go-micro client/grpc methodToGRPC: "Say.Hello" of greeter is /greeter.Say/Hello. */
char *
micro_client_make_path (const char *service, const char *endpoint)
{
  const char *dot = strchr (endpoint, '.');

  if (endpoint[0] == '/')
    return g_strdup (endpoint);
  if (dot == NULL || strchr (dot + 1, '.') != NULL)
    return g_strconcat ("/", endpoint, NULL);
  if (service == NULL || service[0] == '\0')
    return g_strdup_printf ("/%.*s/%s", (int) (dot - endpoint), endpoint, dot + 1);
  return g_strdup_printf ("/%s.%.*s/%s", service, (int) (dot - endpoint), endpoint, dot + 1);
}

char *
micro_client_method_path (const char *service,
                          const MicroMethod *method,
                          const MicroCallOptions *options)
{
  const char *prefix = options != NULL && options->address != NULL ? method->package : service;

  return g_strconcat ("/", prefix, prefix[0] != '\0' ? "." : "", method->service, "/", method->name,
                      NULL);
}

GBytes *
micro_client_pack (const MicroMethod *method, gconstpointer request)
{
  const ProtobufCMessage *message = request;
  gsize size = protobuf_c_message_get_packed_size (message);
  guint8 *data = size >= MICRO_BLOCK_LARGE ? micro_block_realloc (NULL, size) : NULL;
  const gboolean large = data != NULL;

  g_warn_if_fail (message->descriptor == method->request);
  if (!large)
    data = g_malloc (size + 1);
  protobuf_c_message_pack (message, data);
  return large ? g_bytes_new_with_free_func (data, size, micro_block_free, data)
               : g_bytes_new_take (data, size);
}

gpointer
micro_client_unpack (const MicroMethod *method,
                     ProtobufCAllocator *allocator,
                     const guint8 *data,
                     gsize length,
                     GError **error)
{
  ProtobufCMessage *message = micro_unpack (method->response, allocator, length, data);

  if (message == NULL)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INTERNAL,
                 "%s.%s: the reply of %" G_GSIZE_FORMAT " bytes is not a %s", method->service,
                 method->name, length, method->response->name);
  return message;
}

gpointer
micro_client_unpack_bytes (const MicroMethod *method, GBytes *reply, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (reply, &length);

  return micro_client_unpack (method, NULL, data, length, error);
}

/* --- Call-backs --- */

/**
 * micro_client_call: (skip)
 * @self: a client
 * @service: the service's name in the registry
 * @method: what to call
 * @request: its request message; may go after this returns
 * @options: (nullable): otherwise all defaults
 * @callback: told of the reply, once, on a loop thread
 * @user_data: for @callback
 *
 * Calls.  Any thread; on a loop thread the call stays there, and @callback may run before this
 * returns if the call cannot even begin.
 */
void
micro_client_call (MicroClient *self,
                   const char *service,
                   const MicroMethod *method,
                   gconstpointer request,
                   const MicroCallOptions *options,
                   MicroReplyFunc callback,
                   gpointer user_data)
{
  g_autoptr (GBytes) packed = NULL;

  g_return_if_fail (MICRO_IS_CLIENT (self) && service != NULL && method != NULL && request != NULL);
  packed = micro_client_pack (method, request);
  micro_client_start_typed (self, service, method, packed, options, callback, user_data);
}

/* --- GTask --- */

static void
task_done (GBytes *reply, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, g_bytes_ref (reply), (GDestroyNotify) g_bytes_unref);
}

/**
 * micro_client_call_bytes_async:
 * @self: a client
 * @service: the service's name in the registry
 * @endpoint: `Say.Hello`, or a whole path
 * @codec: of @request and the reply
 * @request: the request
 * @options: (nullable): otherwise all defaults
 * @cancellable: (nullable): gives up
 * @callback: told of the end, in the caller's thread-default context
 * @user_data: for @callback
 *
 * Calls without generated code.
 */
void
micro_client_call_bytes_async (MicroClient *self,
                               const char *service,
                               const char *endpoint,
                               MicroCodec codec,
                               GBytes *request,
                               const MicroCallOptions *options,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task;

  g_return_if_fail (MICRO_IS_CLIENT (self) && endpoint != NULL && request != NULL);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, micro_client_call_bytes_async);
  micro_client_start (self, service, micro_client_make_path (service, endpoint), codec, request,
                      options, cancellable, task_done, task);
}

/**
 * micro_client_call_bytes_finish:
 * @self: a client
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: (transfer full): the reply
 */
GBytes *
micro_client_call_bytes_finish (MicroClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * micro_client_call_async: (skip)
 * @self: a client
 * @service: the service's name in the registry
 * @method: what to call
 * @request: its request message; may go after this returns
 * @options: (nullable): otherwise all defaults
 * @cancellable: (nullable): gives up
 * @callback: told of the end, in the caller's thread-default context
 * @user_data: for @callback
 */
void
micro_client_call_async (MicroClient *self,
                         const char *service,
                         const MicroMethod *method,
                         gconstpointer request,
                         const MicroCallOptions *options,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GBytes) packed = NULL;
  GTask *task;

  g_return_if_fail (MICRO_IS_CLIENT (self) && service != NULL && method != NULL && request != NULL);
  packed = micro_client_pack (method, request);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, micro_client_call_async);
  g_task_set_task_data (task, (gpointer) method, NULL);
  micro_client_start (self, service, micro_client_method_path (service, method, options),
                      MICRO_CODEC_PROTO, packed, options, cancellable, task_done, task);
}

/**
 * micro_client_call_finish: (skip)
 * @self: a client
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: (transfer full): the reply; free with protobuf_c_message_free_unpacked (reply, NULL)
 */
gpointer
micro_client_call_finish (MicroClient *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GBytes) reply = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  reply = g_task_propagate_pointer (G_TASK (result), error);
  return reply != NULL
             ? micro_client_unpack_bytes (g_task_get_task_data (G_TASK (result)), reply, error)
             : NULL;
}
