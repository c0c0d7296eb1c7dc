/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The caller's half of a call.
 */
#include "config.h"

#include <string.h>

#include "memory-call.h"
#include "memory-client.h"
#include "memory-note.h"

static MemoryCall *
from_client (MicroCall *call)
{
  return MICRO_CONTAINER_OF (call, MemoryCall, client);
}

/* --- What the core does --- */

static void
release_made (MicroCall *call)
{
  memory_call_unref (from_client (call));
}

static guint8 *
memory_client_begin_message (MicroCall *call, gsize size)
{
  return memory_half_begin_message (&from_client (call)->client, size);
}

static void
memory_client_end_message (MicroCall *call)
{
  MemoryCall *self = from_client (call);

  memory_half_end_message (&self->client, self, &self->server);
}

static void
memory_client_half_close (MicroCall *call)
{
  MemoryCall *self = from_client (call);

  memory_half_post (&self->server, memory_note_new (self, MEMORY_HALF_CLOSE));
}

static void
memory_client_cancel (MicroCall *call)
{
  MemoryCall *self = from_client (call);

  if (self->client.gone)
    return;
  memory_half_post (&self->server, memory_note_new (self, MEMORY_CANCEL));
  memory_half_clear (&self->client, self, release_made);
}

static const char *
find_header (GPtrArray *headers, const char *name)
{
  for (guint i = 0; headers != NULL && i < headers->len; i += 2)
    if (strcmp (g_ptr_array_index (headers, i), name) == 0)
      return g_ptr_array_index (headers, i + 1);
  return NULL;
}

static const char *
memory_client_get_header (MicroCall *call, const char *name)
{
  MemoryCall *self = from_client (call);
  const char *value = find_header (self->answer_headers, name);

  return value != NULL ? value : find_header (self->answer_trailers, name);
}

static void
memory_client_foreach_header (MicroCall *call,
                              gboolean trailers,
                              MicroHeaderFunc callback,
                              gpointer user_data)
{
  MemoryCall *self = from_client (call);
  GPtrArray *headers = trailers ? self->answer_trailers : self->answer_headers;

  for (guint i = 0; headers != NULL && i < headers->len; i += 2)
    if (!callback (g_ptr_array_index (headers, i), g_ptr_array_index (headers, i + 1), user_data))
      break;
}

static void
memory_client_hold (MicroCall *call, gboolean held)
{
  MemoryCall *self = from_client (call);

  memory_half_hold (&self->client, self, held);
}

/* --- What arrives --- */

static void
memory_client_end (MemoryCall *self, MicroStatus status, const char *text, GBytes *details)
{
  MicroCall *call = &self->client.head;

  self->client.gone = TRUE;
  call->events->closed (call, status, text, details);
  memory_half_clear (&self->client, self, release_made);
}

static void
memory_client_take_message (MemoryCall *self, MemoryNote *note)
{
  MicroCall *call = &self->client.head;
  g_autofree char *text = NULL;

  if (self->max_receive_bytes == 0 || note->length <= self->max_receive_bytes)
    {
      call->events->message (call, note->data, note->length);
      return;
    }
  text = g_strdup_printf ("the message is too large: %" G_GSIZE_FORMAT
                          " bytes came, %" G_GSIZE_FORMAT " are allowed",
                          note->length, self->max_receive_bytes);
  memory_half_post (&self->server, memory_note_new (self, MEMORY_CANCEL));
  memory_client_end (self, MICRO_STATUS_RESOURCE_EXHAUSTED, text, NULL);
}

static void
memory_client_take (MemoryCall *self, MemoryNote *note)
{
  MicroCall *call = &self->client.head;

  switch (note->kind)
    {
    case MEMORY_HEADERS:
      self->answer_headers = g_steal_pointer (&note->headers);
      if (call->events->headers != NULL)
        call->events->headers (call);
      break;
    case MEMORY_MESSAGE:
      memory_client_take_message (self, note);
      break;
    default:
      self->answer_trailers = g_steal_pointer (&note->headers);
      memory_client_end (self, note->status, note->text, note->details);
      break;
    }
}

static const MicroCallOps memory_client_ops = {
  .begin_message = memory_client_begin_message,
  .end_message = memory_client_end_message,
  .half_close = memory_client_half_close,
  .cancel = memory_client_cancel,
  .get_header = memory_client_get_header,
  .foreach_header = memory_client_foreach_header,
  .hold = memory_client_hold,
  .get_peer = memory_half_get_peer,
};

void
memory_client_init (MemoryCall *self,
                    MicroLoop *loop,
                    const MicroCallStart *start,
                    const MicroCallEvents *events,
                    gpointer user_data)
{
  memory_half_init (&self->client, loop, start, &memory_client_ops, memory_client_take);
  self->client.head.streaming = start->streaming != FALSE;
  self->client.head.events = events;
  self->client.head.user_data = user_data;
}
