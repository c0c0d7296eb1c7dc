/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The messages that a call sends: from the core into a buffer, from there into frames.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-wire.h"

static void
outbox_make_room (GrpcCall *self, gsize size)
{
  guint8 *room;
  gsize need;

  if (self->out_sent > 0 && self->out_sent >= self->out_length / 2)
    {
      self->out_length -= self->out_sent;
      memmove (self->out, self->out + self->out_sent, self->out_length);
      self->out_sent = 0;
    }
  need = self->out_length + size;
  if (need <= self->out_size)
    return;
  need = MAX (need, self->out_size * 2);
  room = micro_block_realloc (self->out == self->inline_out ? NULL : self->out, need);
  if (room == NULL) /* ends the process as GLib does */
    room = g_malloc (need);
  if (self->out == self->inline_out)
    memcpy (room, self->inline_out, self->out_length);
  self->out = room;
  grpc_budget_change (self, (gssize) (need - self->out_size));
  self->out_size = need;
}

static guint8 *
put_prefix (GrpcCall *self, gsize size, gboolean compressed)
{
  guint8 *prefix;

  outbox_make_room (self, 5 + size);
  self->message_at = self->out_length;
  prefix = self->out + self->out_length;
  prefix[0] = compressed;
  prefix[1] = size >> 24;
  prefix[2] = size >> 16;
  prefix[3] = size >> 8;
  prefix[4] = size;
  self->out_length += 5 + size;
  return prefix + 5;
}

guint8 *
grpc_outbox_begin_message (MicroCall *call, gsize size)
{
  return put_prefix ((GrpcCall *) call, size, FALSE);
}

static void
compress_message (GrpcCall *self)
{
  const guint8 *plain = self->out + self->message_at + 5;
  gsize length = self->out_length - self->message_at - 5;
  g_autofree guint8 *packed = grpc_gzip_deflate (plain, length, &length);

  self->out_length = self->message_at;
  memcpy (put_prefix (self, length, TRUE), packed, length);
}

/* Says what follows to who waits for it. */
static void
outbox_wake (GrpcCall *self, GrpcOut sending)
{
  gboolean idle = self->sending == GRPC_OUT_IDLE;

  self->sending = sending;
  if (!idle || self->connection == NULL)
    return;
  nghttp2_session_resume_data (self->connection->session, self->stream_id);
  grpc_connection_flush_soon (self->connection);
}

void
grpc_outbox_end (GrpcCall *self)
{
  outbox_wake (self, GRPC_OUT_LAST);
}

void
grpc_outbox_end_message (MicroCall *call)
{
  GrpcCall *self = (GrpcCall *) call;

  if (call->compress && self->gzip_out)
    compress_message (self);
  if (call->streaming)
    g_atomic_int_add (&call->queued, (int) (self->out_length - self->message_at));
  if (self->sending == GRPC_OUT_IDLE)
    outbox_wake (self, GRPC_OUT_OPEN);
}

gsize
grpc_outbox_get_unsent (GrpcCall *self)
{
  return self->out_length - self->out_sent;
}

/* How much of what waits goes into the next frame; grpc_outbox_read() will fetch it. */
gsize
grpc_outbox_offer (GrpcCall *self, gsize size, guint32 *flags)
{
  gsize n = MIN (size, grpc_outbox_get_unsent (self));

  if (n > 0)
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return n;
}

/* @size: at most what is unsent. */
void
grpc_outbox_read (GrpcCall *self, guint8 *buffer, gsize size)
{
  memcpy (buffer, self->out + self->out_sent, size);
  self->out_sent += size;
  if (self->out_sent == self->out_length)
    self->out_sent = self->out_length = 0;
  grpc_flow_sent (self, size);
}
