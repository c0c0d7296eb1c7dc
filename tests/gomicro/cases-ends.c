/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What our client does at a service of go-micro: deadlines, and calls that are given up.
 */
#include "client.h"

static gint64
count_gone (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (Probe__Note) response
      = probe_probe_gone_sync (peer->client, SERVICE_NAME, &request, &options, &error);

  if (response == NULL)
    case_failed ("%s", error->message);
  return response->large_number;
}

/* One more handler than @before has been told that its caller has gone, or will be soon. */
static void
check_told (const Peer *peer, gint64 before)
{
  gint64 end = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;

  while (count_gone (peer) != before + 1)
    {
      if (g_get_monotonic_time () > end)
        case_failed ("the handler has not been told that its caller has gone");
      g_usleep (20000);
    }
}

/* --- Deadlines --- */

static void
timeout (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GError) error = NULL;
  gint64 before = count_gone (peer);

  options.timeout_ms = 300;
  CHECK (probe_probe_wait_sync (peer->client, SERVICE_NAME, &request, &options, &error) == NULL);
  CHECK (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_DEADLINE_EXCEEDED));
  check_told (peer, before);
}

static MicroStream *
wait_later (const Peer *peer, guint timeout_ms)
{
  MicroCallOptions options = peer_options (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (Probe__Note) first = NULL;
  MicroStream *stream;

  options.timeout_ms = timeout_ms;
  stream = probe_probe_wait_later_open (peer->client, SERVICE_NAME, full_note (), &options, NULL,
                                        NULL);
  first = probe_probe_wait_later_stream_receive_sync (stream, &error);
  if (first == NULL)
    case_failed ("%s", error->message);
  return stream;
}

static void
check_ended (MicroStream *stream, MicroStatus status)
{
  g_autoptr (GError) error = NULL;

  CHECK (micro_stream_receive_sync (stream, &error) == NULL);
  if (!g_error_matches (error, MICRO_ERROR, (int) status))
    case_failed ("%s", error != NULL ? error->message : "it ended with OK");
}

static void
timeout_stream (const Peer *peer)
{
  gint64 before = count_gone (peer);
  g_autoptr (MicroStream) stream = wait_later (peer, 500);

  check_ended (stream, MICRO_STATUS_DEADLINE_EXCEEDED);
  check_told (peer, before);
}

static void
check_left (const Peer *peer, const char *address, guint timeout_ms, gint64 least)
{
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GError) error = NULL;
  g_autoptr (Probe__Note) response = NULL;

  options.timeout_ms = timeout_ms;
  request.text = (char *) address;
  response = probe_probe_deadline_sync (peer->client, SERVICE_NAME, &request, &options, &error);
  if (response == NULL)
    case_failed ("%s", error->message);
  if (response->large_number <= least || response->large_number > timeout_ms)
    case_failed ("%" G_GINT64_FORMAT " ms are left of %u", response->large_number, timeout_ms);
}

/* More than what clients have without one, which is 5 s for both. */
static void
deadline (const Peer *peer)
{
  check_left (peer, "", 50000, 10000);
}

/* In a call to us that go-micro's handler makes. */
static void
deadline_nested (const Peer *peer)
{
  check_left (peer, peer->other, 50000, 10000);
  check_left (peer, peer->other, 4000, 0);
}

/* --- Given up --- */

static gboolean
give_up (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
given_up (GObject *client, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  CHECK (micro_client_call_finish (MICRO_CLIENT (client), result, &error) == NULL);
  CHECK (micro_error_get_status (error) == MICRO_STATUS_CANCELLED);
  g_main_loop_quit (user_data);
}

static void
cancel (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  Probe__Note request = PROBE__NOTE__INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  gint64 before = count_gone (peer);

  micro_client_call_async (peer->client, SERVICE_NAME, find_method ("Wait"), &request, &options,
                           cancellable, given_up, loop);
  g_timeout_add (300, give_up, cancellable);
  g_main_loop_run (loop);
  check_told (peer, before);
}

static void
cancel_server_stream (const Peer *peer)
{
  gint64 before = count_gone (peer);
  g_autoptr (MicroStream) stream = wait_later (peer, 0);

  micro_stream_cancel (stream);
  check_ended (stream, MICRO_STATUS_CANCELLED);
  check_told (peer, before);
}

static void
cancel_bidi (const Peer *peer)
{
  MicroCallOptions options = peer_options (peer);
  gint64 before = count_gone (peer);
  g_autoptr (MicroStream) stream
      = probe_probe_chat_open (peer->client, SERVICE_NAME, &options, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Probe__Note) first = NULL;

  CHECK (probe_probe_chat_stream_send_sync (stream, full_note ()));
  first = probe_probe_chat_stream_receive_sync (stream, &error);
  CHECK (first != NULL);
  micro_stream_cancel (stream);
  check_ended (stream, MICRO_STATUS_CANCELLED);
  check_told (peer, before);
}

const Case cases_ends[] = {
  { "timeout", timeout },         { "timeout_stream", timeout_stream },
  { "deadline", deadline },       { "deadline_nested", deadline_nested },
  { "cancel", cancel },           { "cancel_server_stream", cancel_server_stream },
  { "cancel_bidi", cancel_bidi }, { NULL, NULL },
};
