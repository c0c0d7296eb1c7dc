/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What our client does at a service of go-micro: one message each way, and metadata.
 */
#include "client.h"

#include <string.h>

static void
unary (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (Probe__Note) response
      = probe_probe_echo_sync (peer->client, SERVICE_NAME, full_note (), &options, &error);

  if (response == NULL)
    case_failed ("%s", error->message);
  check_same (response, full_note ());
}

static void
call_json (const Peer *peer, const char *endpoint)
{
  MicroCallOptions options = peer_options (peer);
  g_autoptr (GBytes) request = g_bytes_new_static (FULL_JSON, strlen (FULL_JSON));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) response = micro_client_call_bytes_sync (
      peer->client, SERVICE_NAME, endpoint, MICRO_CODEC_JSON, request, &options, &error);

  if (response == NULL)
    case_failed ("%s", error->message);
  check_json (response, FULL_JSON);
}

static void
unary_json (const Peer *peer)
{
  call_json (peer, "Probe.Echo");
}

/* By the path of every other implementation of gRPC. */
static void
unary_package (const Peer *peer)
{
  call_json (peer, "/probe.Probe/Echo");
}

static void
large (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  g_autofree guint8 *blob = g_malloc (LIMIT);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (Probe__Note) response = NULL;

  for (gsize i = 0; i < LIMIT; i++)
    blob[i] = (guint8) i;
  request.blob.data = blob;
  request.blob.len = LIMIT - 1024;
  response = probe_probe_echo_sync (peer->client, SERVICE_NAME, &request, &options, &error);
  if (response == NULL)
    case_failed ("%s", error->message);
  CHECK (response->blob.len == request.blob.len);
  CHECK (memcmp (response->blob.data, blob, request.blob.len) == 0);
}

/* --- Many at once --- */

#define N_CALLS 2000

typedef struct
{
  GMutex mutex;
  GCond cond;
  int left;
} Many;

static void
one_done (gconstpointer response, const GError *error, gpointer user_data)
{
  Many *many = user_data;

  if (response == NULL)
    case_failed ("%s", error->message);
  g_mutex_lock (&many->mutex);
  many->left--;
  g_cond_signal (&many->cond);
  g_mutex_unlock (&many->mutex);
}

static void
many_at_once (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  Many many = { .left = N_CALLS };

  g_mutex_init (&many.mutex);
  g_cond_init (&many.cond);
  for (int i = 0; i < N_CALLS; i++)
    micro_client_call (peer->client, SERVICE_NAME, find_method ("Echo"), full_note (), &options,
                       one_done, &many);
  g_mutex_lock (&many.mutex);
  while (many.left > 0)
    g_cond_wait (&many.cond, &many.mutex);
  g_mutex_unlock (&many.mutex);
}

/* --- Metadata --- */

static Probe__Note *
ask_headers (const Peer *peer, const char *const *sent, const char *text, const char *const *names)
{
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GError) error = NULL;
  Probe__Note *response;

  options.headers = sent;
  request.text = (char *) text;
  request.words = (char **) names;
  request.n_words = g_strv_length ((char **) names);
  response = probe_probe_headers_sync (peer->client, SERVICE_NAME, &request, &options, &error);
  if (response == NULL)
    case_failed ("%s", error->message);
  return response;
}

static void
check_label (const Probe__Note *note, const char *name, const char *expected)
{
  const char *value = find_label (note, name);

  if (g_strcmp0 (value, expected) != 0)
    case_failed ("%s: “%s” came, not “%s”", name, value, expected);
}

static void
metadata (const Peer *peer)
{
  static const char *const sent[] = { "X-Mixed-Case",
                                      "a Mixed value",
                                      "UPPER",
                                      "1",
                                      "lower",
                                      "2",
                                      "Micro-Service",
                                      "somebody",
                                      "x-twice",
                                      "1",
                                      "x-data-bin",
                                      "Yml0cw",
                                      "Micro-Endpoint",
                                      "Some.Thing",
                                      "x-twice",
                                      "2",
                                      "x-empty",
                                      "",
                                      NULL };
  static const char *const names[]
      = { "x-mixed-case",   "upper",   "lower",   "micro-service",      "x-twice", "x-data-bin",
          "micro-endpoint", "x-empty", "timeout", "micro-from-service", NULL };
  g_autoptr (Probe__Note) response = ask_headers (peer, sent, "", names);

  check_label (response, "x-mixed-case", "a Mixed value");
  check_label (response, "upper", "1");
  check_label (response, "lower", "2");
  check_label (response, "micro-service", "somebody");
  check_label (response, "micro-endpoint", "Some.Thing");
  check_label (response, "x-twice", "1, 2");
  check_label (response, "x-data-bin", "bits");
  check_label (response, "x-empty", "");
  check_label (response, "micro-from-service", "micro.caller");
  CHECK (find_label (response, "timeout") != NULL);
  CHECK (g_ascii_strtoll (find_label (response, "timeout"), NULL, 10)
         > 10 * G_GINT64_CONSTANT (1000000000));
}

/* By way of go-micro to us.  Its handlers pass on all that came, and who began it. */
static void
metadata_nested (const Peer *peer)
{
  static const char *const sent[]
      = { "micro-trace-id", "a-trace", "micro-span-id", "a-span", "X-Mine", "too", NULL };
  static const char *const names[] = { "micro-trace-id", "x-mine", "micro-from-service", NULL };
  g_autoptr (Probe__Note) response = ask_headers (peer, sent, peer->other, names);

  check_label (response, "micro-trace-id", "a-trace");
  check_label (response, "x-mine", "too");
  check_label (response, "micro-from-service", "micro.caller");
}

const Case cases_usual[] = {
  { "unary", unary },
  { "unary_json", unary_json },
  { "unary_package", unary_package },
  { "large", large },
  { "many_at_once", many_at_once },
  { "metadata", metadata },
  { "metadata_nested", metadata_nested },
  { NULL, NULL },
};
