/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Answering a call: from a handler, from any thread, in its codec.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "base/error.h"
#include "call/call.h"
#include "call/context.h"
#include <micro/micro-codec.h>
#include <micro/micro-header.h>

/* What another thread says of a call, on its way to the call's loop. */
typedef struct
{
  MicroCall *call;
  guint8 *data; /* (nullable): a message */
  gsize length;
  gboolean ends;
  gboolean refuses; /* what follows is for when it ends */
  MicroStatus status;
  char *text;      /* (nullable) */
  GBytes *details; /* (nullable) */
} Answer;

/* Its clients understand their own records alone: of any other error they make a 500. */
static gboolean
is_from_go_micro (MicroCall *self)
{
  return self->ops->get_header (self, "x-content-type") != NULL;
}

/**
 * micro_call_explain:
 * @self: a served call
 * @status: how it ends, not %MICRO_STATUS_OK
 * @text: (nullable): one sentence for the caller
 * @ret_details: (out) (nullable) (transfer full): the serialised google.rpc.Status that goes with
 * it
 *
 * For a transport that ends a call itself, at its deadline say.  On the call's loop thread.
 *
 * Returns: (nullable) (transfer full): the message that the caller understands: @text, or
 *   go-micro's record of it
 */
char *
micro_call_explain (MicroCall *self, MicroStatus status, const char *text, GBytes **ret_details)
{
  const MicroMethod *method = self->method;
  const char *id = method == NULL            ? "micro"
                   : method->package[0] != 0 ? method->package
                                             : method->service;
  char *json;

  *ret_details = NULL;
  if (!is_from_go_micro (self))
    return g_strdup (text);
  *ret_details
      = micro_error_record_encode (status, id, micro_status_to_micro_code (status), text, &json);
  return json;
}

static void
close_explained (MicroCall *self, MicroStatus status, const char *text)
{
  g_autoptr (GBytes) details = NULL;
  g_autofree char *message = micro_call_explain (self, status, text, &details);

  self->ops->finish (self, status, message, details);
}

/* The call goes back to its transport. */
static void
call_finish (MicroCall *self, MicroStatus status, const char *text, GBytes *details)
{
  MicroLoop *lost = self->state == MICRO_CALL_LOST ? self->loop : NULL;
  MicroRouter *router = lost != NULL ? self->route->router : NULL;
  GDestroyNotify destroy = self->stream_destroy;
  gpointer data = self->stream_data;

  if (G_UNLIKELY (self->state >= MICRO_CALL_ENDING))
    {
      g_critical ("a call of %s was ended twice",
                  self->route != NULL ? self->route->path : "nobody's");
      return;
    }
  self->state = MICRO_CALL_ENDING;
  if (G_UNLIKELY (self->refusal != NULL))
    {
      status = self->refusal->status;
      text = self->refusal->text;
      details = NULL;
    }
  if (G_UNLIKELY (self->intercepted != NULL))
    micro_interceptors_end (self, status, text);
  self->state = MICRO_CALL_ENDED;
  if (G_UNLIKELY (self->request != NULL && self->route->bytes_handler != NULL))
    g_bytes_unref (g_steal_pointer (&self->request));
  if (self->scope != NULL)
    self->scope->call = NULL;
  if (G_UNLIKELY (self->patience != NULL))
    micro_loop_stop_timer (self->loop, self->patience);
  if (G_UNLIKELY (self->context != NULL))
    g_clear_pointer (&self->context, micro_context_unref);
  if (status != MICRO_STATUS_OK && details == NULL)
    close_explained (self, status, text);
  else
    self->ops->finish (self, status, text, details);
  if (G_UNLIKELY (destroy != NULL))
    destroy (data);
  if (lost != NULL)
    {
      g_object_unref (router);
      micro_loop_unref (lost);
    }
}

void
micro_call_set_refusal (MicroCall *self, MicroStatus status, const char *text)
{
  if (self->refusal != NULL)
    return;
  self->refusal = micro_call_alloc (self, sizeof *self->refusal);
  *self->refusal = (MicroRefusal){ status, micro_call_printf (self, "%s", text) };
}

/* @ends: what follows is the end, which says so itself. */
static gboolean
takes_messages (MicroCall *self, gboolean ends)
{
  if (G_UNLIKELY (self->state >= MICRO_CALL_ENDING && !ends))
    g_critical ("a message was sent on a call of %s that had ended",
                self->route != NULL ? self->route->path : "nobody's");
  return self->state <= MICRO_CALL_HANDLED && self->refusal == NULL;
}

static void
put_bytes (MicroCall *self, const guint8 *data, gsize length)
{
  guint8 *space;

  if (G_UNLIKELY (self->intercepted != NULL))
    micro_interceptors_message (self, TRUE, length);
  space = self->ops->begin_message (self, length);
  if (length > 0)
    memcpy (space, data, length);
  self->ops->end_message (self);
}

static void
deliver_answer (gpointer user_data)
{
  Answer *answer = user_data;
  MicroCall *call = answer->call;

  if (answer->data != NULL)
    {
      if (takes_messages (call, answer->ends))
        put_bytes (call, answer->data, answer->length);
      if (call->streaming)
        micro_call_sent (call, answer->length);
    }
  if (answer->refuses)
    micro_call_set_refusal (call, answer->status, answer->text);
  if (answer->ends)
    call_finish (call, answer->status, answer->text, answer->details);
  micro_call_unref (call);
  g_clear_pointer (&answer->details, g_bytes_unref);
  g_free (answer->text);
  g_free (answer->data);
  g_free (answer);
}

static void
post_answer (const Answer *answer)
{
  Answer *copy = g_memdup2 (answer, sizeof *answer);

  micro_call_ref (copy->call);
  if (copy->data != NULL && copy->call->streaming)
    g_atomic_int_add (&copy->call->queued, (int) copy->length);
  micro_loop_post (copy->call->loop, deliver_answer, copy);
}

/* A handler that has more to say still has the call, so it ends when the handler ends it. */
static void
fail_to_write (MicroCall *self, const GError *error, gboolean ends)
{
  g_autofree char *text = g_strdup_printf ("cannot write the reply as JSON: %s", error->message);

  if (ends)
    micro_call_finish (self, MICRO_STATUS_INTERNAL, text, NULL);
  else if (micro_loop_get_current () == self->loop)
    micro_call_set_refusal (self, MICRO_STATUS_INTERNAL, text);
  else
    post_answer (&(Answer){ self, .refuses = TRUE, .status = MICRO_STATUS_INTERNAL,
                            .text = g_steal_pointer (&text) });
}

/* @ends: with the status OK. */
static void
put_json (MicroCall *self, const ProtobufCMessage *message, gboolean ends)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  gsize length = 0;

  json = micro_codec_to_json (message, &length, &error);
  if (json == NULL)
    fail_to_write (self, error, ends);
  else if (micro_loop_get_current () != self->loop)
    post_answer (&(Answer){ self, (guint8 *) g_steal_pointer (&json), length, .ends = ends });
  else
    {
      if (takes_messages (self, ends))
        put_bytes (self, (const guint8 *) json, length);
      if (ends)
        call_finish (self, MICRO_STATUS_OK, NULL, NULL);
    }
}

void
micro_call_put (MicroCall *self, gconstpointer response, gboolean ends)
{
  const ProtobufCMessage *message = response;
  gsize size;

  if (self->codec == MICRO_CODEC_JSON)
    {
      put_json (self, message, ends);
      return;
    }
  size = protobuf_c_message_get_packed_size (message);
  if (micro_loop_get_current () != self->loop)
    {
      guint8 *data = g_malloc (size + 1);

      protobuf_c_message_pack (message, data);
      post_answer (&(Answer){ self, data, size, .ends = ends });
      return;
    }
  if (takes_messages (self, ends))
    {
      if (G_UNLIKELY (self->intercepted != NULL))
        micro_interceptors_message (self, TRUE, size);
      protobuf_c_message_pack (message, self->ops->begin_message (self, size));
      self->ops->end_message (self);
    }
  if (ends)
    call_finish (self, MICRO_STATUS_OK, NULL, NULL);
}

void
micro_call_put_bytes (MicroCall *self, GBytes *response, gboolean ends)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (response, &length);

  if (micro_loop_get_current () != self->loop)
    {
      guint8 *copy = g_malloc (length + 1);

      if (length > 0)
        memcpy (copy, data, length);
      post_answer (&(Answer){ self, copy, length, .ends = ends });
      return;
    }
  if (takes_messages (self, ends))
    put_bytes (self, data, length);
  if (ends)
    call_finish (self, MICRO_STATUS_OK, NULL, NULL);
}

void
micro_call_finish (MicroCall *self, MicroStatus status, const char *text, GBytes *details)
{
  if (micro_loop_get_current () == self->loop)
    call_finish (self, status, text, details);
  else
    post_answer (&(Answer){ self, .ends = TRUE, .status = status, .text = g_strdup (text),
                            .details = details != NULL ? g_bytes_ref (details) : NULL });
}

/**
 * micro_call_reply: (skip)
 * @self: a call that takes one more message, as any unary one does; gone afterwards
 * @response: the reply, of the method's response type; may go after this returns
 *
 * Answers the call and ends it with the status OK.  Any thread.  If the peer has gone the reply
 * is dropped.
 */
void
micro_call_reply (MicroCall *self, gconstpointer response)
{
  g_return_if_fail (self != NULL && response != NULL);
  micro_call_put (self, response, TRUE);
}

/**
 * micro_call_reply_bytes:
 * @self: a call that takes one more message; its handler's, and gone afterwards
 * @response: (transfer none): the reply, written as micro_call_get_codec() says
 *
 * Answers the call and ends it with the status OK.  Any thread.  If the peer has gone the reply
 * is dropped.
 */
void
micro_call_reply_bytes (MicroCall *self, GBytes *response)
{
  g_return_if_fail (self != NULL && response != NULL);
  micro_call_put_bytes (self, response, TRUE);
}

/* A failure that says OK would be a success without a reply. */
static void
call_fail (MicroCall *self, MicroStatus status, const char *message, GBytes *details)
{
  micro_call_finish (self, status != MICRO_STATUS_OK ? status : MICRO_STATUS_UNKNOWN, message,
                     details);
}

/**
 * micro_call_fail:
 * @self: a call; gone afterwards
 * @status: why, not %MICRO_STATUS_OK
 * @format: one sentence for the caller, as for printf()
 * @...: its arguments
 *
 * Ends the call with an error.  Any thread.
 */
void
micro_call_fail (MicroCall *self, MicroStatus status, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  g_return_if_fail (self != NULL);
  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  call_fail (self, status, message, NULL);
}

/**
 * micro_call_fail_with_details:
 * @self: a call; gone afterwards
 * @status: why, not %MICRO_STATUS_OK
 * @message: (nullable): one sentence for the caller
 * @details: (nullable) (transfer none): a serialised google.rpc.Status, for callers that read it
 *
 * Ends the call with an error.  Any thread.
 */
void
micro_call_fail_with_details (MicroCall *self,
                              MicroStatus status,
                              const char *message,
                              GBytes *details)
{
  g_return_if_fail (self != NULL);
  call_fail (self, status, message, details);
}

/**
 * micro_call_fail_with_code:
 * @self: a call; gone afterwards
 * @id: who fails, "go.micro.srv.greeter" say
 * @code: why: an HTTP status, from which the gRPC status follows
 * @format: one sentence for the caller, as for printf()
 * @...: its arguments
 *
 * Ends the call with an error as go-micro's services make them.  Any thread.
 */
void
micro_call_fail_with_code (MicroCall *self, const char *id, int code, const char *format, ...)
{
  MicroStatus status = micro_status_from_micro_code (code);
  g_autofree char *detail = NULL;
  g_autofree char *json = NULL;
  g_autoptr (GBytes) details = NULL;
  va_list arguments;

  g_return_if_fail (self != NULL && id != NULL);
  va_start (arguments, format);
  detail = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  details = micro_error_record_encode (status, id, code, detail, &json);
  call_fail (self, status, json, details);
}

/**
 * micro_call_fail_error:
 * @self: a call; gone afterwards
 * @error: why; a code of %MICRO_ERROR is kept, %G_IO_ERROR is mapped, the rest is UNKNOWN
 *
 * Ends the call with @error.  Any thread.
 */
void
micro_call_fail_error (MicroCall *self, const GError *error)
{
  g_return_if_fail (self != NULL && error != NULL);
  call_fail (self, micro_error_get_status (error), error->message, NULL);
}

/* --- Headers and trailers --- */

static void
call_add (MicroCall *self, gboolean trailer, const char *name, const char *value)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *lower = g_ascii_strdown (name, -1);

  if (micro_header_check (lower, value, &error))
    self->ops->add_header (self, trailer, lower, value);
  else
    micro_call_set_refusal (self, MICRO_STATUS_INTERNAL, error->message);
}

/**
 * micro_call_add_header:
 * @self: a call that has sent nothing yet
 * @name: lower-case; one that ends in `-bin` has a value in base64
 * @value: its value
 *
 * Adds a header to the answer.  With one that micro_header_check() refuses the call ends with
 * %MICRO_STATUS_INTERNAL, whatever else is said.  Only on the call's loop thread.
 */
void
micro_call_add_header (MicroCall *self, const char *name, const char *value)
{
  g_return_if_fail (micro_call_is_open (self) && name != NULL && value != NULL);
  call_add (self, FALSE, name, value);
}

/**
 * micro_call_add_trailer:
 * @self: a call
 * @name: lower-case; one that ends in `-bin` has a value in base64
 * @value: its value
 *
 * Adds a header that follows the last message; as micro_call_add_header().  Only on the call's loop
 * thread.
 */
void
micro_call_add_trailer (MicroCall *self, const char *name, const char *value)
{
  g_return_if_fail (micro_call_is_open (self) && name != NULL && value != NULL);
  call_add (self, TRUE, name, value);
}

/**
 * micro_call_send_headers:
 * @self: a call that has sent nothing yet
 *
 * Begins the answer now instead of with its first message.  Only on the call's loop thread.
 */
void
micro_call_send_headers (MicroCall *self)
{
  g_return_if_fail (micro_call_is_open (self));
  self->ops->send_headers (self);
}
