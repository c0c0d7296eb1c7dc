/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A streaming handler's side of its call: messages out, and when to wait.
 */
#include "config.h"

#include "call/arena.h"
#include "call/call.h"

#define LOW_WATER (MICRO_CALL_HIGH_WATER / 2)

/**
 * micro_call_stream: (skip)
 * @self: a call
 * @funcs: (transfer none): what to do with what arrives; must outlive the call
 * @user_data: for @funcs
 *
 * Says what becomes of the caller's messages.  In the handler, before it returns.
 */
void
micro_call_stream (MicroCall *self, const MicroStreamFuncs *funcs, gpointer user_data)
{
  g_return_if_fail (self != NULL && funcs != NULL);
  self->stream = funcs;
  self->stream_data = user_data;
}

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

/**
 * micro_call_send: (skip)
 * @self: a call of a method that answers with a stream
 * @response: a message of the method's response type; may go after this returns
 *
 * Sends one message.  Any thread.  If the caller has gone it is dropped.
 *
 * Returns: whether there is room for more; if not, wait for `writable`
 */
gboolean
micro_call_send (MicroCall *self, gconstpointer response)
{
  g_return_val_if_fail (self != NULL && response != NULL, FALSE);
  micro_call_put (self, response, FALSE);
  return micro_call_has_room (self);
}

/**
 * micro_call_end:
 * @self: (transfer full): a call of a method that answers with a stream
 *
 * Ends the call with the status OK.  Any thread.
 */
void
micro_call_end (MicroCall *self)
{
  g_return_if_fail (self != NULL);
  micro_call_finish (self, MICRO_STATUS_OK, NULL, NULL);
}

/**
 * micro_call_hold:
 * @self: a call whose messages arrive in a stream
 *
 * Takes no further message until micro_call_resume(); the one in hand lives until then.  The
 * caller is slowed down by HTTP/2's flow control.  Only on the call's loop thread.
 */
void
micro_call_hold (MicroCall *self)
{
  g_return_if_fail (self != NULL);
  if (self->held || self->answered)
    return;
  self->held = TRUE;
  self->ops->hold (self, TRUE);
}

/**
 * micro_call_resume:
 * @self: a call that is held
 *
 * Takes messages again, in the loop's next turn at the earliest.  Only on the call's loop thread.
 */
void
micro_call_resume (MicroCall *self)
{
  g_return_if_fail (self != NULL);
  if (!self->held || self->answered)
    return;
  self->held = FALSE;
  micro_arena_clear (&self->message_arena);
  self->ops->hold (self, FALSE);
}
