/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Clients that ping too often are sent away (gRFC A8 and A9).
 */
#include "config.h"

#include <nghttp2/nghttp2.h>

#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

/* Those that come too early and are forgiven. */
#define STRIKES_MAX 2
#define MIN_WITHOUT_CALLS_US (2 * 3600 * (gint64) G_USEC_PER_SEC)

/* A client of a server has sent a PING. */
void
grpc_pings_count (GrpcConnection *self)
{
  const GrpcLimits *limits = self->thread->limits;
  gint64 now = micro_loop_get_time (self->thread->loop);
  gint64 least = limits->server_min_ping_interval_ms * (gint64) 1000;
  gint64 since = now - self->pinged_us;

  if (self->n_calls == 0 && !limits->server_permit_idle_pings)
    least = MAX (least, MIN_WITHOUT_CALLS_US);
  /* Clients measure the line with pings while data flows. */
  if (self->answered_since_ping)
    self->ping_strikes = 0;
  else if (self->pinged_us != 0 && since < least && ++self->ping_strikes > STRIKES_MAX)
    grpc_end_now (self, NGHTTP2_ENHANCE_YOUR_CALM, GRPC_TOO_MANY_PINGS);
  self->answered_since_ping = FALSE;
  self->pinged_us = now;
}
