/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A streaming handler's side of its call: messages out, and when to wait.
 */
#include "config.h"

#include "call/arena.h"
#include "call/call.h"

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
  g_return_if_fail (micro_call_is_open (self) && funcs != NULL);
  self->stream = funcs;
  self->stream_data = user_data;
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
  g_return_if_fail (micro_call_is_open (self));
  if (self->held)
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
  g_return_if_fail (micro_call_is_open (self));
  if (!self->held)
    return;
  self->held = FALSE;
  micro_arena_clear (&self->message_arena);
  self->ops->hold (self, FALSE);
}
