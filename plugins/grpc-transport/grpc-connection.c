/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A socket and its nghttp2 session, the same for both sides.
 */
#include "config.h"

#include <errno.h>
#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "grpc-private.h"

#define WINDOW_SIZE (1024 * 1024)
/* Between the two steps of GOAWAY: a round trip inside a data centre, and then some. */
#define NOTICE_MS 50
/* Connections closed before free memory is worth giving back. */
#define TRIM_AFTER 64

static GrpcConnection *
from_source (MicroLoopSource *source)
{
  return (GrpcConnection *) ((char *) source - G_STRUCT_OFFSET (GrpcConnection, source));
}

static GrpcConnection *
from_flush (MicroLoopTask *task)
{
  return (GrpcConnection *) ((char *) task - G_STRUCT_OFFSET (GrpcConnection, flush));
}

void
grpc_connection_flush_soon (GrpcConnection *self)
{
  micro_loop_queue_task (self->thread->loop, &self->flush);
}

/* --- Calls of the connection ------------------------------------------------------------------ */

void
grpc_connection_add_call (GrpcConnection *self, GrpcCall *call)
{
  call->connection = self;
  call->previous = NULL;
  call->next = self->calls;
  if (self->calls != NULL)
    self->calls->previous = call;
  self->calls = call;
  self->n_calls++;
}

void
grpc_connection_forget_call (GrpcConnection *self, GrpcCall *call)
{
  if (call->previous != NULL)
    call->previous->next = call->next;
  else
    self->calls = call->next;
  if (call->next != NULL)
    call->next->previous = call->previous;
  call->connection = NULL;
  self->n_calls--;
}

/* Takes every call off a connection that has ended, and tells each once. */
static void
end_calls (GrpcConnection *self)
{
  while (self->calls != NULL)
    {
      GrpcCall *call = self->calls;

      grpc_connection_forget_call (self, call);
      if (self->server)
        grpc_server_connection_lost (call);
      else
        grpc_client_call_ended (call, MICRO_STATUS_UNAVAILABLE, self->problem);
    }
}

int
grpc_connection_on_header (nghttp2_session *session,
                           const nghttp2_frame *frame,
                           nghttp2_rcbuf *name,
                           nghttp2_rcbuf *value,
                           uint8_t flags,
                           void *user_data)
{
  GrpcConnection *self = user_data;
  GrpcCall *call = nghttp2_session_get_stream_user_data (session, frame->hd.stream_id);
  nghttp2_vec key = nghttp2_rcbuf_get_buf (name);
  nghttp2_vec text = nghttp2_rcbuf_get_buf (value);

  (void) flags;
  if (call == NULL || frame->hd.type != NGHTTP2_HEADERS)
    return 0;
  call->header_bytes += key.len + text.len + 32;
  if (call->header_bytes > self->thread->limits->max_header_bytes)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (key.len > 0 && key.base[0] == ':')
    {
      if (key.len == 5 && memcmp (key.base, ":path", 5) == 0)
        {
          nghttp2_rcbuf_incref (value);
          call->path = value;
        }
      else if (key.len == 7 && memcmp (key.base, ":status", 7) == 0)
        call->http_status = atoi ((const char *) text.base);
      return 0;
    }
  grpc_call_add_header (call, name, value);
  return 0;
}

/* --- Sending ------------------------------------------------------------------------------------
 */

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
  grpc_connection_fail (self, g_strerror (errno));
  return FALSE;
}

/* FALSE: the socket is full or broken, so stop. */
static gboolean
write_or_keep (GrpcConnection *self, const guint8 *data, gsize length)
{
  gsize written;

  if (length == 0)
    return TRUE;
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

static gboolean
write_kept (GrpcConnection *self)
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

/* Collects the frames of this turn, so that they leave in few system calls. */
static void
write_frames (GrpcConnection *self)
{
  guint8 *buffer = self->thread->send_buffer;
  gsize filled = 0;

  while (TRUE)
    {
      const uint8_t *data;
      ssize_t length = nghttp2_session_mem_send (self->session, &data);

      if (length < 0)
        {
          grpc_connection_fail (self, nghttp2_strerror ((int) length));
          return;
        }
      if (length == 0)
        break;
      if (filled + length > GRPC_BUFFER_SIZE)
        {
          g_autofree guint8 *both = NULL;

          /* A full socket keeps its rest together with this frame. */
          both = g_malloc (filled + length);
          memcpy (both, buffer, filled);
          memcpy (both + filled, data, length);
          if (!write_or_keep (self, both, filled + length))
            return;
          filled = 0;
          continue;
        }
      memcpy (buffer + filled, data, length);
      filled += length;
    }
  write_or_keep (self, buffer, filled);
}

static gboolean
is_finished (GrpcConnection *self)
{
  if (self->server && self->closing && self->n_calls == 0)
    return TRUE;
  return !nghttp2_session_want_read (self->session) && !nghttp2_session_want_write (self->session);
}

static void
connection_flush (MicroLoopTask *task)
{
  GrpcConnection *self = from_flush (task);

  if (self->dead)
    {
      end_calls (self);
      grpc_connection_free (self);
      return;
    }
  if (!self->connecting && write_kept (self))
    write_frames (self);
  /* What fails in here queues this task again, so the connection is freed by its next run. */
  if (!self->dead && !self->connecting && self->unsent == NULL && is_finished (self))
    grpc_connection_fail (self, "the connection was closed");
}

/* --- Receiving ----------------------------------------------------------------------------------
 */

static void
connection_read (GrpcConnection *self)
{
  guint8 *buffer = self->thread->receive_buffer;
  ssize_t n = recv (self->source.fd, buffer, GRPC_BUFFER_SIZE, 0);
  ssize_t used;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    {
      grpc_connection_fail (self, n == 0 ? "the peer closed the connection" : g_strerror (errno));
      return;
    }
  used = nghttp2_session_mem_recv (self->session, buffer, n);
  if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
    grpc_connection_fail (self, "the peer does not speak HTTP/2");
  else if (used < 0)
    grpc_connection_fail (self, nghttp2_strerror ((int) used));
  grpc_connection_flush_soon (self);
}

static void
connection_ready (MicroLoopSource *source, guint32 events)
{
  GrpcConnection *self = from_source (source);

  if (self->dead)
    return;
  if (self->connecting)
    {
      grpc_connect_progress (self);
      return;
    }
  if (events & EPOLLOUT)
    grpc_connection_flush_soon (self);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    connection_read (self);
}

/* --- Life
 * ----------------------------------------------------------------------------------------- */

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
  nghttp2_submit_settings (self->session, NGHTTP2_FLAG_NONE, entries, 3);
  nghttp2_session_set_local_window_size (self->session, NGHTTP2_FLAG_NONE, 0, 4 * WINDOW_SIZE);
}

GrpcConnection *
grpc_connection_new (GrpcThread *thread, gboolean server)
{
  GrpcConnection *self = g_new0 (GrpcConnection, 1);
  nghttp2_option *option;

  self->thread = thread;
  self->server = server;
  self->source.fd = -1;
  self->source.ready = connection_ready;
  self->flush.run = connection_flush;
  self->link.data = self;
  nghttp2_option_new (&option);
  nghttp2_option_set_no_closed_streams (option, 1);
  nghttp2_option_set_no_auto_window_update (option, 1);
  if (server)
    nghttp2_session_server_new2 (&self->session, grpc_server_callbacks (), self, option);
  else
    nghttp2_session_client_new2 (&self->session, grpc_client_callbacks (), self, option);
  nghttp2_option_del (option);
  submit_settings (self);
  return self;
}

/* Takes @fd. */
gboolean
grpc_connection_attach (GrpcConnection *self, int fd, guint32 events, GError **error)
{
  self->source.fd = fd;
  self->source.events = events;
  return micro_loop_add_source (self->thread->loop, &self->source, error);
}

/* Ends the connection; it is freed, and its calls are told, at the end of this turn. */
void
grpc_connection_fail (GrpcConnection *self, const char *problem)
{
  if (self->dead)
    return;
  self->dead = TRUE;
  self->problem = g_strdup (problem);
  if (!self->server)
    grpc_connect_forget (self);
  grpc_connection_flush_soon (self);
}

/* A session is 18 KiB of small blocks, which malloc would keep for ever after a crowd has left. */
static void
give_memory_back (GrpcThread *thread)
{
#ifdef HAVE_MALLOC_TRIM
  if (++thread->n_freed < TRIM_AFTER || thread->served.length > 0)
    return;
  thread->n_freed = 0;
  malloc_trim (0);
#else
  (void) thread;
#endif
}

void
grpc_connection_free (GrpcConnection *self)
{
  GrpcThread *thread = self->thread;

  micro_loop_stop_timer (thread->loop, &self->timer);
  if (self->source.fd >= 0)
    {
      micro_loop_remove_source (thread->loop, &self->source);
      close (self->source.fd);
    }
  nghttp2_session_del (self->session);
  g_free (self->unsent);
  g_free (self->address);
  g_free (self->problem);
  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  g_clear_object (&self->resolving);
  if (self->server)
    {
      g_queue_unlink (&thread->served, &self->link);
      grpc_transport_connection_gone (thread->transport);
    }
  if (self->server)
    give_memory_back (thread);
  g_free (self);
}

static void
last_go_away (MicroLoopTimer *timer)
{
  GrpcConnection *self
      = (GrpcConnection *) ((char *) timer - G_STRUCT_OFFSET (GrpcConnection, timer));

  self->closing = TRUE;
  nghttp2_submit_goaway (self->session, NGHTTP2_FLAG_NONE,
                         nghttp2_session_get_last_proc_stream_id (self->session), NGHTTP2_NO_ERROR,
                         NULL, 0);
  grpc_connection_flush_soon (self);
}

/* Says that no new calls are wanted, takes those that are on their way, then says which was the
 * last (RFC 9113, 6.8); the connection closes when its running calls have ended. */
void
grpc_connection_go_away (GrpcConnection *self)
{
  if (self->dead || self->timer.position != 0)
    return;
  nghttp2_submit_shutdown_notice (self->session);
  grpc_connection_flush_soon (self);
  self->timer.expired = last_go_away;
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time () + NOTICE_MS * 1000);
}
