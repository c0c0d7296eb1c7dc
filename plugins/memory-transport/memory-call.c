/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call in two halves, each on its own loop; what one says is copied and posted to the other.
 */
#include "config.h"

#include <string.h>

#include "memory-private.h"

typedef enum
{
  NOTE_START,
  NOTE_MESSAGE,
  NOTE_HALF_CLOSE,
  NOTE_CANCEL, /* to the server: nobody waits any more */
  NOTE_BREAK,  /* to the server: it stops */
  NOTE_CLOSED  /* to the client: the status */
} NoteKind;

typedef struct
{
  MemoryCall *call;
  NoteKind kind;
  guint8 *data; /* (nullable) */
  gsize length;
  MicroStatus status;
  char *text;      /* (nullable) */
  GBytes *details; /* (nullable) */
} Note;

/* A message being written. */
typedef struct
{
  guint8 *data;
  gsize length;
} Outgoing;

struct _MemoryCall
{
  int references; /* atomic: one a half, one a note under way */
  MemoryTransport *client_transport;
  MemoryTransport *server_transport; /* (nullable) */
  MicroRouter *router;
  char *address;
  char *path;
  char **headers;
  MicroCodec codec;
  gint64 deadline_us;
  gsize max_receive_bytes;

  /* On the client's loop. */
  MicroCall client;
  Outgoing client_out;
  gboolean client_gone;

  /* On the server's loop. */
  MicroCall server;
  Outgoing server_out;
  MicroLoopTimer deadline;
  gboolean server_started;
  gboolean server_gone; /* answered: the core has let go of it */
  gboolean server_told; /* the client has its status already */
};

static MemoryCall *
from_client (MicroCall *call)
{
  return (MemoryCall *) ((char *) call - G_STRUCT_OFFSET (MemoryCall, client));
}

static MemoryCall *
from_server (MicroCall *call)
{
  return (MemoryCall *) ((char *) call - G_STRUCT_OFFSET (MemoryCall, server));
}

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
  g_strfreev (self->headers);
  g_free (self->client_out.data);
  g_free (self->server_out.data);
  g_free (self->address);
  g_free (self->path);
  g_free (self);
}

gboolean
memory_call_is_of (MemoryCall *self, MemoryTransport *transport)
{
  return self->client_transport == transport || self->server_transport == transport;
}

/* --- Notes ------------------------------------------------------------------------------------ */

static void take_at_server (MemoryCall *self, Note *note);
static void take_at_client (MemoryCall *self, Note *note);

static void
note_free (Note *note)
{
  memory_call_unref (note->call);
  g_clear_pointer (&note->details, g_bytes_unref);
  g_free (note->data);
  g_free (note->text);
  g_free (note);
}

static void
arrive_at_server (gpointer user_data)
{
  Note *note = user_data;

  take_at_server (note->call, note);
  note_free (note);
}

static void
arrive_at_client (gpointer user_data)
{
  Note *note = user_data;

  take_at_client (note->call, note);
  note_free (note);
}

static Note *
note_new (MemoryCall *call, NoteKind kind)
{
  Note *note = g_new0 (Note, 1);

  g_atomic_int_inc (&call->references);
  note->call = call;
  note->kind = kind;
  return note;
}

static void
tell_server (MemoryCall *self, Note *note)
{
  if (self->server.loop != NULL)
    micro_loop_post (self->server.loop, arrive_at_server, note);
  else
    note_free (note);
}

static void
tell_client_status (MemoryCall *self, MicroStatus status, const char *text, GBytes *details)
{
  Note *note = note_new (self, NOTE_CLOSED);

  note->status = status;
  note->text = g_strdup (text);
  note->details = details != NULL ? g_bytes_ref (details) : NULL;
  micro_loop_post (self->client.loop, arrive_at_client, note);
}

static guint8 *
outgoing_begin (Outgoing *self, gsize size)
{
  g_free (self->data);
  self->data = g_malloc (size + 1); /* never NULL */
  self->length = size;
  return self->data;
}

static Note *
outgoing_end (Outgoing *self, MemoryCall *call)
{
  Note *note = note_new (call, NOTE_MESSAGE);

  note->data = g_steal_pointer (&self->data);
  note->length = self->length;
  return note;
}

/* --- The server's half ------------------------------------------------------------------------ */

static guint8 *
server_begin_message (MicroCall *call, gsize size)
{
  return outgoing_begin (&from_server (call)->server_out, size);
}

static void
server_end_message (MicroCall *call)
{
  MemoryCall *self = from_server (call);

  micro_loop_post (self->client.loop, arrive_at_client, outgoing_end (&self->server_out, self));
}

static void
server_close (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  MemoryCall *self = from_server (call);

  if (!self->server_told)
    tell_client_status (self, status, message, details);
  self->server_told = TRUE;
  self->server_gone = TRUE;
  micro_loop_stop_timer (call->loop, &self->deadline);
  micro_call_clear_arena (call);
  memory_transport_call_served (self->server_transport);
  /* The caller's note still holds a reference, or the caller is the answer's own post: neither
   * looks at the call again. */
  memory_call_unref (self);
}

static const char *
server_get_header (MicroCall *call, const char *name)
{
  char **headers = from_server (call)->headers;

  for (gsize i = 0; headers[i] != NULL && headers[i + 1] != NULL; i += 2)
    if (strcmp (headers[i], name) == 0)
      return headers[i + 1];
  return NULL;
}

static const MicroCallOps server_ops = {
  .begin_message = server_begin_message,
  .end_message = server_end_message,
  .close = server_close,
  .get_header = server_get_header,
};

/* Nobody waits for the answer any more.  It must come all the same, and may come at once. */
static void
server_abandon (MemoryCall *self)
{
  if (self->server_gone || self->server.cancelled)
    return;
  self->server_told = TRUE;
  self->server.events->closed (&self->server, MICRO_STATUS_CANCELLED, NULL, NULL);
}

static void
deadline_expired (MicroLoopTimer *timer)
{
  MemoryCall *self = (MemoryCall *) ((char *) timer - G_STRUCT_OFFSET (MemoryCall, deadline));

  if (!self->server_told)
    tell_client_status (self, MICRO_STATUS_DEADLINE_EXCEEDED,
                        "the deadline passed before the handler answered", NULL);
  server_abandon (self);
}

static void
server_half_closed (MemoryCall *self)
{
  self->server.events->half_closed (&self->server);
  if (self->server_gone || self->server.cancelled || self->deadline_us == G_MAXINT64)
    return;
  self->deadline.expired = deadline_expired;
  micro_loop_start_timer (self->server.loop, &self->deadline, self->deadline_us);
}

static void
take_at_server (MemoryCall *self, Note *note)
{
  if (note->kind == NOTE_START)
    {
      self->server_started = TRUE;
      micro_router_dispatch (self->router, &self->server, self->path);
      return;
    }
  if (self->server_gone || !self->server_started)
    return;
  switch (note->kind)
    {
    case NOTE_MESSAGE:
      self->server.events->message (&self->server, note->data, note->length);
      break;
    case NOTE_HALF_CLOSE:
      server_half_closed (self);
      break;
    case NOTE_BREAK:
      if (!self->server_told)
        tell_client_status (self, MICRO_STATUS_UNAVAILABLE, "the server stops", NULL);
      server_abandon (self);
      break;
    default:
      server_abandon (self);
      break;
    }
}

/* --- The client's half --------------------------------------------------------------------------
 */

static guint8 *
client_begin_message (MicroCall *call, gsize size)
{
  return outgoing_begin (&from_client (call)->client_out, size);
}

static void
client_end_message (MicroCall *call)
{
  MemoryCall *self = from_client (call);

  tell_server (self, outgoing_end (&self->client_out, self));
}

static void
client_half_close (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  MemoryCall *self = from_client (call);

  (void) status;
  (void) message;
  (void) details;
  tell_server (self, note_new (self, NOTE_HALF_CLOSE));
}

static void
client_forget (MemoryCall *self)
{
  self->client_gone = TRUE;
  micro_call_clear_arena (&self->client);
  memory_call_unref (self);
}

static void
client_cancel (MicroCall *call)
{
  MemoryCall *self = from_client (call);

  if (self->client_gone)
    return;
  tell_server (self, note_new (self, NOTE_CANCEL));
  client_forget (self);
}

/* There are no trailers but the status. */
static const char *
client_get_header (MicroCall *call, const char *name)
{
  (void) call;
  (void) name;
  return NULL;
}

static const MicroCallOps client_ops = {
  .begin_message = client_begin_message,
  .end_message = client_end_message,
  .close = client_half_close,
  .cancel = client_cancel,
  .get_header = client_get_header,
};

static void
client_end (MemoryCall *self, MicroStatus status, const char *text, GBytes *details)
{
  self->client_gone = TRUE;
  self->client.events->closed (&self->client, status, text, details);
  client_forget (self);
}

static void
take_at_client (MemoryCall *self, Note *note)
{
  g_autofree char *text = NULL;

  if (self->client_gone)
    return;
  if (note->kind == NOTE_CLOSED)
    client_end (self, note->status, note->text, note->details);
  else if (self->max_receive_bytes == 0 || note->length <= self->max_receive_bytes)
    self->client.events->message (&self->client, note->data, note->length);
  else
    {
      text = g_strdup_printf ("the message is too large: %" G_GSIZE_FORMAT
                              " bytes came, %" G_GSIZE_FORMAT " are allowed",
                              note->length, self->max_receive_bytes);
      client_end (self, MICRO_STATUS_RESOURCE_EXHAUSTED, text, NULL);
    }
}

/* --- The whole ----------------------------------------------------------------------------------
 */

static void
nothing (gpointer user_data)
{
  (void) user_data;
}

void
memory_call_break (MemoryCall *self)
{
  if (self->server.loop != NULL)
    {
      tell_server (self, note_new (self, NOTE_BREAK));
      /* What the server's half says to the client's is posted when this returns. */
      micro_loop_run_sync (self->server.loop, nothing, NULL);
    }
  tell_client_status (self, MICRO_STATUS_UNAVAILABLE, "the client stops", NULL);
  micro_loop_run_sync (self->client.loop, nothing, NULL);
}

static void
init_half (MemoryCall *self, MicroCall *half, MicroLoop *loop, const MicroCallOps *ops)
{
  half->ops = ops;
  half->loop = loop;
  half->codec = self->codec;
  half->deadline_us = self->deadline_us;
  micro_call_init_arena (half, NULL, 0);
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
  self->codec = start->codec;
  self->deadline_us = start->deadline_us;
  self->max_receive_bytes = start->max_receive_bytes;
  init_half (self, &self->client, loop, &client_ops);
  init_half (self, &self->server, server_loop, &server_ops);
  self->client.events = events;
  self->client.user_data = user_data;
  return self;
}

MicroCall *
memory_call_begin (MemoryCall *self)
{
  g_autofree char *text = NULL;

  if (self->server.loop == NULL)
    {
      text = g_strdup_printf ("nobody serves “%s” in this process", self->address);
      tell_client_status (self, MICRO_STATUS_UNAVAILABLE, text, NULL);
      return &self->client;
    }
  self->client.sent = TRUE;
  tell_server (self, note_new (self, NOTE_START));
  return &self->client;
}
