/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a connection does in a turn of its loop: bytes into its nghttp2 session, frames out of it.
 */
#include "config.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-session.h"
#include "grpc-thread.h"

#define WINDOW_SIZE (1024 * 1024)
#define FRAMES_AT_ONCE 8

static GrpcConnection *
from_source (MicroLoopSource *source)
{
  return MICRO_CONTAINER_OF (source, GrpcConnection, source);
}

static GrpcConnection *
from_flush (MicroLoopTask *task)
{
  return MICRO_CONTAINER_OF (task, GrpcConnection, flush);
}

/* Takes every call off a connection that has ended, and tells each once. */
static void
end_calls (GrpcConnection *self)
{
  while (self->calls != NULL)
    {
      GrpcCall *call = self->calls;

      grpc_call_detach (call);
      self->side->lose_call (call, self->problem);
    }
}

static void
session_free (GrpcConnection *self)
{
  GrpcThread *thread = self->thread;

  micro_loop_stop_timer (thread->loop, &self->timer);
  micro_loop_stop_timer (thread->loop, &self->life);
  if (self->tls != NULL)
    grpc_secure_end (self);
  if (self->source.fd >= 0)
    {
      micro_loop_remove_source (thread->loop, &self->source);
      grpc_end_close (self);
    }
  nghttp2_session_del (self->session);
  g_free (self->unsent);
  g_free (self->address);
  g_free (self->problem);
  g_clear_pointer (&self->peer, grpc_peer_unref);
  g_queue_unlink (self->server ? &thread->served : &thread->called, &self->link);
  self->side->freed (self);
  g_free (self);
}

static gboolean
is_finished (GrpcConnection *self)
{
  if (self->server && self->closing && self->n_calls == 0)
    return TRUE;
  return !nghttp2_session_want_read (self->session) && !nghttp2_session_want_write (self->session);
}

static void
session_flush (MicroLoopTask *task)
{
  GrpcConnection *self = from_flush (task);

  if (self->dead)
    {
      end_calls (self);
      /* Who was told may have said something on another of its calls: then this runs once more. */
      if (!self->flush.queued)
        session_free (self);
      return;
    }
  if (grpc_send_kept (self) && !self->connecting && !self->lingering)
    grpc_send_frames (self);
  if (self->dead || self->connecting || self->unsent != NULL || self->lingering)
    return;
  /* What fails in here queues this task again, so the connection is freed by its next run. */
  if (self->ending || (is_finished (self) && self->server))
    {
      end_calls (self);
      if (self->tls != NULL)
        grpc_secure_bye (self);
      grpc_end_linger (self);
    }
  else if (is_finished (self))
    grpc_lost (self, "what it sent breaks the rules of HTTP/2");
}

/* --- Receiving --- */

static void
refuse_bytes (GrpcConnection *self, int code)
{
  if (!self->server)
    grpc_lost (self, nghttp2_strerror (code));
  else if (code == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
    grpc_connection_fail (self, "the peer does not speak HTTP/2");
  else
    grpc_end_now (self, NGHTTP2_ENHANCE_YOUR_CALM, nghttp2_strerror (code));
}

/* FALSE: nothing more is taken from this peer. */
static gboolean
receive_some (GrpcConnection *self, const guint8 *data, gsize length, gsize *ret_used)
{
  guint32 refused = NGHTTP2_NO_ERROR;
  ssize_t used;

  /* Sending what the frames before asked for may have ended it. */
  if (self->dead || self->ending)
    return FALSE;
  *ret_used = grpc_frames_take (self, data, length, FRAMES_AT_ONCE, &refused);
  used = nghttp2_session_mem_recv (self->session, data, *ret_used);
  if (self->server)
    {
      grpc_slow_watch (self);
      grpc_mischief_look (self);
    }
  if (refused != NGHTTP2_NO_ERROR)
    grpc_connection_check (self, nghttp2_session_terminate_session (self->session, refused));
  if (used < 0)
    refuse_bytes (self, (int) used);
  return refused == NGHTTP2_NO_ERROR && used >= 0 && !self->dead && !self->ending;
}

/* What some frames make us say is made before the next are read: nghttp2 keeps the streams that
 * have something to send in a heap, which is slow when it is deep. */
void
grpc_session_receive (GrpcConnection *self, const guint8 *data, gsize length)
{
  gsize used;

  if (self->ending)
    return;
  if (!self->server && !self->greeted && !grpc_lost_look (self, data, length))
    return;
  while (receive_some (self, data, length, &used) && used < length)
    {
      data += used;
      length -= used;
      grpc_send_collect (self);
    }
  grpc_send_collected (self);
}

/* Hands on what the records that were fed hold. */
static void
read_secure (GrpcConnection *self)
{
  const guint8 *plain;
  gsize n;

  while ((n = grpc_secure_read (self, &plain)) > 0)
    grpc_session_receive (self, plain, n);
}

static void
session_read (GrpcConnection *self)
{
  guint8 *buffer = self->thread->receive_buffer;
  ssize_t n;

  if (self->ending)
    {
      grpc_end_discard (self);
      return;
    }
  n = recv (self->source.fd, buffer, GRPC_BUFFER_SIZE, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    {
      grpc_lost (self, n == 0 ? "it was closed" : g_strerror (errno));
      return;
    }
  self->heard_us = micro_loop_get_time (self->thread->loop);
  if (self->ping_sent_us != 0)
    grpc_life_look (self);
  if (self->tls != NULL)
    {
      grpc_secure_feed (self, buffer, n);
      read_secure (self);
    }
  else
    grpc_session_receive (self, buffer, n);
  grpc_connection_flush_soon (self);
}

static void
session_ready (MicroLoopSource *source, guint32 events)
{
  GrpcConnection *self = from_source (source);

  if (self->dead)
    return;
  if (self->connecting)
    {
      if (grpc_secure_progress (self, events))
        read_secure (self);
      return;
    }
  if (events & EPOLLOUT)
    grpc_connection_flush_soon (self);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    session_read (self);
}

/* --- Opening --- */

static void
submit_settings (GrpcConnection *self)
{
  const GrpcLimits *limits = self->thread->limits;
  nghttp2_settings_entry entries[] = {
    { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_SIZE },
    { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->max_header_bytes },
    { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->max_concurrent_streams },
    { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
  };

  /* A server must not send ENABLE_PUSH, and a client's MAX_CONCURRENT_STREAMS is about pushes. */
  if (!self->server)
    entries[2] = entries[3];
  grpc_connection_check (self,
                         nghttp2_submit_settings (self->session, NGHTTP2_FLAG_NONE, entries, 3));
  grpc_connection_check (self, nghttp2_session_set_local_window_size (
                                   self->session, NGHTTP2_FLAG_NONE, 0, 4 * WINDOW_SIZE));
}

/* A connection, yet without a socket, among those that are served or called. */
GrpcConnection *
grpc_session_open (GrpcThread *thread, const GrpcSide *side)
{
  GrpcConnection *self = g_new0 (GrpcConnection, 1);
  nghttp2_mem *memory = grpc_pool_get_memory (thread->pool);
  nghttp2_option *option;

  self->thread = thread;
  self->side = side;
  self->server = side->server != FALSE;
  self->frames.skip = self->server ? NGHTTP2_CLIENT_MAGIC_LEN : 0;
  self->source.fd = -1;
  self->source.ready = session_ready;
  self->flush.run = session_flush;
  self->link.data = self;
  g_queue_push_tail_link (self->server ? &thread->served : &thread->called, &self->link);
  nghttp2_option_new (&option);
  nghttp2_option_set_no_closed_streams (option, 1);
  nghttp2_option_set_no_auto_window_update (option, 1);
  /* Calls wait for the server's SETTINGS: until then nobody has promised to hear them, or so many
   * at a time. */
  nghttp2_option_set_peer_max_concurrent_streams (option, 0);
  if (self->server)
    nghttp2_session_server_new3 (&self->session, side->callbacks (), self, option, memory);
  else
    nghttp2_session_client_new3 (&self->session, side->callbacks (), self, option, memory);
  nghttp2_option_del (option);
  submit_settings (self);
  return self;
}
