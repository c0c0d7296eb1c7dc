/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The struct of a call: its slab, its received headers, its outgoing messages.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "grpc-private.h"

/* Free structs kept for the next calls of a loop: 256 are 500 KiB at the most. */
#define MAX_FREE_CALLS 256

GrpcCall *
grpc_call_new (GrpcConnection *connection, gboolean server)
{
  GrpcThread *thread = connection->thread;
  GrpcCall *self = thread->free_calls;

  if (self != NULL)
    {
      thread->free_calls = self->next;
      thread->n_free_calls--;
    }
  else
    self = g_new (GrpcCall, 1);
  memset (self, 0, offsetof (GrpcCall, headers));
  self->thread = thread;
  self->head.loop = thread->loop;
  self->head.deadline_us = G_MAXINT64;
  self->server = server;
  self->max_receive_bytes = thread->limits->max_receive_bytes;
  self->out = self->inline_out;
  self->out_size = GRPC_INLINE_OUT;
  micro_call_init_arena (&self->head, self->inline_arena, GRPC_INLINE_ARENA);
  grpc_connection_add_call (connection, self);
  return self;
}

void
grpc_call_free (GrpcCall *self, GrpcThread *thread)
{
  if (self->connection != NULL)
    grpc_connection_forget_call (self->connection, self);
  micro_loop_stop_timer (thread->loop, &self->deadline);
  for (guint i = 0; i < self->n_headers; i++)
    {
      nghttp2_rcbuf_decref (self->headers[i].name);
      nghttp2_rcbuf_decref (self->headers[i].value);
    }
  for (guint i = 0; self->more_headers != NULL && i < self->more_headers->len; i++)
    {
      nghttp2_rcbuf_decref (g_array_index (self->more_headers, GrpcHeader, i).name);
      nghttp2_rcbuf_decref (g_array_index (self->more_headers, GrpcHeader, i).value);
    }
  g_clear_pointer (&self->more_headers, g_array_unref);
  g_clear_pointer (&self->out_headers, g_ptr_array_unref);
  g_clear_pointer (&self->out_trailers, g_ptr_array_unref);
  grpc_flow_forget (self);
  if (self->path != NULL)
    nghttp2_rcbuf_decref (self->path);
  grpc_framer_clear (&self->framer);
  if (self->out != self->inline_out)
    micro_block_free (self->out);
  g_free (self->out_message);
  g_clear_pointer (&self->out_details, g_bytes_unref);
  micro_call_clear_arena (&self->head);
  if (thread->n_free_calls >= MAX_FREE_CALLS)
    {
      g_free (self);
      return;
    }
  self->next = thread->free_calls;
  thread->free_calls = self;
  thread->n_free_calls++;
}

static void
remember_value (GrpcCall *self, nghttp2_vec name, const char *value)
{
  const char *key = (const char *) name.base;

  switch (name.len)
    {
    case 7:
      if (memcmp (key, "timeout", 7) == 0)
        self->micro_timeout = value;
      break;
    case 11:
      if (memcmp (key, "grpc-status", 11) == 0)
        self->grpc_status = value;
      break;
    case 12:
      if (memcmp (key, "content-type", 12) == 0)
        self->content_type = value;
      else if (memcmp (key, "grpc-timeout", 12) == 0)
        self->grpc_timeout = value;
      break;
    case 13:
      if (memcmp (key, "grpc-encoding", 13) == 0)
        self->grpc_encoding = value;
      break;
    case 20:
      if (memcmp (key, "grpc-accept-encoding", 20) == 0)
        self->grpc_accept_encoding = value;
      break;
    default:
      break;
    }
}

void
grpc_call_add_header (GrpcCall *self, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
  nghttp2_vec text = nghttp2_rcbuf_get_buf (name);
  GrpcHeader header = { name, value, text.base, text.len };

  nghttp2_rcbuf_incref (name);
  nghttp2_rcbuf_incref (value);
  remember_value (self, text, (const char *) nghttp2_rcbuf_get_buf (value).base);
  if (self->n_headers < GRPC_INLINE_HEADERS)
    {
      self->headers[self->n_headers++] = header;
      return;
    }
  if (self->more_headers == NULL)
    self->more_headers = g_array_new (FALSE, FALSE, sizeof (GrpcHeader));
  g_array_append_val (self->more_headers, header);
}

guint
grpc_call_count_headers (GrpcCall *self)
{
  return self->n_headers + (self->more_headers != NULL ? self->more_headers->len : 0);
}

static const GrpcHeader *
header_at (GrpcCall *self, guint index)
{
  return index < self->n_headers
             ? &self->headers[index]
             : &g_array_index (self->more_headers, GrpcHeader, index - self->n_headers);
}

/* nghttp2 ends every rcbuf with a NUL that it does not count. */
static const char *
grpc_call_text_of (nghttp2_rcbuf *buffer)
{
  return (const char *) nghttp2_rcbuf_get_buf (buffer).base;
}

static inline gboolean
is_named (const GrpcHeader *header, const char *name, gsize length)
{
  return header->length == length && memcmp (header->text, name, length) == 0;
}

/* A client finds trailers too; where a name is in both, the trailer is what counts. */
const char *
grpc_call_get_header (MicroCall *call, const char *name)
{
  GrpcCall *self = (GrpcCall *) call;
  gsize length = strlen (name);
  guint n = grpc_call_count_headers (self);
  guint begin = 0;

  for (; self->server && begin < self->n_headers; begin++)
    if (is_named (&self->headers[begin], name, length))
      return grpc_call_text_of (self->headers[begin].value);
  for (guint i = begin; i < n; i++)
    {
      const GrpcHeader *header = header_at (self, self->server ? i : n - 1 - i);

      if (is_named (header, name, length))
        return grpc_call_text_of (header->value);
    }
  return NULL;
}

void
grpc_call_foreach_header (MicroCall *call,
                          gboolean trailers,
                          MicroHeaderFunc callback,
                          gpointer user_data)
{
  GrpcCall *self = (GrpcCall *) call;
  guint n = grpc_call_count_headers (self);
  guint n_leading = self->server ? n : MIN (self->n_leading, n);

  for (guint i = trailers ? n_leading : 0; i < (trailers ? n : n_leading); i++)
    {
      const GrpcHeader *header = header_at (self, i);

      if (!callback (grpc_call_text_of (header->name), grpc_call_text_of (header->value),
                     user_data))
        return;
    }
}

/* --- Messages out --- */

static void
grpc_call_make_room (GrpcCall *self, gsize size)
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

  grpc_call_make_room (self, 5 + size);
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
grpc_call_begin_message (MicroCall *call, gsize size)
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

void
grpc_call_resume_sending (GrpcCall *self)
{
  if (self->deferred && self->connection != NULL)
    {
      self->deferred = FALSE;
      nghttp2_session_resume_data (self->connection->session, self->stream_id);
      grpc_connection_flush_soon (self->connection);
    }
}

void
grpc_call_end_message (MicroCall *call)
{
  GrpcCall *self = (GrpcCall *) call;

  if (call->compress && self->gzip_out)
    compress_message (self);
  if (call->streaming)
    g_atomic_int_add (&call->queued, (int) (self->out_length - self->message_at));
  grpc_call_resume_sending (self);
}

gsize
grpc_call_get_unsent (GrpcCall *self)
{
  return self->out_length - self->out_sent;
}

/* How much of what waits goes into the next frame; grpc_send_data() will fetch it. */
gsize
grpc_call_offer (GrpcCall *self, gsize size, guint32 *flags)
{
  gsize n = MIN (size, grpc_call_get_unsent (self));

  if (n > 0)
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return n;
}

/* @size: at most what is unsent. */
void
grpc_call_read_out (GrpcCall *self, guint8 *buffer, gsize size)
{
  memcpy (buffer, self->out + self->out_sent, size);
  self->out_sent += size;
  if (self->out_sent == self->out_length)
    self->out_sent = self->out_length = 0;
  grpc_flow_sent (self, size);
}
