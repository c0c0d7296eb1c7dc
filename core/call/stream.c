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
 * Says what becomes of the caller's messages.  In the handler, before it returns.  `cancelled` has
 * to be there: a handler that keeps nothing ends the call in it.
 */
void
micro_call_stream (MicroCall *self, const MicroStreamFuncs *funcs, gpointer user_data)
{
  g_return_if_fail (micro_call_is_open (self) && funcs != NULL);
  g_return_if_fail (funcs->cancelled != NULL);
  self->stream = funcs;
  self->stream_data = user_data;
}

/* --- One call-back for all --- */

typedef struct
{
  MicroCallBytesFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} BytesStream;

static void
bytes_stream_clear (gpointer data)
{
  BytesStream *self = data;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

static void
bytes_stream_free (gpointer data)
{
  g_atomic_rc_box_release_full (data, bytes_stream_clear);
}

/* The call may end in the call-back; a binding looks at all that it was shown, and at its own end
 * of the call-back, once more when that has returned. */
static void
tell_bytes (MicroCall *call, MicroStreamEvent event, gconstpointer message, gpointer user_data)
{
  BytesStream *self = g_atomic_rc_box_acquire (user_data);
  GBytes *bytes = message != NULL ? g_bytes_ref ((GBytes *) message) : NULL;

  micro_call_ref (call);
  self->func (call, event, bytes, self->user_data);
  micro_call_unref (call);
  g_clear_pointer (&bytes, g_bytes_unref);
  bytes_stream_free (self);
}

static void
bytes_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  tell_bytes (call, MICRO_STREAM_MESSAGE, message, user_data);
}

static void
bytes_ended (MicroCall *call, gpointer user_data)
{
  tell_bytes (call, MICRO_STREAM_ENDED, NULL, user_data);
}

static void
bytes_writable (MicroCall *call, gpointer user_data)
{
  tell_bytes (call, MICRO_STREAM_WRITABLE, NULL, user_data);
}

static void
bytes_cancelled (MicroCall *call, gpointer user_data)
{
  tell_bytes (call, MICRO_STREAM_CANCELLED, NULL, user_data);
}

/**
 * micro_call_stream_bytes:
 * @self: a call of a method that was added with micro_router_add_bytes()
 * @func: (scope notified) (closure user_data) (destroy destroy): told of all that happens
 * @user_data: for @func
 * @destroy: (nullable): frees @user_data once the call has ended
 *
 * Says what becomes of the caller's messages.  In the handler, before it returns, and once.
 */
void
micro_call_stream_bytes (MicroCall *self,
                         MicroCallBytesFunc func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  static const MicroStreamFuncs funcs = { .message = bytes_message,
                                          .ended = bytes_ended,
                                          .writable = bytes_writable,
                                          .cancelled = bytes_cancelled };
  BytesStream *stream;

  g_return_if_fail (micro_call_is_open (self) && self->stream == NULL && func != NULL);
  stream = g_atomic_rc_box_new (BytesStream);
  *stream = (BytesStream){ func, user_data, destroy };
  self->stream_destroy = bytes_stream_free;
  micro_call_stream (self, &funcs, stream);
}

/* --- Sending --- */

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
 * micro_call_send_bytes:
 * @self: a call of a method that answers with a stream
 * @response: (transfer none): a message, written as micro_call_get_codec() says
 *
 * Sends one message.  Any thread.  If the caller has gone it is dropped.
 *
 * Returns: whether there is room for more; if not, wait for %MICRO_STREAM_WRITABLE
 */
gboolean
micro_call_send_bytes (MicroCall *self, GBytes *response)
{
  g_return_val_if_fail (self != NULL && response != NULL, FALSE);
  micro_call_put_bytes (self, response, FALSE);
  return micro_call_has_room (self);
}

/**
 * micro_call_end:
 * @self: a call of a method that answers with a stream; gone afterwards
 *
 * Ends the call with the status OK.  Any thread.
 */
void
micro_call_end (MicroCall *self)
{
  g_return_if_fail (self != NULL);
  micro_call_finish (self, MICRO_STATUS_OK, NULL, NULL);
}

/* --- Slowing the caller down --- */

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
