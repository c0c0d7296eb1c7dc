/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The client: what programs call, in three flavours over one core.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-client-private.h>
#include <micro/micro-unpack-private.h>

#define DEFAULT_TIMEOUT_MS 5000
#define DEFAULT_RETRIES 1
#define BUDGET_FULL 100

G_DEFINE_FINAL_TYPE (MicroClient, micro_client, G_TYPE_OBJECT)

static void
micro_client_finalize (GObject *object)
{
  MicroClient *self = MICRO_CLIENT (object);

  g_clear_pointer (&self->cache, micro_cache_free);
  g_clear_object (&self->registry);
  g_clear_object (&self->selector);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->loops, g_ptr_array_unref);
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
  self->timeout_ms = DEFAULT_TIMEOUT_MS;
  self->retries = DEFAULT_RETRIES;
  self->budget = BUDGET_FULL;
}

/**
 * micro_client_new: (skip)
 * @registry: where services are found; used on the first of @loops only
 * @selector: which node is called
 * @transport: how
 * @loops: (element-type MicroLoop): the threads that carry the calls; they outlive the client
 *
 * Returns: (transfer full): a client.  Drop it before the loops end, and not on one of them.
 */
MicroClient *
micro_client_new (MicroRegistry *registry,
                  MicroSelector *selector,
                  MicroTransport *transport,
                  GPtrArray *loops)
{
  MicroClient *self = g_object_new (MICRO_TYPE_CLIENT, NULL);

  self->registry = g_object_ref (registry);
  self->selector = g_object_ref (selector);
  self->transport = g_object_ref (transport);
  self->loops = g_ptr_array_ref (loops);
  if (!micro_selector_can_resolve (selector))
    self->cache = micro_cache_new (registry, g_ptr_array_index (loops, 0));
  return self;
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

  return g_strdup_printf ("/%s%s%s/%s", prefix, prefix[0] != '\0' ? "." : "", method->service,
                          method->name);
}

GBytes *
micro_client_pack (const MicroMethod *method, gconstpointer request)
{
  const ProtobufCMessage *message = request;
  gsize size = protobuf_c_message_get_packed_size (message);
  guint8 *data = g_malloc (size + 1);

  g_warn_if_fail (message->descriptor == method->request);
  protobuf_c_message_pack (message, data);
  return g_bytes_new_take (data, size);
}

gpointer
micro_client_unpack (const MicroMethod *method, GBytes *reply, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (reply, &length);
  ProtobufCMessage *message = micro_unpack (method->response, NULL, length, data);

  if (message == NULL)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INTERNAL,
                 "%s.%s: the reply of %" G_GSIZE_FORMAT " bytes is not a %s", method->service,
                 method->name, length, method->response->name);
  return message;
}

/* --- Call-backs
 * ------------------------------------------------------------------------------------ */

typedef struct
{
  const MicroMethod *method;
  MicroReplyFunc callback;
  gpointer user_data;
} Typed;

static void
typed_done (GBytes *reply, const GError *error, gpointer user_data)
{
  g_autofree Typed *typed = user_data;
  g_autoptr (GError) bad_reply = NULL;
  gpointer message = NULL;

  if (reply != NULL)
    message = micro_client_unpack (typed->method, reply, &bad_reply);
  typed->callback (message, message != NULL ? NULL : (error != NULL ? error : bad_reply),
                   typed->user_data);
  if (message != NULL)
    protobuf_c_message_free_unpacked (message, NULL);
}

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
  g_autofree char *path = NULL;
  g_autoptr (GBytes) packed = NULL;
  Typed *typed;

  g_return_if_fail (MICRO_IS_CLIENT (self) && service != NULL && method != NULL && request != NULL);
  path = micro_client_method_path (service, method, options);
  packed = micro_client_pack (method, request);
  typed = g_new (Typed, 1);
  *typed = (Typed){ method, callback, user_data };
  micro_client_start (self, service, path, MICRO_CODEC_PROTO, packed, options, NULL, typed_done,
                      typed);
}

/* --- GTask
 * ------------------------------------------------------------------------------------------- */

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
  g_autofree char *path = NULL;
  GTask *task;

  g_return_if_fail (MICRO_IS_CLIENT (self) && endpoint != NULL && request != NULL);
  path = micro_client_make_path (service, endpoint);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, micro_client_call_bytes_async);
  micro_client_start (self, service, path, codec, request, options, cancellable, task_done, task);
}

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
  g_autofree char *path = NULL;
  g_autoptr (GBytes) packed = NULL;
  GTask *task;

  g_return_if_fail (MICRO_IS_CLIENT (self) && service != NULL && method != NULL && request != NULL);
  path = micro_client_method_path (service, method, options);
  packed = micro_client_pack (method, request);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, micro_client_call_async);
  g_task_set_task_data (task, (gpointer) method, NULL);
  micro_client_start (self, service, path, MICRO_CODEC_PROTO, packed, options, cancellable,
                      task_done, task);
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
  return reply != NULL ? micro_client_unpack (g_task_get_task_data (G_TASK (result)), reply, error)
                       : NULL;
}
