/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A subscriber's bounded queue: brokers push from any thread, its call-back runs in one context.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-inbox.h>
#include <micro/micro-metadata.h>

/* Then the other sources of the context have their turn. */
#define BATCH 16

typedef struct
{
  char *topic;
  MicroMetadata *headers;
  GBytes *body;
  gsize size;
} Message;

/* The source keeps the inbox, so that the call-back may drop everybody else's reference. */
typedef struct
{
  GSource source;
  MicroInbox *inbox;
} InboxSource;

struct _MicroInbox
{
  GMutex mutex;
  GQueue messages; /* of Message */
  gsize bytes;     /* of all of them */
  guint max_length;
  gboolean closed;
  GSource *source;
};

G_DEFINE_BOXED_TYPE (MicroInbox, micro_inbox, micro_inbox_ref, micro_inbox_unref)

static void
message_free (gpointer data)
{
  Message *message = data;

  g_free (message->topic);
  micro_metadata_unref (message->headers);
  g_bytes_unref (message->body);
  g_free (message);
}

static Message *
pop (MicroInbox *self, gboolean *ret_more)
{
  Message *message;

  g_mutex_lock (&self->mutex);
  message = g_queue_pop_head (&self->messages);
  if (message != NULL)
    self->bytes -= message->size;
  *ret_more = !g_queue_is_empty (&self->messages);
  if (!*ret_more)
    g_source_set_ready_time (self->source, -1);
  g_mutex_unlock (&self->mutex);
  return message;
}

static gboolean
inbox_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  MicroInbox *self = ((InboxSource *) source)->inbox;
  MicroMessageFunc func = (MicroMessageFunc) callback;
  gboolean more = TRUE;

  for (guint i = 0; more && i < BATCH && !g_source_is_destroyed (source); i++)
    {
      Message *message = pop (self, &more);

      if (message == NULL)
        break;
      func (message->topic, message->headers, message->body, user_data);
      message_free (message);
    }
  return G_SOURCE_CONTINUE;
}

static void
inbox_source_finalize (GSource *source)
{
  micro_inbox_unref (((InboxSource *) source)->inbox);
}

/**
 * micro_inbox_new:
 * @max_length: how many messages may wait; 0: %MICRO_INBOX_DEFAULT_LENGTH
 * @callback: gets the messages, one after the other, in the calling thread's default context
 * @user_data: for @callback
 * @destroy: (nullable): runs once, when the inbox is closed and no call-back is running; on the
 *   thread that closed it or on that of the call-back
 *
 * Returns: (transfer full): an empty inbox; micro_inbox_close() before the last reference goes
 */
MicroInbox *
micro_inbox_new (guint max_length,
                 MicroMessageFunc callback,
                 gpointer user_data,
                 GDestroyNotify destroy)
{
  static GSourceFuncs funcs = { .dispatch = inbox_dispatch, .finalize = inbox_source_finalize };
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  MicroInbox *self = g_atomic_rc_box_new0 (MicroInbox);

  g_mutex_init (&self->mutex);
  g_queue_init (&self->messages);
  self->max_length = max_length > 0 ? max_length : MICRO_INBOX_DEFAULT_LENGTH;
  self->source = g_source_new (&funcs, sizeof (InboxSource));
  ((InboxSource *) self->source)->inbox = micro_inbox_ref (self);
  g_source_set_static_name (self->source, "micro inbox");
  g_source_set_callback (self->source, (GSourceFunc) (gpointer) callback, user_data, destroy);
  g_source_attach (self->source, context);
  return self;
}

/**
 * micro_inbox_ref:
 * @self: an inbox
 *
 * Returns: (transfer full): @self
 */
MicroInbox *
micro_inbox_ref (MicroInbox *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
inbox_clear (gpointer data)
{
  MicroInbox *self = data;

  g_queue_clear_full (&self->messages, message_free);
  g_mutex_clear (&self->mutex);
}

/**
 * micro_inbox_unref:
 * @self: (transfer full): an inbox
 *
 * Drops a reference.  Any thread.
 */
void
micro_inbox_unref (MicroInbox *self)
{
  g_atomic_rc_box_release_full (self, inbox_clear);
}

static gboolean
takes (MicroInbox *self, gsize bytes)
{
  if (self->closed || self->messages.length >= self->max_length)
    return FALSE;
  return self->messages.length == 0
         || (bytes <= MICRO_INBOX_MAX_BYTES && self->bytes <= MICRO_INBOX_MAX_BYTES - bytes);
}

/**
 * micro_inbox_has_room:
 * @self: an inbox
 * @bytes: the length of a body
 *
 * Returns: whether micro_inbox_push() would take it, if nobody else pushes before
 */
gboolean
micro_inbox_has_room (MicroInbox *self, gsize bytes)
{
  gboolean room;

  g_mutex_lock (&self->mutex);
  room = takes (self, bytes);
  g_mutex_unlock (&self->mutex);
  return room;
}

/**
 * micro_inbox_push:
 * @self: an inbox
 * @topic: what the message was published to
 * @headers: (transfer none) (nullable): its headers
 * @body: (transfer none): its body
 *
 * Queues a message and wakes the context of the call-back.  Never blocks.  Any thread.
 *
 * Returns: whether it was taken; not if the queue is full, or closed
 */
gboolean
micro_inbox_push (MicroInbox *self, const char *topic, MicroMetadata *headers, GBytes *body)
{
  gboolean room;

  g_mutex_lock (&self->mutex);
  room = takes (self, g_bytes_get_size (body));
  if (room)
    {
      Message *message = g_new (Message, 1);

      *message = (Message){ g_strdup (topic), micro_metadata_ref (headers), g_bytes_ref (body),
                            g_bytes_get_size (body) };
      self->bytes += message->size;
      g_queue_push_tail (&self->messages, message);
      if (self->messages.length == 1)
        g_source_set_ready_time (self->source, 0);
    }
  g_mutex_unlock (&self->mutex);
  return room;
}

/**
 * micro_inbox_close:
 * @self: an inbox
 *
 * Ends the deliveries and drops what waits.  On the thread of the call-back none comes after this;
 * on another, one may be running.  Twice is once.
 */
void
micro_inbox_close (MicroInbox *self)
{
  GQueue dropped = G_QUEUE_INIT;
  gboolean first;

  g_mutex_lock (&self->mutex);
  first = !self->closed;
  self->closed = TRUE;
  dropped = self->messages;
  g_queue_init (&self->messages);
  self->bytes = 0;
  g_mutex_unlock (&self->mutex);
  g_queue_clear_full (&dropped, message_free);
  if (!first)
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
}
