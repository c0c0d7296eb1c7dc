/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A caller's stream: messages out and in, from any thread, over the tries of a request.
 */
#include "config.h"

#include "call/call.h"
#include "client/attempt.h"
#include "client/stream.h"
#include "codec/unpack.h"

/**
 * micro_stream_ref:
 * @self: a stream
 *
 * Returns: (transfer full): @self
 */
MicroStream *
micro_stream_ref (MicroStream *self)
{
  micro_request_ref (&self->base);
  return self;
}

/**
 * micro_stream_unref:
 * @self: (transfer full): a stream
 *
 * Drops a reference.  The stream goes on until its end all the same.
 */
void
micro_stream_unref (MicroStream *self)
{
  micro_request_unref (&self->base);
}

G_DEFINE_BOXED_TYPE (MicroStream, micro_stream, micro_stream_ref, micro_stream_unref)

/* --- In --- */

static void
drop_message (MicroStream *self)
{
  micro_arena_clear (&self->arena);
  g_clear_pointer (&self->bytes, g_bytes_unref);
}

/* NULL: the stream has been ended with the reason. */
gpointer
micro_stream_unpack (MicroStream *self,
                     ProtobufCAllocator *allocator,
                     const guint8 *data,
                     gsize length)
{
  gpointer message = micro_unpack (self->method->response, allocator, length, data);
  g_autoptr (GError) error = NULL;

  if (message == NULL)
    {
      error = g_error_new (MICRO_ERROR, MICRO_STATUS_INTERNAL,
                           "%s: a message of %" G_GSIZE_FORMAT " bytes is not a %s",
                           self->base.path + 1, length, self->method->response->name);
      micro_request_end_answered (&self->base, error);
    }
  return message;
}

static void
stream_deliver (MicroStream *self, const guint8 *data, gsize length)
{
  ProtobufCAllocator allocator = micro_arena_get_allocator (&self->arena);
  MicroScope scope;
  gpointer message;

  if (self->method == NULL)
    message = self->bytes = g_bytes_new (data, length);
  else
    message = micro_stream_unpack (self, &allocator, data, length);
  if (message == NULL)
    return;
  micro_scope_enter (&scope, self->base.loop, NULL, self->base.context);
  self->events->message (self, message, self->user_data);
  micro_scope_leave (&scope, self->base.loop);
  if (!self->base.held)
    drop_message (self);
}

static void
stream_take_message (MicroStream *self, const guint8 *data, gsize length)
{
  gpointer message;

  micro_stream_ref (self);
  if (self->inbox == NULL)
    stream_deliver (self, data, length);
  else
    {
      message = self->method == NULL ? g_bytes_new (data, length)
                                     : micro_stream_unpack (self, NULL, data, length);
      if (message != NULL && micro_stream_inbox_put (self->inbox, message, length))
        micro_stream_hold (self);
    }
  micro_stream_unref (self);
}

static gboolean
wants_one_reply (MicroStream *self)
{
  return self->method != NULL && !(self->method->kind & MICRO_METHOD_SERVER_STREAM);
}

static void
stream_on_message (MicroCall *call, const guint8 *data, gsize length)
{
  MicroStream *self = (MicroStream *) micro_request_of (call);

  micro_stream_drop_outbox (self);
  self->n_received++;
  if (self->base.done)
    return;
  if (G_UNLIKELY (self->base.intercepted != NULL))
    micro_request_intercept_message (&self->base, FALSE, length);
  if (!wants_one_reply (self))
    stream_take_message (self, data, length);
  else if (self->n_received == 1)
    self->reply = g_bytes_new (data, length);
  else
    micro_request_end_doubled (&self->base);
}

static void
stream_on_headers (MicroCall *call)
{
  MicroStream *self = (MicroStream *) micro_request_of (call);
  MicroScope scope;

  micro_stream_drop_outbox (self);
  if (self->base.done || self->inbox != NULL || self->events->headers == NULL)
    return;
  micro_scope_enter (&scope, self->base.loop, NULL, self->base.context);
  self->events->headers (self, self->user_data);
  micro_scope_leave (&scope, self->base.loop);
}

static void
on_writable (MicroCall *call)
{
  MicroStream *self = (MicroStream *) micro_request_of (call);

  micro_stream_look_for_room (self);
  micro_stream_ref (self);
  micro_stream_tell_writable (self);
  micro_stream_unref (self);
}

static const MicroCallEvents call_events = {
  .message = stream_on_message,
  .closed = micro_attempt_closed,
  .writable = on_writable,
  .headers = stream_on_headers,
  .sent = micro_attempt_sent,
};

/* --- The request --- */

static void
stream_opened (MicroRequest *request, MicroCall *call)
{
  MicroStream *self = (MicroStream *) request;

  micro_stream_repeat_outbox (self);
  micro_stream_look_for_room (self);
  micro_stream_tell_writable (self);
}

static gboolean
may_repeat (MicroRequest *request)
{
  return ((MicroStream *) request)->outbox != NULL;
}

static const char *
stream_check (MicroRequest *request)
{
  MicroStream *self = (MicroStream *) request;

  if (!wants_one_reply (self))
    return NULL;
  if (self->n_received == 0)
    return "the answer has no message";
  stream_take_message (self, g_bytes_get_data (self->reply, NULL), g_bytes_get_size (self->reply));
  return NULL;
}

static void
stream_ended (MicroRequest *request, const GError *error)
{
  MicroStream *self = (MicroStream *) request;

  if (self->inbox != NULL)
    micro_stream_inbox_close (self->inbox, error);
  else
    self->events->closed (self, error, self->user_data);
}

static void
stream_clear (MicroRequest *request)
{
  MicroStream *self = (MicroStream *) request;

  micro_stream_drop_outbox (self);
  drop_message (self);
  g_clear_pointer (&self->reply, g_bytes_unref);
  if (self->inbox != NULL)
    micro_stream_inbox_free (self->inbox, self->method == NULL);
}

static const MicroRequestFuncs funcs = {
  .events = &call_events,
  .streaming = TRUE,
  .opened = stream_opened,
  .may_repeat = may_repeat,
  .check = stream_check,
  .ended = stream_ended,
  .clear = stream_clear,
};

static MicroStream *
open_stream (MicroClient *client,
             const char *service,
             char *path,
             MicroCodec codec,
             const MicroMethod *method,
             const MicroCallOptions *options,
             const MicroStreamEvents *events,
             gpointer user_data)
{
  MicroStream *self = g_new0 (MicroStream, 1);

  micro_request_init (&self->base, &funcs, client, service, path, codec, 0, options);
  self->method = method;
  self->events = events;
  self->user_data = user_data;
  self->inbox = events == NULL ? micro_stream_inbox_new () : NULL;
  self->compress = options != NULL && options->compress;
  micro_stream_init_outbox (self);
  micro_request_start (&self->base, NULL);
  return self;
}

/**
 * micro_client_open_stream: (skip)
 * @self: a client
 * @service: the service's name in the registry
 * @method: what to call, of any kind
 * @options: (nullable): otherwise all defaults, and no deadline
 * @events: (nullable): what to do with what arrives; must outlive the stream; %NULL for the
 *   blocking calls
 * @user_data: for @events
 *
 * Begins a stream.  Any thread; on a loop thread the stream stays there, and `closed` may run
 * before this returns if it cannot even begin.
 *
 * Returns: (transfer full): the stream
 */
MicroStream *
micro_client_open_stream (MicroClient *self,
                          const char *service,
                          const MicroMethod *method,
                          const MicroCallOptions *options,
                          const MicroStreamEvents *events,
                          gpointer user_data)
{
  g_return_val_if_fail (MICRO_IS_CLIENT (self) && service != NULL && method != NULL, NULL);
  return open_stream (self, service, micro_client_method_path (service, method, options),
                      MICRO_CODEC_PROTO, method, options, events, user_data);
}

/**
 * micro_client_open_bytes_stream: (skip)
 * @self: a client
 * @service: the service's name in the registry
 * @endpoint: `Say.Chat`, or a whole path
 * @codec: of the messages
 * @options: (nullable): otherwise all defaults, and no deadline
 * @events: (nullable): likewise; messages are GBytes
 * @user_data: for @events
 *
 * Begins a stream without generated code.
 *
 * Returns: (transfer full): the stream
 */
MicroStream *
micro_client_open_bytes_stream (MicroClient *self,
                                const char *service,
                                const char *endpoint,
                                MicroCodec codec,
                                const MicroCallOptions *options,
                                const MicroStreamEvents *events,
                                gpointer user_data)
{
  g_return_val_if_fail (MICRO_IS_CLIENT (self) && endpoint != NULL, NULL);
  return open_stream (self, service, micro_client_make_path (service, endpoint), codec, NULL,
                      options, events, user_data);
}

/* --- Holding, giving up, headers --- */

/**
 * micro_stream_hold:
 * @self: a stream
 *
 * Takes no further message until micro_stream_resume(); the one in hand lives until then.  The
 * peer is slowed down by HTTP/2's flow control.  Only on the stream's loop thread.
 */
void
micro_stream_hold (MicroStream *self)
{
  MicroCall *call = micro_request_get_call (&self->base);

  if (self->base.held || self->base.done)
    return;
  self->base.held = TRUE;
  if (call != NULL)
    call->ops->hold (call, TRUE);
}

static void
resume (gpointer user_data)
{
  MicroStream *self = user_data;
  MicroCall *call = micro_request_get_call (&self->base);

  if (self->base.held)
    {
      self->base.held = FALSE;
      drop_message (self);
      if (!self->base.done && call != NULL)
        call->ops->hold (call, FALSE);
    }
  micro_stream_unref (self);
}

/**
 * micro_stream_resume:
 * @self: a stream that is held
 *
 * Takes messages again, in the loop's next turn at the earliest.  Any thread.
 */
void
micro_stream_resume (MicroStream *self)
{
  g_return_if_fail (self != NULL);
  micro_stream_ref (self);
  if (micro_loop_get_current () == self->base.loop)
    resume (self);
  else
    micro_loop_post (self->base.loop, resume, self);
}

static void
stream_cancel (gpointer user_data)
{
  MicroStream *self = user_data;
  g_autoptr (GError) error
      = g_error_new_literal (MICRO_ERROR, MICRO_STATUS_CANCELLED, "the caller gave up");

  micro_request_end (&self->base, error);
  micro_stream_unref (self);
}

/**
 * micro_stream_cancel:
 * @self: a stream
 *
 * Gives up: `closed` follows with CANCELLED, unless the stream has ended.  Any thread; on the
 * stream's own it runs before this returns.
 */
void
micro_stream_cancel (MicroStream *self)
{
  g_return_if_fail (self != NULL);
  micro_stream_ref (self);
  if (micro_loop_get_current () == self->base.loop)
    stream_cancel (self);
  else
    micro_loop_post (self->base.loop, stream_cancel, self);
}

/**
 * micro_stream_is_compressed:
 * @self: a stream
 *
 * Returns: whether the message in hand came compressed.  Only in the `message` event.
 */
gboolean
micro_stream_is_compressed (MicroStream *self)
{
  MicroCall *call = micro_request_get_call (&self->base);

  return call != NULL && call->was_compressed;
}

/**
 * micro_stream_get_header:
 * @self: a stream
 * @name: lower-case
 *
 * Returns: (nullable) (transfer none): the first header or, in `closed`, trailer of that name the
 *   peer sent; lives as long as the event it was asked in
 */
const char *
micro_stream_get_header (MicroStream *self, const char *name)
{
  MicroCall *call = micro_request_get_call (&self->base);

  return call != NULL ? call->ops->get_header (call, name) : NULL;
}

/**
 * micro_stream_foreach_header:
 * @self: a stream
 * @trailers: those that came after the messages
 * @callback: (scope call): sees each
 * @user_data: for @callback
 *
 * In events only.
 */
void
micro_stream_foreach_header (MicroStream *self,
                             gboolean trailers,
                             MicroHeaderFunc callback,
                             gpointer user_data)
{
  MicroCall *call = micro_request_get_call (&self->base);

  if (call != NULL)
    call->ops->foreach_header (call, trailers, callback, user_data);
}
