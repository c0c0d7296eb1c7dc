/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A client's side of a session: calls out, answers and their status in.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-client.h"
#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-session.h"
#include "grpc-thread.h"
#include "grpc-wire.h"

/* --- The end of a call --- */

/* A call whose status has come, and that is held with messages before it. */
static void
remember_waiting (GrpcCall *self)
{
  GrpcThread *thread = self->thread;

  self->owner = GRPC_LOST;
  self->previous = NULL;
  self->next = thread->waiting;
  if (thread->waiting != NULL)
    thread->waiting->previous = self;
  thread->waiting = self;
}

static void
forget_waiting (GrpcCall *self)
{
  if (self->owner != GRPC_LOST)
    return;
  self->owner = GRPC_SHARED;
  if (self->previous != NULL)
    self->previous->next = self->next;
  else
    self->thread->waiting = self->next;
  if (self->next != NULL)
    self->next->previous = self->previous;
}

/* @self has left its connection.  Tells the caller once, and frees. */
static void
client_call_ended (GrpcCall *self, MicroStatus status, const char *message)
{
  grpc_call_enter (self);
  self->owner = GRPC_OVER;
  self->head.events->closed (&self->head, status, message, self->out_details);
  grpc_call_leave (self);
}

/* The status that came in the trailers. */
static void
client_end (GrpcCall *self)
{
  const char *text = grpc_headers_get (&self->head, "grpc-message");
  const char *details = grpc_headers_get (&self->head, "grpc-status-details-bin");
  g_autofree char *message = text != NULL ? grpc_message_unescape (text, strlen (text)) : NULL;
  guint64 code;

  forget_waiting (self);
  if (strcmp (self->grpc_status, "0") == 0)
    code = MICRO_STATUS_OK;
  else if (!g_ascii_string_to_unsigned (self->grpc_status, 10, 0, MICRO_STATUS_UNAUTHENTICATED,
                                        &code, NULL))
    code = MICRO_STATUS_UNKNOWN;
  if (details != NULL)
    {
      gsize length = strlen (details);
      g_autofree char *padded = g_strconcat (details, &"==="[3 - (4 - length % 4) % 4], NULL);
      guchar *data = g_base64_decode (padded, &length);

      self->out_details = g_bytes_new_take (data, length);
    }
  if (code == MICRO_STATUS_OK && !grpc_framer_is_whole (&self->framer))
    client_call_ended (self, MICRO_STATUS_INTERNAL, "the answer ended inside a message");
  else
    client_call_ended (self, (MicroStatus) code, message);
}

/* Without a grpc-status: what HTTP and HTTP/2 say has to do. */
static void
end_without_trailers (GrpcCall *self, guint32 error_code)
{
  const char *type = self->content_type;
  g_autofree char *message = NULL;
  MicroCodec codec;

  if (error_code != NGHTTP2_NO_ERROR || !self->in_ended)
    {
      message
          = g_strdup_printf ("the peer reset the call: %s", nghttp2_http2_strerror (error_code));
      client_call_ended (self, grpc_status_from_http2 (error_code), message);
    }
  else if (self->http_status != 0 && self->http_status != 200)
    {
      message = g_strdup_printf ("the peer answered HTTP status %d, not gRPC", self->http_status);
      client_call_ended (self, micro_status_from_http (self->http_status), message);
    }
  else if (type == NULL || !grpc_content_type_parse (type, strlen (type), &codec))
    {
      g_autofree char *shown = micro_error_quote (type != NULL ? type : "");

      message = g_strdup_printf ("the peer answered content type “%s”, not gRPC", shown);
      client_call_ended (self, MICRO_STATUS_UNKNOWN, message);
    }
  else
    client_call_ended (self, MICRO_STATUS_INTERNAL, "the answer ended without a status");
}

static void
client_lose (GrpcCall *self, const char *problem)
{
  if (self->head.progress == MICRO_CALL_SENT)
    self->head.progress = MICRO_CALL_CUT_OFF;
  client_call_ended (self, MICRO_STATUS_UNAVAILABLE, problem);
}

static int
grpc_client_on_stream_close (nghttp2_session *session,
                             int32_t stream_id,
                             uint32_t error_code,
                             void *user_data)
{
  GrpcCall *self = nghttp2_session_get_stream_user_data (session, stream_id);
  if (self == NULL)
    return 0;
  grpc_call_detach (self);
  /* Reset so, or above the last that a GOAWAY names (RFC 9113, 8.7): no handler has seen it. */
  if (error_code == NGHTTP2_REFUSED_STREAM && self->receiving == GRPC_IN_NOTHING)
    self->head.progress = MICRO_CALL_DECLINED;
  if (self->receiving == GRPC_IN_REFUSED)
    client_call_ended (self, self->status, self->out_message);
  else if (!self->in_ended || self->grpc_status == NULL)
    end_without_trailers (self, error_code);
  else if (grpc_flow_may_end (self))
    client_end (self);
  else
    remember_waiting (self);
  return 0;
}

/* A connection that is closing takes no more calls; the next one gets what waited in here. */
static void
move_call (GrpcCall *self, const nghttp2_headers *headers)
{
  GrpcConnection *old = self->connection;
  GrpcConnection *connection = grpc_connect_get (self->thread, old->side, old->address);

  grpc_call_detach (self);
  grpc_call_attach (self, connection);
  grpc_request_submit_fields (self, headers->nva, headers->nvlen);
}

/* Its headers never left: the session is draining, or they are too large. */
static int
on_frame_not_send (nghttp2_session *session, const nghttp2_frame *frame, int code, void *user_data)
{
  GrpcConnection *connection = user_data;
  g_autofree char *message = NULL;
  GrpcCall *call = connection->calls;

  if (frame->hd.type != NGHTTP2_HEADERS)
    return 0;
  while (call != NULL && call->stream_id != frame->hd.stream_id)
    call = call->next;
  if (call == NULL)
    return 0;
  grpc_connection_disown (connection, frame->hd.stream_id);
  if (connection->closing && code == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED)
    {
      move_call (call, &frame->headers);
      return 0;
    }
  grpc_call_detach (call);
  if (code == NGHTTP2_ERR_FRAME_SIZE_ERROR) /* NGHTTP2_MAX_HEADERSLEN */
    {
      client_call_ended (call, MICRO_STATUS_RESOURCE_EXHAUSTED,
                         "the metadata of the call is too large: 64 KiB are sent at most");
      return 0;
    }
  message = g_strdup_printf ("the call could not be sent: %s", nghttp2_strerror (code));
  client_call_ended (call, MICRO_STATUS_UNAVAILABLE, message);
  return 0;
}

/* --- What arrives --- */

void
grpc_client_give_up (GrpcCall *self, MicroStatus status, const char *message)
{
  if (self->owner == GRPC_OVER || self->receiving == GRPC_IN_REFUSED)
    return;
  self->receiving = GRPC_IN_REFUSED;
  self->status = status;
  self->out_message = g_strdup (message);
  if (self->connection == NULL)
    {
      forget_waiting (self);
      client_call_ended (self, status, message);
      return;
    }
  grpc_connection_reset (self->connection, self->stream_id, NGHTTP2_CANCEL);
}

/* The peer has said its last, and wants to hear no more (RFC 9113, 8.1): nor does the caller. */
static void
end_early (GrpcConnection *connection, gint32 stream_id)
{
  if (nghttp2_session_get_stream_local_close (connection->session, stream_id) != 0)
    return;
  grpc_connection_reset (connection, stream_id, NGHTTP2_NO_ERROR);
  grpc_connection_flush_soon (connection);
}

static int
grpc_client_on_frame_recv (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcConnection *connection = user_data;
  GrpcCall *self;

  if (frame->hd.type == NGHTTP2_SETTINGS && !connection->greeted)
    {
      connection->greeted = TRUE;
      micro_loop_stop_timer (connection->thread->loop, &connection->timer);
      grpc_backoff_worked (connection->thread, connection->address);
    }
  if (frame->hd.type == NGHTTP2_GOAWAY)
    {
      connection->closing = TRUE;
      grpc_connection_retire (connection);
      grpc_keepalive_complaint (connection, &frame->goaway);
      return 0;
    }
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
    return 0;
  if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
    end_early (connection, frame->hd.stream_id);
  self = grpc_connection_find_call (connection, frame->hd.stream_id);
  if (self == NULL)
    return 0;
  if (frame->hd.type == NGHTTP2_DATA)
    {
      self->in_ended |= (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
      return 0;
    }
  if (self->http_status / 100 == 1)
    {
      grpc_headers_forget (self);
      return 0;
    }
  self->in_ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (self->receiving != GRPC_IN_NOTHING)
    return 0;
  self->receiving = GRPC_IN_BEGUN;
  connection->n_doubts = 0;
  /* An answer of trailers alone has no headers (PROTOCOL-HTTP2, "Trailers-Only"). */
  self->n_leading = self->in_ended ? 0 : grpc_headers_count (self);
  if (!self->in_ended)
    self->grpc_status = NULL; /* it stands in the last block or nowhere */
  if (!self->in_ended && self->head.events->headers != NULL)
    {
      grpc_call_enter (self);
      self->head.events->headers (&self->head);
      grpc_call_leave (self);
    }
  return 0;
}

static int
grpc_client_on_data_chunk (nghttp2_session *session,
                           uint8_t flags,
                           int32_t stream_id,
                           const uint8_t *data,
                           size_t length,
                           void *user_data)
{
  GrpcCall *self = grpc_connection_find_call (user_data, stream_id);

  if (self == NULL || self->receiving == GRPC_IN_REFUSED || self->http_status != 200)
    grpc_connection_check (user_data, nghttp2_session_consume (session, stream_id, length));
  else
    grpc_flow_receive (self, data, length);
  return 0;
}

static int
grpc_client_on_frame_send (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcCall *self;

  if (frame->hd.type != NGHTTP2_HEADERS)
    return 0;
  self = nghttp2_session_get_stream_user_data (session, frame->hd.stream_id);
  if (self == NULL)
    return 0;
  self->head.progress = MICRO_CALL_SENT;
  self->begun_us = micro_loop_get_time (self->head.loop);
  if (G_UNLIKELY (self->head.events->sent != NULL))
    self->head.events->sent (&self->head);
  return 0;
}

static nghttp2_session_callbacks *
client_callbacks (void)
{
  static nghttp2_session_callbacks *callbacks;

  if (g_once_init_enter (&callbacks))
    {
      nghttp2_session_callbacks *made;

      nghttp2_session_callbacks_new (&made);
      nghttp2_session_callbacks_set_on_header_callback2 (made, grpc_headers_on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback (made, grpc_client_on_frame_recv);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback (made, grpc_client_on_data_chunk);
      nghttp2_session_callbacks_set_on_frame_send_callback (made, grpc_client_on_frame_send);
      nghttp2_session_callbacks_set_on_frame_not_send_callback (made, on_frame_not_send);
      nghttp2_session_callbacks_set_send_data_callback (made, grpc_send_data);
      nghttp2_session_callbacks_set_on_stream_close_callback (made, grpc_client_on_stream_close);
      g_once_init_leave (&callbacks, made);
    }
  return callbacks;
}

const GrpcSide grpc_client_side = { .callbacks = client_callbacks,
                                    .failed = grpc_connect_failed,
                                    .freed = grpc_connect_freed,
                                    .end_call = client_end,
                                    .lose_call = client_lose,
                                    .refuse_call = grpc_client_give_up };

/* --- Making a call --- */

static void
client_half_close (MicroCall *call)
{
  grpc_outbox_end ((GrpcCall *) call);
}

static void
client_cancel (MicroCall *call)
{
  GrpcCall *self = (GrpcCall *) call;
  GrpcConnection *connection = self->connection;

  if (self->owner == GRPC_OVER)
    return;
  forget_waiting (self);
  if (connection != NULL)
    {
      grpc_connection_disown (connection, self->stream_id);
      grpc_connection_reset (connection, self->stream_id, NGHTTP2_CANCEL);
      if (call->progress == MICRO_CALL_SENT && micro_loop_get_time (call->loop) >= call->deadline_us
          && grpc_keepalive_doubt (connection, self->begun_us))
        grpc_life_look (connection);
      grpc_connection_flush_soon (connection);
    }
  grpc_call_doom (self);
}

static const MicroCallOps client_ops = {
  .begin_message = grpc_outbox_begin_message,
  .end_message = grpc_outbox_end_message,
  .half_close = client_half_close,
  .cancel = client_cancel,
  .get_header = grpc_headers_get,
  .foreach_header = grpc_headers_foreach,
  .hold = grpc_flow_hold,
  .get_peer = grpc_peer_get,
};

MicroCall *
grpc_client_open (GrpcThread *thread,
                  const MicroCallStart *start,
                  const MicroCallEvents *events,
                  gpointer user_data)
{
  GrpcConnection *connection = grpc_connect_get (thread, &grpc_client_side, start->address);
  GrpcCall *self = grpc_call_new (connection);

  self->owner = GRPC_SHARED;
  self->head.ops = &client_ops;
  self->head.events = events;
  self->head.user_data = user_data;
  self->head.codec = start->codec;
  self->head.deadline_us = start->deadline_us;
  self->head.streaming = start->streaming;
  self->head.compress = self->gzip_out = start->compress;
  if (start->max_receive_bytes != 0)
    self->max_receive_bytes = start->max_receive_bytes;
  grpc_request_submit (self, start);
  return &self->head;
}
