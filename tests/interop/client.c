/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The interop client: client HOST:PORT CASE.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"

void
case_failed (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (stderr, "%s\n", text);
  _Exit (1);
}

void
peer_options (const Peer *peer, MicroCallOptions *ret_options)
{
  *ret_options = (MicroCallOptions) MICRO_CALL_OPTIONS_INIT;
  ret_options->address = peer->address;
  ret_options->timeout_ms = 30000;
  ret_options->retries = 0;
}

void
peer_begin (const Peer *peer, Talk *talk, Method method, const MicroCallOptions *options)
{
  MicroCallOptions usual;

  peer_options (peer, &usual);
  talk_begin (talk, peer->client, &grpc_testing_test_service_descriptor.methods[method],
              options == NULL ? &usual : options);
}

void
check_status (Talk *talk, MicroStatus wanted)
{
  MicroStatus status = talk_end (talk);

  if (status != wanted)
    case_failed ("ended with %s, not %s: %s", micro_status_to_string (status),
                 micro_status_to_string (wanted), talk->message == NULL ? "" : talk->message);
}

MicroStatus
peer_large_unary (const Peer *peer, Answer *ret_answer)
{
  SimpleRequest request = GRPC__TESTING__SIMPLE_REQUEST__INIT;
  Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
  g_autofree guint8 *body = g_malloc0 (LARGE_REQUEST);
  MicroStatus status;
  Talk talk;

  payload.body.data = body;
  payload.body.len = LARGE_REQUEST;
  request.payload = &payload;
  request.response_size = LARGE_RESPONSE;
  *ret_answer = (Answer){ 0 };
  peer_begin (peer, &talk, METHOD_UNARY, NULL);
  micro_stream_send (talk.stream, &request);
  micro_stream_end (talk.stream);
  status = talk_end (&talk);
  if (status != MICRO_STATUS_OK)
    fprintf (stderr, "%s: %s\n", micro_status_to_string (status), talk.message);
  else if (!talk_next (&talk, ret_answer))
    case_failed ("the status OK came without an answer");
  talk_clear (&talk);
  return status;
}

static const Case *
find_case (const char *name)
{
  const Case *tables[] = { cases_usual, cases_compressed, cases_many };

  for (gsize i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const Case *one = tables[i]; one->name != NULL; one++)
      if (g_str_equal (one->name, name))
        return one;
  return NULL;
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("interop-client", "1");
  g_autoptr (GError) error = NULL;
  const Case *one;
  Peer peer;

  micro_app_set_usage (app, "HOST:PORT CASE", "Runs one case of gRPC's interop tests");
  if (!micro_app_init (app, &argc, &argv, &error))
    case_failed ("%s", error->message);
  one = argc == 3 ? find_case (argv[2]) : NULL;
  if (one == NULL)
    case_failed ("say HOST:PORT CASE with one of the cases");
  peer = (Peer){ .client = micro_app_get_client (app),
                 .address = argv[1],
                 .transport_type = G_OBJECT_TYPE (micro_app_get_transport (app)),
                 .cache = micro_app_get_cache (app),
                 .selector = micro_app_get_selector (app),
                 .loops = micro_app_get_loops (app) };
  one->run (&peer);
  return 0;
}
