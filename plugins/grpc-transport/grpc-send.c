/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a connection sends: the frames of a turn, collected, and messages copied but once.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-session.h"
#include "grpc-thread.h"
#include "grpc-tls.h"

#define FRAME_HEADER_BYTES 9

static gboolean
write_some (GrpcConnection *self, const guint8 *data, gsize length, gsize *ret_written)
{
  ssize_t n;

  do
    n = send (self->source.fd, data, length, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  *ret_written = MAX (n, 0);
  if (n >= 0 || errno == EAGAIN)
    return TRUE;
  grpc_lost_sending (self, g_strerror (errno));
  return FALSE;
}

static gboolean
write_bytes (GrpcConnection *self, const guint8 *data, gsize length)
{
  gsize written;

  if (!write_some (self, data, length, &written))
    return FALSE;
  if (written == length)
    return TRUE;
  self->unsent_length = length - written;
  self->unsent_at = 0;
  self->unsent = g_memdup2 (data + written, self->unsent_length);
  micro_loop_change_source (self->thread->loop, &self->source, EPOLLIN | EPOLLOUT);
  return FALSE;
}

/* Turns *@data into records, good until the next call on this loop. */
static gboolean
send_seal (GrpcConnection *self, const guint8 **data, gsize *length)
{
  GByteArray *records = self->thread->records;
  gboolean ok = grpc_tls->write (self->tls, *data, *length);

  *data = records->data;
  *length = records->len;
  g_byte_array_set_size (records, 0);
  if (!ok)
    grpc_lost (self, grpc_tls->get_problem (self->tls));
  return ok;
}

/* FALSE: the socket is full or broken, so stop. */
static gboolean
write_or_keep (GrpcConnection *self, const guint8 *data, gsize length)
{
  if (length == 0)
    return TRUE;
  if (self->tls != NULL && !send_seal (self, &data, &length))
    return FALSE;
  return write_bytes (self, data, length);
}

/* What TLS says by itself, behind what is kept. */
void
grpc_send_records (GrpcConnection *self, const guint8 *data, gsize length)
{
  if (self->dead)
    return;
  if (self->unsent == NULL)
    {
      write_bytes (self, data, length);
      return;
    }
  self->unsent = g_realloc (self->unsent, self->unsent_length + length);
  memcpy (self->unsent + self->unsent_length, data, length);
  self->unsent_length += length;
}

gboolean
grpc_send_kept (GrpcConnection *self)
{
  gsize written;

  if (self->unsent == NULL)
    return TRUE;
  if (!write_some (self, self->unsent + self->unsent_at, self->unsent_length - self->unsent_at,
                   &written))
    return FALSE;
  self->unsent_at += written;
  if (self->unsent_at < self->unsent_length)
    return FALSE;
  g_clear_pointer (&self->unsent, g_free);
  micro_loop_change_source (self->thread->loop, &self->source, EPOLLIN);
  return TRUE;
}

/* nghttp2 has made room in a DATA frame for what the call offered. */
int
grpc_send_data (nghttp2_session *session,
                nghttp2_frame *frame,
                const uint8_t *header,
                size_t length,
                nghttp2_data_source *source,
                void *user_data)
{
  GrpcConnection *self = user_data;
  GrpcThread *thread = self->thread;
  GrpcCall *call = grpc_connection_find_call (self, frame->hd.stream_id);
  guint8 *at = thread->send_buffer + thread->send_filled;

  if (call == NULL || grpc_outbox_get_unsent (call) < length)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (thread->send_filled + FRAME_HEADER_BYTES + length > GRPC_BUFFER_SIZE)
    return NGHTTP2_ERR_WOULDBLOCK;
  memcpy (at, header, FRAME_HEADER_BYTES);
  grpc_outbox_read (call, at + FRAME_HEADER_BYTES, length);
  thread->send_filled += FRAME_HEADER_BYTES + length;
  return 0;
}

/* FALSE: the socket is full or broken, so stop. */
static gboolean
write_filled (GrpcConnection *self)
{
  GrpcThread *thread = self->thread;
  gsize filled = thread->send_filled;

  thread->send_filled = 0;
  return write_or_keep (self, thread->send_buffer, filled);
}

/* Collects frames, so that they leave in few system calls; writes when there are many. */
static void
send_collect (GrpcConnection *self, gsize many)
{
  GrpcThread *thread = self->thread;

  while (TRUE)
    {
      const uint8_t *data;
      ssize_t length = nghttp2_session_mem_send (self->session, &data);
      gsize filled = thread->send_filled;

      if (length < 0)
        {
          thread->send_filled = 0;
          grpc_lost (self, nghttp2_strerror ((int) length));
          return;
        }
      if (length > 0 && filled + length <= GRPC_BUFFER_SIZE)
        {
          memcpy (thread->send_buffer + filled, data, length);
          thread->send_filled += length;
        }
      else if (length > 0)
        {
          /* A full socket keeps its rest together with this frame. */
          g_autofree guint8 *both = g_malloc (filled + length);

          memcpy (both, thread->send_buffer, filled);
          memcpy (both + filled, data, length);
          thread->send_filled = 0;
          if (!write_or_keep (self, both, filled + length))
            return;
        }
      /* Nothing more, or no room for it here. */
      else if (filled < many || !write_filled (self) || filled < GRPC_BUFFER_SIZE / 2)
        return;
    }
}

/* All that there are. */
void
grpc_send_frames (GrpcConnection *self)
{
  send_collect (self, 0);
}

void
grpc_send_collect (GrpcConnection *self)
{
  if (self->unsent == NULL && !self->dead && !self->connecting && !self->lingering)
    send_collect (self, GRPC_BUFFER_SIZE / 2);
}

void
grpc_send_collected (GrpcConnection *self)
{
  if (self->dead)
    self->thread->send_filled = 0;
  else if (self->thread->send_filled > 0)
    write_filled (self);
}
