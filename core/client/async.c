/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Unary calls that tell a function, or a GTask, how they ended.
 */
#include "config.h"

#include "client/client.h"

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
