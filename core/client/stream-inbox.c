/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What has arrived on a stream, and was not yet taken by the thread that waits for it.
 */
#include "config.h"

#include <protobuf-c/protobuf-c.h>

#include "client/stream.h"

/* Bytes that arrived and were not taken, before the peer is told to wait. */
#define INBOX_FULL (64 * 1024)

typedef struct
{
  gpointer message;
  gsize size;
} Entry;

struct _MicroStreamInbox
{
  GMutex mutex;
  GCond cond;
  GQueue entries;
  gsize bytes;
  gboolean held;
  gboolean closed;
  GError *error; /* (nullable): it ended with OK */
};

MicroStreamInbox *
micro_stream_inbox_new (void)
{
  MicroStreamInbox *self = g_new0 (MicroStreamInbox, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  return self;
}

void
micro_stream_inbox_free (MicroStreamInbox *self, gboolean is_bytes)
{
  Entry *entry;

  while ((entry = g_queue_pop_head (&self->entries)) != NULL)
    {
      if (is_bytes)
        g_bytes_unref (entry->message);
      else
        protobuf_c_message_free_unpacked (entry->message, NULL);
      g_free (entry);
    }
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

/* --- On the stream's loop --- */

gboolean
micro_stream_inbox_put (MicroStreamInbox *self, gpointer message, gsize size)
{
  Entry *entry = g_new (Entry, 1);
  gboolean full;

  /* An empty message takes memory too. */
  *entry = (Entry){ message, size + sizeof (Entry) };
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->entries, entry);
  self->bytes += entry->size;
  full = !self->held && self->bytes >= INBOX_FULL;
  self->held |= full;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  return full;
}

void
micro_stream_inbox_writable (MicroStreamInbox *self)
{
  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
micro_stream_inbox_close (MicroStreamInbox *self, const GError *error)
{
  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* --- On the caller's thread --- */

gboolean
micro_stream_inbox_wait (MicroStreamInbox *self,
                         gboolean (*is_ready) (MicroStream *),
                         MicroStream *stream)
{
  gboolean closed;

  g_mutex_lock (&self->mutex);
  while (!self->closed && !is_ready (stream))
    g_cond_wait (&self->cond, &self->mutex);
  closed = self->closed;
  g_mutex_unlock (&self->mutex);
  return !closed;
}

gpointer
micro_stream_inbox_take (MicroStreamInbox *self, gboolean *resume, GError **error)
{
  g_autofree Entry *entry = NULL;

  *resume = FALSE;
  g_mutex_lock (&self->mutex);
  while (!self->closed && g_queue_is_empty (&self->entries))
    g_cond_wait (&self->cond, &self->mutex);
  entry = g_queue_pop_head (&self->entries);
  if (entry != NULL)
    {
      self->bytes -= entry->size;
      *resume = self->held && self->bytes < INBOX_FULL / 2;
      self->held &= !*resume;
    }
  else if (self->error != NULL && error != NULL)
    *error = g_error_copy (self->error);
  g_mutex_unlock (&self->mutex);
  return entry != NULL ? entry->message : NULL;
}
