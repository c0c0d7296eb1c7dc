/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A caller's stream for a thread that blocks.
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

void
micro_stream_inbox_put (MicroStream *stream, gpointer message, gsize size)
{
  MicroStreamInbox *self = stream->inbox;
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
  if (full)
    micro_stream_hold (stream);
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

/**
 * micro_stream_send_sync: (skip)
 * @self: a stream without events
 * @message: of the method's request type, or a GBytes
 *
 * Waits for room and sends.  Not on a loop thread.
 *
 * Returns: %FALSE when the call has ended; micro_stream_receive_sync() says why
 */
gboolean
micro_stream_send_sync (MicroStream *self, gconstpointer message)
{
  MicroStreamInbox *inbox = self->inbox;
  gboolean closed;

  g_return_val_if_fail (inbox != NULL && micro_loop_get_current () == NULL, FALSE);
  g_mutex_lock (&inbox->mutex);
  while (!inbox->closed && !micro_stream_has_room (self))
    g_cond_wait (&inbox->cond, &inbox->mutex);
  closed = inbox->closed;
  g_mutex_unlock (&inbox->mutex);
  if (!closed)
    micro_stream_send (self, message);
  return !closed;
}

/**
 * micro_stream_receive_sync: (skip)
 * @self: a stream without events
 * @error: return location
 *
 * Waits for a message or the end.  Not on a loop thread.
 *
 * Returns: (transfer full) (nullable): a message, to be freed with
 *   protobuf_c_message_free_unpacked (message, NULL) or g_bytes_unref(); %NULL without @error when
 *   the call has ended with OK
 */
gpointer
micro_stream_receive_sync (MicroStream *self, GError **error)
{
  MicroStreamInbox *inbox = self->inbox;
  g_autofree Entry *entry = NULL;
  gboolean resume = FALSE;

  g_return_val_if_fail (inbox != NULL && micro_loop_get_current () == NULL, NULL);
  g_mutex_lock (&inbox->mutex);
  while (!inbox->closed && g_queue_is_empty (&inbox->entries))
    g_cond_wait (&inbox->cond, &inbox->mutex);
  entry = g_queue_pop_head (&inbox->entries);
  if (entry != NULL)
    {
      inbox->bytes -= entry->size;
      resume = inbox->held && inbox->bytes < INBOX_FULL / 2;
      inbox->held &= !resume;
    }
  else if (inbox->error != NULL && error != NULL)
    *error = g_error_copy (inbox->error);
  g_mutex_unlock (&inbox->mutex);
  if (resume)
    micro_stream_resume (self);
  return entry != NULL ? entry->message : NULL;
}
