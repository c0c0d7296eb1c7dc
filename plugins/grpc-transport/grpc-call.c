/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The life of a call: its struct, reused; events in which it must not be freed; its end.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-limits.h"
#include "grpc-thread.h"
#include "grpc-wire.h"

/* Free structs kept for the next calls of a loop: 256 are 500 KiB at the most. */
#ifdef KEEP_NO_MEMORY
#define MAX_FREE_CALLS 0
#else
#define MAX_FREE_CALLS 256
#endif

void
grpc_call_attach (GrpcCall *self, GrpcConnection *connection)
{
  self->connection = connection;
  self->previous = NULL;
  self->next = connection->calls;
  if (connection->calls != NULL)
    connection->calls->previous = self;
  connection->calls = self;
  connection->n_calls++;
  connection->holds += self->holds;
}

void
grpc_call_detach (GrpcCall *self)
{
  GrpcConnection *connection = self->connection;

  if (self->previous != NULL)
    self->previous->next = self->next;
  else
    connection->calls = self->next;
  if (self->next != NULL)
    self->next->previous = self->previous;
  self->connection = NULL;
  if (connection->receives == self)
    connection->receives = NULL;
  connection->holds -= self->holds;
  if (--connection->n_calls == 0)
    connection->idle_since_us = micro_loop_get_time (connection->thread->loop);
}

GrpcCall *
grpc_call_new (GrpcConnection *connection)
{
  GrpcThread *thread = connection->thread;
  GPtrArray *free_calls = thread->free_calls;
  GrpcCall *self = free_calls->len > 0
                       ? g_ptr_array_steal_index_fast (free_calls, free_calls->len - 1)
                       : g_new (GrpcCall, 1);

  memset (self, 0, offsetof (GrpcCall, headers));
  self->thread = thread;
  self->head.loop = thread->loop;
  self->head.deadline_us = G_MAXINT64;
  self->side = connection->side;
  self->max_receive_bytes = thread->limits->max_receive_bytes;
  self->out = self->inline_out;
  self->out_size = GRPC_INLINE_OUT;
  micro_call_init (&self->head, self->inline_arena, GRPC_INLINE_ARENA);
  grpc_call_attach (self, connection);
  return self;
}

static void
forget_in (GPtrArray *calls, GrpcCall *call)
{
  guint index;

  if (g_ptr_array_find (calls, call, &index))
    calls->pdata[index] = NULL;
}

static void
call_release (MicroCall *call)
{
  g_free ((GrpcCall *) call);
}

static void
grpc_call_free (GrpcCall *self)
{
  GrpcThread *thread = self->thread;

  if (self->connection != NULL)
    grpc_call_detach (self);
  micro_loop_stop_timer (thread->loop, &self->deadline);
  if (self->woken)
    {
      forget_in (thread->woken, self);
      forget_in (thread->waking, self);
    }
  grpc_headers_clear (self);
  grpc_framer_clear (&self->framer);
  g_clear_pointer (&self->pending, g_byte_array_unref);
  g_clear_pointer (&self->out_headers, g_ptr_array_unref);
  g_clear_pointer (&self->out_trailers, g_ptr_array_unref);
  if (self->out != self->inline_out)
    micro_block_free (self->out);
  g_free (self->out_message);
  g_clear_pointer (&self->out_details, g_bytes_unref);
  g_clear_pointer (&self->peer, grpc_peer_unref);
  if (!micro_call_clear (&self->head, call_release))
    return;
  if (thread->free_calls->len + 1 > MAX_FREE_CALLS)
    g_free (self);
  else
    g_ptr_array_add (thread->free_calls, self);
}

/* --- Events ---
 *
 * Inside an event the core may end the call; it is freed when the outermost event is over. */

void
grpc_call_enter (GrpcCall *self)
{
  self->in_event++;
}

gboolean
grpc_call_leave (GrpcCall *self)
{
  if (--self->in_event > 0 || self->owner != GRPC_OVER)
    return FALSE;
  grpc_call_free (self);
  return TRUE;
}

void
grpc_call_doom (GrpcCall *self)
{
  self->owner = GRPC_OVER;
  if (self->in_event == 0)
    grpc_call_free (self);
}
