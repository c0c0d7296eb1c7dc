/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes a client's connection: frames of a server, and callers that open, send, hold and cancel,
 * inside events too.  Every call ends exactly once.
 */
#include <string.h>

#include "../../plugins/grpc-transport/grpc-client.h"
#include "session.h"

#define MAX_CALLS 32

/* What the input may have a caller do. */
enum
{
  SAY_OPEN,
  SAY_SEND,
  SAY_HALF_CLOSE,
  SAY_CANCEL,
  SAY_HOLD,
  SAY_RESUME,
  SAY_COMPRESS,
  SAY_READ,
  N_SAY
};

/* One that is open; freed at its end, so that a second one is seen. */
typedef struct
{
  MicroCall *call;
  guint in_headers; /* what it does then: a SAY */
  guint in_message;
  guint in_writable;
  gboolean half_closed;
} Caller;

static GPtrArray *callers;
static GrpcThread *on_thread;

static void say (Caller *self, guint what, const guint8 *data, gsize size);

static Caller *
find (MicroCall *call)
{
  Caller *self = call->user_data;

  g_assert (self->call == call);
  return self;
}

static void
on_headers (MicroCall *call)
{
  Caller *self = find (call);

  say (self, self->in_headers, NULL, 0);
}

static void
on_message (MicroCall *call, const guint8 *data, gsize length)
{
  Caller *self = find (call);
  g_autofree guint8 *copy = g_memdup2 (data, length);

  say (self, self->in_message, copy, length);
}

static void
on_writable (MicroCall *call)
{
  Caller *self = find (call);

  say (self, self->in_writable, NULL, 0);
}

static gboolean
read_header (const char *name, const char *value, gpointer user_data)
{
  return strlen (name) + strlen (value) > 0;
}

static void
on_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  Caller *self = find (call);

  g_assert (status <= MICRO_STATUS_UNAUTHENTICATED);
  g_assert (message == NULL || g_utf8_validate (message, -1, NULL));
  g_assert (details == NULL || g_bytes_get_size (details) < 64 * 1024);
  call->ops->foreach_header (call, TRUE, read_header, NULL);
  call->ops->get_header (call, "x-fuzz");
  g_ptr_array_remove (callers, self);
  g_free (self);
}

static void
open_call (const guint8 *data, gsize size)
{
  static const MicroCallEvents events = {
    .headers = on_headers, .message = on_message, .closed = on_closed, .writable = on_writable
  };
  static const char *const headers[] = { "x-fuzz", "1", "x-fuzz", "2", "x-fuzz-bin", "AAEC", NULL };
  guint how = fuzz_take (&data, &size, 256);
  MicroCallStart start = { .address = SESSION_ADDRESS, .path = "/greeter.Say/Chat" };
  Caller *self;

  /* Without a connection it would make one: there is none to be had. */
  if (callers->len >= MAX_CALLS || g_hash_table_size (on_thread->made) == 0)
    return;
  self = g_new0 (Caller, 1);
  self->in_headers = fuzz_take (&data, &size, N_SAY * 4);
  self->in_message = fuzz_take (&data, &size, N_SAY * 4);
  self->in_writable = fuzz_take (&data, &size, N_SAY * 4);
  start.streaming = how & 1;
  start.compress = (how & 2) != 0;
  start.headers = how & 4 ? headers : NULL;
  start.deadline_us = how & 8 ? g_get_monotonic_time () : G_MAXINT64;
  start.codec = how & 16 ? MICRO_CODEC_JSON : MICRO_CODEC_PROTO;
  start.max_receive_bytes = how & 32 ? 10 : 0;
  g_ptr_array_add (callers, self);
  self->call = grpc_client_open (on_thread, &start, &events, self);
}

static void
send_message (Caller *self, gsize size)
{
  if (self->half_closed)
    return;
  memset (self->call->ops->begin_message (self->call, size), 'a', size);
  self->call->ops->end_message (self->call);
  if (self->call->streaming && g_atomic_int_get (&self->call->queued) > MICRO_CALL_HIGH_WATER)
    g_atomic_int_set (&self->call->blocked, 1);
}

static void
say (Caller *self, guint what, const guint8 *data, gsize size)
{
  const MicroCallOps *ops = self->call->ops;

  if (what == SAY_OPEN)
    open_call (data, size);
  else if (what == SAY_SEND)
    send_message (self, size > 0 ? data[0] * 1024u : 3);
  else if (what == SAY_HALF_CLOSE && !self->half_closed)
    {
      self->half_closed = TRUE;
      ops->half_close (self->call);
    }
  else if (what == SAY_CANCEL)
    {
      MicroCall *call = self->call;

      g_ptr_array_remove (callers, self);
      g_free (self);
      ops->cancel (call);
    }
  else if (what == SAY_HOLD || what == SAY_RESUME)
    ops->hold (self->call, what == SAY_HOLD);
  else if (what == SAY_COMPRESS)
    self->call->compress = !self->call->compress;
  else if (what == SAY_READ)
    ops->foreach_header (self->call, FALSE, read_header, NULL);
}

static void
client_begin (GrpcThread *thread)
{
  on_thread = thread;
}

static void
client_say (GrpcThread *thread, const guint8 *data, gsize size)
{
  guint what = fuzz_take (&data, &size, N_SAY);
  guint whom = fuzz_take (&data, &size, 256);

  if (what == SAY_OPEN)
    open_call (data, size);
  else if (callers->len > 0)
    say (callers->pdata[whom % callers->len], what, data, size);
}

/* A call that is held with its status behind what it holds outlives the connection. */
static void
client_end (GrpcThread *thread)
{
  while (thread->waiting != NULL)
    grpc_client_give_up (thread->waiting, MICRO_STATUS_UNAVAILABLE, "the client stops");
  g_assert (callers->len == 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const SessionSide side = { .begin = client_begin, .say = client_say, .end = client_end };

  if (callers == NULL)
    callers = g_ptr_array_new ();
  session_run (&side, data, size);
  return 0;
}
