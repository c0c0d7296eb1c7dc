/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How a connection is ended: kindly, in two steps of GOAWAY, or at once, with a reason.
 */
#include "config.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#include "grpc-connection.h"
#include "grpc-thread.h"

guint grpc_end_notice_ms = 1000;
/* How long a peer may take to read the rest; again and again while it reads, but not for ever. */
#define LINGER_MS 1000
#define LINGER_MOST_US (20 * G_USEC_PER_SEC)
/* How long its socket may stay full before that. */
#define STALLED_MS 5000
/* What is thrown away by who cannot wait, in buffers. */
#define DISCARDS 16

static const guint8 notice[8] = "goodbye";

static GrpcConnection *
from_timer (MicroLoopTimer *timer)
{
  return MICRO_CONTAINER_OF (timer, GrpcConnection, timer);
}

static void
end_start_timer (GrpcConnection *self, void (*expired) (MicroLoopTimer *timer), guint ms)
{
  self->timer.expired = expired;
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time () + ms * (gint64) 1000);
}

static void
last_go_away (MicroLoopTimer *timer)
{
  GrpcConnection *self = from_timer (timer);

  self->closing = TRUE;
  grpc_connection_check (
      self, nghttp2_submit_goaway (self->session, NGHTTP2_FLAG_NONE,
                                   nghttp2_session_get_last_proc_stream_id (self->session),
                                   NGHTTP2_NO_ERROR, NULL, 0));
  grpc_connection_flush_soon (self);
}

/* Says that no new calls are wanted, takes those that are on their way, then says which was the
 * last (RFC 9113, 6.8); the connection closes when its running calls have ended. */
void
grpc_end_kindly (GrpcConnection *self)
{
  if (self->connecting)
    grpc_connection_fail (self, "the server stops");
  if (self->dead || self->closing || self->timer.position != 0)
    return;
  grpc_connection_check (self, nghttp2_submit_shutdown_notice (self->session));
  grpc_connection_flush_soon (self);
  end_start_timer (self, last_go_away, grpc_end_notice_ms);
}

static gboolean
is_noticed (GrpcConnection *self)
{
  return self->timer.position != 0 && self->timer.expired == last_go_away;
}

/* A GOAWAY has been sent.  nghttp2 would let a PING overtake it. */
void
grpc_end_sent (GrpcConnection *self)
{
  if (is_noticed (self))
    grpc_connection_check (self, nghttp2_submit_ping (self->session, NGHTTP2_FLAG_NONE, notice));
}

/* The peer has answered a PING, and with it sent all that it had begun before the notice came. */
void
grpc_end_answered (GrpcConnection *self, const guint8 *opaque)
{
  if (!is_noticed (self) || memcmp (opaque, notice, sizeof notice) != 0)
    return;
  micro_loop_stop_timer (self->thread->loop, &self->timer);
  last_go_away (&self->timer);
}

/* --- Closing ---
 *
 * Closing with bytes unread would reset the connection, and with it what the peer has yet to read,
 * so what still comes is thrown away for a while. */

/* What the peer has not taken yet. */
static int
count_untaken (GrpcConnection *self)
{
  int n = 0;

  return ioctl (self->source.fd, SIOCOUTQ, &n) == 0 ? n : 0;
}

static void
end_linger_expired (MicroLoopTimer *timer)
{
  GrpcConnection *self = from_timer (timer);
  int untaken = self->lingering ? count_untaken (self) : 0;

  if (untaken == 0 || untaken == self->untaken || g_get_monotonic_time () >= self->linger_until_us)
    {
      grpc_connection_fail (self, "it was ended");
      return;
    }
  self->untaken = untaken;
  end_start_timer (self, end_linger_expired, LINGER_MS);
}

/* Nothing of the peer counts any more; @why (static) is told to it. */
void
grpc_end_now (GrpcConnection *self, guint32 code, const char *why)
{
  if (self->dead || self->ending)
    return;
  g_info ("ending a connection: %s", why);
  self->ending = TRUE;
  grpc_connection_check (
      self, nghttp2_submit_goaway (self->session, NGHTTP2_FLAG_NONE,
                                   nghttp2_session_get_last_proc_stream_id (self->session), code,
                                   (const uint8_t *) why, strlen (why)));
  end_start_timer (self, end_linger_expired, STALLED_MS);
  grpc_connection_flush_soon (self);
}

/* All has been said; the peer may read it. */
void
grpc_end_linger (GrpcConnection *self)
{
  if (self->lingering || self->dead)
    return;
  shutdown (self->source.fd, SHUT_WR);
  self->ending = TRUE;
  self->lingering = TRUE;
  self->untaken = 0;
  self->linger_until_us = g_get_monotonic_time () + LINGER_MOST_US;
  end_start_timer (self, end_linger_expired, LINGER_MS);
}

void
grpc_end_discard (GrpcConnection *self)
{
  ssize_t n = recv (self->source.fd, self->thread->receive_buffer, GRPC_BUFFER_SIZE, 0);

  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    grpc_connection_fail (self, "it was ended");
}

/* Without waiting. */
void
grpc_end_close (GrpcConnection *self)
{
  int fd = self->source.fd;

  if (self->server && !self->lingering && shutdown (fd, SHUT_WR) == 0)
    for (int i = 0; i < DISCARDS; i++)
      if (recv (fd, self->thread->receive_buffer, GRPC_BUFFER_SIZE, 0) <= 0)
        break;
  close (fd);
}
