/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What our client does at a service of go-micro, and what goes wrong.
 */
#include "client.h"

#include <string.h>

static const struct
{
  int code;
  MicroStatus status;
  const char *id;
  const char *detail;
} failures[] = {
  { 400, MICRO_STATUS_INVALID_ARGUMENT, SERVICE_NAME, "bad" },
  { 401, MICRO_STATUS_UNAUTHENTICATED, SERVICE_NAME, "who?" },
  { 403, MICRO_STATUS_PERMISSION_DENIED, SERVICE_NAME, "no" },
  { 404, MICRO_STATUS_NOT_FOUND, SERVICE_NAME, "no such user" },
  { 405, MICRO_STATUS_UNKNOWN, SERVICE_NAME, "not so" },
  { 408, MICRO_STATUS_DEADLINE_EXCEEDED, SERVICE_NAME, "late" },
  { 409, MICRO_STATUS_ALREADY_EXISTS, SERVICE_NAME, "there is one" },
  { 412, MICRO_STATUS_FAILED_PRECONDITION, SERVICE_NAME, "not yet" },
  { 418, MICRO_STATUS_UNKNOWN, SERVICE_NAME, "teapot" },
  { 429, MICRO_STATUS_UNKNOWN, SERVICE_NAME, "slower" },
  { 500, MICRO_STATUS_INTERNAL, SERVICE_NAME, "broken" },
  { 501, MICRO_STATUS_UNIMPLEMENTED, SERVICE_NAME, "not there" },
  { 503, MICRO_STATUS_UNAVAILABLE, SERVICE_NAME, "busy" },
  { 12345, MICRO_STATUS_UNKNOWN, SERVICE_NAME, "no status of HTTP" },
  { 404, MICRO_STATUS_NOT_FOUND, "grüße",
    "100 % \"quoted\" \\ <b>&amp;\t\n\r\x01\x1f\x7f ☺ \xF0\x9F\x98\x88 \xe2\x80\xa8 end" },
};

static void
check_failure (const GError *error, gsize i)
{
  if (!g_error_matches (error, MICRO_ERROR, (int) failures[i].status))
    case_failed ("%s", error != NULL ? error->message : "it has not failed");
  if (g_strcmp0 (micro_error_get_id (error), failures[i].id) != 0
      || micro_error_get_code (error) != failures[i].code
      || !g_str_equal (error->message, failures[i].detail))
    case_failed ("%s, %d, %s came", micro_error_get_id (error), micro_error_get_code (error),
                 error->message);
}

static void
make_failure (Probe__Failure *failure, gsize i)
{
  probe__failure__init (failure);
  failure->id = (char *) failures[i].id;
  failure->code = failures[i].code;
  failure->detail = (char *) failures[i].detail;
}

static void
call_fail (const Peer *peer, const Probe__Failure *failure, GError **error)
{
  MicroCallOptions options = peer_options (peer);

  CHECK (probe_probe_fail_sync (peer->client, SERVICE_NAME, failure, &options, error) == NULL);
}

static void
errors (const Peer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autoptr (GError) error = NULL;
      Probe__Failure failure;

      make_failure (&failure, i);
      call_fail (peer, &failure, &error);
      check_failure (error, i);
    }
}

static void
errors_stream (const Peer *peer)
{
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      MicroCallOptions options = peer_options (peer);
      g_autoptr (MicroStream) stream = NULL;
      g_autoptr (Probe__Note) first = NULL;
      g_autoptr (GError) error = NULL;
      Probe__Failure failure;

      make_failure (&failure, i);
      stream = probe_probe_fail_later_open (peer->client, SERVICE_NAME, &failure, &options, NULL,
                                            NULL);
      first = probe_probe_fail_later_stream_receive_sync (stream, &error);
      CHECK (first != NULL && g_str_equal (first->text, "first"));
      CHECK (probe_probe_fail_later_stream_receive_sync (stream, &error) == NULL);
      check_failure (error, i);
    }
}

static void
error_plain (const Peer *peer)
{
  Probe__Failure failure = PROBE__FAILURE__INIT;
  g_autoptr (GError) error = NULL;

  failure.detail = (char *) "an error of Go";
  call_fail (peer, &failure, &error);
  CHECK (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNKNOWN));
  CHECK (g_str_equal (error->message, "an error of Go"));
  CHECK (micro_error_get_id (error) == NULL && micro_error_get_code (error) == 0);
}

static void
check_alive (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (Probe__Note) response
      = probe_probe_echo_sync (peer->client, SERVICE_NAME, full_note (), &options, &error);

  if (response == NULL)
    case_failed ("and then: %s", error->message);
}

static void
panic (const Peer *peer)
{
  Probe__Failure failure = PROBE__FAILURE__INIT;
  g_autoptr (GError) error = NULL;

  failure.panics = TRUE;
  failure.detail = (char *) "oh no";
  call_fail (peer, &failure, &error);
  CHECK (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INTERNAL));
  CHECK (g_str_equal (error->message, "panic recovered: oh no"));
  CHECK (g_strcmp0 (micro_error_get_id (error), "go.micro.server") == 0);
  CHECK (micro_error_get_code (error) == 500);
  check_alive (peer);
}

static void
check_unknown (const Peer *peer, const char *path, const char *message)
{
  MicroCallOptions options = peer_options (peer);
  g_autoptr (GBytes) request = g_bytes_new_static ("", 0);
  g_autoptr (GError) error = NULL;

  CHECK (micro_client_call_bytes_sync (peer->client, SERVICE_NAME, path, MICRO_CODEC_PROTO, request,
                                       &options, &error)
         == NULL);
  CHECK (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNIMPLEMENTED));
  CHECK (g_str_equal (error->message, message));
}

static void
unknown_service (const Peer *peer)
{
  check_unknown (peer, "/nobody.Nobody/Echo", "unknown service Nobody");
}

static void
unknown_method (const Peer *peer)
{
  check_unknown (peer, "Probe.Nothing", "unknown service Probe.Nothing");
}

/* --- Too large --- */

static void
too_large_request (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  g_autofree guint8 *blob = g_malloc0 (LIMIT + 1);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GError) error = NULL;

  request.blob.data = blob;
  request.blob.len = LIMIT + 1;
  CHECK (probe_probe_echo_sync (peer->client, SERVICE_NAME, &request, &options, &error) == NULL);
  if (!g_error_matches (error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED))
    case_failed ("%s", error->message);
  check_alive (peer);
}

static void
refuse_answer (const Peer *peer, gint64 size, gsize limit)
{
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GError) error = NULL;

  options.max_receive_bytes = limit;
  request.large_number = size;
  CHECK (probe_probe_make_sync (peer->client, SERVICE_NAME, &request, &options, &error) == NULL);
  if (!g_error_matches (error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED))
    case_failed ("%s", error->message);
}

/* Refused by go-micro before it is sent, and by us. */
static void
too_large_answer (const Peer *peer)
{
  refuse_answer (peer, LIMIT + 1, 0);
  refuse_answer (peer, 2000, 1000);
  check_alive (peer);
}

const Case cases_faults[] = {
  { "errors", errors },
  { "errors_stream", errors_stream },
  { "error_plain", error_plain },
  { "panic", panic },
  { "unknown_service", unknown_service },
  { "unknown_method", unknown_method },
  { "too_large_request", too_large_request },
  { "too_large_answer", too_large_answer },
  { NULL, NULL },
};
