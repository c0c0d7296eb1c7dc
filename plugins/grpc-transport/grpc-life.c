/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * When a connection has to be looked after: one timer, never late, rarely moved.
 */
#include "config.h"

#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-thread.h"

/* Calls and reads leave the timer alone: it expires too early, and then looks again. */
static void
life_expired (MicroLoopTimer *timer)
{
  GrpcConnection *self = MICRO_CONTAINER_OF (timer, GrpcConnection, life);

  grpc_life_look (self);
}

/* Does what is due, and comes back when something may be. */
void
grpc_life_look (GrpcConnection *self)
{
  gint64 now = micro_loop_get_time (self->thread->loop);
  gint64 due;

  if (self->dead || self->ending)
    return;
  due = grpc_keepalive_look (self, now);
  if (!self->dead)
    due = MIN (due, grpc_age_look (self, now));
  if (!self->dead)
    due = MIN (due, grpc_slow_look (self, now));
  if (self->dead || self->ending || due == G_MAXINT64)
    micro_loop_stop_timer (self->thread->loop, &self->life);
  else
    micro_loop_start_timer (self->thread->loop, &self->life, MAX (due, now + 1000));
}

static void
never_greeted (MicroLoopTimer *timer)
{
  GrpcConnection *self = MICRO_CONTAINER_OF (timer, GrpcConnection, timer);
  g_autofree char *why = g_strdup_printf ("it did not begin to speak HTTP/2 within %u ms",
                                          self->thread->limits->connect_timeout_ms);

  grpc_lost (self, why);
}

/* Calls wait for it. */
static void
await_greeting (GrpcConnection *self)
{
  self->timer.expired = never_greeted;
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time ()
                              + self->thread->limits->connect_timeout_ms * (gint64) 1000);
}

/* The connection can carry frames from now on. */
void
grpc_life_start (GrpcConnection *self)
{
  if (!self->server)
    await_greeting (self);
  self->heard_us = micro_loop_get_time (self->thread->loop);
  grpc_age_start (self, self->heard_us);
  /* It has yet to say who it is. */
  self->stuck_us = self->server ? self->heard_us : 0;
  self->life.expired = life_expired;
  grpc_life_look (self);
}
