/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a server sends of a call: headers, messages, trailers.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-server.h"
#include "grpc-wire.h"

#define NV(name_, value_, length_, flags_)                                                         \
  {                                                                                                \
    (uint8_t *) (name_), (uint8_t *) (value_), sizeof (name_) - 1, (length_),                      \
        NGHTTP2_NV_FLAG_NO_COPY_NAME | (flags_)                                                    \
  }
#define NV_STATIC(name_, value_)                                                                   \
  NV (name_, value_, sizeof (value_) - 1, NGHTTP2_NV_FLAG_NO_COPY_VALUE)
/* Of ours: status, type, two of encoding, three of trailers. */
#define N_OWN 7

static const char *const status_texts[] = { "0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                            "9", "10", "11", "12", "13", "14", "15", "16" };

/**
 * Fields:
 *
 * Header fields on their way to nghttp2: inline unless the handler has added many.
 */
typedef struct
{
  nghttp2_nv *list;
  gsize n;
  char *details; /* base64, to be freed */
  nghttp2_nv inline_list[N_OWN];
} Fields;

static void
fields_init (Fields *self, const GPtrArray *headers, const GPtrArray *trailers)
{
  gsize n_extra
      = (headers != NULL ? headers->len / 2 : 0) + (trailers != NULL ? trailers->len / 2 : 0);

  self->n = 0;
  self->details = NULL;
  self->list = n_extra == 0 ? self->inline_list : g_new (nghttp2_nv, N_OWN + n_extra);
}

static void
fields_clear (Fields *self)
{
  g_free (self->details);
  if (self->list != self->inline_list)
    g_free (self->list);
}

static void
add_extra (Fields *self, const GPtrArray *pairs)
{
  for (guint i = 0; pairs != NULL && i + 1 < pairs->len; i += 2)
    {
      const char *name = pairs->pdata[i];
      const char *value = pairs->pdata[i + 1];

      self->list[self->n++] = (nghttp2_nv){ (uint8_t *) name, (uint8_t *) value, strlen (name),
                                            strlen (value), NGHTTP2_NV_FLAG_NONE };
    }
}

static void
add_headers (Fields *self, GrpcCall *call)
{
  const char *type = call->content_type != NULL ? call->content_type : "application/grpc";

  self->list[self->n++] = (nghttp2_nv) NV_STATIC (":status", "200");
  /* No copy: the header lives as long as the call, and that until its stream has gone. */
  self->list[self->n++]
      = (nghttp2_nv) NV ("content-type", type, strlen (type), NGHTTP2_NV_FLAG_NO_COPY_VALUE);
  if (call->gzip_out)
    self->list[self->n++] = (nghttp2_nv) NV_STATIC ("grpc-encoding", "gzip");
  if (call->status == MICRO_STATUS_UNIMPLEMENTED && call->grpc_encoding != NULL)
    self->list[self->n++] = (nghttp2_nv) NV_STATIC ("grpc-accept-encoding", "identity,gzip");
  add_extra (self, call->out_headers);
}

static void
add_trailers (Fields *self, GrpcCall *call)
{
  const char *status = status_texts[call->status];

  self->list[self->n++]
      = (nghttp2_nv) NV ("grpc-status", status, strlen (status), NGHTTP2_NV_FLAG_NO_COPY_VALUE);
  if (call->out_message != NULL)
    self->list[self->n++] = (nghttp2_nv) NV ("grpc-message", call->out_message,
                                             strlen (call->out_message), NGHTTP2_NV_FLAG_NONE);
  if (call->out_details != NULL)
    {
      gsize length;
      const guchar *data = g_bytes_get_data (call->out_details, &length);

      /* Without padding (PROTOCOL-HTTP2, Binary-Header). */
      self->details = g_base64_encode (data, length);
      g_strdelimit (self->details, "=", '\0');
      self->list[self->n++] = (nghttp2_nv) NV ("grpc-status-details-bin", self->details,
                                               strlen (self->details), NGHTTP2_NV_FLAG_NONE);
    }
  add_extra (self, call->out_trailers);
}

static void
submit_trailers (GrpcCall *self)
{
  Fields fields;

  fields_init (&fields, NULL, self->out_trailers);
  add_trailers (&fields, self);
  grpc_connection_check (
      self->connection,
      nghttp2_submit_trailer (self->connection->session, self->stream_id, fields.list, fields.n));
  fields_clear (&fields);
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
  gsize n;

  if (self == NULL)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  n = grpc_outbox_offer (self, size, flags);
  if (n < grpc_outbox_get_unsent (self))
    return (ssize_t) n;
  if (self->sending == GRPC_OUT_LAST)
    {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers (self);
      return (ssize_t) n;
    }
  if (n > 0)
    return (ssize_t) n;
  self->sending = GRPC_OUT_IDLE;
  return NGHTTP2_ERR_DEFERRED;
}

/* Says grpc-encoding, if it is to be said: before the headers leave. */
static void
choose_encoding (GrpcCall *self)
{
  if (self->head.compress && grpc_list_has (self->grpc_accept_encoding, "gzip"))
    self->gzip_out = TRUE;
}

static void
submit_answer (GrpcCall *self)
{
  nghttp2_data_provider provider = { .read_callback = read_answer };
  gboolean only_trailers = self->sending == GRPC_OUT_LAST && self->status != MICRO_STATUS_OK
                           && self->out_length == 0 && self->out_headers == NULL;
  Fields fields;

  choose_encoding (self);
  if (self->out_headers != NULL && !grpc_fit_headers (self))
    grpc_outbox_end (self);
  if (self->sending == GRPC_OUT_UNSENT)
    self->sending = GRPC_OUT_OPEN;
  fields_init (&fields, self->out_headers, only_trailers ? self->out_trailers : NULL);
  add_headers (&fields, self);
  if (only_trailers)
    add_trailers (&fields, self);
  grpc_connection_check (self->connection,
                         nghttp2_submit_response (self->connection->session, self->stream_id,
                                                  fields.list, fields.n,
                                                  only_trailers ? NULL : &provider));
  fields_clear (&fields);
  grpc_connection_flush_soon (self->connection);
}

static void
set_status (GrpcCall *self, MicroStatus status, const char *message, GBytes *details)
{
  gboolean begun = self->sending != GRPC_OUT_UNSENT;

  self->status = MIN (status, MICRO_STATUS_UNAUTHENTICATED);
  if (message != NULL || details != NULL || self->out_trailers != NULL)
    grpc_fit_status (self, message, details);
  grpc_outbox_end (self);
  if (!begun)
    submit_answer (self);
}

/* --- What the core says --- */

static void
answer_finish (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  GrpcCall *self = (GrpcCall *) call;
  GrpcThread *thread = self->thread;

  if (self->owner == GRPC_LOST)
    {
      grpc_call_doom (self);
      grpc_thread_unref (thread);
      return;
    }
  self->owner = GRPC_LEAVING;
  if (self->sending != GRPC_OUT_LAST)
    set_status (self, status, message, details);
}

static guint8 *
answer_begin_message (MicroCall *call, gsize size)
{
  GrpcCall *self = (GrpcCall *) call;

  if (self->sending == GRPC_OUT_UNSENT)
    choose_encoding (self);
  return grpc_outbox_begin_message (call, size);
}

/* A unary answer leaves whole, when its status is known. */
static void
answer_end_message (MicroCall *call)
{
  GrpcCall *self = (GrpcCall *) call;

  grpc_outbox_end_message (call);
  if (call->streaming && self->sending == GRPC_OUT_UNSENT && self->owner == GRPC_SHARED)
    submit_answer (self);
}

static void
answer_add_header (MicroCall *call, gboolean trailer, const char *name, const char *value)
{
  GrpcCall *self = (GrpcCall *) call;
  GPtrArray **pairs = trailer ? &self->out_trailers : &self->out_headers;

  if (*pairs == NULL)
    *pairs = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (*pairs, g_strdup (name));
  g_ptr_array_add (*pairs, g_strdup (value));
}

static void
answer_send_headers (MicroCall *call)
{
  GrpcCall *self = (GrpcCall *) call;

  if (self->sending == GRPC_OUT_UNSENT && self->owner == GRPC_SHARED)
    submit_answer (self);
}

const MicroCallOps grpc_answer_ops = {
  .begin_message = answer_begin_message,
  .end_message = answer_end_message,
  .finish = answer_finish,
  .get_header = grpc_headers_get,
  .foreach_header = grpc_headers_foreach,
  .add_header = answer_add_header,
  .send_headers = answer_send_headers,
  .hold = grpc_flow_hold,
  .get_peer = grpc_peer_get,
};

/* The deadline has passed: what waits to be sent is late. */
void
grpc_answer_late (GrpcCall *self)
{
  nghttp2_session *session = self->connection->session;
  gboolean begun = self->sending != GRPC_OUT_UNSENT;
  g_autoptr (GBytes) details = NULL;
  g_autofree char *message
      = micro_call_explain (&self->head, MICRO_STATUS_DEADLINE_EXCEEDED,
                            "the deadline passed before the handler answered", &details);

  self->out_length = self->out_sent = 0;
  set_status (self, MICRO_STATUS_DEADLINE_EXCEEDED, message, details);
  /* Trailers follow data, and data waits for a window that a peer who is late may never open. */
  if (begun
      && (nghttp2_session_get_stream_remote_window_size (session, self->stream_id) <= 0
          || nghttp2_session_get_remote_window_size (session) <= 0))
    grpc_connection_reset (self->connection, self->stream_id, NGHTTP2_CANCEL);
}
