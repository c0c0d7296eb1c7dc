/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A client's connection: from an address to a connected socket.
 */
#include "config.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#include "grpc-address.h"
#include "grpc-client.h"
#include "grpc-connection.h"
#include "grpc-life.h"
#include "grpc-limits.h"
#include "grpc-session.h"
#include "grpc-thread.h"

void
grpc_connect_failed (GrpcConnection *self, const char *problem)
{
  grpc_connection_retire (self);
  if (!self->greeted)
    grpc_backoff_failed (self->thread, self->address, self->begun_us, problem);
}

void
grpc_connect_freed (GrpcConnection *self)
{
  g_clear_pointer (&self->race, grpc_race_free);
  g_clear_object (&self->resolving);
}

static void
fail_connect (GrpcConnection *self, const char *why)
{
  g_autofree char *problem = g_strdup_printf ("cannot connect to %s: %s", self->address, why);

  grpc_connection_fail (self, problem);
}

static void
resolve_timed_out (MicroLoopTimer *timer)
{
  fail_connect (MICRO_CONTAINER_OF (timer, GrpcConnection, timer),
                "its name does not resolve in time");
}

static void
connected (GrpcConnection *self)
{
  if (self->thread->all->secure_calls)
    {
      grpc_secure_connect (self);
      return;
    }
  self->connecting = FALSE;
  grpc_life_start (self);
  grpc_connection_flush_soon (self);
}

static void
race_done (int fd, int code, gpointer user_data)
{
  GrpcConnection *self = user_data;

  g_clear_pointer (&self->race, grpc_race_free);
  if (fd < 0)
    {
      fail_connect (self, g_strerror (code));
      return;
    }
  if (grpc_connection_attach (self, fd, EPOLLIN, NULL))
    connected (self);
  else
    fail_connect (self, "its descriptor cannot be watched");
}

/* @addresses: (transfer full) */
static void
connect_to (GrpcConnection *self, GPtrArray *addresses)
{
  self->race
      = grpc_race_new (self->thread->loop, addresses, self->thread->limits->connect_timeout_ms,
                       GRPC_RACE_STAGGER_MS, race_done, self);
  grpc_race_start (self->race);
}

static void
resolve_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GPtrArray *found = grpc_address_resolve (task_data, FALSE, &error);

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

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the connection has gone */
  g_clear_object (&self->resolving);
  if (found == NULL)
    {
      fail_connect (self, error->message);
      return;
    }
  micro_loop_stop_timer (self->thread->loop, &self->timer);
  connect_to (self, g_steal_pointer (&found));
}

static void
connect_resolve (GrpcConnection *self)
{
  g_autoptr (GTask) task = NULL;

  self->resolving = g_cancellable_new ();
  task = g_task_new (NULL, self->resolving, resolved, self);
  g_task_set_task_data (task, g_strdup (self->address), g_free);
  g_task_run_in_thread (task, resolve_in_thread);
  self->timer.expired = resolve_timed_out;
  micro_loop_start_timer (self->thread->loop, &self->timer,
                          g_get_monotonic_time ()
                              + self->thread->limits->connect_timeout_ms * (gint64) 1000);
}

/* Streams are numbered once (RFC 9113, 5.1.1): when the last number has been given away, the calls
 * that have one go on, and the next take another connection. */
static gboolean
is_used_up (GrpcConnection *self)
{
  return nghttp2_session_get_next_stream_id (self->session) > G_MAXINT32;
}

/* The connection of @address on this loop; a new one, of @side, begins to connect at once, unless
 * it has failed a moment ago. */
GrpcConnection *
grpc_connect_get (GrpcThread *thread, const GrpcSide *side, const char *address)
{
  GrpcConnection *self = g_hash_table_lookup (thread->made, address);
  g_autoptr (GError) error = NULL;
  const char *problem;
  GrpcSocketAddress *literal;

  if (self != NULL && !is_used_up (self))
    return self;
  if (self != NULL)
    grpc_connection_replace (self);
  if (thread->closed)
    problem = "the client stops";
  else
    problem = grpc_address_check (address, &error) ? grpc_backoff_problem (thread, address)
                                                   : error->message;
  self = grpc_session_open (thread, side);
  self->address = g_strdup (address);
  self->connecting = TRUE;
  self->begun_us = g_get_monotonic_time ();
  g_hash_table_insert (thread->made, self->address, self);
  literal = problem == NULL ? grpc_address_literal (address) : NULL;
  if (problem != NULL)
    {
      self->greeted = TRUE; /* no second failure */
      grpc_connection_fail (self, problem);
    }
  else if (literal != NULL)
    {
      GPtrArray *one = g_ptr_array_new_with_free_func (g_free);

      g_ptr_array_add (one, literal);
      connect_to (self, one);
    }
  else
    connect_resolve (self);
  return self;
}
