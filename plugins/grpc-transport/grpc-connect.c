/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A client's connection: from an address to a connected socket.
 */
#include "config.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <netinet/tcp.h>

#include "grpc-private.h"

static void try_next (GrpcConnection *self, int last_errno);

/* No new calls on this connection: the next one to the address makes another. */
void
grpc_connect_forget (GrpcConnection *self)
{
  if (g_hash_table_lookup (self->thread->made, self->address) == self)
    g_hash_table_remove (self->thread->made, self->address);
  if (self->resolving != NULL)
    g_cancellable_cancel (self->resolving);
}

static void
fail_connect (GrpcConnection *self, const char *why)
{
  g_autofree char *problem = g_strdup_printf ("cannot connect to %s: %s", self->address, why);

  grpc_connection_fail (self, problem);
}

static void
connect_timed_out (MicroLoopTimer *timer)
{
  GrpcConnection *self
      = (GrpcConnection *) ((char *) timer - G_STRUCT_OFFSET (GrpcConnection, timer));

  if (self->source.fd >= 0)
    try_next (self, ETIMEDOUT);
  else
    fail_connect (self, "its name does not resolve in time");
}

static void
connected (GrpcConnection *self)
{
  self->connecting = FALSE;
  micro_loop_stop_timer (self->thread->loop, &self->timer);
  micro_loop_change_source (self->thread->loop, &self->source, EPOLLIN);
  grpc_connection_flush_soon (self);
}

/* The socket has become writable: connected, or not. */
void
grpc_connect_progress (GrpcConnection *self)
{
  socklen_t length = sizeof (int);
  int code = 0;

  getsockopt (self->source.fd, SOL_SOCKET, SO_ERROR, &code, &length);
  if (code == 0)
    connected (self);
  else
    try_next (self, code);
}

static gboolean
try_address (GrpcConnection *self, const GrpcSocketAddress *address)
{
  int fd = socket (address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int one = 1;

  if (fd < 0)
    return FALSE;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if ((connect (fd, (const struct sockaddr *) &address->storage, address->length) != 0
       && errno != EINPROGRESS)
      || !grpc_connection_attach (self, fd, EPOLLOUT, NULL))
    {
      int saved = errno;

      self->source.fd = -1;
      close (fd);
      errno = saved;
      return FALSE;
    }
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time ()
                              + self->thread->limits->connect_timeout_ms * (gint64) 1000);
  return TRUE;
}

static void
try_next (GrpcConnection *self, int last_errno)
{
  if (self->source.fd >= 0)
    {
      micro_loop_remove_source (self->thread->loop, &self->source);
      close (self->source.fd);
      self->source.fd = -1;
    }
  while (self->next_candidate < self->candidates->len)
    {
      if (try_address (self, g_ptr_array_index (self->candidates, self->next_candidate++)))
        return;
      last_errno = errno;
    }
  fail_connect (self, g_strerror (last_errno));
}

static void
resolve_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GPtrArray *found = grpc_address_resolve (task_data, FALSE, &error);

  (void) source;
  (void) cancellable;
  if (found == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, found, (GDestroyNotify) g_ptr_array_unref);
}

static void
resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GrpcConnection *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = g_task_propagate_pointer (G_TASK (result), &error);

  (void) source;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the connection has gone */
  g_clear_object (&self->resolving);
  if (found == NULL)
    {
      fail_connect (self, error->message);
      return;
    }
  self->candidates = g_steal_pointer (&found);
  try_next (self, EADDRNOTAVAIL);
}

static void
resolve (GrpcConnection *self)
{
  g_autoptr (GTask) task = NULL;

  self->resolving = g_cancellable_new ();
  task = g_task_new (NULL, self->resolving, resolved, self);
  g_task_set_task_data (task, g_strdup (self->address), g_free);
  g_task_run_in_thread (task, resolve_in_thread);
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time ()
                              + self->thread->limits->connect_timeout_ms * (gint64) 1000);
}

/* The connection of @address on this loop; a new one begins to connect at once. */
GrpcConnection *
grpc_connect_get (GrpcThread *thread, const char *address)
{
  GrpcConnection *self = g_hash_table_lookup (thread->made, address);
  GrpcSocketAddress *literal;

  if (self != NULL)
    return self;
  self = grpc_connection_new (thread, FALSE);
  self->address = g_strdup (address);
  self->connecting = TRUE;
  self->timer.expired = connect_timed_out;
  g_hash_table_insert (thread->made, self->address, self);
  literal = grpc_address_literal (address);
  if (literal != NULL)
    {
      self->candidates = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (self->candidates, literal);
      try_next (self, EADDRNOTAVAIL);
    }
  else
    resolve (self);
  return self;
}
