/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call of the interop client, of whatever kind, for a thread that waits.
 */
#include "talk.h"

static void
answer_set_payload (Answer *self, const Grpc__Testing__Payload *payload)
{
  self->all_zero = TRUE;
  if (payload == NULL)
    return;
  self->size = (int) payload->body.len;
  for (gsize i = 0; i < payload->body.len; i++)
    if (payload->body.data[i] != 0)
      self->all_zero = FALSE;
}

static void
on_message (MicroStream *stream, gconstpointer message, gpointer user_data)
{
  const ProtobufCMessageDescriptor *type = ((const ProtobufCMessage *) message)->descriptor;
  Talk *self = user_data;
  Answer *answer = g_new0 (Answer, 1);

  if (type == &grpc__testing__simple_response__descriptor)
    answer_set_payload (answer, ((const Grpc__Testing__SimpleResponse *) message)->payload);
  else if (type == &grpc__testing__streaming_output_call_response__descriptor)
    answer_set_payload (answer,
                        ((const Grpc__Testing__StreamingOutputCallResponse *) message)->payload);
  else if (type == &grpc__testing__streaming_input_call_response__descriptor)
    answer->size
        = ((const Grpc__Testing__StreamingInputCallResponse *) message)->aggregated_payload_size;
  answer->compressed = micro_stream_is_compressed (stream);
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->answers, answer);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

/* The answer's headers and its trailers are not one namespace. */
static gboolean
find_header (const char *name, const char *value, gpointer user_data)
{
  Talk *self = user_data;

  if (g_str_equal (name, ECHO_INITIAL))
    self->initial = g_strdup (value);
  return self->initial == NULL;
}

static gboolean
find_trailer (const char *name, const char *value, gpointer user_data)
{
  Talk *self = user_data;

  if (g_str_equal (name, ECHO_TRAILING))
    self->trailing = g_strdup (value);
  return self->trailing == NULL;
}

static void
on_closed (MicroStream *stream, const GError *error, gpointer user_data)
{
  Talk *self = user_data;

  g_mutex_lock (&self->mutex);
  micro_stream_foreach_header (stream, FALSE, find_header, self);
  micro_stream_foreach_header (stream, TRUE, find_trailer, self);
  if (error != NULL)
    {
      self->status = micro_error_get_status (error);
      self->message = g_strdup (error->message);
    }
  self->closed = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
talk_begin (Talk *self,
            MicroClient *client,
            const MicroMethod *method,
            const MicroCallOptions *options)
{
  static const MicroStreamEvents events = { .message = on_message, .closed = on_closed };

  *self = (Talk){ 0 };
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->answers);
  self->stream = micro_client_open_stream (client, "", method, options, &events, self);
}

gboolean
talk_next (Talk *self, Answer *ret_answer)
{
  g_autofree Answer *answer = NULL;

  g_mutex_lock (&self->mutex);
  while (g_queue_is_empty (&self->answers) && !self->closed)
    g_cond_wait (&self->cond, &self->mutex);
  answer = g_queue_pop_head (&self->answers);
  g_mutex_unlock (&self->mutex);
  if (answer == NULL)
    return FALSE;
  *ret_answer = *answer;
  return TRUE;
}

MicroStatus
talk_end (Talk *self)
{
  g_mutex_lock (&self->mutex);
  while (!self->closed)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  return self->status;
}

void
talk_clear (Talk *self)
{
  talk_end (self);
  micro_stream_unref (self->stream);
  g_queue_clear_full (&self->answers, g_free);
  g_free (self->message);
  g_free (self->initial);
  g_free (self->trailing);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
}
