/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The served half of a call.
 */
#include "config.h"

#include <string.h>

#include "memory-call.h"
#include "memory-note.h"
#include "memory-server.h"

static MemoryCall *
from_server (MicroCall *call)
{
  return MICRO_CONTAINER_OF (call, MemoryCall, server);
}

/* --- What the core does --- */

static void
send_headers (MicroCall *call)
{
  MemoryCall *self = from_server (call);
  MemoryNote *note;

  if (self->headers_sent)
    return;
  self->headers_sent = TRUE;
  note = memory_note_new (self, MEMORY_HEADERS);
  note->headers = g_steal_pointer (&self->out_headers);
  memory_half_post (&self->client, note);
}

static guint8 *
memory_server_begin_message (MicroCall *call, gsize size)
{
  send_headers (call);
  return memory_half_begin_message (&from_server (call)->server, size);
}

static void
memory_server_end_message (MicroCall *call)
{
  MemoryCall *self = from_server (call);

  memory_half_end_message (&self->server, self, &self->client);
}

static void
add_header (MicroCall *call, gboolean trailer, const char *name, const char *value)
{
  MemoryCall *self = from_server (call);
  GPtrArray **list = trailer ? &self->out_trailers : &self->out_headers;

  if (*list == NULL)
    *list = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (*list, g_strdup (name));
  g_ptr_array_add (*list, g_strdup (value));
}

static void
release_served (MicroCall *call)
{
  memory_call_unref (from_server (call));
}

static void
finish (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  MemoryCall *self = from_server (call);

  if (!self->client_told)
    {
      if (self->out_headers != NULL)
        send_headers (call);
      memory_note_tell_status (self, status, message, details,
                               g_steal_pointer (&self->out_trailers));
    }
  self->client_told = TRUE;
  micro_loop_stop_timer (call->loop, &self->deadline);
  memory_call_served (self);
  memory_half_clear (&self->server, self, release_served);
}

static const char *
memory_server_get_header (MicroCall *call, const char *name)
{
  char **headers = from_server (call)->headers;

  for (gsize i = 0; headers[i] != NULL && headers[i + 1] != NULL; i += 2)
    if (strcmp (headers[i], name) == 0)
      return headers[i + 1];
  return NULL;
}

static void
memory_server_foreach_header (MicroCall *call,
                              gboolean trailers,
                              MicroHeaderFunc callback,
                              gpointer user_data)
{
  char **headers = from_server (call)->headers;

  for (gsize i = 0; headers[i] != NULL && headers[i + 1] != NULL; i += 2)
    if (!callback (headers[i], headers[i + 1], user_data))
      break;
}

static void
memory_server_hold (MicroCall *call, gboolean held)
{
  MemoryCall *self = from_server (call);

  memory_half_hold (&self->server, self, held);
}

/* --- What arrives --- */

/* Nobody waits for the answer any more.  It must come all the same, and may come at once. */
static void
abandon (MemoryCall *self)
{
  if (self->server.gone || self->server.head.state == MICRO_CALL_LOST)
    return;
  self->client_told = TRUE;
  self->server.head.events->closed (&self->server.head, MICRO_STATUS_CANCELLED, NULL, NULL);
}

static void
memory_server_deadline_expired (MicroLoopTimer *timer)
{
  MemoryCall *self = MICRO_CONTAINER_OF (timer, MemoryCall, deadline);

  memory_call_ref (self);
  if (!self->client_told)
    memory_note_tell_status (self, MICRO_STATUS_DEADLINE_EXCEEDED,
                             "the deadline passed before the handler answered", NULL, NULL);
  abandon (self);
  memory_call_unref (self);
}

static void
memory_server_start (MemoryCall *self)
{
  MicroCall *call = &self->server.head;

  self->started = TRUE;
  if (call->deadline_us != G_MAXINT64)
    {
      self->deadline.expired = memory_server_deadline_expired;
      micro_loop_start_timer (call->loop, &self->deadline, call->deadline_us);
    }
  micro_router_dispatch (self->router, call, self->path);
}

static void
memory_server_take (MemoryCall *self, MemoryNote *note)
{
  MicroCall *call = &self->server.head;

  if (note->kind == MEMORY_START)
    {
      memory_server_start (self);
      return;
    }
  if (!self->started)
    return;
  switch (note->kind)
    {
    case MEMORY_MESSAGE:
      call->events->message (call, note->data, note->length);
      break;
    case MEMORY_HALF_CLOSE:
      call->events->half_closed (call);
      break;
    case MEMORY_BREAK:
      if (!self->client_told)
        memory_note_tell_status (self, MICRO_STATUS_UNAVAILABLE, "the server stops", NULL, NULL);
      abandon (self);
      break;
    default:
      abandon (self);
      break;
    }
}

static const MicroCallOps memory_server_ops = {
  .begin_message = memory_server_begin_message,
  .end_message = memory_server_end_message,
  .finish = finish,
  .get_header = memory_server_get_header,
  .foreach_header = memory_server_foreach_header,
  .add_header = add_header,
  .send_headers = send_headers,
  .hold = memory_server_hold,
  .get_peer = memory_half_get_peer,
};

void
memory_server_init (MemoryCall *self, MicroLoop *loop, const MicroCallStart *start)
{
  memory_half_init (&self->server, loop, start, &memory_server_ops, memory_server_take);
}
