/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The methods of the greeter that stream: one for each kind.
 */
#include "greeter-streams.h"

static void
greet (MicroCall *call, const char *name)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;
  g_autofree char *text = g_strconcat ("Hello ", name, NULL);

  response.msg = text;
  greeter_say_chat_send (call, &response);
}

/* --- One request, many answers --- */

static void
repeat (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  for (int i = 0; i < 3; i++)
    greet (call, request->name);
  micro_call_end (call);
}

/* --- Many requests, one answer --- */

static void
collect_name (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const Greeter__HelloRequest *request = message;
  GString *names = user_data;

  g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", request->name);
}

static void
collect_ended (MicroCall *call, gpointer user_data)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;
  GString *names = user_data;

  response.msg = micro_call_printf (call, "Hello %s", names->str);
  greeter_say_collect_reply (call, &response);
  g_string_free (names, TRUE);
}

static void
collect_cancelled (MicroCall *call, gpointer user_data)
{
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
  g_string_free (user_data, TRUE);
}

static void
collect (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = collect_name, .ended = collect_ended, .cancelled = collect_cancelled };

  micro_call_stream (call, &funcs, g_string_new (NULL));
}

/* --- Both ways --- */

static void
chat_name (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const Greeter__HelloRequest *request = message;

  greet (call, request->name);
}

static void
chat_ended (MicroCall *call, gpointer user_data)
{
  micro_call_end (call);
}

static void
chat (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = chat_name, .ended = chat_ended, .cancelled = chat_ended };

  micro_call_stream (call, &funcs, NULL);
}

void
greeter_streams_add (GreeterSayHandlers *handlers)
{
  handlers->repeat = repeat;
  handlers->collect = collect;
  handlers->chat = chat;
}
