/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the calls of a served connection may hold: parts of requests, and answers nobody takes.
 */
#include "config.h"

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

/* @self holds so many bytes more or less than before, outside of its struct. */
void
grpc_budget_change (GrpcCall *self, gssize by)
{
  self->holds += by;
  if (self->connection != NULL)
    self->connection->holds += by;
}

gboolean
grpc_budget_is_over (const GrpcCall *self)
{
  const GrpcConnection *connection = self->connection;

  return connection != NULL && connection->server
         && connection->holds > connection->thread->limits->server_max_connection_bytes;
}

const char *
grpc_budget_why (void)
{
  return "the calls of this connection hold more than server-max-connection-bytes allows: take "
         "their answers, or send whole messages";
}
