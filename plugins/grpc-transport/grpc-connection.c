/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A connection as both sides know it: its socket, its streams, and that it has failed.
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <nghttp2/nghttp2.h>

#include "grpc-connection.h"
#include "grpc-thread.h"

void
grpc_connection_flush_soon (GrpcConnection *self)
{
  micro_loop_queue_task (self->thread->loop, &self->flush);
}

/* Takes @fd. */
gboolean
grpc_connection_attach (GrpcConnection *self, int fd, guint32 events, GError **error)
{
  guint user_timeout_ms = self->thread->limits->tcp_user_timeout_ms;

  /* Of a peer that has gone without a word the system would think for a quarter of an hour; a
   * socket of another family has no such option. */
  if (user_timeout_ms != 0)
    setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
  self->source.fd = fd;
  self->source.events = events;
  return micro_loop_add_source (self->thread->loop, &self->source, error);
}

/* No new calls on this connection: the next one to its address makes another. */
void
grpc_connection_retire (GrpcConnection *self)
{
  if (self->address != NULL && g_hash_table_lookup (self->thread->made, self->address) == self)
    g_hash_table_remove (self->thread->made, self->address);
  if (self->resolving != NULL)
    g_cancellable_cancel (self->resolving);
}

/* Another takes its place: it ends when its calls have. */
void
grpc_connection_replace (GrpcConnection *self)
{
  self->closing = TRUE;
  grpc_connection_retire (self);
  grpc_connection_check (
      self, nghttp2_submit_goaway (self->session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0));
  grpc_connection_flush_soon (self);
}

/* It takes calls again, if none has taken its place. */
void
grpc_connection_restore (GrpcConnection *self)
{
  if (self->dead || self->closing)
    return;
  if (g_hash_table_contains (self->thread->made, self->address))
    grpc_connection_replace (self);
  else
    g_hash_table_insert (self->thread->made, self->address, self);
}

/* Ends the connection; it is freed, and its calls are told, at the end of this turn. */
void
grpc_connection_fail (GrpcConnection *self, const char *problem)
{
  if (self->dead)
    return;
  self->dead = TRUE;
  self->problem = g_strdup (problem);
  self->side->failed (self, problem);
  grpc_connection_flush_soon (self);
}

GrpcCall *
grpc_connection_look_up_call (GrpcConnection *self, gint32 stream_id)
{
  self->receives = nghttp2_session_get_stream_user_data (self->session, stream_id);
  self->receives_on = stream_id;
  return self->receives;
}

void
grpc_connection_reset (GrpcConnection *self, gint32 stream_id, guint32 code)
{
  grpc_connection_check (
      self, nghttp2_submit_rst_stream (self->session, NGHTTP2_FLAG_NONE, stream_id, code));
}

void
grpc_connection_disown (GrpcConnection *self, gint32 stream_id)
{
  nghttp2_session_set_stream_user_data (self->session, stream_id, NULL);
  self->receives = NULL;
}
