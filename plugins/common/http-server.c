/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A small HTTP/1.1 server for probes: its connections and their bounds.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-private.h"

/* Who connects beyond this takes the place of whoever has been silent longest. */
#define MAX_CONNECTIONS 200
#define MAX_ACCEPTS_A_TURN 64
#define PATIENCE_US (10 * G_USEC_PER_SEC)
/* Descriptors may run out: nothing can be accepted, and epoll would say so all the time. */
#define ACCEPT_PAUSE_US (100 * G_TIME_SPAN_MILLISECOND)

struct _HttpServer
{
  MicroLoop *loop;
  HttpFunc func;
  gpointer user_data;
  MicroLoopSource listener;
  MicroLoopTimer pause;
  GQueue connections; /* of HttpRequest, the longest silent first */
};

/* A connection, and the request that it has now. */
struct _HttpRequest
{
  MicroLoopSource source;
  MicroLoopTimer patience;
  HttpServer *server; /* (nullable): no connection any more, only somebody who will answer */
  GList link;
  GString *in;
  GString *out;
  HttpHead head;
  gboolean waiting; /* for http_request_answer() */
  gboolean in_func;
  gboolean last; /* closes when @out is written */
};

static HttpRequest *
request_of_source (MicroLoopSource *source)
{
  return MICRO_CONTAINER_OF (source, HttpRequest, source);
}

/* --- Ends --- */

static void
request_free (HttpRequest *self)
{
  http_head_clear (&self->head);
  g_string_free (self->in, TRUE);
  g_string_free (self->out, TRUE);
  g_free (self);
}

static void
disconnect (HttpRequest *self)
{
  HttpServer *server = g_steal_pointer (&self->server);

  micro_loop_remove_source (server->loop, &self->source);
  micro_loop_stop_timer (server->loop, &self->patience);
  close (self->source.fd);
  g_queue_unlink (&server->connections, &self->link);
  if (!self->waiting)
    request_free (self);
}

static void
http_server_patience_ended (MicroLoopTimer *timer)
{
  disconnect (MICRO_CONTAINER_OF (timer, HttpRequest, patience));
}

/* It has been heard of: the others are longer silent. */
static void
begin_patience (HttpRequest *self)
{
  HttpServer *server = self->server;

  g_queue_unlink (&server->connections, &self->link);
  g_queue_push_tail_link (&server->connections, &self->link);
  micro_loop_start_timer (server->loop, &self->patience, g_get_monotonic_time () + PATIENCE_US);
}

/* --- Requests --- */

static void
write_answer (HttpRequest *self, guint status, const char *body)
{
  gsize length = strlen (body);

  g_string_append_printf (self->out,
                          "HTTP/1.1 %u %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\nCache-Control: no-store\r\n"
                          "X-Content-Type-Options: nosniff\r\n%s\r\n%s",
                          status, http_status_text (status), length,
                          self->last ? "Connection: close\r\n" : "",
                          self->head.head_only ? "" : body);
}

/* One request of what has been read; %FALSE if there is none. */
static gboolean
http_server_take_request (HttpRequest *self)
{
  guint status = 0;

  switch (http_head_parse (self->in->str, self->in->len, &self->head, &status))
    {
    case HTTP_HEAD_PART:
      return FALSE;
    case HTTP_HEAD_BAD:
      self->last = TRUE;
      write_answer (self, status, http_status_text (status));
      return FALSE;
    case HTTP_HEAD_WHOLE:
      break;
    }
  g_string_erase (self->in, 0, self->head.length);
  self->last = !self->head.keep_alive;
  self->waiting = TRUE;
  micro_loop_stop_timer (self->server->loop, &self->patience);
  self->in_func = TRUE;
  self->server->func (self, self->server->user_data);
  self->in_func = FALSE;
  return !self->waiting;
}

/* %FALSE: it has gone */
static gboolean
http_server_flush (HttpRequest *self)
{
  ssize_t n = 0;

  while (self->out->len > 0)
    {
      n = send (self->source.fd, self->out->str, self->out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0)
        break;
      g_string_erase (self->out, 0, n);
    }
  if (n < 0 && errno != EAGAIN && errno != EINTR)
    {
      disconnect (self);
      return FALSE;
    }
  if (self->out->len == 0 && self->last && !self->waiting)
    shutdown (self->source.fd, SHUT_WR); /* a close, with something unread, would be a reset */
  return TRUE;
}

/* Who reads no answers is asked for no requests. */
static void
http_server_watch (HttpRequest *self)
{
  guint32 events = 0;

  if (self->out->len > 0)
    events = EPOLLOUT;
  else if (!self->waiting)
    events = EPOLLIN;
  if (events != self->source.events)
    micro_loop_change_source (self->server->loop, &self->source, events);
}

/* What is here already first: of requests sent in one go, nothing tells of the later ones again. */
static void
http_server_serve (HttpRequest *self)
{
  gboolean more = TRUE;

  while (more)
    {
      if (!http_server_flush (self))
        return;
      more
          = !self->last && !self->waiting && self->out->len == 0 && http_server_take_request (self);
    }
  if (http_server_flush (self))
    http_server_watch (self);
}

/* --- Connections --- */

/* After the last answer only the peer's end is waited for. */
static gboolean
http_server_read_more (HttpRequest *self)
{
  char buffer[4096];
  ssize_t n = recv (self->source.fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  if (n <= 0)
    return FALSE;
  if (!self->last)
    g_string_append_len (self->in, buffer, n);
  return TRUE;
}

static void
connection_ready (MicroLoopSource *source, guint32 events)
{
  HttpRequest *self = request_of_source (source);

  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0)
    {
      disconnect (self);
      return;
    }
  if ((events & EPOLLIN) != 0 && !http_server_read_more (self))
    {
      disconnect (self);
      return;
    }
  http_server_serve (self);
}

static void
add_connection (HttpServer *self, int fd)
{
  HttpRequest *request = g_new0 (HttpRequest, 1);

  if (self->connections.length >= MAX_CONNECTIONS)
    disconnect (self->connections.head->data);
  request->server = self;
  request->link.data = request;
  request->in = g_string_new (NULL);
  request->out = g_string_new (NULL);
  request->source = (MicroLoopSource){ fd, EPOLLIN, connection_ready };
  request->patience.expired = http_server_patience_ended;
  g_queue_push_tail_link (&self->connections, &request->link);
  if (micro_loop_add_source (self->loop, &request->source, NULL))
    begin_patience (request);
  else
    {
      g_queue_unlink (&self->connections, &request->link);
      close (fd);
      request_free (request);
    }
}

static void
pause_ended (MicroLoopTimer *timer)
{
  HttpServer *self = MICRO_CONTAINER_OF (timer, HttpServer, pause);

  micro_loop_change_source (self->loop, &self->listener, EPOLLIN);
}

static void
http_server_listener_ready (MicroLoopSource *source, guint32 events)
{
  HttpServer *self = MICRO_CONTAINER_OF (source, HttpServer, listener);

  for (int i = 0; i < MAX_ACCEPTS_A_TURN; i++)
    {
      int fd = accept4 (source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

      if (fd >= 0)
        add_connection (self, fd);
      else if (errno == EAGAIN)
        return;
      else if (errno != ECONNABORTED && errno != EINTR)
        {
          if (!g_queue_is_empty (&self->connections))
            disconnect (self->connections.head->data);
          micro_loop_change_source (self->loop, source, 0);
          micro_loop_start_timer (self->loop, &self->pause,
                                  g_get_monotonic_time () + ACCEPT_PAUSE_US);
          return;
        }
    }
}

/* --- For those who use it --- */

HttpServer *
http_server_new (MicroLoop *loop, HttpFunc func, gpointer user_data)
{
  HttpServer *self = g_new0 (HttpServer, 1);

  self->loop = loop;
  self->func = func;
  self->user_data = user_data;
  self->listener = (MicroLoopSource){ -1, EPOLLIN, http_server_listener_ready };
  self->pause.expired = pause_ended;
  g_queue_init (&self->connections);
  return self;
}

typedef struct
{
  HttpServer *server;
  GError *error;
} Attach;

static void
attach (gpointer data)
{
  Attach *attaching = data;

  micro_loop_add_source (attaching->server->loop, &attaching->server->listener, &attaching->error);
}

char *
http_server_listen (HttpServer *self, const char *address, GError **error)
{
  g_autofree char *bound = NULL;
  Attach attaching = { self, NULL };

  g_return_val_if_fail (self->listener.fd < 0, NULL);
  self->listener.fd = http_listen (address, &bound, error);
  if (self->listener.fd < 0)
    return NULL;
  micro_loop_run_sync (self->loop, attach, &attaching);
  if (attaching.error == NULL)
    return g_steal_pointer (&bound);
  g_propagate_error (error, attaching.error);
  close (self->listener.fd);
  self->listener.fd = -1;
  return NULL;
}

static void
close_all (gpointer data)
{
  HttpServer *self = data;

  micro_loop_stop_timer (self->loop, &self->pause);
  if (self->listener.fd >= 0)
    {
      micro_loop_remove_source (self->loop, &self->listener);
      close (self->listener.fd);
    }
  while (!g_queue_is_empty (&self->connections))
    disconnect (self->connections.head->data);
}

void
http_server_free (HttpServer *self)
{
  micro_loop_run_sync (self->loop, close_all, self);
  g_free (self);
}

const char *
http_request_get_path (HttpRequest *self)
{
  return self->head.path;
}

gboolean
http_request_has_parameter (HttpRequest *self, const char *name)
{
  g_auto (GStrv) words = g_strsplit (self->head.query != NULL ? self->head.query : "", "&", -1);
  gsize length = strlen (name);

  for (char **word = words; *word != NULL; word++)
    if (strncmp (*word, name, length) == 0 && strchr ("=", (*word)[length]) != NULL)
      return TRUE;
  return FALSE;
}

void
http_request_answer (HttpRequest *self, guint status, const char *body)
{
  self->waiting = FALSE;
  if (self->server == NULL)
    {
      request_free (self);
      return;
    }
  write_answer (self, status, body);
  http_head_clear (&self->head);
  begin_patience (self);
  if (!self->in_func)
    http_server_serve (self);
}
