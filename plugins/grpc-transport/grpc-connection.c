/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A connection as both sides know it: its socket, its streams, and that it has failed.
 */
#include "config.h"

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
grpc_connection_disown (GrpcConnection *self, gint32 stream_id)
{
  nghttp2_session_set_stream_user_data (self->session, stream_id, NULL);
  self->receives = NULL;
}
