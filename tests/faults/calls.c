/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls of each kind with three messages where there are many, and the service that answers them.
 */
#include <string.h>

#include "calls.h"
#include "greeter.micro.h"

#define N_MESSAGES 3

/* --- The service --- */

static int n_served; /* atomic */

int
calls_get_served (void)
{
  return g_atomic_int_get (&n_served);
}

static void
greet (MicroCall *call, const char *name, gboolean ends)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;
  g_autofree char *text = g_strconcat ("Hello ", name, NULL);

  response.msg = text;
  if (ends)
    {
      micro_call_reply (call, &response);
      g_atomic_int_add (&n_served, -1);
    }
  else
    micro_call_send (call, &response);
}

static void
hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  g_atomic_int_inc (&n_served);
  greet (call, request->name, TRUE);
}

static void
repeat (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  g_atomic_int_inc (&n_served);
  for (int i = 1; i < N_MESSAGES; i++)
    greet (call, request->name, FALSE);
  greet (call, request->name, TRUE);
}

static void
take_name (MicroCall *call, gconstpointer message, gpointer user_data)
{
  g_string_append (user_data, ((const Greeter__HelloRequest *) message)->name);
}

static void
echo_name (MicroCall *call, gconstpointer message, gpointer user_data)
{
  g_string_append_c (user_data, '.');
  greet (call, ((const Greeter__HelloRequest *) message)->name, FALSE);
}

static void
end_collect (MicroCall *call, gpointer user_data)
{
  GString *names = user_data;

  greet (call, names->str, TRUE);
  g_string_free (names, TRUE);
}

static void
end_chat (MicroCall *call, gpointer user_data)
{
  g_string_free (user_data, TRUE);
  micro_call_end (call);
  g_atomic_int_add (&n_served, -1);
}

static void
lose_caller (MicroCall *call, gpointer user_data)
{
  g_string_free (user_data, TRUE);
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
  g_atomic_int_add (&n_served, -1);
}

static void
collect (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = take_name, .ended = end_collect, .cancelled = lose_caller };

  g_atomic_int_inc (&n_served);
  micro_call_stream (call, &funcs, g_string_new (NULL));
}

static void
chat (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = echo_name, .ended = end_chat, .cancelled = lose_caller };

  g_atomic_int_inc (&n_served);
  micro_call_stream (call, &funcs, g_string_new (NULL));
}

MicroRouter *
calls_router_new (void)
{
  static const GreeterSayHandlers handlers = { hello, repeat, collect, chat };
  MicroRouter *router = micro_router_new ();

  greeter_say_add_handlers (router, &handlers, NULL, NULL);
  return router;
}

/* --- The callers --- */

const char *
call_kind_name (MicroMethodKind kind)
{
  static const char *const names[] = { [MICRO_METHOD_UNARY] = "unary",
                                       [MICRO_METHOD_CLIENT_STREAM] = "client",
                                       [MICRO_METHOD_SERVER_STREAM] = "server",
                                       [MICRO_METHOD_BIDI] = "bidi" };

  return names[kind];
}

static int
wanted_answers (MicroMethodKind kind)
{
  return kind & MICRO_METHOD_SERVER_STREAM ? N_MESSAGES : 1;
}

static void
take_answer (Outcome *self, const Greeter__HelloResponse *response)
{
  const char *wanted
      = self->kind == MICRO_METHOD_CLIENT_STREAM ? "Hello JohnJohnJohn" : "Hello John";

  self->n_answers++;
  self->right = self->right && strcmp (response->msg, wanted) == 0;
}

static void
take_end (Outcome *self, const GError *error)
{
  if (g_atomic_int_get (&self->n_closed) == 0)
    {
      self->took_us = g_get_monotonic_time () - self->began_us;
      self->status = error != NULL ? micro_error_get_status (error) : MICRO_STATUS_OK;
      self->message = error != NULL ? g_strdup (error->message) : NULL;
      self->right = self->right && self->n_answers == wanted_answers (self->kind);
    }
  g_atomic_int_inc (&self->n_closed);
}

static void
take_reply (gconstpointer response, const GError *error, gpointer user_data)
{
  if (response != NULL)
    take_answer (user_data, response);
  take_end (user_data, error);
}

static void
send_name (MicroStream *stream)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;

  request.name = "John";
  micro_stream_send (stream, &request);
}

/* In a chat each answer brings the next question. */
static void
take_message (MicroStream *stream, gconstpointer message, gpointer user_data)
{
  Outcome *self = user_data;

  take_answer (self, message);
  if (self->kind != MICRO_METHOD_BIDI)
    return;
  if (self->n_answers < N_MESSAGES)
    send_name (stream);
  else
    micro_stream_end (stream);
}

static void
stream_closed (MicroStream *stream, const GError *error, gpointer user_data)
{
  take_end (user_data, error);
}

static void
open_stream (Outcome *self, MicroClient *client, const MicroCallOptions *options)
{
  static const MicroStreamEvents events = { .message = take_message, .closed = stream_closed };
  g_autoptr (MicroStream) stream = micro_client_open_stream (
      client, "greeter",
      &greeter_say_descriptor.methods[self->kind == MICRO_METHOD_SERVER_STREAM   ? 1
                                      : self->kind == MICRO_METHOD_CLIENT_STREAM ? 2
                                                                                 : 3],
      options, &events, self);
  int n = self->kind == MICRO_METHOD_CLIENT_STREAM ? N_MESSAGES : 1;

  for (int i = 0; i < n; i++)
    send_name (stream);
  if (self->kind != MICRO_METHOD_BIDI)
    micro_stream_end (stream);
}

void
call_start (Outcome *self, MicroClient *client, const char *address, guint timeout_ms, int retries)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;

  options.address = address;
  options.timeout_ms = timeout_ms;
  options.retries = retries;
  request.name = "John";
  self->began_us = g_get_monotonic_time ();
  if (self->kind == MICRO_METHOD_UNARY)
    greeter_say_hello (client, "greeter", &request, &options, take_reply, self);
  else
    open_stream (self, client, &options);
}

gboolean
call_wait (Outcome *self, guint patience_ms)
{
  gint64 until = self->began_us + patience_ms * (gint64) 1000;

  while (g_atomic_int_get (&self->n_closed) == 0)
    {
      if (g_get_monotonic_time () > until)
        return FALSE;
      g_usleep (500);
    }
  return TRUE;
}

Outcome *
outcome_new (MicroMethodKind kind)
{
  Outcome *self = g_new0 (Outcome, 1);

  self->kind = kind;
  self->right = TRUE;
  return self;
}

void
outcome_free (Outcome *self)
{
  g_free (self->message);
  g_free (self);
}
