/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a handler may ask of its call, the headers of both sides, and who keeps the memory.
 */
#include "config.h"

#include "call/arena.h"
#include "call/call.h"

/* --- References --- */

/**
 * micro_call_ref:
 * @self: a call
 *
 * Keeps the pointer valid.  The call itself is its handler's to end all the same.  Any thread.
 *
 * Returns: (transfer full): @self
 */
MicroCall *
micro_call_ref (MicroCall *self)
{
  g_atomic_int_inc (&self->references);
  return self;
}

/**
 * micro_call_unref:
 * @self: (transfer full): a call of which a reference was taken
 *
 * Any thread.
 */
void
micro_call_unref (MicroCall *self)
{
  if (g_atomic_int_dec_and_test (&self->references))
    self->release (self);
}

G_DEFINE_BOXED_TYPE (MicroCall, micro_call, micro_call_ref, micro_call_unref)

/**
 * micro_call_clear_kept: (skip)
 * @self: a call that a transport is about to free
 * @release: frees its memory, and nothing but that; any thread
 *
 * For transports, which say micro_call_clear(): drops their reference, and what was allocated.
 *
 * Returns: whether the memory may be freed, or used again, now; if not, @release follows
 */
gboolean
micro_call_clear_kept (MicroCall *self, void (*release) (MicroCall *self))
{
  micro_arena_clear (&self->arena);
  micro_arena_clear (&self->message_arena);
  self->release = release;
  return g_atomic_int_dec_and_test (&self->references);
}

/* --- What it is --- */

/**
 * micro_call_get_deadline:
 * @self: a call
 *
 * Returns: when the caller stops waiting, in µs of g_get_monotonic_time(); %G_MAXINT64 for never
 */
gint64
micro_call_get_deadline (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), G_MAXINT64);
  return self->deadline_us;
}

/**
 * micro_call_is_cancelled:
 * @self: a call
 *
 * Returns: whether the caller has gone, so that the answer will be dropped.  It must still be
 *   given.  Only on the call's loop thread.
 */
gboolean
micro_call_is_cancelled (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), TRUE);
  return self->state == MICRO_CALL_LOST;
}

/**
 * micro_call_get_method: (skip)
 * @self: a call
 *
 * Returns: (transfer none): what is called
 */
const MicroMethod *
micro_call_get_method (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), NULL);
  return self->method;
}

/**
 * micro_call_get_loop:
 * @self: a call
 *
 * Returns: (transfer none): the loop whose thread tells of it, and on which its headers are
 */
MicroLoop *
micro_call_get_loop (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), NULL);
  return self->loop;
}

/**
 * micro_call_get_codec:
 * @self: a call
 *
 * Returns: how the caller writes its messages, and wants the answer
 */
MicroCodec
micro_call_get_codec (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), MICRO_CODEC_PROTO);
  return self->codec;
}

static MicroPeer
call_get_peer (MicroCall *self)
{
  MicroPeer peer = { NULL, NULL, NULL };

  if (self->ops->get_peer != NULL)
    self->ops->get_peer (self, &peer);
  return peer;
}

/**
 * micro_call_get_peer_address:
 * @self: a call
 *
 * Returns: (nullable) (transfer none): where the caller is: `192.0.2.1:40312`,
 *   `[2001:db8::1]:40312`, `unix:`, or what the transport documents; %NULL once it has gone.  Lives
 *   until the call is answered.  Only on the call's loop thread.
 */
const char *
micro_call_get_peer_address (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), NULL);
  return call_get_peer (self).address;
}

/**
 * micro_call_get_peer_identity:
 * @self: a call
 *
 * Who the caller is, if TLS has verified a certificate of it: the first URI that the certificate is
 * for (a SPIFFE ID, say), else the first DNS name, else the common name of its subject.
 *
 * Returns: (nullable) (transfer none): that name; %NULL when there is none, or the caller has gone.
 *   Lives until the call is answered.  Only on the call's loop thread.
 */
const char *
micro_call_get_peer_identity (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), NULL);
  return call_get_peer (self).identity;
}

/**
 * micro_call_get_peer_certificate:
 * @self: a call
 *
 * Returns: (nullable) (transfer none): the certificate that the caller has shown and TLS has
 *   verified, as DER; %NULL when there is none, or the caller has gone.  Lives until the call is
 *   answered.  Only on the call's loop thread.
 */
GBytes *
micro_call_get_peer_certificate (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), NULL);
  return call_get_peer (self).certificate;
}

/* --- Headers --- */

/**
 * micro_call_get_header:
 * @self: a call
 * @name: a header's name, lower-case
 *
 * Returns: (nullable) (transfer none): the first value of the header the peer sent; lives until
 *   the call is answered.  Only on the call's loop thread.
 */
const char *
micro_call_get_header (MicroCall *self, const char *name)
{
  g_return_val_if_fail (micro_call_is_open (self), NULL);
  return self->ops->get_header (self, name);
}

/**
 * micro_call_foreach_header:
 * @self: a call
 * @callback: (scope call): sees each header, with names in lower case and duplicates as they came
 * @user_data: for @callback
 *
 * Only on the call's loop thread.
 */
void
micro_call_foreach_header (MicroCall *self, MicroHeaderFunc callback, gpointer user_data)
{
  g_return_if_fail (micro_call_is_open (self) && callback != NULL);
  self->ops->foreach_header (self, FALSE, callback, user_data);
}

/**
 * micro_call_set_compress:
 * @self: a call
 * @compress: whether the following messages are to be sent compressed, if the caller takes that
 *
 * Only on the call's loop thread.
 */
void
micro_call_set_compress (MicroCall *self, gboolean compress)
{
  g_return_if_fail (micro_call_is_open (self));
  self->compress = compress != FALSE;
}

/**
 * micro_call_is_compressed:
 * @self: a call
 *
 * Returns: whether the request, or the message of a stream in hand, came compressed.  Only on the
 *   call's loop thread.
 */
gboolean
micro_call_is_compressed (MicroCall *self)
{
  g_return_val_if_fail (micro_call_is_open (self), FALSE);
  return self->was_compressed;
}
