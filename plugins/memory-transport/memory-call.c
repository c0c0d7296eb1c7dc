/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call in two halves, each on its own loop.
 */
#include "config.h"

#include "memory-private.h"

gboolean
memory_call_try_ref (MemoryCall *self)
{
  int now = g_atomic_int_get (&self->references);

  while (now > 0 && !g_atomic_int_compare_and_exchange (&self->references, now, now + 1))
    now = g_atomic_int_get (&self->references);
  return now > 0;
}

void
memory_call_unref (MemoryCall *self)
{
  if (!g_atomic_int_dec_and_test (&self->references))
    return;
  memory_transport_call_gone (self);
  g_object_unref (self->client_transport);
  g_clear_object (&self->server_transport);
  g_clear_object (&self->router);
  g_clear_pointer (&self->answer_headers, g_ptr_array_unref);
  g_clear_pointer (&self->answer_trailers, g_ptr_array_unref);
  g_clear_pointer (&self->out_headers, g_ptr_array_unref);
  g_clear_pointer (&self->out_trailers, g_ptr_array_unref);
  g_strfreev (self->headers);
  g_free (self->address);
  g_free (self->path);
  g_free (self);
}

gboolean
memory_call_is_of (MemoryCall *self, MemoryTransport *transport)
{
  return self->client_transport == transport || self->server_transport == transport;
}

static void
memory_call_nothing (gpointer user_data)
{
}

void
memory_call_break (MemoryCall *self)
{
  if (self->server.head.loop != NULL)
    {
      memory_half_post (&self->server, memory_note_new (self, MEMORY_BREAK));
      /* What the server's half says to the client's is posted when this returns. */
      micro_loop_run_sync (self->server.head.loop, memory_call_nothing, NULL);
    }
  memory_client_tell_status (self, MICRO_STATUS_UNAVAILABLE, "the client stops", NULL, NULL);
  micro_loop_run_sync (self->client.head.loop, memory_call_nothing, NULL);
}

static void
init_half (MemoryHalf *self,
           const MicroCallStart *start,
           MicroLoop *loop,
           const MicroCallOps *ops,
           void (*take) (MemoryCall *call, MemoryNote *note))
{
  self->head.ops = ops;
  self->head.loop = loop;
  self->head.codec = start->codec;
  self->head.deadline_us = start->deadline_us;
  self->take = take;
  micro_call_init_arena (&self->head, NULL, 0);
}

MemoryCall *
memory_call_new (MemoryTransport *client,
                 MemoryTransport *server,
                 MicroRouter *router,
                 MicroLoop *server_loop,
                 MicroLoop *loop,
                 const MicroCallStart *start,
                 const MicroCallEvents *events,
                 gpointer user_data)
{
  static char *no_headers[] = { NULL };
  MemoryCall *self = g_new0 (MemoryCall, 1);

  self->references = server != NULL ? 2 : 1;
  self->client_transport = g_object_ref (client);
  self->server_transport = server != NULL ? g_object_ref (server) : NULL;
  self->router = router != NULL ? g_object_ref (router) : NULL;
  self->address = g_strdup (start->address);
  self->path = g_strdup (start->path);
  self->headers = g_strdupv (start->headers != NULL ? (char **) start->headers : no_headers);
  self->max_receive_bytes = start->max_receive_bytes;
  init_half (&self->client, start, loop, &memory_client_ops, memory_client_take);
  init_half (&self->server, start, server_loop, &memory_server_ops, memory_server_take);
  self->client.head.streaming = start->streaming != FALSE;
  self->client.head.events = events;
  self->client.head.user_data = user_data;
  return self;
}

MicroCall *
memory_call_begin (MemoryCall *self)
{
  g_autofree char *text = NULL;

  if (self->server.head.loop == NULL)
    {
      text = g_strdup_printf ("nobody serves “%s” in this process", self->address);
      memory_client_tell_status (self, MICRO_STATUS_UNAVAILABLE, text, NULL, NULL);
      return &self->client.head;
    }
  self->client.head.sent = TRUE;
  memory_half_post (&self->server, memory_note_new (self, MEMORY_START));
  return &self->client.head;
}
