/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The loops of a transport: what it keeps on each, and which of them serves whom.
 */
#include "config.h"

#include "grpc-limits.h"
#include "grpc-thread.h"

/* The record of the calling loop, of the transport it last asked about.  By serial, since neither
 * the transport nor the record need be there any more. */
static _Thread_local GrpcThread *last_thread;
static _Thread_local guint last_serial;
static _Thread_local MicroLoop *last_loop;

static GrpcThread *
grpc_thread_new (GrpcThreads *all, MicroLoop *loop)
{
  GrpcThread *self = g_new0 (GrpcThread, 1);

  g_atomic_ref_count_init (&self->references);
  self->all = all;
  self->loop = loop;
  self->limits = all->limits;
  self->keepalive_ms = all->limits->keepalive_ms;
  self->closed = all->closed;
  self->listeners = g_ptr_array_new ();
  self->made = g_hash_table_new (g_str_hash, g_str_equal);
  self->pool = grpc_pool_new ();
  self->free_calls = g_ptr_array_new_with_free_func (g_free);
  self->receive_buffer = g_malloc (GRPC_BUFFER_SIZE);
  self->send_buffer = g_malloc (GRPC_BUFFER_SIZE);
  self->woken = g_ptr_array_new ();
  self->waking = g_ptr_array_new ();
  if (all->tls_files != NULL)
    {
      self->records = g_byte_array_new ();
      self->plain_buffer = g_malloc (GRPC_PLAIN_SIZE);
    }
  return self;
}

void
grpc_thread_ref (GrpcThread *self)
{
  g_atomic_ref_count_inc (&self->references);
}

void
grpc_thread_unref (GrpcThread *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_hash_table_unref (self->made);
  g_ptr_array_unref (self->listeners);
  g_clear_pointer (&self->backoffs, g_hash_table_unref);
  g_clear_pointer (&self->tickets, g_hash_table_unref);
  g_clear_pointer (&self->records, g_byte_array_unref);
  g_free (self->plain_buffer);
  g_ptr_array_unref (self->woken);
  g_ptr_array_unref (self->waking);
  g_ptr_array_unref (self->free_calls);
  grpc_pool_free (self->pool);
  g_free (self->receive_buffer);
  g_free (self->send_buffer);
  g_free (self);
}

void
grpc_threads_init (GrpcThreads *self, const GrpcLimits *limits)
{
  static guint last;

  self->serial = (guint) g_atomic_int_add (&last, 1) + 1;
  self->limits = limits;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->gone);
  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) grpc_thread_unref);
}

void
grpc_threads_clear (GrpcThreads *self)
{
  g_ptr_array_unref (self->list);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->gone);
}

void
grpc_threads_set_closed (GrpcThreads *self, gboolean closed)
{
  g_mutex_lock (&self->mutex);
  self->closed = closed;
  g_mutex_unlock (&self->mutex);
}

GrpcThread *
grpc_threads_find (GrpcThreads *self, MicroLoop *loop)
{
  GrpcThread *thread = NULL;

  if (last_serial == self->serial && last_loop == loop)
    return last_thread;
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->list->len && thread == NULL; i++)
    if (((GrpcThread *) g_ptr_array_index (self->list, i))->loop == loop)
      thread = g_ptr_array_index (self->list, i);
  if (thread == NULL)
    {
      thread = grpc_thread_new (self, loop);
      g_ptr_array_add (self->list, thread);
    }
  g_mutex_unlock (&self->mutex);
  if (micro_loop_get_current () == loop)
    {
      last_thread = thread;
      last_serial = self->serial;
      last_loop = loop;
    }
  return thread;
}

void
grpc_threads_run (GrpcThreads *self, MicroLoopFunc func)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      GrpcThread *thread = g_ptr_array_index (self->list, i);

      micro_loop_run_sync (thread->loop, func, thread);
    }
}

/* --- Who serves --- */

GrpcThread *
grpc_thread_choose (GrpcThread *self)
{
  GrpcThreads *all = self->all;
  GrpcThread *best = self;

  g_mutex_lock (&all->mutex);
  for (guint i = 0; i < all->list->len; i++)
    {
      GrpcThread *other = g_ptr_array_index (all->list, i);

      if (other->accepting && other->n_served < best->n_served)
        best = other;
    }
  best->n_served++;
  g_mutex_unlock (&all->mutex);
  return best;
}

void
grpc_thread_set_accepting (GrpcThread *self, gboolean accepting)
{
  g_mutex_lock (&self->all->mutex);
  self->accepting = accepting;
  g_mutex_unlock (&self->all->mutex);
}

void
grpc_thread_connection_gone (GrpcThread *self)
{
  g_mutex_lock (&self->all->mutex);
  self->n_served--;
  g_cond_broadcast (&self->all->gone);
  g_mutex_unlock (&self->all->mutex);
}

static gboolean
serves_somebody (GrpcThreads *self)
{
  for (guint i = 0; i < self->list->len; i++)
    if (((GrpcThread *) g_ptr_array_index (self->list, i))->n_served > 0)
      return TRUE;
  return FALSE;
}

void
grpc_threads_wait (GrpcThreads *self, gint64 until_us)
{
  g_mutex_lock (&self->mutex);
  while (serves_somebody (self) && g_cond_wait_until (&self->gone, &self->mutex, until_us))
    continue;
  g_mutex_unlock (&self->mutex);
}
