/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * TLS between a connection and its socket.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "grpc-private.h"
#include "grpc-tls.h"

/* A record's plain text, at most (RFC 8446, 5.1). */
#define PLAIN_SIZE 16384
#define TICKETS_MAX 1000
/* How long a refused peer may take to read why. */
#define LINGER_MS 1000

/**
 * GrpcSecure:
 *
 * What a loop's TLS connections share: they use it one after another.
 */
struct _GrpcSecure
{
  GrpcTlsFiles *files; /* the transport's */
  GByteArray *records; /* made and not yet handed to a socket */
  guint8 *plain;
  GHashTable *tickets; /* address → Ticket */
};

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

GrpcSecure *
grpc_secure_new (GrpcTlsFiles *files)
{
  GrpcSecure *self = g_new0 (GrpcSecure, 1);

  self->files = files;
  self->records = g_byte_array_new ();
  self->plain = g_malloc (PLAIN_SIZE);
  self->tickets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, ticket_free);
  return self;
}

void
grpc_secure_free (GrpcSecure *self)
{
  g_byte_array_unref (self->records);
  g_free (self->plain);
  g_hash_table_unref (self->tickets);
  g_free (self);
}

/* --- Sending --- */

/* Records that are not about data: of the handshake, alerts, new keys. */
static void
send_records (GrpcConnection *self)
{
  GByteArray *records = self->thread->secure->records;

  if (records->len == 0)
    return;
  grpc_send_records (self, records->data, records->len);
  g_byte_array_set_size (records, 0);
}

/* Turns *@data into records, good until the next call on this loop. */
gboolean
grpc_secure_seal (GrpcConnection *self, const guint8 **data, gsize *length)
{
  GByteArray *records = self->thread->secure->records;

  if (!grpc_tls->write (self->tls, *data, *length))
    {
      g_byte_array_set_size (records, 0);
      grpc_lost (self, grpc_tls->get_problem (self->tls));
      return FALSE;
    }
  *data = records->data;
  *length = records->len;
  g_byte_array_set_size (records, 0);
  return TRUE;
}

/* --- Failing --- */

static char *
name_of_peer (GrpcConnection *self)
{
  GrpcSocketAddress address = { .length = sizeof address.storage };
  g_autofree char *text = NULL;
  char *colon;

  if (getpeername (self->source.fd, (struct sockaddr *) &address.storage, &address.length) != 0)
    return g_strdup ("a client that has gone");
  if (address.storage.ss_family == AF_UNIX)
    return g_strdup ("a client on this machine");
  text = grpc_address_to_string (&address);
  colon = strrchr (text, ':');
  return g_strndup (text, colon - text);
}

static void
secure_linger_expired (MicroLoopTimer *timer)
{
  GrpcConnection *self = MICRO_CONTAINER_OF (timer, GrpcConnection, timer);

  grpc_connection_fail (self, "it was refused");
}

/* Closing with bytes unread would reset the connection, and with it the alert that says why. */
static void
linger (GrpcConnection *self)
{
  shutdown (self->source.fd, SHUT_WR);
  self->lingering = TRUE;
  self->timer.expired = secure_linger_expired;
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time () + LINGER_MS * 1000);
}

static void
secure_refuse (GrpcConnection *self, const char *problem)
{
  g_autofree char *text = NULL;

  if (self->dead)
    return;
  if (!self->server)
    {
      text = g_strdup_printf ("cannot connect to %s: %s", self->address, problem);
      grpc_connection_fail (self, text);
      return;
    }
  text = name_of_peer (self);
  if (grpc_tls->files_may_report (self->thread->secure->files, text))
    g_message ("refused %s: %s", text, problem);
  linger (self);
}

/* Who connects and leaves without a word is a health check, and nobody to speak of. */
static void
gone (GrpcConnection *self, const char *why)
{
  g_autofree char *problem
      = g_strdup_printf ("it ended the connection during the TLS handshake (%s)", why);

  if (self->server && !self->proven)
    grpc_connection_fail (self, problem);
  else
    secure_refuse (self, problem);
}

static void
handshake_timed_out (MicroLoopTimer *timer)
{
  GrpcConnection *self = MICRO_CONTAINER_OF (timer, GrpcConnection, timer);
  g_autofree char *problem = g_strdup_printf ("it did not finish the TLS handshake within %u ms",
                                              self->thread->limits->handshake_timeout_ms);

  secure_refuse (self, problem);
}

/* --- Receiving --- */

/* Hands on what the records that were fed hold. */
static void
read_fed (GrpcConnection *self)
{
  guint8 *plain = self->thread->secure->plain;
  gssize n = 0;

  while (!self->dead && (n = grpc_tls->read (self->tls, plain, PLAIN_SIZE)) > 0)
    {
      self->proven = TRUE;
      grpc_session_receive (self, plain, n);
    }
  send_records (self);
  if (n < 0 && (self->proven || self->server))
    grpc_lost (self, grpc_tls->get_problem (self->tls));
  else if (n < 0)
    secure_refuse (self, grpc_tls->get_problem (self->tls));
}

void
grpc_secure_receive (GrpcConnection *self, const guint8 *data, gsize length)
{
  grpc_tls->feed (self->tls, data, length);
  read_fed (self);
}

/* --- The handshake --- */

static void
handshake (GrpcConnection *self)
{
  GrpcTlsStep step = grpc_tls->handshake (self->tls);

  send_records (self);
  if (self->dead || step == GRPC_TLS_MORE)
    return;
  if (step == GRPC_TLS_FAILED)
    {
      secure_refuse (self, grpc_tls->get_problem (self->tls));
      return;
    }
  self->handshaking = FALSE;
  self->connecting = FALSE;
  self->proven = FALSE; /* a server may still refuse our certificate (RFC 8446, 4.4.2.4) */
  micro_loop_stop_timer (self->thread->loop, &self->timer);
  grpc_life_start (self);
  grpc_connection_flush_soon (self);
  read_fed (self);
}

/* The socket is ready during the handshake, or after a refusal. */
void
grpc_secure_progress (GrpcConnection *self, guint32 events)
{
  guint8 *buffer = self->thread->receive_buffer;
  ssize_t n;

  if (events & EPOLLOUT)
    grpc_connection_flush_soon (self);
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
    return;
  n = recv (self->source.fd, buffer, GRPC_BUFFER_SIZE, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (self->lingering && n <= 0)
    grpc_connection_fail (self, "it was refused");
  if (self->lingering)
    return;
  if (n <= 0)
    {
      gone (self, n == 0 ? "closed" : g_strerror (errno));
      return;
    }
  self->proven = TRUE;
  grpc_tls->feed (self->tls, buffer, n);
  handshake (self);
}

static void
secure_begin (GrpcConnection *self, const char *host)
{
  GrpcSecure *secure = self->thread->secure;
  GrpcTlsKeys *keys = grpc_tls->files_get_keys (secure->files);
  Ticket *ticket = host != NULL ? g_hash_table_lookup (secure->tickets, self->address) : NULL;

  self->connecting = TRUE;
  self->handshaking = TRUE;
  self->tls = grpc_tls->new (grpc_tls->files_get_options (secure->files), keys, host,
                             ticket != NULL && ticket->keys == keys ? ticket->ticket : NULL,
                             secure->records);
  grpc_tls->keys_unref (keys);
  /* Once: a ticket that is shown again tells a listener who we are (RFC 8446, C.4). */
  if (ticket != NULL)
    g_hash_table_remove (secure->tickets, self->address);
  self->timer.expired = handshake_timed_out;
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time ()
                              + self->thread->limits->handshake_timeout_ms * (gint64) 1000);
}

void
grpc_secure_accept (GrpcConnection *self)
{
  secure_begin (self, NULL);
}

/* The socket is connected. */
void
grpc_secure_connect (GrpcConnection *self)
{
  g_autofree char *host = NULL;
  guint16 port;

  if (g_str_has_prefix (self->address, "unix:")
      || !grpc_address_split (self->address, &host, &port, NULL))
    host = g_strdup ("localhost");
  micro_loop_change_source (self->thread->loop, &self->source, EPOLLIN);
  secure_begin (self, host);
  handshake (self);
}

/* --- The end --- */

static void
keep_ticket (GrpcConnection *self)
{
  GrpcSecure *secure = self->thread->secure;
  GBytes *bytes = grpc_tls->get_ticket (self->tls);
  Ticket *ticket;

  if (bytes == NULL)
    return;
  if (g_hash_table_size (secure->tickets) >= TICKETS_MAX)
    g_hash_table_remove_all (secure->tickets);
  ticket = g_new (Ticket, 1);
  ticket->keys = grpc_tls->keys_ref (grpc_tls->get_keys (self->tls));
  ticket->ticket = bytes;
  g_hash_table_insert (secure->tickets, g_strdup (self->address), ticket);
}

void
grpc_secure_end (GrpcConnection *self)
{
  GByteArray *records = self->thread->secure->records;

  if (!self->server)
    keep_ticket (self);
  if (!self->handshaking && self->unsent == NULL)
    grpc_tls->close (self->tls);
  if (records->len > 0)
    send (self->source.fd, records->data, records->len, MSG_NOSIGNAL);
  g_byte_array_set_size (records, 0);
  grpc_tls->free (self->tls);
}
