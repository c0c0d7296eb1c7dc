/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Connections that are too old, that nobody uses, or that never begin (gRFC A9).
 */
#include "config.h"

#include <nghttp2/nghttp2.h>

#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

/* So that clients who came together do not come back together. */
#define JITTER 0.1

#define US(ms) ((ms) * (gint64) 1000)

void
grpc_age_start (GrpcConnection *self, gint64 now)
{
  const GrpcLimits *limits = self->thread->limits;

  self->begun_us = now;
  self->idle_since_us = now;
  self->old_at_us = G_MAXINT64;
  if (self->server && limits->server_max_connection_age_ms != 0)
    self->old_at_us = now
                      + (gint64) ((double) US (limits->server_max_connection_age_ms)
                                  * g_random_double_range (1 - JITTER, 1 + JITTER));
}

static void
grow_old (GrpcConnection *self, gint64 now)
{
  guint grace_ms = self->thread->limits->server_max_connection_age_grace_ms;

  if (self->aged)
    {
      grpc_connection_fail (self, "the connection was too old");
      return;
    }
  self->aged = TRUE;
  self->old_at_us = grace_ms != 0 ? now + US (grace_ms) : G_MAXINT64;
  grpc_end_kindly (self);
}

static void
end_idle (GrpcConnection *self)
{
  if (self->server)
    {
      grpc_end_kindly (self);
      return;
    }
  grpc_connection_retire (self);
  grpc_connection_check (self, nghttp2_session_terminate_session (self->session, NGHTTP2_NO_ERROR));
  grpc_connection_flush_soon (self);
}

/* Does what is due at @now; returns when to look again, G_MAXINT64 for never. */
gint64
grpc_age_look (GrpcConnection *self, gint64 now)
{
  const GrpcLimits *limits = self->thread->limits;
  gint64 idle_us = US (self->server ? limits->server_max_connection_idle_ms : limits->max_idle_ms);
  gint64 due;

  if (now >= self->old_at_us)
    grow_old (self, now);
  due = self->old_at_us;
  if (idle_us == 0 || self->closing)
    return due;
  if (self->n_calls > 0)
    return MIN (due, now + idle_us);
  if (now >= self->idle_since_us + idle_us)
    {
      end_idle (self);
      return due;
    }
  return MIN (due, self->idle_since_us + idle_us);
}
