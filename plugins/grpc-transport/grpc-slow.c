/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Clients that never come to the point: in their first words, in headers, in a request.
 */
#include "config.h"

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

#define US(ms) ((ms) * (gint64) 1000)

/* Cheap: it is called after each read. */
void
grpc_slow_watch (GrpcConnection *self)
{
  const GrpcFrames *frames = &self->frames;
  gint64 now = micro_loop_get_time (self->thread->loop);
  gint64 due = now + US (self->thread->limits->server_request_timeout_ms);
  gboolean stuck = !self->greeted || frames->in_block || frames->n_head > 0
                   || (frames->skip > 0 && !frames->in_data);

  if (!stuck)
    self->stuck_us = 0;
  else if (self->stuck_us == 0)
    self->stuck_us = now;
  if (!stuck && self->n_calls == 0)
    return;
  if (self->life.expired != NULL && (self->life.position == 0 || self->life.at_us > due))
    micro_loop_start_timer (self->thread->loop, &self->life, due);
}

/* What a handler has, it waits for itself. */
static void
look_at_call (GrpcCall *call, guint timeout_ms)
{
  if (call->in_ended || call->owner != GRPC_SHARED || call->head.state != MICRO_CALL_ARRIVING)
    return;
  if (call->lingered)
    micro_call_refuse (&call->head, MICRO_STATUS_DEADLINE_EXCEEDED,
                       "the request did not arrive within %u ms", timeout_ms);
  call->lingered = TRUE;
}

/* Does what is due at @now; returns when to look again, G_MAXINT64 for never. */
gint64
grpc_slow_look (GrpcConnection *self, gint64 now)
{
  guint timeout_ms = self->thread->limits->server_request_timeout_ms;
  gint64 due = G_MAXINT64;

  if (!self->server)
    return due;
  if (self->stuck_us != 0 && now >= self->stuck_us + US (timeout_ms))
    {
      grpc_end_now (self, NGHTTP2_ENHANCE_YOUR_CALM, "the rest of a frame or header did not come");
      return due;
    }
  if (self->stuck_us != 0)
    due = self->stuck_us + US (timeout_ms);
  if (self->n_calls == 0)
    return due;
  /* Others look more often; each call has at least this long. */
  if (now >= self->scanned_us + US (timeout_ms))
    {
      self->scanned_us = now;
      for (GrpcCall *call = self->calls; call != NULL; call = call->next)
        look_at_call (call, timeout_ms);
    }
  return MIN (due, self->scanned_us + US (timeout_ms));
}
