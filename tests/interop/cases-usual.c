/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The interop cases with one call at a time (grpc/grpc, doc/interop-test-descriptions.md).
 */
#include "cases.h"

static void
empty_unary (const Peer *peer)
{
  Grpc__Testing__Empty request = GRPC__TESTING__EMPTY__INIT;
  Answer answer;
  Talk talk;

  peer_begin (peer, &talk, METHOD_EMPTY, NULL);
  micro_stream_send (talk.stream, &request);
  micro_stream_end (talk.stream);
  check_status (&talk, MICRO_STATUS_OK);
  CHECK (talk_next (&talk, &answer) && answer.size == 0);
  talk_clear (&talk);
}

static void
large_unary (const Peer *peer)
{
  Answer answer;

  CHECK (peer_large_unary (peer, &answer) == MICRO_STATUS_OK);
  CHECK (answer.size == LARGE_RESPONSE && answer.all_zero);
}

static void
send_input (Talk *talk, gsize size)
{
  InputRequest request = GRPC__TESTING__STREAMING_INPUT_CALL_REQUEST__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  g_autofree guint8 *body = g_malloc0 (size);

  payload.body.data = body;
  payload.body.len = size;
  request.payload = &payload;
  micro_stream_send (talk->stream, &request);
}

static void
client_streaming (const Peer *peer)
{
  Answer answer;
  Talk talk;

  peer_begin (peer, &talk, METHOD_INPUT, NULL);
  send_input (&talk, 27182);
  send_input (&talk, 8);
  send_input (&talk, 1828);
  send_input (&talk, 45904);
  micro_stream_end (talk.stream);
  check_status (&talk, MICRO_STATUS_OK);
  CHECK (talk_next (&talk, &answer) && answer.size == 74922);
  CHECK (!talk_next (&talk, &answer));
  talk_clear (&talk);
}

static const int answer_sizes[] = { 31415, 9, 2653, 58979 };

static void
server_streaming (const Peer *peer)
{
  OutputRequest request = GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
  Grpc__Testing__ResponseParameters parameters[G_N_ELEMENTS (answer_sizes)];
  Grpc__Testing__ResponseParameters *pointers[G_N_ELEMENTS (answer_sizes)];
  Answer answer;
  Talk talk;

  for (gsize i = 0; i < G_N_ELEMENTS (answer_sizes); i++)
    {
      grpc__testing__response_parameters__init (&parameters[i]);
      parameters[i].size = answer_sizes[i];
      pointers[i] = &parameters[i];
    }
  request.response_parameters = pointers;
  request.n_response_parameters = G_N_ELEMENTS (pointers);
  peer_begin (peer, &talk, METHOD_OUTPUT, NULL);
  micro_stream_send (talk.stream, &request);
  micro_stream_end (talk.stream);
  for (gsize i = 0; i < G_N_ELEMENTS (answer_sizes); i++)
    CHECK (talk_next (&talk, &answer) && answer.size == answer_sizes[i]);
  CHECK (!talk_next (&talk, &answer));
  check_status (&talk, MICRO_STATUS_OK);
  talk_clear (&talk);
}

static void
send_output (Talk *talk, gsize size, int answer_size)
{
  OutputRequest request = GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
  Grpc__Testing__ResponseParameters parameters = GRPC__TESTING__RESPONSE_PARAMETERS__INIT;
  Grpc__Testing__ResponseParameters *pointer = &parameters;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  g_autofree guint8 *body = g_malloc0 (size);

  parameters.size = answer_size;
  request.response_parameters = &pointer;
  request.n_response_parameters = 1;
  payload.body.data = body;
  payload.body.len = size;
  request.payload = &payload;
  micro_stream_send (talk->stream, &request);
}

static void
ping_pong (const Peer *peer)
{
  static const gsize sizes[] = { 27182, 8, 1828, 45904 };
  Answer answer;
  Talk talk;

  peer_begin (peer, &talk, METHOD_FULL_DUPLEX, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      send_output (&talk, sizes[i], answer_sizes[i]);
      CHECK (talk_next (&talk, &answer) && answer.size == answer_sizes[i]);
    }
  micro_stream_end (talk.stream);
  CHECK (!talk_next (&talk, &answer));
  check_status (&talk, MICRO_STATUS_OK);
  talk_clear (&talk);
}

static void
empty_stream (const Peer *peer)
{
  Answer answer;
  Talk talk;

  peer_begin (peer, &talk, METHOD_FULL_DUPLEX, NULL);
  micro_stream_end (talk.stream);
  CHECK (!talk_next (&talk, &answer));
  check_status (&talk, MICRO_STATUS_OK);
  talk_clear (&talk);
}

/* --- Metadata and statuses --- */

static void
check_echo (Talk *talk)
{
  check_status (talk, MICRO_STATUS_OK);
  CHECK (g_strcmp0 (talk->initial, "test_initial_metadata_value") == 0);
  CHECK (talk->trailing != NULL);
  g_strdelimit (talk->trailing, "=", '\0'); /* padding is the sender's choice */
  CHECK (g_strcmp0 (talk->trailing, "q6ur") == 0);
}

static void
custom_metadata (const Peer *peer)
{
  const char *headers[]
      = { ECHO_INITIAL, "test_initial_metadata_value", ECHO_TRAILING, "q6ur", NULL };
  SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  g_autofree guint8 *body = g_malloc0 (LARGE_REQUEST);
  MicroCallOptions options;
  Answer answer;
  Talk talk;

  peer_options (peer, &options);
  options.headers = headers;
  payload.body.data = body;
  payload.body.len = LARGE_REQUEST;
  request.payload = &payload;
  request.response_size = LARGE_RESPONSE;
  peer_begin (peer, &talk, METHOD_UNARY, &options);
  micro_stream_send (talk.stream, &request);
  micro_stream_end (talk.stream);
  check_echo (&talk);
  talk_clear (&talk);
  peer_begin (peer, &talk, METHOD_FULL_DUPLEX, &options);
  send_output (&talk, LARGE_REQUEST, LARGE_RESPONSE);
  micro_stream_end (talk.stream);
  CHECK (talk_next (&talk, &answer) && answer.size == LARGE_RESPONSE);
  check_echo (&talk);
  talk_clear (&talk);
}

static void
check_echoed_status (const Peer *peer, Method method, const char *message)
{
  SimpleRequest unary = GRPC__TESTING__SIMPLE_REQUEST__INIT;
  OutputRequest stream = GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
  Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
  Talk talk;

  status.code = MICRO_STATUS_UNKNOWN;
  status.message = (char *) message;
  unary.response_status = stream.response_status = &status;
  peer_begin (peer, &talk, method, NULL);
  micro_stream_send (talk.stream, method == METHOD_UNARY ? (gpointer) &unary : &stream);
  micro_stream_end (talk.stream);
  check_status (&talk, MICRO_STATUS_UNKNOWN);
  if (g_strcmp0 (talk.message, message) != 0)
    case_failed ("the message is “%s”, not “%s”", talk.message, message);
  talk_clear (&talk);
}

static void
status_code_and_message (const Peer *peer)
{
  check_echoed_status (peer, METHOD_UNARY, "test status message");
  check_echoed_status (peer, METHOD_FULL_DUPLEX, "test status message");
}

static void
special_status_message (const Peer *peer)
{
  check_echoed_status (
      peer, METHOD_UNARY,
      "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP \xF0\x9F\x98\x88\t\n");
}

static void
check_unimplemented (const Peer *peer, const MicroMethod *method)
{
  Grpc__Testing__Empty request = GRPC__TESTING__EMPTY__INIT;
  MicroCallOptions options;
  Talk talk;

  peer_options (peer, &options);
  talk_begin (&talk, peer->client, method, &options);
  micro_stream_send (talk.stream, &request);
  micro_stream_end (talk.stream);
  check_status (&talk, MICRO_STATUS_UNIMPLEMENTED);
  talk_clear (&talk);
}

static void
unimplemented_method (const Peer *peer)
{
  const MicroServiceDescriptor *service = &grpc_testing_test_service_descriptor;

  check_unimplemented (peer, &service->methods[service->n_methods - 1]);
}

static void
unimplemented_service (const Peer *peer)
{
  check_unimplemented (peer, &grpc_testing_unimplemented_service_descriptor.methods[0]);
}

/* --- Ends before their time --- */

static void
cancel_after_begin (const Peer *peer)
{
  Talk talk;

  peer_begin (peer, &talk, METHOD_INPUT, NULL);
  micro_stream_cancel (talk.stream);
  check_status (&talk, MICRO_STATUS_CANCELLED);
  talk_clear (&talk);
}

static void
cancel_after_first_response (const Peer *peer)
{
  Answer answer;
  Talk talk;

  peer_begin (peer, &talk, METHOD_FULL_DUPLEX, NULL);
  send_output (&talk, 27182, 31415);
  CHECK (talk_next (&talk, &answer) && answer.size == 31415);
  micro_stream_cancel (talk.stream);
  check_status (&talk, MICRO_STATUS_CANCELLED);
  talk_clear (&talk);
}

static void
timeout_on_sleeping_server (const Peer *peer)
{
  OutputRequest request = GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  guint8 body[27182] = { 0 };
  MicroCallOptions options;
  Talk talk;

  payload.body.data = body;
  payload.body.len = sizeof body;
  request.payload = &payload;
  peer_options (peer, &options);
  options.timeout_ms = 1;
  peer_begin (peer, &talk, METHOD_FULL_DUPLEX, &options);
  micro_stream_send (talk.stream, &request);
  check_status (&talk, MICRO_STATUS_DEADLINE_EXCEEDED);
  talk_clear (&talk);
}

const Case cases_usual[] = {
  { "empty_unary", empty_unary },
  { "large_unary", large_unary },
  { "client_streaming", client_streaming },
  { "server_streaming", server_streaming },
  { "ping_pong", ping_pong },
  { "empty_stream", empty_stream },
  { "custom_metadata", custom_metadata },
  { "status_code_and_message", status_code_and_message },
  { "special_status_message", special_status_message },
  { "unimplemented_method", unimplemented_method },
  { "unimplemented_service", unimplemented_service },
  { "cancel_after_begin", cancel_after_begin },
  { "cancel_after_first_response", cancel_after_first_response },
  { "timeout_on_sleeping_server", timeout_on_sleeping_server },
  { NULL, NULL },
};
