/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Listening sockets: one descriptor, accepted from by every loop, for whichever has least to do.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <netinet/tcp.h>

#include "grpc-address.h"
#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-server.h"
#include "grpc-session.h"
#include "grpc-thread.h"

#define ACCEPTS_A_TURN 64
#define BACKLOG 4096
/* Out of descriptors: accepting again at once would spin. */
#define PAUSE_MS 100

/* A socket file that nobody listens on is left over from a process that died. */
static void
remove_stale_socket (const GrpcSocketAddress *address)
{
  const struct sockaddr_un *sun = (const struct sockaddr_un *) &address->storage;
  struct stat status;
  int fd;

  if (lstat (sun->sun_path, &status) != 0 || !S_ISSOCK (status.st_mode))
    return;
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect (fd, (const struct sockaddr *) sun, address->length) != 0 && errno == ECONNREFUSED)
    unlink (sun->sun_path);
  close (fd);
}

static int
try_listen (const GrpcSocketAddress *address)
{
  int family = address->storage.ss_family;
  int fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int one = 1;
  int saved;

  if (fd < 0)
    return -1;
  if (family == AF_UNIX)
    remove_stale_socket (address);
  else
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind (fd, (const struct sockaddr *) &address->storage, address->length) == 0
      && listen (fd, BACKLOG) == 0)
    return fd;
  saved = errno;
  close (fd);
  errno = saved;
  return -1;
}

/* ":0" is every interface; where there is IPv6 one socket takes both families. */
static GPtrArray *
listen_candidates (const char *address, GError **error)
{
  g_autofree char *any = NULL;
  g_autofree char *host = NULL;
  GPtrArray *candidates;
  guint16 port;

  if (address[0] != ':')
    return grpc_address_resolve (address, TRUE, error);
  if (!grpc_address_split (address, &host, &port, error))
    return NULL;
  any = g_strconcat ("[::]", address, NULL);
  candidates = grpc_address_resolve (any, TRUE, error);
  if (candidates != NULL)
    {
      g_autofree char *v4 = g_strconcat ("0.0.0.0", address, NULL);

      g_ptr_array_add (candidates, grpc_address_literal (v4));
    }
  return candidates;
}

/* (transfer full): where others find it too, whatever folder they are in. */
static char *
make_absolute (const char *address)
{
  g_autofree char *path = NULL;

  if (!g_str_has_prefix (address, "unix:") || address[5] == '\0')
    return g_strdup (address);
  path = g_canonicalize_filename (address + 5, NULL);
  return g_strconcat ("unix:", path, NULL);
}

static const char *
advice (const char *address, int number)
{
  if (number != EADDRINUSE)
    return "";
  return g_str_has_prefix (address, "unix:") ? "; somebody listens there: choose another path"
                                             : "; choose another port, or :0 for any free one";
}

int
grpc_listen_socket (const char *wanted, char **ret_bound, GError **error)
{
  g_autofree char *address = make_absolute (wanted);
  g_autoptr (GPtrArray) candidates = listen_candidates (address, error);
  GrpcSocketAddress bound = { .length = sizeof bound.storage };
  int fd = -1;

  if (candidates == NULL)
    {
      g_prefix_error (error, "cannot listen: ");
      return -1;
    }
  for (guint i = 0; i < candidates->len && fd < 0; i++)
    fd = try_listen (g_ptr_array_index (candidates, i));
  if (fd < 0)
    {
      int saved = errno;

      g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "cannot listen on %s: %s%s",
                   address, g_strerror (saved), advice (address, saved));
      return -1;
    }
  getsockname (fd, (struct sockaddr *) &bound.storage, &bound.length);
  *ret_bound = grpc_address_to_string (&bound);
  return fd;
}

/* The file of a socket outlives it, unless the service that follows has put its own there. */
void
grpc_listen_close (int fd)
{
  GrpcSocketAddress bound = { .length = sizeof bound.storage };
  gboolean is_file = getsockname (fd, (struct sockaddr *) &bound.storage, &bound.length) == 0
                     && bound.storage.ss_family == AF_UNIX;

  close (fd);
  if (is_file)
    remove_stale_socket (&bound);
}

/* --- On a loop --- */

struct _GrpcListener
{
  MicroLoopSource source;
  MicroLoopTimer accept_again;
  GrpcThread *thread;
  MicroRouter *router;
};

static void
accept_again (MicroLoopTimer *timer)
{
  GrpcListener *self = MICRO_CONTAINER_OF (timer, GrpcListener, accept_again);

  micro_loop_add_source (self->thread->loop, &self->source, NULL);
}

static void
pause_accepting (GrpcListener *self)
{
  MicroLoop *loop = self->thread->loop;

  g_info ("no descriptor for another connection (%s): accepting again in %d ms", g_strerror (errno),
          PAUSE_MS);
  micro_loop_remove_source (loop, &self->source);
  self->accept_again.expired = accept_again;
  micro_loop_start_timer (loop, &self->accept_again, g_get_monotonic_time () + PAUSE_MS * 1000);
}

static void
grpc_listener_serve (GrpcThread *thread, MicroRouter *router, int fd)
{
  GrpcConnection *connection = grpc_session_open (thread, &grpc_server_side);

  connection->router = router;
  if (!grpc_connection_attach (connection, fd, EPOLLIN, NULL))
    grpc_connection_fail (connection, "the descriptor cannot be watched");
  else if (thread->all->secure_serves)
    grpc_secure_accept (connection);
  else
    grpc_life_start (connection);
  grpc_connection_flush_soon (connection);
}

typedef struct
{
  GrpcThread *thread;
  MicroRouter *router;
  int fd;
} Handed;

static void
serve_handed (gpointer user_data)
{
  g_autofree Handed *handed = user_data;
  GrpcThread *thread = handed->thread;

  if (thread->closed)
    {
      close (handed->fd);
      grpc_thread_connection_gone (thread);
      return;
    }
  grpc_listener_serve (thread, handed->router, handed->fd);
  if (thread->listeners->len == 0) /* it has begun to drain since */
    grpc_end_kindly (thread->served.tail->data);
}

static void
hand_over (GrpcThread *thread, MicroRouter *router, int fd)
{
  Handed *handed = g_new (Handed, 1);

  *handed = (Handed){ thread, router, fd };
  micro_loop_post (thread->loop, serve_handed, handed);
}

static void
accept_some (GrpcListener *self, int most)
{
  int one = 1;

  for (int i = 0; i < most; i++)
    {
      int fd = accept4 (self->source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      GrpcThread *server;

      if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
        {
          pause_accepting (self);
          return;
        }
      if (fd < 0 && errno == ECONNABORTED)
        continue;
      if (fd < 0)
        return;
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      /* A burst of connections is one thread's to accept: the others are not even woken. */
      server = grpc_thread_choose (self->thread);
      if (server == self->thread)
        grpc_listener_serve (server, self->router, fd);
      else
        hand_over (server, self->router, fd);
    }
}

static void
grpc_listener_ready (MicroLoopSource *source, guint32 events)
{
  accept_some (MICRO_CONTAINER_OF (source, GrpcListener, source), ACCEPTS_A_TURN);
}

/* @fd is shared by the loops and closed by the transport. */
gboolean
grpc_listener_start (GrpcThread *thread, int fd, MicroRouter *router, GError **error)
{
  GrpcListener *self = g_new0 (GrpcListener, 1);

  self->thread = thread;
  self->router = router;
  self->source.fd = fd;
  self->source.events = EPOLLIN | EPOLLEXCLUSIVE;
  self->source.ready = grpc_listener_ready;
  if (!micro_loop_add_source (thread->loop, &self->source, error))
    {
      g_free (self);
      return FALSE;
    }
  g_ptr_array_add (thread->listeners, self);
  thread->closed = FALSE;
  grpc_thread_set_accepting (thread, TRUE);
  return TRUE;
}

static void
listener_stop (gpointer data, gpointer user_data)
{
  GrpcListener *self = data;
  MicroLoop *loop = self->thread->loop;

  /* For their peers those in the backlog are connected already. */
  if (self->accept_again.position == 0)
    accept_some (self, BACKLOG);
  if (self->accept_again.position != 0)
    micro_loop_stop_timer (loop, &self->accept_again);
  else
    micro_loop_remove_source (loop, &self->source);
  g_free (self);
}

void
grpc_listener_stop (GrpcThread *thread)
{
  grpc_thread_set_accepting (thread, FALSE);
  g_ptr_array_foreach (thread->listeners, listener_stop, NULL);
  g_ptr_array_set_size (thread->listeners, 0);
}
