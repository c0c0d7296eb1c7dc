/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call being served: what arrives, on its way to the handler.
 */
#include "config.h"

#include <protobuf-c/protobuf-c.h>

#include "call/arena.h"
#include "call/call.h"
#include "call/context.h"
#include "codec/unpack.h"
#include <micro/micro-codec.h>

#define PATIENCE_US 5000

/* NULL: the call has been answered with the reason. */
static gpointer
unpack_message (MicroCall *call, MicroArena *arena, const guint8 *data, gsize length)
{
  const ProtobufCMessageDescriptor *descriptor = call->method->request;
  ProtobufCAllocator allocator = micro_arena_get_allocator (arena);
  g_autoptr (GError) error = NULL;
  gpointer message;

  if (G_UNLIKELY (call->intercepted != NULL))
    micro_interceptors_message (call, FALSE, length);
  if (call->route->bytes_handler != NULL)
    return g_bytes_new (data, length);
  if (call->codec == MICRO_CODEC_JSON)
    {
      message = micro_codec_from_json (descriptor, (const char *) data, length, &allocator, &error);
      if (message == NULL)
        micro_call_refuse (call, micro_error_get_status (error), "%s", error->message);
      return message;
    }
  message = micro_unpack (descriptor, &allocator, length, data);
  if (message == NULL)
    micro_call_refuse (call, MICRO_STATUS_INVALID_ARGUMENT,
                       "the request is not a %s: its %" G_GSIZE_FORMAT " bytes do not parse",
                       descriptor->name, length);
  return message;
}

/* --- One request: unary calls and server streams --- */

static void
serve_take_request (MicroCall *call, const guint8 *data, gsize length)
{
  if (call->state != MICRO_CALL_ARRIVING)
    return;
  if (call->request != NULL)
    micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED,
                     "%s takes one request message, and a second came", call->route->path);
  else
    call->request = unpack_message (call, &call->arena, data, length);
}

static void
run_handler (MicroCall *call, gconstpointer request)
{
  const MicroRoute *route = call->route;
  MicroLoop *loop = call->loop;
  MicroScope scope;

  call->state = MICRO_CALL_HANDLED;
  micro_scope_enter (&scope, loop, call, NULL);
  if (route->bytes_handler != NULL)
    {
      /* A binding looks at what it was shown once more when the handler has returned. */
      GBytes *bytes = request != NULL ? g_bytes_ref ((GBytes *) request) : NULL;

      micro_call_ref (call);
      route->bytes_handler (call, bytes, route->user_data);
      micro_call_unref (call);
      g_clear_pointer (&bytes, g_bytes_unref);
    }
  else
    route->handler (call, request, route->user_data);
  micro_scope_leave (&scope, loop);
}

/* Tells the handler of a stream; @message NULL: nothing more comes. */
static void
run_stream (MicroCall *call, gconstpointer message)
{
  MicroLoop *loop = call->loop;
  MicroScope scope;

  micro_scope_enter (&scope, loop, call, NULL);
  if (message == NULL && call->stream->ended != NULL)
    call->stream->ended (call, call->stream_data);
  else if (message != NULL && call->stream->message != NULL)
    call->stream->message (call, message, call->stream_data);
  micro_scope_leave (&scope, loop);
}

static void
start_handler (MicroCall *call)
{
  const MicroRoute *route = call->route;

  if (call->state != MICRO_CALL_ARRIVING)
    return;
  if (call->request == NULL)
    micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED,
                     "%s takes one request message, and none came", route->path);
  else
    run_handler (call, call->request);
}

/* Tells the handler once that the caller has gone, or is as good as gone. */
static void
serve_cancel (MicroCall *call)
{
  MicroContext *context = call->context != NULL ? micro_context_ref (call->context) : NULL;
  gboolean handled = call->state == MICRO_CALL_HANDLED;

  call->state = MICRO_CALL_LOST;
  /* Its handler may end it when the loop's thread and the server have gone. */
  micro_loop_ref (call->loop);
  g_object_ref (call->route->router);
  if (handled && call->stream != NULL)
    call->stream->cancelled (call, call->stream_data);
  /* Before the handler has run nobody else would. */
  else if (!handled)
    micro_call_finish (call, MICRO_STATUS_CANCELLED, "the caller has gone", NULL);
  /* What the handler waits for ends, so that it can. */
  if (context != NULL)
    {
      micro_context_cancel (context);
      micro_context_unref (context);
    }
}

static void
lose_caller (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  if (call->state > MICRO_CALL_HANDLED)
    return;
  if (call->intercepted != NULL)
    micro_interceptors_end (call, MICRO_STATUS_CANCELLED, "the caller has gone");
  serve_cancel (call);
}

/**
 * micro_call_refuse: (skip)
 * @self: a served call
 * @status: why, not %MICRO_STATUS_OK
 * @format: one sentence for the caller, as for printf()
 * @...: its arguments
 *
 * For what arrives and cannot be taken.  The call ends with @status: at once when no handler has it
 * in hand; else when the handler, which is told that the call is cancelled, has ended it.  After
 * that nothing more of it is delivered.  On the call's loop thread.
 */
void
micro_call_refuse (MicroCall *self, MicroStatus status, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  if (self->state > MICRO_CALL_HANDLED)
    return;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  micro_call_set_refusal (self, status, text);
  if (self->intercepted != NULL)
    micro_interceptors_end (self, self->refusal->status, self->refusal->text);
  serve_cancel (self);
}

static void
serve_go_on (MicroCall *call)
{
  if (call->state == MICRO_CALL_HANDLED && call->stream != NULL && call->stream->writable != NULL)
    call->stream->writable (call, call->stream_data);
}

const MicroCallEvents micro_serve_one_request = {
  .message = serve_take_request,
  .half_closed = start_handler,
  .closed = lose_caller,
  .writable = serve_go_on,
};

/* --- One request, many answers ---
 *
 * go-micro's clients do not say that their one request was the last, and wait for answers. */

typedef struct
{
  MicroLoopTimer timer;
  MicroCall *call;
} Patience;

static void
patience_ends (MicroLoopTimer *timer)
{
  MicroCall *call = ((Patience *) timer)->call;

  call->patience = NULL;
  start_handler (call);
}

static void
take_only_request (MicroCall *call, const guint8 *data, gsize length)
{
  Patience *patience;

  serve_take_request (call, data, length);
  if (call->state != MICRO_CALL_ARRIVING)
    return;
  patience = micro_call_alloc (call, sizeof *patience);
  *patience = (Patience){ { .expired = patience_ends }, call };
  call->patience = &patience->timer;
  micro_loop_start_timer (call->loop, &patience->timer, g_get_monotonic_time () + PATIENCE_US);
}

static void
end_patience (MicroCall *call)
{
  if (call->patience != NULL)
    micro_loop_stop_timer (call->loop, call->patience);
  call->patience = NULL;
  start_handler (call);
}

static const MicroCallEvents one_request_many_answers = {
  .message = take_only_request,
  .half_closed = end_patience,
  .closed = lose_caller,
  .writable = serve_go_on,
};

/* --- Many requests: client streams and both ways --- */

static void
serve_take_message (MicroCall *call, const guint8 *data, gsize length)
{
  gboolean bytes = call->route->bytes_handler != NULL;
  gpointer message;

  /* A handler that did not ask for messages answers without them. */
  if (call->state != MICRO_CALL_HANDLED || call->stream == NULL)
    return;
  message = unpack_message (call, &call->message_arena, data, length);
  if (message != NULL)
    run_stream (call, message);
  if (G_UNLIKELY (bytes))
    g_bytes_unref (message);
  if (!call->held)
    micro_arena_clear (&call->message_arena);
}

static void
end_messages (MicroCall *call)
{
  if (call->state == MICRO_CALL_HANDLED && call->stream != NULL)
    run_stream (call, NULL);
}

static const MicroCallEvents many_requests = {
  .message = serve_take_message,
  .half_closed = end_messages,
  .closed = lose_caller,
  .writable = serve_go_on,
};

void
micro_serve (MicroCall *call)
{
  const MicroRoute *route = call->route;

  call->streaming = route->method->kind != MICRO_METHOD_UNARY;
  if (route->interceptors != NULL)
    {
      micro_interceptors_start (route->interceptors, call);
      if (call->state == MICRO_CALL_ENDED)
        return;
    }
  if (route->method->kind & MICRO_METHOD_CLIENT_STREAM)
    {
      call->events = &many_requests;
      run_handler (call, NULL);
    }
  else if (route->method->kind == MICRO_METHOD_SERVER_STREAM)
    call->events = &one_request_many_answers;
  else
    call->events = &micro_serve_one_request;
}
