/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Feeds a connection: turn after turn of the loop, what the input says a turn is.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../plugins/grpc-transport/grpc-client.h"
#include "../../plugins/grpc-transport/grpc-connection.h"
#include "../../plugins/grpc-transport/grpc-server.h"
#include "../../plugins/grpc-transport/grpc-session.h"
#include "../../plugins/grpc-transport/grpc-thread.h"
#include "session.h"

#define FRAME_HEAD 9
/* Turns that a connection which has failed may take until it is gone. */
#define LAST_TURNS 20
#define MAX_FRAMES 2000

typedef struct
{
  const SessionSide *side;
  const guint8 *data;
  gsize size;
  gsize step;
  gboolean turn_each;
  gboolean deaf;
  gboolean raw;
  guint n_frames;
  guint n_last;
  int peer;
  GrpcConnection *connection; /* NULL once it has gone */
  GMutex mutex;
  GCond cond;
  gboolean done;
} Session;

static const guint8 preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                "\0\0\0\4\0\0\0\0"; /* and its NUL: an empty SETTINGS frame */

/* Made once: a loop thread an input would be most of the time. */
static GrpcThreads threads;
static GrpcThread *thread;
static GrpcLimits limits = { .max_receive_bytes = 64 * 1024,
                             .max_header_bytes = 4096,
                             .max_concurrent_streams = 20,
                             .connect_timeout_ms = 60000,
                             .handshake_timeout_ms = 60000 };

static void
set_up (void)
{
  if (thread != NULL)
    return;
  grpc_threads_init (&threads, &limits);
  thread = grpc_threads_find (&threads, micro_loop_new ("session"));
}

static GrpcConnection *
connect_to (int fd, MicroRouter *router)
{
  GrpcConnection *connection
      = grpc_session_open (thread, router != NULL ? &grpc_server_side : &grpc_client_side);

  connection->router = router;
  if (router == NULL)
    {
      connection->address = g_strdup (SESSION_ADDRESS);
      g_hash_table_insert (thread->made, connection->address, connection);
    }
  grpc_connection_attach (connection, fd, EPOLLIN, NULL);
  grpc_connection_flush_soon (connection);
  return connection;
}

static void
begin (Session *self)
{
  int small = 1; /* the kernel's least, so that our side has to wait */
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
    g_error ("socketpair: %s", g_strerror (errno));
  setsockopt (pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  self->peer = pair[1];
  self->connection = connect_to (pair[0], self->side->router);
  if (self->side->begin != NULL)
    self->side->begin (thread);
}

/* A server's connection is in the list until it is freed; a client's closes its socket then, and
 * not before. */
static gboolean
is_freed (Session *self)
{
  struct pollfd peer = { .fd = self->peer };

  if (self->side->router != NULL)
    return thread->served.length == 0;
  return poll (&peer, 1, 0) == 1 && (peer.revents & (POLLHUP | POLLERR));
}

static void
read_answers (Session *self)
{
  static guint8 buffer[GRPC_BUFFER_SIZE];

  while (!self->deaf && recv (self->peer, buffer, sizeof buffer, 0) > 0)
    continue;
  if (is_freed (self))
    self->connection = NULL;
}

static void
feed (Session *self, const guint8 *data, gsize size)
{
  while (size > 0 && !self->connection->dead)
    {
      gsize length = MIN (self->step, size);
      g_autofree guint8 *piece = g_memdup2 (data, length); /* so that reading past it is seen */

      grpc_session_receive (self->connection, piece, length);
      grpc_connection_flush_soon (self->connection);
      data += length;
      size -= length;
    }
}

/* Returns whether the turn goes on. */
static gboolean
feed_frame (Session *self)
{
  const guint8 *frame = self->data;
  gsize length = self->size;

  self->n_frames++;
  if (length >= FRAME_HEAD && !self->raw)
    length = MIN (length, FRAME_HEAD + ((gsize) frame[0] << 16 | frame[1] << 8 | frame[2]));
  self->data += length;
  self->size -= length;
  switch (length >= FRAME_HEAD && !self->raw ? frame[3] : 0)
    {
    case SESSION_TURN:
      return FALSE;
    case SESSION_SAY:
      self->side->say (thread, frame + FRAME_HEAD, length - FRAME_HEAD);
      break;
    case SESSION_DEAF:
      self->deaf = !self->deaf;
      break;
    case SESSION_GO_AWAY:
      if (self->side->router != NULL)
        grpc_end_kindly (self->connection);
      break;
    default:
      feed (self, frame, length);
      break;
    }
  return !self->turn_each;
}

static void
end (Session *self)
{
  self->side->end (thread);
  g_assert (thread->served.length == 0 && thread->called.length == 0
            && g_hash_table_size (thread->made) == 0);
  g_assert (thread->waiting == NULL);
  close (self->peer);
  g_mutex_lock (&self->mutex);
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
turn (gpointer user_data)
{
  Session *self = user_data;
  gboolean more = TRUE;

  read_answers (self);
  while (more && self->connection != NULL && !self->connection->dead && self->size > 0
         && self->n_frames < MAX_FRAMES)
    more = feed_frame (self);
  if (self->connection != NULL && (self->size == 0 || self->n_frames >= MAX_FRAMES) && more)
    grpc_connection_fail (self->connection, "the input is over");
  if (self->connection == NULL && self->n_last > 1)
    {
      end (self);
      return;
    }
  if (self->connection == NULL || self->connection->dead)
    g_assert (++self->n_last < LAST_TURNS);
  micro_loop_post (thread->loop, turn, self);
}

static void
first_turn (gpointer user_data)
{
  Session *self = user_data;

  begin (self);
  if (!self->raw && self->side->router != NULL)
    feed (self, preface, sizeof preface);
  micro_loop_post (thread->loop, turn, self);
}

void
session_run (const SessionSide *side, const guint8 *data, gsize size)
{
  guint8 options = (guint8) fuzz_take (&data, &size, 256);
  Session self = { .side = side, .step = options >> 2 };

  set_up ();
  if (self.step == 0)
    self.step = G_MAXSIZE;
  self.turn_each = options & 1;
  self.data = data;
  self.size = size;
  self.raw = (options & 2) != 0;
  g_mutex_init (&self.mutex);
  g_cond_init (&self.cond);
  micro_loop_post (thread->loop, first_turn, &self);
  g_mutex_lock (&self.mutex);
  while (!self.done)
    g_cond_wait (&self.cond, &self.mutex);
  g_mutex_unlock (&self.mutex);
  g_mutex_clear (&self.mutex);
  g_cond_clear (&self.cond);
}
