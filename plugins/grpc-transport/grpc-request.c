/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a client sends of a call: its head, and its messages as they come.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-client.h"
#include "grpc-connection.h"
#include "grpc-thread.h"
#include "grpc-wire.h"

#define MAX_OWN_FIELDS 10
#define N_FEW_FIELDS 32

static ssize_t
read_request (nghttp2_session *session,
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
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  else if (n == 0)
    {
      self->sending = GRPC_OUT_IDLE;
      return NGHTTP2_ERR_DEFERRED;
    }
  return (ssize_t) n;
}

void
grpc_request_submit_fields (GrpcCall *self, const nghttp2_nv *fields, gsize n)
{
  nghttp2_data_provider provider = { .read_callback = read_request };
  GrpcConnection *connection = self->connection;

  if (self->sending != GRPC_OUT_LAST)
    self->sending = GRPC_OUT_OPEN;
  self->stream_id = nghttp2_submit_request (connection->session, NULL, fields, n, &provider, self);
  /* Out of stream numbers, or worse: end this connection, which tells the call. */
  if (self->stream_id < 0)
    grpc_lost (connection, nghttp2_strerror (self->stream_id));
  grpc_connection_flush_soon (connection);
}

/* Literals only: nghttp2 keeps the pointers. */
#define NV_STATIC(name_, value_)                                                                   \
  (nghttp2_nv)                                                                                     \
  {                                                                                                \
    (uint8_t *) (name_), (uint8_t *) (value_), sizeof (name_) - 1, sizeof (value_) - 1,            \
        NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                               \
  }

static nghttp2_nv
nv (const char *name, const char *value, int flags)
{
  return (nghttp2_nv){ (uint8_t *) name, (uint8_t *) value, strlen (name), strlen (value),
                       (uint8_t) flags };
}

/* Whose value is another one in every call. */
static gboolean
is_varying (const char *name)
{
  switch (name[0])
    {
    case 'b':
      return strcmp (name, "baggage") == 0;
    case 't':
      return strcmp (name, "traceparent") == 0 || strcmp (name, "tracestate") == 0;
    default:
      return FALSE;
    }
}

/* Such values would drive all others out of HPACK's table, here and at the peer.  Only the first
 * goes in, so that those after it need not spell the name. */
static int
varying_flag (GrpcConnection *connection)
{
  return nghttp2_session_get_next_stream_id (connection->session) > 1 ? NGHTTP2_NV_FLAG_NO_INDEX
                                                                      : NGHTTP2_NV_FLAG_NONE;
}

/* A time that comes from an option is that of the call before; what is left of a handler's own
 * time is not. */
static int
timeout_flag (GrpcConnection *connection, const char *timeout)
{
  if (strcmp (connection->timeout, timeout) == 0)
    return NGHTTP2_NV_FLAG_NONE;
  g_strlcpy (connection->timeout, timeout, sizeof connection->timeout);
  return varying_flag (connection);
}

/* @timeout: the flag of it. */
static int
header_flag (GrpcConnection *connection, const char *name, int timeout)
{
  if (strcmp (name, "timeout") == 0)
    return timeout;
  return is_varying (name) ? varying_flag (connection) : NGHTTP2_NV_FLAG_NONE;
}

static nghttp2_nv
content_type (MicroCodec codec)
{
  switch (codec)
    {
    case MICRO_CODEC_JSON:
      return NV_STATIC ("content-type", "application/grpc+json");
    case MICRO_CODEC_BYTES:
      return NV_STATIC ("content-type", "application/grpc+bytes");
    default:
      return NV_STATIC ("content-type", "application/grpc+proto");
    }
}

/* A socket path is no authority; gRPC sends this name for one (doc/naming.md). */
static const char *
authority (const MicroCallStart *start)
{
  if (start->authority != NULL)
    return start->authority;
  return g_str_has_prefix (start->address, "unix:") ? "localhost" : start->address;
}

void
grpc_request_submit (GrpcCall *self, const MicroCallStart *start)
{
  GrpcConnection *connection = self->connection;
  gsize n_extra = start->headers != NULL ? g_strv_length ((char **) start->headers) / 2 : 0;
  nghttp2_nv few[N_FEW_FIELDS];
  g_autofree nghttp2_nv *many = n_extra + MAX_OWN_FIELDS > N_FEW_FIELDS
                                    ? g_new (nghttp2_nv, n_extra + MAX_OWN_FIELDS)
                                    : NULL;
  nghttp2_nv *list = many != NULL ? many : few;
  char timeout[GRPC_TIMEOUT_BYTES];
  int flag_of_timeout = NGHTTP2_NV_FLAG_NONE;
  gsize n = 0;

  list[n++] = NV_STATIC (":method", "POST");
  list[n++] = connection->thread->all->secure_calls ? NV_STATIC (":scheme", "https")
                                                    : NV_STATIC (":scheme", "http");
  list[n++] = nv (":path", start->path, NGHTTP2_NV_FLAG_NO_COPY_NAME);
  list[n++] = nv (":authority", authority (start), NGHTTP2_NV_FLAG_NO_COPY_NAME);
  list[n++] = NV_STATIC ("te", "trailers");
  list[n++] = content_type (start->codec);
  list[n++] = NV_STATIC ("user-agent", "grpc-c-micro/" PACKAGE_VERSION);
  list[n++] = NV_STATIC ("grpc-accept-encoding", "identity,gzip");
  if (start->compress)
    list[n++] = NV_STATIC ("grpc-encoding", "gzip");
  if (start->deadline_us != G_MAXINT64)
    {
      grpc_timeout_format (start->deadline_us - g_get_monotonic_time (), timeout);
      flag_of_timeout = timeout_flag (connection, timeout);
      list[n++] = nv ("grpc-timeout", timeout, NGHTTP2_NV_FLAG_NO_COPY_NAME | flag_of_timeout);
    }
  for (gsize i = 0; i < n_extra; i++)
    list[n++] = nv (start->headers[2 * i], start->headers[2 * i + 1],
                    header_flag (connection, start->headers[2 * i], flag_of_timeout));
  grpc_request_submit_fields (self, list, n);
}
