/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Keepalive: a PING to a peer that has been silent, and the end when it stays so (gRFC A8, A9); and
 * to a server that has let a call's time pass in silence.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

#define SLOWEST_MS (24 * 60 * 60 * 1000)
/* A gRPC server counts the pings that come before it has answered something, and ends the
 * connection at the third (gRFC A8); after this time it has forgotten them. */
#define DOUBTS_MOST 2
#define DOUBTS_FORGOTTEN_US (5 * 60 * G_USEC_PER_SEC)
#define US(ms) ((ms) * (gint64) 1000)

static void
fail_silent (GrpcConnection *self, guint timeout_ms)
{
  g_autofree char *problem = g_strdup_printf (
      "the peer has gone silent: it did not answer a ping within %u ms", timeout_ms);

  if (self->server)
    g_info ("%s", problem);
  grpc_lost (self, problem);
}

static void
ping (GrpcConnection *self, gint64 now)
{
  static const guint8 payload[8] = "micro";

  grpc_connection_check (self, nghttp2_submit_ping (self->session, NGHTTP2_FLAG_NONE, payload));
  self->ping_sent_us = now;
  grpc_connection_flush_soon (self);
}

/* A call's time has passed, and nothing at all was heard since it began: the next calls take
 * another connection, until this one has answered. */
gboolean
grpc_keepalive_doubt (GrpcConnection *self, gint64 since_us)
{
  gint64 now = micro_loop_get_time (self->thread->loop);

  if (self->connecting || self->closing || self->dead || self->doubted || self->heard_us > since_us)
    return FALSE;
  if (now - self->doubted_us >= DOUBTS_FORGOTTEN_US)
    self->n_doubts = 0;
  if (self->n_doubts >= DOUBTS_MOST)
    return FALSE;
  self->n_doubts++;
  self->doubted = TRUE;
  self->doubted_us = now;
  grpc_connection_retire (self);
  if (self->ping_sent_us == 0)
    ping (self, now);
  return TRUE;
}

/* Anything that is heard will do, not just the answer. */
static void
end_silence (GrpcConnection *self)
{
  self->ping_sent_us = 0;
  if (!self->doubted)
    return;
  self->doubted = FALSE;
  grpc_connection_restore (self);
}

/* Does what is due at @now; returns when to look again, G_MAXINT64 for never. */
gint64
grpc_keepalive_look (GrpcConnection *self, gint64 now)
{
  const GrpcLimits *limits = self->thread->limits;
  guint time_ms = self->server ? limits->server_keepalive_ms : self->thread->keepalive_ms;
  guint timeout_ms
      = self->server ? limits->server_keepalive_timeout_ms : limits->keepalive_timeout_ms;
  gint64 due = time_ms != 0 ? self->heard_us + US (time_ms) : G_MAXINT64;

  if (self->connecting)
    return G_MAXINT64;
  if (self->ping_sent_us != 0 && self->heard_us > self->ping_sent_us)
    end_silence (self);
  if (self->ping_sent_us != 0 && now >= self->ping_sent_us + US (timeout_ms))
    {
      fail_silent (self, timeout_ms);
      return G_MAXINT64;
    }
  if (self->ping_sent_us == 0 && now >= due)
    {
      if (!self->server && self->n_calls == 0 && !limits->keepalive_without_calls)
        return now + US (time_ms);
      ping (self, now);
    }
  return self->ping_sent_us != 0 ? self->ping_sent_us + US (timeout_ms) : due;
}

/* A server has ended a connection: if that is for its pings there shall be half as many (gRFC A8).
 */
void
grpc_keepalive_complaint (GrpcConnection *self, const nghttp2_goaway *goaway)
{
  const gsize length = strlen (GRPC_TOO_MANY_PINGS);
  GrpcThread *thread = self->thread;

  if (goaway->error_code != NGHTTP2_ENHANCE_YOUR_CALM || goaway->opaque_data_len != length
      || memcmp (goaway->opaque_data, GRPC_TOO_MANY_PINGS, length) != 0)
    return;
  thread->keepalive_ms = MIN (2 * thread->keepalive_ms, SLOWEST_MS);
  g_message ("%s finds keepalive pings too frequent: from now on every %u ms", self->address,
             thread->keepalive_ms);
}
