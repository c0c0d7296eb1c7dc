/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What our client does at a service of go-micro: streams, with messages of both codecs.
 */
#include "client.h"

#include <string.h>

static MicroStream *
open_json (const Peer *peer, const char *endpoint)
{
  MicroCallOptions options = peer_options (peer);

  return micro_client_open_bytes_stream (peer->client, SERVICE_NAME, endpoint, MICRO_CODEC_JSON,
                                         &options, NULL, NULL);
}

static void
send_json (MicroStream *stream, const char *text)
{
  g_autoptr (GBytes) message = g_bytes_new_static (text, strlen (text));

  CHECK (micro_stream_send_sync (stream, message));
}

static void
receive_json (MicroStream *stream, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) message = micro_stream_receive_sync (stream, &error);

  if (message == NULL)
    case_failed ("%s", error != NULL ? error->message : "the stream has ended");
  check_json (message, expected);
}

static void
check_end (MicroStream *stream)
{
  g_autoptr (GError) error = NULL;

  CHECK (micro_stream_receive_sync (stream, &error) == NULL);
  if (error != NULL)
    case_failed ("%s", error->message);
}

static Probe__Note *
receive (MicroStream *stream)
{
  g_autoptr (GError) error = NULL;
  Probe__Note *note = micro_stream_receive_sync (stream, &error);

  if (note == NULL)
    case_failed ("%s", error != NULL ? error->message : "the stream has ended");
  return note;
}

/* --- Many requests --- */

static void
client_stream (const Peer *peer)
{
  static const char *const texts[] = { "one", "", "three" };
  MicroCallOptions options = peer_options (peer);
  g_autoptr (MicroStream) stream
      = probe_probe_collect_open (peer->client, SERVICE_NAME, &options, NULL, NULL);
  g_autoptr (Probe__Note) response = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      Probe__Note request = PROBE__NOTE__INIT;

      request.text = (char *) texts[i];
      CHECK (probe_probe_collect_stream_send_sync (stream, &request));
    }
  micro_stream_end (stream);
  response = receive (stream);
  CHECK (response->n_words == G_N_ELEMENTS (texts));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    CHECK (g_str_equal (response->words[i], texts[i]));
  check_end (stream);
}

static void
client_stream_json (const Peer *peer)
{
  g_autoptr (MicroStream) stream = open_json (peer, "Probe.Collect");

  send_json (stream, "{\"text\":\"one\"}");
  send_json (stream, "{}");
  micro_stream_end (stream);
  receive_json (stream, "{\"words\":[\"one\",\"\"]}");
  check_end (stream);
}

/* --- Many answers --- */

static void
server_stream (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  const Probe__Note *request = full_note ();
  g_autoptr (MicroStream) stream
      = probe_probe_repeat_open (peer->client, SERVICE_NAME, request, &options, NULL, NULL);

  for (gsize i = 0; i < request->n_words; i++)
    {
      g_autoptr (Probe__Note) response = receive (stream);

      CHECK (g_str_equal (response->text, request->words[i]));
    }
  check_end (stream);
}

static void
server_stream_json (const Peer *peer)
{
  g_autoptr (MicroStream) stream = open_json (peer, "Probe.Repeat");

  send_json (stream, "{\"words\":[\"one\",\"two\"]}");
  micro_stream_end (stream);
  receive_json (stream, "{\"text\":\"one\"}");
  receive_json (stream, "{\"text\":\"two\"}");
  check_end (stream);
}

#define N_WORDS 10000

static void
server_stream_many (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (MicroStream) stream = NULL;

  for (int i = 0; i < N_WORDS; i++)
    g_ptr_array_add (words, g_strdup_printf ("word %d", i));
  request.words = (char **) words->pdata;
  request.n_words = words->len;
  stream = probe_probe_repeat_open (peer->client, SERVICE_NAME, &request, &options, NULL, NULL);
  for (guint i = 0; i < words->len; i++)
    {
      g_autoptr (Probe__Note) response = receive (stream);

      CHECK (g_str_equal (response->text, words->pdata[i]));
    }
  check_end (stream);
}

static void
metadata_stream (const Peer *peer)
{
  static const char *const headers[] = { "X-Mixed-Case", "a Mixed value", NULL };
  static char *words[] = { (char *) "x-mixed-case" };
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (MicroStream) stream = NULL;
  g_autoptr (Probe__Note) response = NULL;

  options.headers = headers;
  request.words = words;
  request.n_words = G_N_ELEMENTS (words);
  stream = probe_probe_repeat_open (peer->client, SERVICE_NAME, &request, &options, NULL, NULL);
  response = receive (stream);
  CHECK (g_strcmp0 (find_label (response, "x-mixed-case"), "a Mixed value") == 0);
  check_end (stream);
}

/* --- Both ways --- */

static void
bidi (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  g_autoptr (MicroStream) stream
      = probe_probe_chat_open (peer->client, SERVICE_NAME, &options, NULL, NULL);

  for (int i = 0; i < 20; i++)
    {
      Probe__Note request = *full_note ();
      g_autoptr (Probe__Note) response = NULL;

      request.large_number = i;
      CHECK (probe_probe_chat_stream_send_sync (stream, &request));
      response = receive (stream);
      check_same (response, &request);
    }
  micro_stream_end (stream);
  check_end (stream);
}

static void
bidi_json (const Peer *peer)
{
  g_autoptr (MicroStream) stream = open_json (peer, "Probe.Chat");

  for (int i = 0; i < 20; i++)
    {
      send_json (stream, FULL_JSON);
      receive_json (stream, FULL_JSON);
    }
  micro_stream_end (stream);
  check_end (stream);
}

const Case cases_streams[] = {
  { "client_stream", client_stream },
  { "client_stream_json", client_stream_json },
  { "server_stream", server_stream },
  { "server_stream_json", server_stream_json },
  { "server_stream_many", server_stream_many },
  { "bidi", bidi },
  { "bidi_json", bidi_json },
  { "metadata_stream", metadata_stream },
  { NULL, NULL },
};
