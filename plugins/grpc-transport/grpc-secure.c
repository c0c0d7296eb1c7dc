/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * TLS between a connection and its socket.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "grpc-address.h"
#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-session.h"
#include "grpc-thread.h"
#include "grpc-tls.h"

/* Records that are not about data: of the handshake, alerts, new keys. */
static void
send_records (GrpcConnection *self)
{
  GByteArray *records = self->thread->records;

  if (records->len == 0)
    return;
  grpc_send_records (self, records->data, records->len);
  g_byte_array_set_size (records, 0);
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
  if (grpc_tls->files_may_report (self->thread->all->tls_files, text))
    g_message ("refused %s: %s", text, problem);
  grpc_end_linger (self);
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

void
grpc_secure_feed (GrpcConnection *self, const guint8 *data, gsize length)
{
  grpc_tls->feed (self->tls, data, length);
}

/* The next plain text of the records that were fed, good until the next call on this loop; 0: that
 * was all. */
gsize
grpc_secure_read (GrpcConnection *self, const guint8 **ret_plain)
{
  guint8 *plain = self->thread->plain_buffer;
  gssize n = self->dead ? 0 : grpc_tls->read (self->tls, plain, GRPC_PLAIN_SIZE);

  if (n > 0)
    {
      self->proven = TRUE;
      *ret_plain = plain;
      return n;
    }
  send_records (self);
  if (n < 0 && (self->proven || self->server))
    grpc_lost (self, grpc_tls->get_problem (self->tls));
  else if (n < 0)
    secure_refuse (self, grpc_tls->get_problem (self->tls));
  return 0;
}

/* --- The handshake --- */

/* TRUE: it is done, and what was fed may hold more. */
static gboolean
handshake (GrpcConnection *self)
{
  GrpcTlsStep step = grpc_tls->handshake (self->tls);

  send_records (self);
  if (self->dead || step == GRPC_TLS_MORE)
    return FALSE;
  if (step == GRPC_TLS_FAILED)
    {
      secure_refuse (self, grpc_tls->get_problem (self->tls));
      return FALSE;
    }
  self->handshaking = FALSE;
  self->connecting = FALSE;
  self->proven = FALSE; /* a server may still refuse our certificate (RFC 8446, 4.4.2.4) */
  micro_loop_stop_timer (self->thread->loop, &self->timer);
  grpc_life_start (self);
  grpc_connection_flush_soon (self);
  return TRUE;
}

/* The socket is ready during the handshake, or after a refusal.  TRUE: the handshake is done, and
 * grpc_secure_read() has what came behind it. */
gboolean
grpc_secure_progress (GrpcConnection *self, guint32 events)
{
  guint8 *buffer = self->thread->receive_buffer;
  ssize_t n;

  if (events & EPOLLOUT)
    grpc_connection_flush_soon (self);
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
    return FALSE;
  n = recv (self->source.fd, buffer, GRPC_BUFFER_SIZE, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return FALSE;
  if (self->lingering && n <= 0)
    grpc_connection_fail (self, "it was refused");
  if (self->lingering)
    return FALSE;
  if (n <= 0)
    {
      gone (self, n == 0 ? "closed" : g_strerror (errno));
      return FALSE;
    }
  self->proven = TRUE;
  grpc_tls->feed (self->tls, buffer, n);
  return handshake (self);
}

static void
secure_begin (GrpcConnection *self, const char *host)
{
  GrpcThread *thread = self->thread;
  GrpcTlsKeys *keys = grpc_tls->files_get_keys (thread->all->tls_files);
  g_autoptr (GBytes) ticket = host != NULL ? grpc_tickets_take (thread, self->address, keys) : NULL;

  self->connecting = TRUE;
  self->handshaking = TRUE;
  self->tls = grpc_tls->new (grpc_tls->files_get_options (thread->all->tls_files), keys, host,
                             ticket, thread->records);
  grpc_tls->keys_unref (keys);
  self->timer.expired = handshake_timed_out;
  micro_loop_start_timer (thread->loop, &self->timer,
                          g_get_monotonic_time ()
                              + thread->limits->handshake_timeout_ms * (gint64) 1000);
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

/* Nothing follows. */
void
grpc_secure_bye (GrpcConnection *self)
{
  if (self->handshaking || self->unsent != NULL)
    return;
  grpc_tls->close (self->tls);
  send_records (self);
}

void
grpc_secure_end (GrpcConnection *self)
{
  GByteArray *records = self->thread->records;

  if (!self->server)
    grpc_tickets_keep (self->thread, self->address, self->tls);
  if (!self->handshaking && self->unsent == NULL && !self->lingering)
    grpc_tls->close (self->tls);
  if (records->len > 0)
    send (self->source.fd, records->data, records->len, MSG_NOSIGNAL);
  g_byte_array_set_size (records, 0);
  grpc_tls->free (self->tls);
}
