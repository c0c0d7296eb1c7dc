/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The interop cases that look at the compressed flag of each message.
 */
#include "cases.h"

typedef Grpc__Testing__BoolValue Flag;

static MicroStatus
call_unary (const Peer *peer, gboolean compress, Flag *expected, Flag *wanted, Answer *ret_answer)
{
  SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  g_autofree guint8 *body = g_malloc0 (LARGE_REQUEST);
  MicroCallOptions options;
  MicroStatus status;
  Talk talk;

  payload.body.data = body;
  payload.body.len = LARGE_REQUEST;
  request.payload = &payload;
  request.response_size = LARGE_RESPONSE;
  request.expect_compressed = expected;
  request.response_compressed = wanted;
  peer_options (peer, &options);
  options.compress = compress;
  peer_begin (peer, &talk, METHOD_UNARY, &options);
  micro_stream_send (talk.stream, &request);
  micro_stream_end (talk.stream);
  status = talk_end (&talk);
  if (status == MICRO_STATUS_OK)
    CHECK (talk_next (&talk, ret_answer) && ret_answer->size == LARGE_RESPONSE
           && ret_answer->all_zero);
  talk_clear (&talk);
  return status;
}

static void
client_compressed_unary (const Peer *peer)
{
  Flag yes = GRPC__TESTING__BOOL_VALUE__INIT;
  Flag no = GRPC__TESTING__BOOL_VALUE__INIT;
  Answer answer;

  yes.value = TRUE;
  CHECK (call_unary (peer, FALSE, &yes, NULL, &answer) == MICRO_STATUS_INVALID_ARGUMENT);
  CHECK (call_unary (peer, TRUE, &yes, NULL, &answer) == MICRO_STATUS_OK);
  CHECK (call_unary (peer, FALSE, &no, NULL, &answer) == MICRO_STATUS_OK);
}

static void
server_compressed_unary (const Peer *peer)
{
  Flag yes = GRPC__TESTING__BOOL_VALUE__INIT;
  Flag no = GRPC__TESTING__BOOL_VALUE__INIT;
  Answer answer;

  yes.value = TRUE;
  CHECK (call_unary (peer, FALSE, NULL, &yes, &answer) == MICRO_STATUS_OK && answer.compressed);
  CHECK (call_unary (peer, FALSE, NULL, &no, &answer) == MICRO_STATUS_OK && !answer.compressed);
}

static void
send_input (Talk *talk, gsize size, gboolean compress, gboolean expected)
{
  InputRequest request = GRPC__TESTING__STREAMING_INPUT_CALL_REQUEST__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  Flag flag = GRPC__TESTING__BOOL_VALUE__INIT;
  g_autofree guint8 *body = g_malloc0 (size);

  flag.value = expected;
  payload.body.data = body;
  payload.body.len = size;
  request.payload = &payload;
  request.expect_compressed = &flag;
  micro_stream_set_compress (talk->stream, compress);
  micro_stream_send (talk->stream, &request);
}

static void
client_compressed_streaming (const Peer *peer)
{
  MicroCallOptions options;
  Answer answer;
  Talk talk;

  peer_options (peer, &options);
  options.compress = TRUE;
  peer_begin (peer, &talk, METHOD_INPUT, &options);
  send_input (&talk, 27182, FALSE, TRUE);
  micro_stream_end (talk.stream);
  check_status (&talk, MICRO_STATUS_INVALID_ARGUMENT);
  talk_clear (&talk);

  peer_begin (peer, &talk, METHOD_INPUT, &options);
  send_input (&talk, 27182, TRUE, TRUE);
  send_input (&talk, 45904, FALSE, FALSE);
  micro_stream_end (talk.stream);
  check_status (&talk, MICRO_STATUS_OK);
  CHECK (talk_next (&talk, &answer) && answer.size == 73086);
  talk_clear (&talk);
}

static void
server_compressed_streaming (const Peer *peer)
{
  OutputRequest request = GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
  Grpc__Testing__ResponseParameters first = GRPC__TESTING__RESPONSE_PARAMETERS__INIT;
  Grpc__Testing__ResponseParameters second = GRPC__TESTING__RESPONSE_PARAMETERS__INIT;
  Grpc__Testing__ResponseParameters *parameters[] = { &first, &second };
  Flag yes = GRPC__TESTING__BOOL_VALUE__INIT;
  Flag no = GRPC__TESTING__BOOL_VALUE__INIT;
  Answer answer;
  Talk talk;

  yes.value = TRUE;
  first.compressed = &yes;
  first.size = 31415;
  second.compressed = &no;
  second.size = 92653;
  request.response_parameters = parameters;
  request.n_response_parameters = G_N_ELEMENTS (parameters);
  peer_begin (peer, &talk, METHOD_OUTPUT, NULL);
  micro_stream_send (talk.stream, &request);
  micro_stream_end (talk.stream);
  CHECK (talk_next (&talk, &answer) && answer.size == 31415 && answer.compressed);
  CHECK (talk_next (&talk, &answer) && answer.size == 92653 && !answer.compressed);
  check_status (&talk, MICRO_STATUS_OK);
  talk_clear (&talk);
}

const Case cases_compressed[] = {
  { "client_compressed_unary", client_compressed_unary },
  { "server_compressed_unary", server_compressed_unary },
  { "client_compressed_streaming", client_compressed_streaming },
  { "server_compressed_streaming", server_compressed_streaming },
  { NULL, NULL },
};
