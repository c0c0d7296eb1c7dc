/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A caller's stream of bytes, with types and one call-back that a language binding can use.
 */
#include "config.h"

#include "client/stream.h"

typedef struct
{
  MicroStreamBytesFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Told;

static void
stream_bytes_headers (MicroStream *stream, gpointer user_data)
{
  Told *told = user_data;

  told->func (stream, MICRO_STREAM_HEADERS, NULL, NULL, told->user_data);
}

static void
stream_bytes_message (MicroStream *stream, gconstpointer message, gpointer user_data)
{
  Told *told = user_data;

  told->func (stream, MICRO_STREAM_MESSAGE, (GBytes *) message, NULL, told->user_data);
}

static void
stream_bytes_writable (MicroStream *stream, gpointer user_data)
{
  Told *told = user_data;

  told->func (stream, MICRO_STREAM_WRITABLE, NULL, NULL, told->user_data);
}

static void
stream_bytes_closed (MicroStream *stream, const GError *error, gpointer user_data)
{
  Told *told = user_data;

  told->func (stream, MICRO_STREAM_CLOSED, NULL, error, told->user_data);
  if (told->destroy != NULL)
    told->destroy (told->user_data);
  g_free (told);
}

/**
 * micro_client_open_bytes_stream_with_func:
 * @self: a client
 * @service: the service's name in the registry
 * @endpoint: `Say.Chat`, or a whole path
 * @codec: of the messages
 * @options: (nullable): otherwise all defaults, and no deadline
 * @func: (scope notified) (closure user_data) (destroy destroy): told of all that happens, on one
 *   loop thread; %MICRO_STREAM_CLOSED comes once and last
 * @user_data: for @func
 * @destroy: (nullable): frees @user_data after that
 *
 * Begins a stream without generated code.  Any thread.
 *
 * Returns: (transfer full): the stream
 */
MicroStream *
micro_client_open_bytes_stream_with_func (MicroClient *self,
                                          const char *service,
                                          const char *endpoint,
                                          MicroCodec codec,
                                          const MicroCallOptions *options,
                                          MicroStreamBytesFunc func,
                                          gpointer user_data,
                                          GDestroyNotify destroy)
{
  static const MicroStreamEvents events = { .headers = stream_bytes_headers,
                                            .message = stream_bytes_message,
                                            .writable = stream_bytes_writable,
                                            .closed = stream_bytes_closed };
  Told *told;

  g_return_val_if_fail (MICRO_IS_CLIENT (self) && endpoint != NULL && func != NULL, NULL);
  told = g_new (Told, 1);
  *told = (Told){ func, user_data, destroy };
  return micro_client_open_bytes_stream (self, service, endpoint, codec, options, &events, told);
}

/**
 * micro_client_open_bytes_stream_sync:
 * @self: a client
 * @service: the service's name in the registry
 * @endpoint: `Say.Chat`, or a whole path
 * @codec: of the messages
 * @options: (nullable): otherwise all defaults, and no deadline
 *
 * Begins a stream for micro_stream_send_bytes_sync() and micro_stream_receive_bytes_sync().  Any
 * thread; does not wait for the peer.
 *
 * Returns: (transfer full): the stream
 */
MicroStream *
micro_client_open_bytes_stream_sync (MicroClient *self,
                                     const char *service,
                                     const char *endpoint,
                                     MicroCodec codec,
                                     const MicroCallOptions *options)
{
  return micro_client_open_bytes_stream (self, service, endpoint, codec, options, NULL, NULL);
}

/**
 * micro_stream_send_bytes:
 * @self: a stream of bytes
 * @message: a message
 *
 * Sends a message.  Any thread.  After the end, or micro_stream_end(), it is dropped.
 *
 * Returns: whether there is room for more; if not, wait for %MICRO_STREAM_WRITABLE
 */
gboolean
micro_stream_send_bytes (MicroStream *self, GBytes *message)
{
  g_return_val_if_fail (self != NULL && self->method == NULL, FALSE);
  return micro_stream_send (self, message);
}

/**
 * micro_stream_send_bytes_sync:
 * @self: a stream of bytes without a call-back
 * @message: a message
 *
 * Waits for room and sends.  Not on a loop thread.
 *
 * Returns: %FALSE when the call has ended; micro_stream_receive_bytes_sync() says why
 */
gboolean
micro_stream_send_bytes_sync (MicroStream *self, GBytes *message)
{
  g_return_val_if_fail (self != NULL && self->method == NULL, FALSE);
  return micro_stream_send_sync (self, message);
}

/**
 * micro_stream_receive_bytes_sync:
 * @self: a stream of bytes without a call-back
 * @error: return location
 *
 * Waits for a message or the end.  Not on a loop thread.
 *
 * Returns: (transfer full) (nullable): a message; %NULL without @error when the call has ended with
 *   OK
 */
GBytes *
micro_stream_receive_bytes_sync (MicroStream *self, GError **error)
{
  g_return_val_if_fail (self != NULL && self->method == NULL, NULL);
  return micro_stream_receive_sync (self, error);
}
