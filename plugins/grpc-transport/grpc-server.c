/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A server's side of a session: requests in, answers and trailers out.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "grpc-private.h"

#define NV(name_, value_, length_, flags_)                                                         \
  {                                                                                                \
    (uint8_t *) (name_), (uint8_t *) (value_), sizeof (name_) - 1, (length_),                      \
        NGHTTP2_NV_FLAG_NO_COPY_NAME | (flags_)                                                    \
  }
#define NV_STATIC(name_, value_)                                                                   \
  NV (name_, value_, sizeof (value_) - 1, NGHTTP2_NV_FLAG_NO_COPY_VALUE)

static const char *const status_texts[] = { "0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                            "9", "10", "11", "12", "13", "14", "15", "16" };

/* --- Answering
 * ------------------------------------------------------------------------------------ */

static nghttp2_nv
content_type_nv (GrpcCall *self)
{
  const char *value = self->content_type != NULL ? self->content_type : "application/grpc";

  /* No copy: the header lives as long as the call, and that until its stream has gone. */
  return (nghttp2_nv) NV ("content-type", value, strlen (value), NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

static gsize
fill_trailers (GrpcCall *self, nghttp2_nv *nv, char **ret_details)
{
  const char *status = status_texts[self->status];
  gsize n = 0;

  *ret_details = NULL;
  nv[n++] = (nghttp2_nv) NV ("grpc-status", status, strlen (status), NGHTTP2_NV_FLAG_NO_COPY_VALUE);
  if (self->out_message != NULL)
    nv[n++] = (nghttp2_nv) NV ("grpc-message", self->out_message, strlen (self->out_message),
                               NGHTTP2_NV_FLAG_NONE);
  if (self->out_details != NULL)
    {
      gsize length;
      const guchar *data = g_bytes_get_data (self->out_details, &length);

      *ret_details = g_base64_encode (data, length);
      nv[n++] = (nghttp2_nv) NV ("grpc-status-details-bin", *ret_details, strlen (*ret_details),
                                 NGHTTP2_NV_FLAG_NONE);
    }
  return n;
}

static ssize_t
read_answer (nghttp2_session *session,
             int32_t stream_id,
             uint8_t *buffer,
             size_t size,
             uint32_t *flags,
             nghttp2_data_source *source,
             void *user_data)
{
  GrpcCall *self = nghttp2_session_get_stream_user_data (session, stream_id);
  g_autofree char *details = NULL;
  nghttp2_nv nv[3];
  ssize_t n;

  (void) source;
  (void) user_data;
  if (self == NULL)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  n = grpc_call_read_out (self, buffer, size);
  if (self->out_length > 0)
    return n;
  if (!self->closed_by_core)
    {
      if (n > 0)
        return n;
      self->deferred = TRUE;
      return NGHTTP2_ERR_DEFERRED;
    }
  *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
  nghttp2_submit_trailer (session, stream_id, nv, fill_trailers (self, nv, &details));
  return n;
}

static void
submit_answer (GrpcCall *self)
{
  nghttp2_data_provider provider = { .read_callback = read_answer };
  nghttp2_session *session = self->connection->session;
  g_autofree char *details = NULL;
  nghttp2_nv nv[5] = { NV_STATIC (":status", "200"), content_type_nv (self) };

  self->submitted = TRUE;
  if (self->out_length > 0 || self->status == MICRO_STATUS_OK)
    nghttp2_submit_response (session, self->stream_id, nv, 2, &provider);
  else
    nghttp2_submit_response (session, self->stream_id, nv,
                             2 + fill_trailers (self, nv + 2, &details), NULL);
  grpc_connection_flush_soon (self->connection);
}

static void
server_close (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  GrpcCall *self = (GrpcCall *) call;

  self->closed_by_core = TRUE;
  if (self->stream_gone)
    {
      if (!self->in_dispatch)
        grpc_call_free (self, self->thread);
      return;
    }
  if (self->have_status)
    return;
  self->have_status = TRUE;
  self->status = MIN (status, MICRO_STATUS_UNAUTHENTICATED);
  if (message != NULL && message[0] != '\0')
    self->out_message = grpc_message_escape (message);
  if (details != NULL)
    self->out_details = g_bytes_ref (details);
  if (!self->submitted)
    submit_answer (self);
  else
    grpc_call_end_message (call);
}

static const MicroCallOps server_ops = {
  .begin_message = grpc_call_begin_message,
  .end_message = grpc_call_end_message,
  .close = server_close,
  .get_header = grpc_call_get_header,
};

/* The connection or the stream has gone before or after the answer. */
void
grpc_server_connection_lost (GrpcCall *self)
{
  self->stream_gone = TRUE;
  micro_loop_stop_timer (self->head.loop, &self->deadline);
  if (!self->dispatched)
    self->closed_by_core = TRUE;
  if (!self->closed_by_core)
    {
      self->in_dispatch = TRUE;
      self->head.events->closed (&self->head, MICRO_STATUS_CANCELLED, NULL, NULL);
      self->in_dispatch = FALSE;
    }
  if (self->closed_by_core)
    grpc_call_free (self, self->thread);
}

static void
deadline_expired (MicroLoopTimer *timer)
{
  GrpcCall *self = (GrpcCall *) ((char *) timer - G_STRUCT_OFFSET (GrpcCall, deadline));

  if (self->closed_by_core)
    return;
  self->have_status = TRUE;
  self->status = MICRO_STATUS_DEADLINE_EXCEEDED;
  self->out_message = grpc_message_escape ("the deadline passed before the handler answered");
  submit_answer (self);
  self->head.events->closed (&self->head, MICRO_STATUS_CANCELLED, NULL, NULL);
}

/* --- Requests
 * ------------------------------------------------------------------------------------- */

static int
on_begin_headers (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcConnection *self = user_data;
  GrpcCall *call;

  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  call = grpc_call_new (self, TRUE);
  call->head.ops = &server_ops;
  call->stream_id = frame->hd.stream_id;
  nghttp2_session_set_stream_user_data (session, frame->hd.stream_id, call);
  return 0;
}

static void
refuse_http (GrpcCall *call, const char *status)
{
  nghttp2_nv nv[] = { NV (":status", status, 3, NGHTTP2_NV_FLAG_NO_COPY_VALUE) };

  call->closed_by_core = TRUE;
  nghttp2_submit_response (call->connection->session, call->stream_id, nv, 1, NULL);
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
begin_call (GrpcConnection *self, GrpcCall *call)
{
  const char *type = call->content_type;
  const char *path = (const char *) nghttp2_rcbuf_get_buf (call->path).base;
  const char *encoding = call->grpc_encoding;

  if (type == NULL || !grpc_content_type_parse (type, strlen (type), &call->head.codec))
    {
      refuse_http (call, "415");
      return;
    }
  call->dispatched = TRUE;
  call->head.deadline_us = read_deadline (call);
  micro_router_dispatch (self->thread->router, &call->head, path);
  if (call->closed_by_core)
    return;
  if (call->head.deadline_us == G_MININT64)
    micro_call_fail (&call->head, MICRO_STATUS_INTERNAL,
                     "malformed grpc-timeout: it must be at most eight digits and one of HMSmun");
  else if (encoding != NULL && strcmp (encoding, "identity") != 0)
    micro_call_fail (&call->head, MICRO_STATUS_UNIMPLEMENTED,
                     "grpc-encoding “%.100s” is not supported: send identity", encoding);
}

static void
end_request (GrpcCall *call)
{
  call->half_closed = TRUE;
  if (!call->dispatched || call->closed_by_core)
    return;
  if (!grpc_framer_is_whole (&call->framer))
    {
      micro_call_fail (&call->head, MICRO_STATUS_INTERNAL, "the request ended inside a message");
      return;
    }
  call->head.events->half_closed (&call->head);
  /* A handler that answers at once needs no timer. */
  if (!call->closed_by_core && call->head.deadline_us != G_MAXINT64)
    {
      call->deadline.expired = deadline_expired;
      micro_loop_start_timer (call->head.loop, &call->deadline, call->head.deadline_us);
    }
}

static int
on_frame_recv (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcCall *call;

  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
    return 0;
  call = nghttp2_session_get_stream_user_data (session, frame->hd.stream_id);
  if (call == NULL)
    return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
    begin_call (user_data, call);
  if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
    end_request (call);
  return 0;
}

static void
deliver_message (GrpcCall *call, const guint8 *data, gsize length)
{
  if (!call->closed_by_core)
    call->head.events->message (&call->head, data, length);
}

static int
on_data_chunk (nghttp2_session *session,
               uint8_t flags,
               int32_t stream_id,
               const uint8_t *data,
               size_t length,
               void *user_data)
{
  GrpcCall *call = nghttp2_session_get_stream_user_data (session, stream_id);
  const char *message;
  MicroStatus status;

  (void) flags;
  (void) user_data;
  if (call == NULL || !call->dispatched || call->closed_by_core)
    return 0;
  if (!grpc_framer_feed (&call->framer, call, data, length, call->max_receive_bytes,
                         deliver_message, &status, &message)
      && !call->closed_by_core)
    micro_call_fail (&call->head, status, "%s (%u bytes came, %" G_GSIZE_FORMAT " are allowed)",
                     message, call->framer.length, call->max_receive_bytes);
  return 0;
}

/* The answer is whole but the request is not: the rest of it is not wanted (RFC 9113, 8.1). */
static int
on_frame_send (nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
  GrpcCall *call;

  (void) user_data;
  if (frame->hd.type != NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
    return 0;
  call = nghttp2_session_get_stream_user_data (session, frame->hd.stream_id);
  if (call != NULL && !call->half_closed)
    nghttp2_submit_rst_stream (session, 0, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  return 0;
}

static int
on_stream_close (nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user_data)
{
  GrpcCall *call = nghttp2_session_get_stream_user_data (session, stream_id);

  (void) error_code;
  (void) user_data;
  if (call == NULL)
    return 0;
  grpc_connection_forget_call (call->connection, call);
  grpc_server_connection_lost (call);
  return 0;
}

nghttp2_session_callbacks *
grpc_server_callbacks (void)
{
  static nghttp2_session_callbacks *callbacks;

  if (g_once_init_enter (&callbacks))
    {
      nghttp2_session_callbacks *made;

      nghttp2_session_callbacks_new (&made);
      nghttp2_session_callbacks_set_on_begin_headers_callback (made, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2 (made, grpc_connection_on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback (made, on_frame_recv);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback (made, on_data_chunk);
      nghttp2_session_callbacks_set_on_frame_send_callback (made, on_frame_send);
      nghttp2_session_callbacks_set_on_stream_close_callback (made, on_stream_close);
      g_once_init_leave (&callbacks, made);
    }
  return callbacks;
}
