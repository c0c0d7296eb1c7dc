/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Frames that cost a server more than their client, counted (CVE-2023-44487, CVE-2025-8671 and
 * others).
 */
#include "config.h"

#include <nghttp2/nghttp2.h>

#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

/* As many at once, and then one each so long: what nghttp2 grants resets. */
#define BURST 900
#define COST_US (30 * 1000)
/* Frames that may wait besides those of calls: acknowledgements, of which nghttp2 keeps 1000,
 * windows, resets. */
#define MANY_FRAMES 4096

/* The client of a server has sent such a frame, or made the server send one. */
void
grpc_mischief_count (GrpcConnection *self)
{
  gint64 now = micro_loop_get_time (self->thread->loop);

  self->mischief_us = MAX (self->mischief_us, now) + COST_US;
  if (self->mischief_us - now > (gint64) BURST * COST_US)
    grpc_end_now (self, NGHTTP2_ENHANCE_YOUR_CALM, "too many resets or frames without a meaning");
}

/* A client that reads nothing makes the server say more and more: a stream it may not have yet is
 * refused with a frame, and nghttp2 keeps every one of them. */
void
grpc_mischief_look (GrpcConnection *self)
{
  gsize most = 2 * (gsize) self->thread->limits->max_concurrent_streams + MANY_FRAMES;

  if (nghttp2_session_get_outbound_queue_size (self->session) > most)
    grpc_end_now (self, NGHTTP2_ENHANCE_YOUR_CALM, "it does not take what it makes us say");
}
