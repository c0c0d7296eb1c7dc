/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a server does with requests that are not gRPC.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-server.h"

/* How long a request that is not gRPC may take to end, before it is answered all the same. */
#define PATIENCE_MS 1000

static const char why[]
    = "This is a gRPC server: it takes POST requests of content-type application/grpc.\n";

static ssize_t
read_why (nghttp2_session *session,
          int32_t stream_id,
          uint8_t *buffer,
          size_t size,
          uint32_t *flags,
          nghttp2_data_source *source,
          void *user_data)
{
  GrpcCall *call = nghttp2_session_get_stream_user_data (session, stream_id);
  gsize left;

  if (call == NULL)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  left = sizeof why - 1 - call->out_sent;
  size = MIN (size, left);
  memcpy (buffer, why + call->out_sent, size);
  call->out_sent += size;
  if (size == left)
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t) size;
}

#define FIELD(name_, value_)                                                                       \
  {                                                                                                \
    (uint8_t *) (name_), (uint8_t *) (value_), sizeof (name_) - 1, sizeof (value_) - 1,            \
        NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                               \
  }

/* RFC 9110: 15.5.6 wants Allow; 9.3.2: HEAD gets what another would, and no content. */
void
grpc_refuse_request (GrpcCall *call)
{
  static const nghttp2_nv not_post[]
      = { FIELD (":status", "405"), FIELD ("content-type", "text/plain"), FIELD ("allow", "POST") };
  static const nghttp2_nv not_grpc[]
      = { FIELD (":status", "415"), FIELD ("content-type", "text/plain") };
  nghttp2_data_provider provider = { .read_callback = read_why };
  GrpcConnection *connection = call->connection;

  if (call->sending != GRPC_OUT_UNSENT)
    return;
  call->sending = GRPC_OUT_LAST;
  grpc_connection_check (
      connection, nghttp2_submit_response (
                      connection->session, call->stream_id, call->is_post ? not_grpc : not_post,
                      call->is_post ? G_N_ELEMENTS (not_grpc) : G_N_ELEMENTS (not_post),
                      call->is_head ? NULL : &provider));
  grpc_connection_flush_soon (connection);
}

static void
refuse_patience_ended (MicroLoopTimer *timer)
{
  grpc_refuse_request (MICRO_CONTAINER_OF (timer, GrpcCall, deadline));
}

/* The answer waits for the end of the request, so that what is wrong with the rest is noticed. */
void
grpc_refuse_later (GrpcCall *call)
{
  call->deadline.expired = refuse_patience_ended;
  micro_loop_start_timer (call->head.loop, &call->deadline,
                          micro_loop_get_time (call->head.loop) + PATIENCE_MS * 1000);
}
