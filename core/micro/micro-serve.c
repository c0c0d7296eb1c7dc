/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call being served: what arrives, on its way to the handler.
 */
#include "config.h"

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-arena-private.h>
#include <micro/micro-call-private.h>
#include <micro/micro-codec.h>
#include <micro/micro-unpack-private.h>

/* NULL: the call has been answered with the reason. */
static gpointer
unpack_message (MicroCall *call, MicroArena *arena, const guint8 *data, gsize length)
{
  const ProtobufCMessageDescriptor *descriptor = call->method->request;
  ProtobufCAllocator allocator = micro_arena_get_allocator (arena);
  g_autoptr (GError) error = NULL;
  gpointer message;

  if (call->codec == MICRO_CODEC_JSON)
    {
      message = micro_codec_from_json (descriptor, (const char *) data, length, &allocator, &error);
      if (message == NULL)
        micro_call_fail_error (call, error);
      return message;
    }
  message = micro_unpack (descriptor, &allocator, length, data);
  if (message == NULL)
    micro_call_fail (call, MICRO_STATUS_INVALID_ARGUMENT,
                     "the request is not a %s: its %" G_GSIZE_FORMAT " bytes do not parse",
                     descriptor->name, length);
  return message;
}

/* --- One request: unary calls and server streams ------------------------------------------------
 */

static void
take_request (MicroCall *call, const guint8 *data, gsize length)
{
  if (call->answered)
    return;
  if (call->request != NULL)
    micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED,
                     "%s takes one request message, and a second came", call->route->path);
  else
    call->request = unpack_message (call, &call->arena, data, length);
}

static void
start_handler (MicroCall *call)
{
  const MicroRoute *route = call->route;

  if (call->answered)
    return;
  if (call->request == NULL)
    micro_call_fail (call, MICRO_STATUS_UNIMPLEMENTED,
                     "%s takes one request message, and none came", route->path);
  else
    route->handler (call, call->request, route->user_data);
}

static void
lose_caller (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  (void) status;
  (void) message;
  (void) details;
  call->cancelled = TRUE;
  if (call->answered)
    return;
  if (call->stream != NULL && call->stream->cancelled != NULL)
    call->stream->cancelled (call, call->stream_data);
  /* Before the handler has run, or when it only answers what arrives, nobody else would. */
  else if (call->stream != NULL
           || (call->request == NULL && !(call->method->kind & MICRO_METHOD_CLIENT_STREAM)))
    micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
}

static void
go_on (MicroCall *call)
{
  if (!call->answered && call->stream != NULL && call->stream->writable != NULL)
    call->stream->writable (call, call->stream_data);
}

const MicroCallEvents micro_serve_one_request = {
  .message = take_request,
  .half_closed = start_handler,
  .closed = lose_caller,
  .writable = go_on,
};

/* --- Many requests: client streams and both ways ------------------------------------------------
 */

static void
take_message (MicroCall *call, const guint8 *data, gsize length)
{
  gpointer message;

  /* A handler that did not ask for messages answers without them. */
  if (call->answered || call->stream == NULL)
    return;
  message = unpack_message (call, &call->message_arena, data, length);
  if (message != NULL)
    call->stream->message (call, message, call->stream_data);
  if (!call->held)
    micro_arena_clear (&call->message_arena);
}

static void
end_messages (MicroCall *call)
{
  if (!call->answered && call->stream != NULL)
    call->stream->ended (call, call->stream_data);
}

static const MicroCallEvents many_requests = {
  .message = take_message,
  .half_closed = end_messages,
  .closed = lose_caller,
  .writable = go_on,
};

void
micro_serve (MicroCall *call)
{
  const MicroRoute *route = call->route;

  call->streaming = route->method->kind != MICRO_METHOD_UNARY;
  if (route->method->kind & MICRO_METHOD_CLIENT_STREAM)
    {
      call->events = &many_requests;
      route->handler (call, NULL, route->user_data);
    }
  else
    call->events = &micro_serve_one_request;
}
