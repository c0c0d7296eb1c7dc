/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Answering a call: from a handler, from any thread, in its codec.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-call.h>
#include <micro/micro-codec.h>

/* An answer made on another thread, on its way to the call's loop. */
typedef struct
{
  MicroCall *call;
  MicroStatus status;
  char *message;
  guint8 *data; /* (nullable) */
  gsize length;
} Answer;

static void
finish (MicroCall *self, MicroStatus status, const char *message)
{
  self->answered = TRUE;
  self->ops->close (self, status, message, NULL);
}

static void
send_bytes (MicroCall *self, const guint8 *data, gsize length)
{
  guint8 *space = self->ops->begin_message (self, length);

  if (length > 0)
    memcpy (space, data, length);
  self->ops->end_message (self);
}

static void
deliver_answer (gpointer user_data)
{
  Answer *answer = user_data;

  if (answer->status == MICRO_STATUS_OK && !answer->call->cancelled)
    send_bytes (answer->call, answer->data, answer->length);
  finish (answer->call, answer->status, answer->message);
  g_free (answer->message);
  g_free (answer->data);
  g_free (answer);
}

static void
post_answer (MicroCall *self, MicroStatus status, const char *message, guint8 *data, gsize length)
{
  Answer *answer = g_new (Answer, 1);

  *answer = (Answer){ self, status, g_strdup (message), data, length };
  micro_loop_post (self->loop, deliver_answer, answer);
}

static void
reply_json (MicroCall *self, const ProtobufCMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  gsize length = 0;

  json = micro_codec_to_json (message, &length, &error);
  if (json == NULL)
    micro_call_fail (self, MICRO_STATUS_INTERNAL, "cannot write the reply as JSON: %s",
                     error->message);
  else if (micro_loop_get_current () != self->loop)
    post_answer (self, MICRO_STATUS_OK, NULL, (guint8 *) g_steal_pointer (&json), length);
  else
    {
      send_bytes (self, (const guint8 *) json, length);
      finish (self, MICRO_STATUS_OK, NULL);
    }
}

/**
 * micro_call_reply:
 * @self: (transfer full): a unary call
 * @response: the reply, of the method's response type; may go after this returns
 *
 * Answers the call.  Any thread.  If the peer has gone the reply is dropped.
 */
void
micro_call_reply (MicroCall *self, gconstpointer response)
{
  const ProtobufCMessage *message = response;
  gsize size;

  g_return_if_fail (self != NULL && response != NULL);
  if (self->codec == MICRO_CODEC_JSON)
    {
      reply_json (self, message);
      return;
    }
  size = protobuf_c_message_get_packed_size (message);
  if (micro_loop_get_current () != self->loop)
    {
      guint8 *data = g_malloc (size + 1);

      protobuf_c_message_pack (message, data);
      post_answer (self, MICRO_STATUS_OK, NULL, data, size);
      return;
    }
  if (!self->cancelled)
    {
      protobuf_c_message_pack (message, self->ops->begin_message (self, size));
      self->ops->end_message (self);
    }
  finish (self, MICRO_STATUS_OK, NULL);
}

static void
fail (MicroCall *self, MicroStatus status, const char *message)
{
  /* A failure that says OK would be a success without a reply. */
  if (status == MICRO_STATUS_OK)
    status = MICRO_STATUS_UNKNOWN;
  if (micro_loop_get_current () != self->loop)
    post_answer (self, status, message, NULL, 0);
  else
    finish (self, status, message);
}

/**
 * micro_call_fail:
 * @self: (transfer full): a call
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
  fail (self, status, message);
}

/**
 * micro_call_fail_error:
 * @self: (transfer full): a call
 * @error: why; a code of %MICRO_ERROR is kept, %G_IO_ERROR is mapped, the rest is UNKNOWN
 *
 * Ends the call with @error.  Any thread.
 */
void
micro_call_fail_error (MicroCall *self, const GError *error)
{
  g_return_if_fail (self != NULL && error != NULL);
  fail (self, micro_error_get_status (error), error->message);
}

/**
 * micro_call_get_header:
 * @self: a call
 * @name: a header's name, lower-case
 *
 * Returns: (nullable) (transfer none): the first value of the header the peer sent; lives until
 *   the call is answered.  Only on the call's loop thread.
 */
const char *
micro_call_get_header (MicroCall *self, const char *name)
{
  return self->ops->get_header (self, name);
}

/**
 * micro_call_get_deadline:
 * @self: a call
 *
 * Returns: when the caller stops waiting, in µs of g_get_monotonic_time(); %G_MAXINT64 for never
 */
gint64
micro_call_get_deadline (MicroCall *self)
{
  return self->deadline_us;
}

/**
 * micro_call_is_cancelled:
 * @self: a call
 *
 * Returns: whether the caller has gone, so that the answer will be dropped.  It must still be
 *   given.  Only on the call's loop thread.
 */
gboolean
micro_call_is_cancelled (MicroCall *self)
{
  return self->cancelled;
}

const MicroMethod *
micro_call_get_method (MicroCall *self)
{
  return self->method;
}
