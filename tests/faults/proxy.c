/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The proxy: a thread that accepts, and one for each connection.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "proxy.h"

#define DELAY_US 3000
#define BETWEEN_BYTES_US 50

struct _Proxy
{
  struct sockaddr_in target;
  Fault fault;
  Way way;
  gsize after;
  int listener;
  int stop; /* an eventfd: readable when all is over */
  char *address;
  GThread *thread;
  GPtrArray *links; /* of GThread; the accepting thread's until it has ended */
  gsize passed[N_WAYS];
};

typedef struct
{
  int from;
  int to;
  guint8 buffer[16 * 1024];
  gsize at;
  gsize length;
  gint64 not_before;
  gsize passed;
  gboolean over;    /* nothing more is read */
  gboolean swallow; /* what is read goes nowhere */
} Pipe;

typedef struct
{
  Proxy *proxy;
  int client;
  int server;
  Pipe pipes[N_WAYS];
} Link;

static void
check (gboolean ok, const char *what)
{
  if (!ok)
    g_error ("the proxy cannot %s: %s", what, g_strerror (errno));
}

/* --- A connection --- */

static gboolean
is_due (const Proxy *proxy, Way way, const Pipe *pipe)
{
  return proxy->way == way && proxy->fault >= FAULT_CUT && pipe->passed == proxy->after
         && !pipe->swallow;
}

/* Returns whether the connection goes on. */
static gboolean
break_it (Link *self, Pipe *pipe)
{
  const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  pipe->swallow = TRUE;
  pipe->length = pipe->at = 0;
  switch (self->proxy->fault)
    {
    case FAULT_CUT:
      /* Both go on being read: closing a socket with something unread would be a reset. */
      for (Way way = 0; way < N_WAYS; way++)
        {
          self->pipes[way].swallow = TRUE;
          shutdown (self->pipes[way].to, SHUT_WR);
        }
      return TRUE;
    case FAULT_HALF_CLOSE:
      shutdown (pipe->to, SHUT_WR);
      return TRUE;
    case FAULT_RESET:
      setsockopt (self->client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      setsockopt (self->server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      return FALSE;
    default:
      return TRUE;
    }
}

static void
read_some (Link *self, Way way)
{
  Pipe *pipe = &self->pipes[way];
  ssize_t n = recv (pipe->from, pipe->buffer, sizeof pipe->buffer, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    {
      pipe->over = TRUE;
      shutdown (pipe->to, SHUT_WR);
      return;
    }
  if (pipe->swallow)
    return;
  pipe->at = 0;
  pipe->length = (gsize) n;
  if (self->proxy->way == way && self->proxy->fault == FAULT_DELAY)
    pipe->not_before = g_get_monotonic_time () + DELAY_US;
}

static void
write_some (Link *self, Way way)
{
  Proxy *proxy = self->proxy;
  Pipe *pipe = &self->pipes[way];
  gsize most = pipe->length - pipe->at;
  ssize_t n;

  if (proxy->way == way && proxy->fault == FAULT_ONE_BYTE)
    most = 1;
  else if (proxy->way == way && proxy->fault >= FAULT_CUT)
    most = MIN (most, proxy->after - pipe->passed);
  n = send (pipe->to, pipe->buffer + pipe->at, most, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n < 0) /* it has gone; its sender will see that too */
    {
      pipe->swallow = TRUE;
      pipe->length = pipe->at = 0;
      shutdown (pipe->from, SHUT_RD);
      return;
    }
  pipe->at += (gsize) n;
  pipe->passed += (gsize) n;
  g_atomic_pointer_add (&proxy->passed[way], n);
  if (pipe->at == pipe->length)
    pipe->at = pipe->length = 0;
  if (proxy->way == way && proxy->fault == FAULT_ONE_BYTE)
    g_usleep (BETWEEN_BYTES_US);
}

/* FALSE: stopped. */
static gboolean
wait_for_more (Link *self, struct pollfd polled[2 * N_WAYS + 1])
{
  gint64 now = g_get_monotonic_time ();
  int timeout_ms = -1;

  for (Way way = 0; way < N_WAYS; way++)
    {
      const Pipe *pipe = &self->pipes[way];
      gboolean full = pipe->at < pipe->length;

      if (full && pipe->not_before > now)
        timeout_ms = (int) (pipe->not_before - now) / 1000 + 1;
      polled[way] = (struct pollfd){ .fd = full || pipe->over ? -1 : pipe->from, .events = POLLIN };
      polled[N_WAYS + way] = (struct pollfd){ .fd = full && pipe->not_before <= now ? pipe->to : -1,
                                              .events = POLLOUT };
    }
  polled[2 * N_WAYS] = (struct pollfd){ .fd = self->proxy->stop, .events = POLLIN };
  check (poll (polled, 2 * N_WAYS + 1, timeout_ms) >= 0 || errno == EINTR, "poll");
  return polled[2 * N_WAYS].revents == 0;
}

static gboolean
run_turn (Link *self, const struct pollfd polled[2 * N_WAYS + 1])
{
  for (Way way = 0; way < N_WAYS; way++)
    {
      if (polled[way].revents != 0)
        read_some (self, way);
      if (polled[N_WAYS + way].revents != 0)
        write_some (self, way);
      if (is_due (self->proxy, way, &self->pipes[way]) && !break_it (self, &self->pipes[way]))
        return FALSE;
    }
  return !self->pipes[WAY_UP].over || !self->pipes[WAY_DOWN].over;
}

static gpointer
link_thread (gpointer data)
{
  Link *self = data;
  struct pollfd polled[2 * N_WAYS + 1] = { 0 };

  self->pipes[WAY_UP].from = self->pipes[WAY_DOWN].to = self->client;
  self->pipes[WAY_UP].to = self->pipes[WAY_DOWN].from = self->server;
  /* The first turn has nothing to read, but a fault after no bytes is due. */
  while (run_turn (self, polled) && wait_for_more (self, polled))
    continue;
  close (self->client);
  close (self->server);
  g_free (self);
  return NULL;
}

/* --- The proxy --- */

static void
accept_one (Proxy *self)
{
  Link *link = g_new0 (Link, 1);
  int one = 1;

  link->proxy = self;
  link->client = accept (self->listener, NULL, NULL);
  link->server = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (link->client < 0
      || connect (link->server, (struct sockaddr *) &self->target, sizeof self->target) != 0)
    {
      close (link->client);
      close (link->server);
      g_free (link);
      return;
    }
  setsockopt (link->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt (link->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  g_ptr_array_add (self->links, g_thread_new ("link", link_thread, link));
}

static gpointer
accept_thread (gpointer data)
{
  Proxy *self = data;
  struct pollfd polled[2]
      = { { .fd = self->listener, .events = POLLIN }, { .fd = self->stop, .events = POLLIN } };

  while (polled[1].revents == 0)
    {
      if (polled[0].revents != 0)
        accept_one (self);
      check (poll (polled, 2, -1) >= 0 || errno == EINTR, "poll");
    }
  return NULL;
}

Proxy *
proxy_new (const char *target, Fault fault, Way way, gsize after)
{
  Proxy *self = g_new0 (Proxy, 1);
  g_auto (GStrv) parts = g_strsplit (target, ":", 2);
  struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof own;

  self->target = own;
  self->target.sin_port = htons ((guint16) atoi (parts[1]));
  self->fault = fault;
  self->way = way;
  self->after = after;
  self->links = g_ptr_array_new ();
  self->stop = eventfd (0, EFD_CLOEXEC);
  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  check (self->stop >= 0 && self->listener >= 0, "make a socket");
  check (bind (self->listener, (struct sockaddr *) &own, sizeof own) == 0, "bind");
  check (listen (self->listener, 16) == 0, "listen");
  getsockname (self->listener, (struct sockaddr *) &own, &length);
  self->address = g_strdup_printf ("127.0.0.1:%d", ntohs (own.sin_port));
  self->thread = g_thread_new ("proxy", accept_thread, self);
  return self;
}

void
proxy_free (Proxy *self)
{
  const guint64 one = 1;

  check (write (self->stop, &one, sizeof one) == sizeof one, "stop");
  g_thread_join (self->thread);
  for (guint i = 0; i < self->links->len; i++)
    g_thread_join (self->links->pdata[i]);
  g_ptr_array_unref (self->links);
  close (self->listener);
  close (self->stop);
  g_free (self->address);
  g_free (self);
}

const char *
proxy_get_address (Proxy *self)
{
  return self->address;
}

gsize
proxy_get_passed (Proxy *self, Way way)
{
  return (gsize) g_atomic_pointer_get (&self->passed[way]);
}
