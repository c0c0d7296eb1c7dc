/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The service of gRPC's interop tests (grpc/grpc, doc/interop-test-descriptions.md).
 */
#include "src/proto/grpc/testing/test.micro.h"

#define ECHO_INITIAL "x-grpc-test-echo-initial"
#define ECHO_TRAILING "x-grpc-test-echo-trailing-bin"

typedef Grpc__Testing__ResponseParameters Parameters;
typedef Grpc__Testing__SimpleRequest SimpleRequest;
typedef Grpc__Testing__StreamingInputCallRequest InputRequest;
typedef Grpc__Testing__StreamingOutputCallRequest OutputRequest;

static void
echo_metadata (MicroCall *call)
{
  const char *initial = micro_call_get_header (call, ECHO_INITIAL);
  const char *trailing = micro_call_get_header (call, ECHO_TRAILING);

  if (initial != NULL)
    micro_call_add_header (call, ECHO_INITIAL, initial);
  if (trailing != NULL)
    micro_call_add_trailer (call, ECHO_TRAILING, trailing);
}

/* TRUE: the call has been ended, since its compression is not what it says. */
static gboolean
fails_compression (MicroCall *call, const Grpc__Testing__BoolValue *expected)
{
  if (expected == NULL || (expected->value != 0) == micro_call_is_compressed (call))
    return FALSE;
  micro_call_fail (call, MICRO_STATUS_INVALID_ARGUMENT, "the message came %s",
                   expected->value ? "uncompressed" : "compressed");
  return TRUE;
}

static gboolean
fails_status (MicroCall *call, const Grpc__Testing__EchoStatus *status)
{
  if (status == NULL || status->code == 0)
    return FALSE;
  micro_call_fail (call, (MicroStatus) status->code, "%s", status->message);
  return TRUE;
}

/* --- One message each way --- */

static void
empty_call (MicroCall *call, const Grpc__Testing__Empty *request, gpointer user_data)
{
  Grpc__Testing__Empty response = GRPC__TESTING__EMPTY__INIT;

  echo_metadata (call);
  grpc_testing_test_service_empty_call_reply (call, &response);
}

static void
unary_call (MicroCall *call, const SimpleRequest *request, gpointer user_data)
{
  Grpc__Testing__SimpleResponse response = GRPC__TESTING__SIMPLE_RESPONSE__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  g_autofree guint8 *body = NULL;

  echo_metadata (call);
  if (fails_compression (call, request->expect_compressed)
      || fails_status (call, request->response_status))
    return;
  payload.body.len = MAX (request->response_size, 0);
  payload.body.data = body = g_malloc0 (payload.body.len + 1);
  response.payload = &payload;
  if (request->fill_server_id)
    response.server_id = (char *) "micro";
  micro_call_set_compress (call, request->response_compressed != NULL
                                     && request->response_compressed->value);
  grpc_testing_test_service_unary_call_reply (call, &response);
}

/* --- Many requests --- */

static void
input_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const InputRequest *request = message;
  int *size = user_data;

  if (!fails_compression (call, request->expect_compressed) && request->payload != NULL)
    *size += (int) request->payload->body.len;
}

static void
input_ended (MicroCall *call, gpointer user_data)
{
  Grpc__Testing__StreamingInputCallResponse response
      = GRPC__TESTING__STREAMING_INPUT_CALL_RESPONSE__INIT;

  response.aggregated_payload_size = *(int *) user_data;
  grpc_testing_test_service_streaming_input_call_reply (call, &response);
}

static void
input_cancelled (MicroCall *call, gpointer user_data)
{
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
}

static void
streaming_input_call (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = input_message, .ended = input_ended, .cancelled = input_cancelled };
  int *size = micro_call_alloc (call, sizeof *size);

  *size = 0;
  micro_call_stream (call, &funcs, size);
}

/* --- Many answers --- */

typedef struct
{
  MicroLoopTimer timer; /* the interval before a message */
  MicroCall *call;
  GQueue requests;              /* half duplex: of OutputRequest, until the last has come */
  const OutputRequest *request; /* (nullable): in hand */
  gsize next;                   /* of its parameters */
  gboolean half_duplex;
  gboolean waited; /* for the interval */
  gboolean blocked;
  gboolean ended; /* no more requests */
} Output;

static void
request_free (gpointer request)
{
  grpc__testing__streaming_output_call_request__free_unpacked (request, NULL);
}

static void
output_free (Output *self)
{
  micro_loop_stop_timer (micro_loop_get_current (), &self->timer);
  g_queue_clear_full (&self->requests, request_free);
  g_free (self);
}

static void
send_one (Output *self, const Parameters *parameters)
{
  Grpc__Testing__StreamingOutputCallResponse response
      = GRPC__TESTING__STREAMING_OUTPUT_CALL_RESPONSE__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  g_autofree guint8 *body = g_malloc0 (MAX (parameters->size, 0) + 1);

  payload.body.len = MAX (parameters->size, 0);
  payload.body.data = body;
  response.payload = &payload;
  micro_call_set_compress (self->call,
                           parameters->compressed != NULL && parameters->compressed->value);
  self->blocked = !micro_call_send (self->call, &response);
}

static void advance (Output *self);

static void
interval_over (MicroLoopTimer *timer)
{
  Output *self = MICRO_CONTAINER_OF (timer, Output, timer);

  self->waited = TRUE;
  advance (self);
}

/* FALSE: the rest is for later. */
static gboolean
answer_request (Output *self)
{
  while (self->next < self->request->n_response_parameters)
    {
      const Parameters *parameters = self->request->response_parameters[self->next];

      if (self->blocked)
        return FALSE;
      if (parameters->interval_us > 0 && !self->waited)
        {
          self->timer.expired = interval_over;
          micro_loop_start_timer (micro_loop_get_current (), &self->timer,
                                  g_get_monotonic_time () + parameters->interval_us);
          return FALSE;
        }
      self->waited = FALSE;
      send_one (self, parameters);
      self->next++;
    }
  return TRUE;
}

/* Sends what may be sent now.  @self may be gone afterwards. */
static void
advance (Output *self)
{
  while (TRUE)
    {
      if (self->request == NULL && self->half_duplex && self->ended)
        self->request = g_queue_peek_head (&self->requests);
      if (self->request == NULL)
        break;
      if (!answer_request (self))
        return;
      self->request = NULL;
      self->next = 0;
      if (self->half_duplex)
        request_free (g_queue_pop_head (&self->requests));
      else
        micro_call_resume (self->call);
    }
  if (!self->ended)
    return;
  micro_call_end (self->call);
  output_free (self);
}

static void
output_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const OutputRequest *request = message;
  Output *self = user_data;

  if (fails_status (call, request->response_status))
    {
      output_free (self);
      return;
    }
  if (self->half_duplex)
    {
      gsize length = grpc__testing__streaming_output_call_request__get_packed_size (request);
      g_autofree guint8 *data = g_malloc (length + 1);

      grpc__testing__streaming_output_call_request__pack (request, data);
      g_queue_push_tail (&self->requests,
                         grpc__testing__streaming_output_call_request__unpack (NULL, length, data));
      return;
    }
  self->request = request;
  micro_call_hold (call); /* until it is answered */
  advance (self);
}

static void
output_ended (MicroCall *call, gpointer user_data)
{
  Output *self = user_data;

  self->ended = TRUE;
  if (!self->blocked)
    advance (self);
}

static void
output_writable (MicroCall *call, gpointer user_data)
{
  Output *self = user_data;

  self->blocked = FALSE;
  advance (self);
}

static void
output_cancelled (MicroCall *call, gpointer user_data)
{
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
  output_free (user_data);
}

static Output *
output_new (MicroCall *call, gboolean half_duplex)
{
  static const MicroStreamFuncs funcs = { .message = output_message,
                                          .ended = output_ended,
                                          .writable = output_writable,
                                          .cancelled = output_cancelled };
  Output *self = g_new0 (Output, 1);

  self->call = call;
  self->half_duplex = half_duplex;
  g_queue_init (&self->requests);
  micro_call_stream (call, &funcs, self);
  return self;
}

static void
streaming_output_call (MicroCall *call, const OutputRequest *request, gpointer user_data)
{
  Output *self = output_new (call, FALSE);

  echo_metadata (call);
  if (fails_status (call, request->response_status))
    {
      output_free (self);
      return;
    }
  self->ended = TRUE;
  self->request = request;
  advance (self);
}

static void
full_duplex_call (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  echo_metadata (call);
  output_new (call, FALSE);
}

static void
half_duplex_call (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  output_new (call, TRUE);
}

int
main (int argc, char *argv[])
{
  const GrpcTestingTestServiceHandlers handlers = {
    .empty_call = empty_call,
    .unary_call = unary_call,
    .streaming_output_call = streaming_output_call,
    .streaming_input_call = streaming_input_call,
    .full_duplex_call = full_duplex_call,
    .half_duplex_call = half_duplex_call,
  };
  g_autoptr (MicroApp) app = micro_app_new ("interop", "1.0.0");

  grpc_testing_test_service_add_handlers (micro_app_get_router (app), &handlers, NULL, NULL);
  return micro_app_run (app, argc, argv);
}
