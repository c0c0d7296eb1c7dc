/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Who is at the other end of a connection: found out when somebody asks, and kept.
 */
#include "config.h"

#include <sys/socket.h>

#include "grpc-address.h"
#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-tls.h"

struct _GrpcPeer
{
  char *address;       /* (nullable) */
  char *identity;      /* (nullable) */
  GBytes *certificate; /* (nullable) */
};

static void
peer_clear (gpointer data)
{
  GrpcPeer *self = data;

  g_free (self->address);
  g_free (self->identity);
  g_clear_pointer (&self->certificate, g_bytes_unref);
}

void
grpc_peer_unref (GrpcPeer *self)
{
  g_atomic_rc_box_release_full (self, peer_clear);
}

static GrpcPeer *
peer_new (GrpcConnection *connection)
{
  GrpcPeer *self = g_atomic_rc_box_new0 (GrpcPeer);
  GrpcSocketAddress address = { .length = sizeof address.storage };

  if (getpeername (connection->source.fd, (struct sockaddr *) &address.storage, &address.length)
      == 0)
    self->address = grpc_address_to_string (&address);
  if (connection->tls != NULL)
    self->certificate = grpc_tls->get_peer (connection->tls, &self->identity);
  return self;
}

/* A call keeps what it was told: it may be there for longer than the connection. */
void
grpc_peer_get (MicroCall *call, MicroPeer *peer)
{
  GrpcCall *self = (GrpcCall *) call;
  GrpcConnection *connection = self->connection;

  if (self->peer == NULL && connection != NULL)
    {
      if (connection->peer == NULL)
        connection->peer = peer_new (connection);
      self->peer = g_atomic_rc_box_acquire (connection->peer);
    }
  if (self->peer == NULL)
    return;
  peer->address = self->peer->address;
  peer->identity = self->peer->identity;
  peer->certificate = self->peer->certificate;
}
