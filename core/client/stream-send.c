/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a caller's stream sends, kept for another try, and the room there is for more.
 */
#include "config.h"

#include <string.h>

#include "call/call.h"
#include "client/stream.h"

#define LOW_WATER (MICRO_CALL_HIGH_WATER / 2)
/* Until the peer has begun to answer; but more than this is not kept for another try: what fails
 * then, fails. */
#define MAX_OUTBOX (256 * 1024)

typedef struct
{
  GBytes *bytes;
  gboolean compress;
} Message;

/* --- Room --- */

gboolean
micro_stream_has_room (MicroStream *self)
{
  if (g_atomic_int_get (&self->posted) < MICRO_CALL_HIGH_WATER && !g_atomic_int_get (&self->full))
    return TRUE;
  g_atomic_int_set (&self->blocked, 1);
  return g_atomic_int_get (&self->posted) <= LOW_WATER && !g_atomic_int_get (&self->full)
         && g_atomic_int_compare_and_exchange (&self->blocked, 1, 0);
}

void
micro_stream_tell_writable (MicroStream *self)
{
  MicroScope scope;

  if (self->base.done || g_atomic_int_get (&self->full)
      || g_atomic_int_get (&self->posted) > LOW_WATER
      || !g_atomic_int_compare_and_exchange (&self->blocked, 1, 0))
    return;
  if (self->inbox != NULL)
    micro_stream_inbox_writable (self->inbox);
  else if (self->events->writable != NULL)
    {
      micro_scope_enter (&scope, self->base.loop, NULL, self->base.context);
      self->events->writable (self, self->user_data);
      micro_scope_leave (&scope, self->base.loop);
    }
}

void
micro_stream_look_for_room (MicroStream *self)
{
  MicroCall *call = micro_request_get_call (&self->base);
  gboolean room
      = call != NULL ? micro_call_has_room (call) : self->outbox_bytes < MICRO_CALL_HIGH_WATER;

  g_atomic_int_set (&self->full, !room);
}

/* --- Out --- */

void
micro_stream_drop_outbox (MicroStream *self)
{
  g_clear_pointer (&self->outbox, g_array_unref);
  self->outbox_bytes = 0;
}

static void
clear_message (gpointer data)
{
  g_bytes_unref (((Message *) data)->bytes);
}

void
micro_stream_init_outbox (MicroStream *self)
{
  self->outbox = g_array_new (FALSE, FALSE, sizeof (Message));
  g_array_set_clear_func (self->outbox, clear_message);
}

static void
write_message (MicroStream *self, MicroCall *call, const Message *message)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (message->bytes, &length);
  guint8 *space;

  if (G_UNLIKELY (self->base.intercepted != NULL))
    micro_request_intercept_message (&self->base, TRUE, length);
  call->compress = message->compress;
  space = call->ops->begin_message (call, length);
  if (length > 0)
    memcpy (space, data, length);
  call->ops->end_message (call);
}

void
micro_stream_repeat_outbox (MicroStream *self)
{
  MicroCall *call = micro_request_get_call (&self->base);

  for (guint i = 0; self->outbox != NULL && i < self->outbox->len; i++)
    write_message (self, call, &g_array_index (self->outbox, Message, i));
  if (self->half_closed)
    call->ops->half_close (call);
}

static void
stream_send_put (MicroStream *self, GBytes *bytes, gboolean compress)
{
  Message message = { bytes, compress };
  MicroCall *call = micro_request_get_call (&self->base);

  if (self->base.done || self->half_closed)
    return;
  if (self->outbox != NULL && call != NULL
      && self->outbox_bytes + g_bytes_get_size (bytes) > MAX_OUTBOX)
    micro_stream_drop_outbox (self);
  if (self->outbox != NULL)
    {
      self->outbox_bytes += g_bytes_get_size (bytes);
      g_bytes_ref (bytes);
      g_array_append_val (self->outbox, message);
    }
  if (call != NULL)
    write_message (self, call, &message);
  micro_stream_look_for_room (self);
}

static void
stream_send_half_close (MicroStream *self)
{
  MicroCall *call = micro_request_get_call (&self->base);

  if (self->base.done || self->half_closed)
    return;
  self->half_closed = TRUE;
  if (call != NULL)
    call->ops->half_close (call);
}

typedef struct
{
  MicroStream *stream;
  GBytes *message; /* (nullable): none, but the end of them */
  gboolean compress;
} Posted;

static void
take_posted (gpointer user_data)
{
  Posted *posted = user_data;
  MicroStream *self = posted->stream;

  if (posted->message == NULL)
    stream_send_half_close (self);
  else
    {
      stream_send_put (self, posted->message, posted->compress);
      g_atomic_int_add (&self->posted, -(int) g_bytes_get_size (posted->message));
      micro_stream_tell_writable (self);
      g_bytes_unref (posted->message);
    }
  micro_request_unref (&self->base);
  g_free (posted);
}

static void
stream_send_post (MicroStream *self, GBytes *message)
{
  Posted *posted = g_new (Posted, 1);

  if (message != NULL)
    g_atomic_int_add (&self->posted, (int) g_bytes_get_size (message));
  micro_request_ref (&self->base);
  *posted = (Posted){ self, message, g_atomic_int_get (&self->compress) };
  micro_loop_post (self->base.loop, take_posted, posted);
}

/* Past the outbox, when nobody could want the message again: the way of most. */
static void
pack_into_call (MicroStream *self, const ProtobufCMessage *message)
{
  MicroCall *call = micro_request_get_call (&self->base);
  gsize size = protobuf_c_message_get_packed_size (message);

  if (G_UNLIKELY (self->base.intercepted != NULL))
    micro_request_intercept_message (&self->base, TRUE, size);
  call->compress = g_atomic_int_get (&self->compress) != 0;
  protobuf_c_message_pack (message, call->ops->begin_message (call, size));
  call->ops->end_message (call);
  micro_stream_look_for_room (self);
}

/**
 * micro_stream_send: (skip)
 * @self: a stream
 * @message: of the method's request type, or a GBytes; may go after this returns
 *
 * Sends a message.  Any thread.  After the end, or micro_stream_end(), it is dropped.
 *
 * Returns: whether there is room for more; if not, wait for `writable`
 */
gboolean
micro_stream_send (MicroStream *self, gconstpointer message)
{
  gboolean on_loop;
  MicroCall *call;
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (self != NULL && message != NULL, FALSE);
  on_loop = micro_loop_get_current () == self->base.loop;
  call = on_loop ? micro_request_get_call (&self->base) : NULL;
  if (call != NULL && self->method != NULL && self->outbox == NULL && !self->base.done
      && !self->half_closed)
    {
      pack_into_call (self, message);
      return micro_stream_has_room (self);
    }
  bytes = self->method != NULL ? micro_client_pack (self->method, message)
                               : g_bytes_ref ((GBytes *) message);
  if (on_loop)
    stream_send_put (self, bytes, g_atomic_int_get (&self->compress));
  else
    stream_send_post (self, g_steal_pointer (&bytes));
  return micro_stream_has_room (self);
}

/**
 * micro_stream_end:
 * @self: a stream
 *
 * Says that no more messages come from here.  Any thread.
 */
void
micro_stream_end (MicroStream *self)
{
  g_return_if_fail (self != NULL);
  if (micro_loop_get_current () == self->base.loop)
    stream_send_half_close (self);
  else
    stream_send_post (self, NULL);
}

/**
 * micro_stream_set_compress:
 * @self: a stream whose options say `compress`
 * @compress: whether the messages sent from now on are to be compressed
 *
 * Leaves out what gains nothing, or would give a secret away by its size.  Any thread.
 */
void
micro_stream_set_compress (MicroStream *self, gboolean compress)
{
  g_return_if_fail (self != NULL);
  g_atomic_int_set (&self->compress, compress != FALSE);
}
