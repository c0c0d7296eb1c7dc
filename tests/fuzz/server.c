/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes a served connection: frames of a client, and handlers that answer now, later, or badly.
 */
#include <string.h>

#include "greeter.micro.h"
#include "session.h"

/* A call that has a handler, until it is answered. */
typedef struct
{
  MicroCall *call;
  gboolean unary;
} Served;

/* What the input may have a handler do. */
enum
{
  SAY_REPLY,
  SAY_END,
  SAY_FAIL,
  SAY_DETAILS,
  SAY_SEND,
  SAY_HEADER,
  SAY_TRAILER,
  SAY_HEADERS_NOW,
  SAY_COMPRESS,
  SAY_HOLD,
  SAY_RESUME,
  SAY_CANCELLED,
  N_SAY
};

static GPtrArray *all_served;

static Served *
serve (MicroCall *call, gboolean unary)
{
  Served *self = g_new0 (Served, 1);

  self->call = call;
  self->unary = unary;
  g_ptr_array_add (all_served, self);
  return self;
}

/* Frees @self: whoever still has it afterwards was told something after the end. */
static MicroCall *
finish (Served *self)
{
  MicroCall *call = self->call;

  g_ptr_array_remove (all_served, self);
  g_free (self);
  return call;
}

static gboolean
read_header (const char *name, const char *value, gpointer user_data)
{
  return strlen (name) + strlen (value) > 0;
}

/* As @size says, up to 256 KiB. */
static void
reply (MicroCall *call, guint size, gboolean ends)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;
  g_autofree char *text = g_strnfill (size * 1024, 'a');

  response.msg = text;
  if (ends)
    micro_call_reply (call, &response);
  else
    micro_call_send (call, &response);
}

static void
say_ending (Served *self, guint what, const char *text, gsize size)
{
  g_autoptr (GBytes) details = g_bytes_new (text, size);

  if (what == SAY_REPLY || (what == SAY_END && self->unary))
    reply (finish (self), (guint) (size & 0xff), TRUE);
  else if (what == SAY_END)
    micro_call_end (finish (self));
  else if (what == SAY_FAIL)
    micro_call_fail (finish (self), (MicroStatus) (size % 17), "%s", text);
  else
    micro_call_fail_with_details (finish (self), MICRO_STATUS_ABORTED, text, details);
}

static void
say (Served *self, guint what, const char *text, gsize size)
{
  MicroCall *call = self->call;

  if (what <= SAY_DETAILS)
    say_ending (self, what, text, size);
  else if (what == SAY_HEADER)
    micro_call_add_header (call, "x-fuzz", text);
  else if (what == SAY_TRAILER)
    micro_call_add_trailer (call, "x-fuzz-bin", "AAEC");
  else if (what == SAY_HEADERS_NOW)
    micro_call_send_headers (call);
  else if (what == SAY_COMPRESS)
    micro_call_set_compress (call, size % 2 == 0);
  else if (what == SAY_CANCELLED)
    micro_call_is_cancelled (call);
  else if (self->unary)
    return;
  else if (what == SAY_SEND)
    reply (call, (guint) (size & 0xff), FALSE);
  else if (what == SAY_HOLD)
    micro_call_hold (call);
  else
    micro_call_resume (call);
}

/* --- Handlers: the letters of a name say what to do --- */

static void
obey (Served *self, const char *asked)
{
  g_autofree char *name = g_strdup (asked); /* a message that is let go is gone */

  for (const char *at = name; *at != '\0' && *at != '.'; at++)
    {
      guint what = (guint) (guint8) *at % (N_SAY * 2);

      if (what >= N_SAY)
        continue;
      say (self, what, name, strlen (name));
      if (what <= SAY_DETAILS)
        return;
    }
}

static void
hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  micro_call_foreach_header (call, read_header, NULL);
  obey (serve (call, TRUE), request->name);
}

static void
stream_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const Greeter__HelloRequest *request = message;
  Served *self = user_data;

  g_assert (self->call == call);
  obey (self, request->name);
}

static void
stream_ended (MicroCall *call, gpointer user_data)
{
  Served *self = user_data;

  g_assert (self->call == call);
  reply (finish (self), 1, TRUE);
}

static void
stream_writable (MicroCall *call, gpointer user_data)
{
  Served *self = user_data;

  g_assert (self->call == call);
  reply (call, 1, FALSE);
}

static void
stream_cancelled (MicroCall *call, gpointer user_data)
{
  Served *self = user_data;

  g_assert (self->call == call && micro_call_is_cancelled (call));
  micro_call_fail (finish (self), MICRO_STATUS_CANCELLED, "the caller has gone");
}

static const MicroStreamFuncs funcs = { .message = stream_message,
                                        .ended = stream_ended,
                                        .writable = stream_writable,
                                        .cancelled = stream_cancelled };

static void
stream (MicroCall *call, gconstpointer request, gpointer user_data)
{
  Served *self = serve (call, FALSE);

  micro_call_stream (call, &funcs, self);
  if (request != NULL)
    obey (self, ((const Greeter__HelloRequest *) request)->name);
}

static void
repeat (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  stream (call, request, user_data);
}

/* --- The side --- */

static void
server_say (GrpcThread *thread, const guint8 *data, gsize size)
{
  guint what = fuzz_take (&data, &size, N_SAY);
  guint whom = fuzz_take (&data, &size, 256);
  g_autofree char *text = NULL;

  if (all_served->len == 0)
    return;
  text = g_strndup ((const char *) data, size);
  say (all_served->pdata[whom % all_served->len], what, text, size);
}

static void
server_end (GrpcThread *thread)
{
  while (all_served->len > 0)
    {
      Served *self = all_served->pdata[all_served->len - 1];

      g_assert (self->unary); /* a stream is told, and ends */
      say (self, SAY_REPLY, "", 1);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const GreeterSayHandlers handlers
      = { .hello = hello, .repeat = repeat, .collect = stream, .chat = stream };
  static SessionSide side = { .say = server_say, .end = server_end };

  if (side.router == NULL)
    {
      side.router = micro_router_new ();
      greeter_say_add_handlers (side.router, &handlers, NULL, NULL);
      all_served = g_ptr_array_new ();
    }
  session_run (&side, data, size);
  return 0;
}
