/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What waits to be published: sent by a thread of its own, since the library blocks, and confirmed
 * by one round trip for all that was there.
 */
#include "config.h"

#include <micro/micro-error.h>

#include "nats-private.h"

#define MAX_MESSAGES 1024
#define MAX_BYTES (64 * 1024 * 1024)

typedef struct
{
  GTask *task;
  char *topic;
  GBytes *envelope;
} Letter;

struct _NatsOutbox
{
  natsConnection *connection; /* owned; under @sending, as is: */
  gboolean refused;           /* until it is connected */
  guint timeout_ms;
  GThread *thread;
  GMutex sending; /* before @mutex */
  GMutex mutex;
  GCond cond;
  GQueue letters;  /* of Letter */
  guint n_letters; /* with those that are being sent */
  gsize bytes;
  gboolean ending;
};

static void
letter_free (Letter *letter)
{
  g_object_unref (letter->task);
  g_free (letter->topic);
  g_bytes_unref (letter->envelope);
  g_free (letter);
}

static void
end_letter (NatsOutbox *self, Letter *letter, natsStatus status)
{
  GError *error = NULL;

  g_mutex_lock (&self->mutex);
  self->n_letters--;
  self->bytes -= g_bytes_get_size (letter->envelope);
  g_mutex_unlock (&self->mutex);
  if (status != NATS_OK)
    nats_link_set_error (&error, status, self->refused, letter->topic);
  if (!g_task_return_error_if_cancelled (letter->task))
    {
      if (error == NULL)
        g_task_return_boolean (letter->task, TRUE);
      else
        g_task_return_error (letter->task, g_steal_pointer (&error));
    }
  g_clear_error (&error);
  letter_free (letter);
}

/* The library would keep it for when the server is back, and forget it if that is too late. */
static natsStatus
send_letter (NatsOutbox *self, Letter *letter)
{
  gsize size;
  const void *data = g_bytes_get_data (letter->envelope, &size);

  if (g_cancellable_is_cancelled (g_task_get_cancellable (letter->task)))
    return NATS_ERR;
  if (natsConnection_Status (self->connection) != NATS_CONN_STATUS_CONNECTED)
    return NATS_CONNECTION_DISCONNECTED;
  return natsConnection_Publish (self->connection, letter->topic, data, (int) size);
}

static void
outbox_send_all (NatsOutbox *self, GQueue *letters)
{
  GQueue sent = G_QUEUE_INIT;
  Letter *letter;
  natsStatus status = NATS_OK;

  while ((letter = g_queue_pop_head (letters)) != NULL)
    {
      status = send_letter (self, letter);
      if (status == NATS_OK)
        g_queue_push_tail (&sent, letter);
      else
        end_letter (self, letter, status);
    }
  if (!g_queue_is_empty (&sent))
    {
      status = natsConnection_FlushTimeout (self->connection, self->timeout_ms);
      if (status == NATS_OK)
        self->refused = FALSE;
    }
  while ((letter = g_queue_pop_head (&sent)) != NULL)
    end_letter (self, letter, status);
}

static gpointer
outbox_run (gpointer data)
{
  NatsOutbox *self = data;
  GQueue letters = G_QUEUE_INIT;
  gboolean ending = FALSE;

  while (!ending || !g_queue_is_empty (&letters))
    {
      g_mutex_lock (&self->sending);
      outbox_send_all (self, &letters);
      g_mutex_unlock (&self->sending);
      g_mutex_lock (&self->mutex);
      while (g_queue_is_empty (&self->letters) && !self->ending)
        g_cond_wait (&self->cond, &self->mutex);
      letters = self->letters;
      g_queue_init (&self->letters);
      ending = self->ending;
      g_mutex_unlock (&self->mutex);
    }
  return NULL;
}

NatsOutbox *
nats_outbox_new (natsConnection *connection, gboolean refused, guint timeout_ms)
{
  NatsOutbox *self = g_new0 (NatsOutbox, 1);

  self->connection = connection;
  self->refused = refused;
  self->timeout_ms = timeout_ms;
  g_mutex_init (&self->sending);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->letters);
  self->thread = g_thread_new ("nats-broker", outbox_run, self);
  return self;
}

static gpointer
outbox_finish (gpointer data)
{
  NatsOutbox *self = data;

  g_thread_join (self->thread);
  natsConnection_Destroy (self->connection);
  g_mutex_clear (&self->sending);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
  return NULL;
}

/* The last reference of the broker may go on the thread itself, which cannot wait for its end. */
void
nats_outbox_free (NatsOutbox *self)
{
  g_mutex_lock (&self->mutex);
  self->ending = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  if (g_thread_self () == self->thread)
    g_thread_unref (g_thread_new ("nats-broker end", outbox_finish, self));
  else
    outbox_finish (self);
}

void
nats_outbox_replace (NatsOutbox *self, natsConnection *connection, gboolean refused)
{
  natsConnection *before;

  g_mutex_lock (&self->sending);
  before = self->connection;
  self->connection = connection;
  self->refused = refused;
  g_mutex_unlock (&self->sending);
  natsConnection_Destroy (before);
}

gboolean
nats_outbox_push (
    NatsOutbox *self, GTask *task, const char *topic, GBytes *envelope, GError **error)
{
  gsize size = g_bytes_get_size (envelope);
  gboolean room;

  g_mutex_lock (&self->mutex);
  room
      = self->n_letters < MAX_MESSAGES && (self->n_letters == 0 || self->bytes + size <= MAX_BYTES);
  if (room)
    {
      Letter *letter = g_new (Letter, 1);

      *letter = (Letter){ task, g_strdup (topic), g_bytes_ref (envelope) };
      self->n_letters++;
      self->bytes += size;
      g_queue_push_tail (&self->letters, letter);
      g_cond_signal (&self->cond);
    }
  else
    g_set_error (
        error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
        "topic “%s”: %u messages wait to be sent to the NATS server already; publish again "
        "when some have been",
        topic, self->n_letters);
  g_mutex_unlock (&self->mutex);
  return room;
}
