/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How much of a stream waits to be sent, and who waits for it.
 */
#include "config.h"

#include "call/call.h"

#define LOW_WATER (MICRO_CALL_HIGH_WATER / 2)

/* Whoever finds the queue long asks for writable; micro_call_sent() may have emptied it between. */
gboolean
micro_call_has_room (MicroCall *self)
{
  if (g_atomic_int_get (&self->queued) < MICRO_CALL_HIGH_WATER)
    return TRUE;
  g_atomic_int_set (&self->blocked, 1);
  return g_atomic_int_get (&self->queued) <= LOW_WATER
         && g_atomic_int_compare_and_exchange (&self->blocked, 1, 0);
}

/**
 * micro_call_sent: (skip)
 * @self: a call that is streaming
 * @bytes: of its messages
 *
 * For transports: so much of what was counted in `queued` has left.  May call events->writable,
 * in which the handler may send or end the call.  On the call's loop thread.
 */
void
micro_call_sent (MicroCall *self, gsize bytes)
{
  int left = g_atomic_int_add (&self->queued, -(int) bytes) - (int) bytes;

  if (left <= LOW_WATER && g_atomic_int_compare_and_exchange (&self->blocked, 1, 0)
      && self->events->writable != NULL)
    self->events->writable (self);
}
