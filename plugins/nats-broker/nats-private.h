/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The parts of the NATS broker: the connection that comes back by itself, and what waits to leave.
 */
#pragma once

#include <nats/nats.h>

#include <micro/micro-inbox.h>

G_BEGIN_DECLS

/* --- nats-link.c --- */

/* What the library has of us while there is a connection. */
typedef struct
{
  /* On a thread of the library, once, and the last of all: the connection has ended for good, by us
   * or because the library has given its servers up. */
  void (*closed) (gpointer data);
  gpointer data;
  int told; /* atomic: that it cannot connect has been said */
} NatsLink;

/* Connects, and goes on trying where a server is away; INVALID_ARGUMENT for what is no address.
 * @addresses: (nullable): with commas.  @link: stays until it is closed; not if this fails.
 * @refused: whether the server did not let us in before; then whether it does not now. */
natsConnection *nats_link_connect (
    const char *addresses, guint timeout_ms, NatsLink *link, gboolean *refused, GError **error);
/* What the library says of the connection, as an error of ours. */
void nats_link_set_error (GError **error, natsStatus status, gboolean refused, const char *topic);
gboolean nats_link_check_topic (const char *topic, gboolean wildcards, GError **error);

/* --- nats-outbox.c --- */

typedef struct _NatsOutbox NatsOutbox;

/* @refused: that a server has not let us in is why it is not connected. */
NatsOutbox *nats_outbox_new (natsConnection *connection, gboolean refused, guint timeout_ms);
/* Sends what there is, or says that it cannot; ends the thread and the connection. */
void nats_outbox_free (NatsOutbox *self);
/* Takes another connection, and ends the one that there was. */
void nats_outbox_replace (NatsOutbox *self, natsConnection *connection, gboolean refused);
/* Takes the task, which is told when the server has the message; FALSE if there is no room. */
gboolean nats_outbox_push (
    NatsOutbox *self, GTask *task, const char *topic, GBytes *envelope, GError **error);

G_END_DECLS
