/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls of this process: made, counted, found by who makes or serves them.
 */
#include "config.h"

#include "memory-call.h"

/* The process is the network, so this is of the process. */
static GMutex mutex;
static GCond served;
static GHashTable *calls; /* of MemoryCall, not owned */

MemoryCall *
memory_call_new (MemoryTransport *client,
                 MemoryTransport *server,
                 MicroRouter *router,
                 const MicroCallStart *start)
{
  static char *no_headers[] = { NULL };
  MemoryCall *self = g_new0 (MemoryCall, 1);

  self->references = server != NULL ? 2 : 1;
  self->client_transport = g_object_ref (client);
  self->server_transport = server != NULL ? g_object_ref (server) : NULL;
  self->router = router != NULL ? g_object_ref (router) : NULL;
  self->path = g_strdup (start->path);
  self->headers = g_strdupv (start->headers != NULL ? (char **) start->headers : no_headers);
  self->max_receive_bytes = start->max_receive_bytes;
  return self;
}

void
memory_call_add (MemoryCall *self)
{
  g_mutex_lock (&mutex);
  if (calls == NULL)
    calls = g_hash_table_new (NULL, NULL);
  g_hash_table_add (calls, self);
  if (self->server_transport != NULL)
    self->server_transport->n_served++;
  g_mutex_unlock (&mutex);
}

void
memory_call_ref (MemoryCall *self)
{
  g_atomic_int_inc (&self->references);
}

void
memory_call_unref (MemoryCall *self)
{
  if (!g_atomic_int_dec_and_test (&self->references))
    return;
  g_mutex_lock (&mutex);
  g_hash_table_remove (calls, self);
  g_mutex_unlock (&mutex);
  g_clear_pointer (&self->client.head.loop, micro_loop_unref);
  g_clear_pointer (&self->server.head.loop, micro_loop_unref);
  g_object_unref (self->client_transport);
  g_clear_object (&self->server_transport);
  g_clear_object (&self->router);
  g_clear_pointer (&self->answer_headers, g_ptr_array_unref);
  g_clear_pointer (&self->answer_trailers, g_ptr_array_unref);
  g_clear_pointer (&self->out_headers, g_ptr_array_unref);
  g_clear_pointer (&self->out_trailers, g_ptr_array_unref);
  g_strfreev (self->headers);
  g_free (self->path);
  g_free (self);
}

void
memory_call_served (MemoryCall *self)
{
  g_mutex_lock (&mutex);
  self->server_transport->n_served--;
  g_cond_broadcast (&served);
  g_mutex_unlock (&mutex);
}

void
memory_call_wait_served (MemoryTransport *transport, gint64 until_us)
{
  g_mutex_lock (&mutex);
  while (transport->n_served > 0 && g_cond_wait_until (&served, &mutex, until_us))
    continue;
  g_mutex_unlock (&mutex);
}

/* FALSE: it is going. */
static gboolean
try_ref (MemoryCall *self)
{
  int now = g_atomic_int_get (&self->references);

  while (now > 0 && !g_atomic_int_compare_and_exchange (&self->references, now, now + 1))
    now = g_atomic_int_get (&self->references);
  return now > 0;
}

GPtrArray *
memory_call_list (MemoryTransport *transport)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) memory_call_unref);
  GHashTableIter iter;
  gpointer key;

  g_mutex_lock (&mutex);
  if (calls != NULL)
    {
      g_hash_table_iter_init (&iter, calls);
      while (g_hash_table_iter_next (&iter, &key, NULL))
        {
          MemoryCall *call = key;

          if ((call->client_transport == transport || call->server_transport == transport)
              && try_ref (call))
            g_ptr_array_add (found, call);
        }
    }
  g_mutex_unlock (&mutex);
  return found;
}
