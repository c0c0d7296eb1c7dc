/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Tickets of TLS: with one of an earlier session with its server a handshake is short.
 */
#include "config.h"

#include "grpc-thread.h"
#include "grpc-tls.h"

#define TICKETS_MAX 1000

typedef struct
{
  GrpcTlsKeys *keys; /* a ticket is only good with those it was got with */
  GBytes *ticket;
} Ticket;

static void
ticket_free (gpointer data)
{
  Ticket *ticket = data;

  grpc_tls->keys_unref (ticket->keys);
  g_bytes_unref (ticket->ticket);
  g_free (ticket);
}

/* Once: a ticket that is shown again tells a listener who we are (RFC 8446, C.4). */
GBytes *
grpc_tickets_take (GrpcThread *thread, const char *address, GrpcTlsKeys *keys)
{
  Ticket *ticket = thread->tickets != NULL ? g_hash_table_lookup (thread->tickets, address) : NULL;
  GBytes *taken = NULL;

  if (ticket == NULL)
    return NULL;
  if (ticket->keys == keys)
    taken = g_bytes_ref (ticket->ticket);
  g_hash_table_remove (thread->tickets, address);
  return taken;
}

/* Keeps that of a session which ends, if it has got one. */
void
grpc_tickets_keep (GrpcThread *thread, const char *address, GrpcTls *session)
{
  GBytes *bytes = grpc_tls->get_ticket (session);
  Ticket *ticket;

  if (bytes == NULL)
    return;
  if (thread->tickets == NULL)
    thread->tickets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, ticket_free);
  if (g_hash_table_size (thread->tickets) >= TICKETS_MAX)
    g_hash_table_remove_all (thread->tickets);
  ticket = g_new (Ticket, 1);
  ticket->keys = grpc_tls->keys_ref (grpc_tls->get_keys (session));
  ticket->ticket = bytes;
  g_hash_table_insert (thread->tickets, g_strdup (address), ticket);
}
