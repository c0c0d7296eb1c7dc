/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A server's side of a session: requests in, answers and trailers out.
 */
#include "config.h"

#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-server.h"
#include "grpc-session.h"
#include "grpc-thread.h"
#include "grpc-wire.h"

/* Connections closed before free memory is worth giving back. */
#define TRIM_AFTER 64

/* The connection or the stream has gone before or after the answer. */
static void
server_lose (GrpcCall *self, const char *problem)
{
  micro_loop_stop_timer (self->head.loop, &self->deadline);
  if (self->owner != GRPC_SHARED)
    {
      grpc_call_doom (self);
      return;
    }
  self->owner = GRPC_LOST;
  grpc_thread_ref (self->thread);
  grpc_call_enter (self);
  self->head.events->closed (&self->head, MICRO_STATUS_CANCELLED, NULL, NULL);
  grpc_call_leave (self);
}

static void
expire (GrpcCall *self)
{
  if (self->owner != GRPC_SHARED || self->sending == GRPC_OUT_LAST)
    return;
  grpc_answer_late (self);
  self->head.events->closed (&self->head, MICRO_STATUS_CANCELLED, NULL, NULL);
}

static void
grpc_server_deadline_expired (MicroLoopTimer *timer)
{
  expire (MICRO_CONTAINER_OF (timer, GrpcCall, deadline));
}

/* --- Requests --- */

static int
on_begin_headers (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcConnection *self = user_data;
  GrpcCall *call;

  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  call = grpc_call_new (self);
  call->head.ops = &grpc_answer_ops;
  call->stream_id = frame->hd.stream_id;
  nghttp2_session_set_stream_user_data (session, frame->hd.stream_id, call);
  self->receives = call;
  self->receives_on = call->stream_id;
  return 0;
}

static void
grpc_server_start_deadline (GrpcCall *call)
{
  if (call->head.deadline_us == G_MAXINT64 || call->deadline.position != 0)
    return;
  call->deadline.expired = grpc_server_deadline_expired;
  micro_loop_start_timer (call->head.loop, &call->deadline, call->head.deadline_us);
}

static gint64
read_deadline (GrpcCall *call)
{
  const char *text = call->grpc_timeout;
  gint64 now = micro_loop_get_time (call->head.loop);
  gint64 us;

  if (text != NULL)
    return grpc_timeout_parse (text, strlen (text), &us) ? now + us : G_MININT64;
  text = call->micro_timeout; /* ns */
  if (text != NULL && g_ascii_isdigit (text[0]))
    return now + MIN (g_ascii_strtoll (text, NULL, 10) / 1000, G_MAXINT64 / 4);
  return G_MAXINT64;
}

static void
ignore (MicroCall *call)
{
}

static void
ignore_message (MicroCall *call, const guint8 *data, gsize length)
{
}

static void
grpc_server_ignore_end (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
}

/* Of a call that has been refused before anybody heard of it. */
static const MicroCallEvents ignored = { .message = ignore_message,
                                         .half_closed = ignore,
                                         .closed = grpc_server_ignore_end,
                                         .writable = ignore };

static void
grpc_server_begin_call (GrpcConnection *self, GrpcCall *call)
{
  const char *type = call->content_type;
  const char *encoding = call->grpc_encoding;

  /* doc/PROTOCOL-HTTP2.md: Request-Headers → Call-Definition → Method; CONNECT has no path. */
  if (!call->is_post || call->path == NULL || type == NULL
      || !grpc_content_type_parse (type, strlen (type), &call->head.codec))
    {
      grpc_refuse_later (call);
      return;
    }
  call->owner = GRPC_SHARED;
  call->head.deadline_us = read_deadline (call);
  call->head.events = &ignored;
  if (call->head.deadline_us == G_MININT64)
    micro_call_fail (&call->head, MICRO_STATUS_INTERNAL,
                     "malformed grpc-timeout: it must be at most eight digits and one of HMSmun");
  else if (encoding != NULL && strcmp (encoding, "identity") != 0 && strcmp (encoding, "gzip") != 0)
    {
      g_autofree char *quoted = micro_error_quote (encoding);

      micro_call_fail (&call->head, MICRO_STATUS_UNIMPLEMENTED,
                       "grpc-encoding “%s” is not supported: send gzip or identity", quoted);
    }
  else
    {
      micro_router_dispatch (self->router, &call->head,
                             (const char *) nghttp2_rcbuf_get_buf (call->path).base);
      if (call->owner == GRPC_SHARED && call->sending != GRPC_OUT_LAST)
        grpc_server_start_deadline (call);
    }
}

static void
server_end_request (GrpcCall *call)
{
  if (call->owner != GRPC_SHARED)
    return;
  if (!grpc_framer_is_whole (&call->framer))
    {
      micro_call_refuse (&call->head, MICRO_STATUS_INTERNAL, "the request ended inside a message");
      return;
    }
  if (grpc_budget_is_over (call))
    {
      micro_call_refuse (&call->head, MICRO_STATUS_RESOURCE_EXHAUSTED, "%s", grpc_budget_why ());
      return;
    }
  if (call->head.deadline_us <= micro_loop_get_time (call->head.loop))
    expire (call); /* before its timer has had a turn */
  else
    call->head.events->half_closed (&call->head);
}

static void
server_refuse (GrpcCall *call, MicroStatus status, const char *message)
{
  call->receiving = GRPC_IN_REFUSED;
  if (call->owner == GRPC_SHARED)
    micro_call_refuse (&call->head, status, "%s", message);
}

static void
take_other_frame (GrpcConnection *self, const nghttp2_frame *frame)
{
  const nghttp2_frame_hd *head = &frame->hd;
  gboolean ack = (head->flags & NGHTTP2_FLAG_ACK) != 0;

  self->greeted |= head->type == NGHTTP2_SETTINGS;
  if (head->type == NGHTTP2_PING && ack)
    grpc_end_answered (self, frame->ping.opaque_data);
  if (head->type == NGHTTP2_PING && !ack)
    grpc_pings_count (self);
  if ((head->type == NGHTTP2_SETTINGS && !ack) || head->type == NGHTTP2_PRIORITY
      || head->type == NGHTTP2_RST_STREAM)
    grpc_mischief_count (self);
}

/* Errors of a stream that its client has made (RFC 9113, 5.4.2). */
static gboolean
is_provoked (const nghttp2_frame *frame)
{
  guint32 code = frame->rst_stream.error_code;

  return frame->hd.type == NGHTTP2_RST_STREAM && code != NGHTTP2_NO_ERROR && code != NGHTTP2_CANCEL
         && code != NGHTTP2_REFUSED_STREAM;
}

static int
grpc_server_on_frame_recv (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcCall *call;

  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
    {
      take_other_frame (user_data, frame);
      return 0;
    }
  if (frame->hd.length == 0 && frame->hd.flags == NGHTTP2_FLAG_NONE)
    grpc_mischief_count (user_data);
  call = grpc_connection_find_call (user_data, frame->hd.stream_id);
  if (call == NULL)
    return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
    grpc_server_begin_call (user_data, call);
  if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
    {
      call->in_ended = TRUE;
      if (call->owner == GRPC_ARRIVING)
        grpc_refuse_request (call);
      else if (grpc_flow_may_end (call))
        server_end_request (call);
    }
  return 0;
}

static int
grpc_server_on_data_chunk (nghttp2_session *session,
                           uint8_t flags,
                           int32_t stream_id,
                           const uint8_t *data,
                           size_t length,
                           void *user_data)
{
  GrpcCall *call = grpc_connection_find_call (user_data, stream_id);

  if (call == NULL || call->owner != GRPC_SHARED)
    grpc_connection_check (user_data, nghttp2_session_consume (session, stream_id, length));
  else
    grpc_flow_receive (call, data, length);
  return 0;
}

/* The answer is whole but the request is not: the rest of it is not wanted (RFC 9113, 8.1). */
static int
grpc_server_on_frame_send (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcCall *call;

  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
    {
      if (frame->hd.type == NGHTTP2_GOAWAY)
        grpc_end_sent (user_data);
      if (is_provoked (frame))
        grpc_mischief_count (user_data);
      return 0;
    }
  ((GrpcConnection *) user_data)->answered_since_ping = TRUE;
  if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
    return 0;
  call = nghttp2_session_get_stream_user_data (session, frame->hd.stream_id);
  if (call != NULL && !call->in_ended)
    grpc_connection_reset (user_data, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  return 0;
}

/* An answer that cannot be said ends all the same. */
static int
grpc_server_on_frame_not_send (nghttp2_session *session,
                               const nghttp2_frame *frame,
                               int code,
                               void *user_data)
{
  if (frame->hd.type == NGHTTP2_HEADERS
      && nghttp2_session_get_stream_user_data (session, frame->hd.stream_id) != NULL)
    {
      g_info ("an answer could not be sent: %s", nghttp2_strerror (code));
      grpc_connection_reset (user_data, frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
    }
  return 0;
}

static int
grpc_server_on_stream_close (nghttp2_session *session,
                             int32_t stream_id,
                             uint32_t error_code,
                             void *user_data)
{
  GrpcCall *call = nghttp2_session_get_stream_user_data (session, stream_id);

  if (call == NULL)
    return 0;
  grpc_call_detach (call);
  server_lose (call, NULL);
  return 0;
}

static nghttp2_session_callbacks *
server_callbacks (void)
{
  static nghttp2_session_callbacks *callbacks;

  if (g_once_init_enter (&callbacks))
    {
      nghttp2_session_callbacks *made;

      nghttp2_session_callbacks_new (&made);
      nghttp2_session_callbacks_set_on_begin_headers_callback (made, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2 (made, grpc_headers_on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback (made, grpc_server_on_frame_recv);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback (made, grpc_server_on_data_chunk);
      nghttp2_session_callbacks_set_on_frame_send_callback (made, grpc_server_on_frame_send);
      nghttp2_session_callbacks_set_on_frame_not_send_callback (made,
                                                                grpc_server_on_frame_not_send);
      nghttp2_session_callbacks_set_send_data_callback (made, grpc_send_data);
      nghttp2_session_callbacks_set_on_stream_close_callback (made, grpc_server_on_stream_close);
      g_once_init_leave (&callbacks, made);
    }
  return callbacks;
}

/* --- Its connections --- */

static void
server_failed (GrpcConnection *self, const char *problem)
{
}

/* A session is 18 KiB of small blocks, which malloc would keep for ever after a crowd has left. */
static void
give_memory_back (GrpcThread *thread)
{
#ifdef HAVE_MALLOC_TRIM
  if (++thread->n_freed < TRIM_AFTER || thread->served.length > 0)
    return;
  thread->n_freed = 0;
  grpc_pool_empty (thread->pool);
  malloc_trim (0);
#else
#endif
}

static void
server_freed (GrpcConnection *self)
{
  grpc_thread_connection_gone (self->thread);
  give_memory_back (self->thread);
}

const GrpcSide grpc_server_side = { .server = TRUE,
                                    .callbacks = server_callbacks,
                                    .failed = server_failed,
                                    .freed = server_freed,
                                    .end_call = server_end_request,
                                    .lose_call = server_lose,
                                    .refuse_call = server_refuse };
