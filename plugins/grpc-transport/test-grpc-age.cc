/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Connections that are too old or that nobody uses, and clients that ping too often.
 */
#include <set>

#include "grpc-life.h"
#include "test-grpc-peer.h"

class GrpcAgeTest : public GrpcPeerTest
{
protected:
  static void
  ExpectGoAway (const Frame &frame, guint32 last, guint32 code, const char *why = "")
  {
    ASSERT_EQ (frame.type, NGHTTP2_GOAWAY);
    EXPECT_EQ (frame.Number (0), last);
    EXPECT_EQ (frame.Number (4), code);
    EXPECT_EQ (frame.payload.substr (8), why);
  }
};

const guint32 ANY_STREAM = 0x7fffffff;

TEST_F (GrpcAgeTest, SendsAnOldConnectionAwayInTwoSteps)
{
  Serve ("127.0.0.1:0", "server-max-connection-age-ms", 50);
  RawPeer peer (Connect ());
  peer.Greet ();
  peer.Ask (1, "wait");
  ASSERT_TRUE (wait_until ([] { return waiting.n == 1; }));
  ExpectGoAway (peer.NextOf (NGHTTP2_GOAWAY), ANY_STREAM, NGHTTP2_NO_ERROR);
  const Frame ping = peer.NextOf (NGHTTP2_PING);
  /* Sent before the notice had come: it counts. */
  peer.Ask (3, "John");
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).stream_id, 3u);
  peer.SendFrame (NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, ping.payload);
  ExpectGoAway (peer.NextOf (NGHTTP2_GOAWAY), 3, NGHTTP2_NO_ERROR);
  /* Without a grace the call has all the time it needs. */
  Release ();
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).stream_id, 1u);
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).type, -1);
}

TEST_F (GrpcAgeTest, EndsCallsThatOutliveTheGrace)
{
  Outcome outcome = {};

  Serve ("127.0.0.1:0", "server-max-connection-age-ms", 50, "server-max-connection-age-grace-ms",
         50);
  Caller ();
  Call (&outcome, "wait");
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.closes, 1);
}

TEST_F (GrpcAgeTest, CallersNoticeNothing)
{
  std::set<gint64> connections; /* by their beginnings */

  Serve ("127.0.0.1:0", "server-max-connection-age-ms", 20);
  Caller ();
  while (connections.size () < 6)
    {
      Outcome outcome = {};

      Call (&outcome);
      ASSERT_EQ (outcome.status, MICRO_STATUS_OK) << connections.size () << outcome.message;
      On (client_loop, [&] {
        gpointer used = g_hash_table_lookup (client_thread->made, address.c_str ());

        if (used != nullptr)
          connections.insert (((GrpcConnection *) used)->begun_us);
      });
    }
}

TEST_F (GrpcAgeTest, ServersEndAnIdleConnectionButNotABusyOne)
{
  auto look_later = [this] {
    OnServer ([] {
      grpc_age_look (served, micro_loop_get_time (served.load ()->thread->loop) + 2 * HOUR_US);
    });
  };

  Serve ("127.0.0.1:0", "server-max-connection-idle-ms", HOUR_MS);
  RawPeer peer (Connect ());
  peer.Greet ();
  peer.Ask (1, "wait");
  ASSERT_TRUE (wait_until ([] { return waiting.n == 1; }));
  look_later ();
  peer.Settle ();
  OnServer ([] { EXPECT_EQ (served.load ()->timer.position, 0u) << "no GOAWAY is on its way"; });
  Release ();
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).stream_id, 1u);
  EXPECT_NE (peer.NextOf (NGHTTP2_HEADERS).flags & NGHTTP2_FLAG_END_STREAM, 0);
  /* Of a peer that answers no PING. */
  grpc_end_notice_ms = 20;
  look_later ();
  ExpectGoAway (peer.NextOf (NGHTTP2_GOAWAY), ANY_STREAM, NGHTTP2_NO_ERROR);
  ExpectGoAway (peer.NextOf (NGHTTP2_GOAWAY), 1, NGHTTP2_NO_ERROR);
  EXPECT_EQ (peer.Next ().type, -1);
}

TEST_F (GrpcAgeTest, ServersEndAConnectionThatIsNeverUsed)
{
  Serve ("127.0.0.1:0", "server-max-connection-idle-ms", 20);
  RawPeer peer (Connect ());
  ExpectGoAway (peer.NextOf (NGHTTP2_GOAWAY), ANY_STREAM, NGHTTP2_NO_ERROR);
}

TEST_F (GrpcAgeTest, ClientsEndAnIdleConnectionAndMakeAnother)
{
  Outcome first = {};

  ListenRaw ();
  Caller ("max-idle-ms", 50);
  Begin (&first);
  RawPeer peer (Accept ());
  peer.TakePreface ();
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  ASSERT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  peer.SendFrame (NGHTTP2_RST_STREAM, 0, 1, std::string ("\0\0\0\2", 4));
  ExpectGoAway (peer.NextOf (NGHTTP2_GOAWAY), 0, NGHTTP2_NO_ERROR);
  EXPECT_EQ (peer.Next ().type, -1);
  Begin (&unfinished);
  RawPeer again (Accept ());
  again.TakePreface ();
  again.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ (again.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
}

TEST_F (GrpcAgeTest, ClosingEndsConnectionsThatDrainToo)
{
  Outcome outcome = {};

  ListenRaw ();
  Caller ();
  Begin (&outcome);
  RawPeer peer (Accept ());
  peer.TakePreface ();
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  ASSERT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  peer.SendFrame (NGHTTP2_GOAWAY, 0, 0, std::string ("\0\0\0\1\0\0\0\0", 8));
  peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
  Frame seen; /* until the answer to the PING: the GOAWAY has been taken by then */
  do
    seen = peer.Next ();
  while (seen.type >= 0 && seen.type != NGHTTP2_PING);
  EXPECT_FALSE (outcome.done);
  micro_transport_close (client);
  g_clear_object (&client);
  EXPECT_EQ (outcome.closes, 1);
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, -1);
}

/* --- Slowness and floods --- */

TEST_F (GrpcAgeTest, EndsWhoNeverBegins)
{
  Serve ("127.0.0.1:0", "server-request-timeout-ms", 50);
  RawPeer peer (Connect ());
  EXPECT_EQ (peer.NextOf (NGHTTP2_GOAWAY).Number (4), (guint32) NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ (peer.Next ().type, -1);
}

TEST_F (GrpcAgeTest, EndsHeadersThatAreNeverWhole)
{
  Serve ("127.0.0.1:0", "server-request-timeout-ms", 50);
  RawPeer peer (Connect ());
  peer.Greet ();
  peer.SendFrame (NGHTTP2_HEADERS, 0, 1, "\x83");
  EXPECT_EQ (peer.NextOf (NGHTTP2_GOAWAY).Number (4), (guint32) NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F (GrpcAgeTest, FailsARequestThatIsNeverWholeButNotASlowAnswer)
{
  Serve ("127.0.0.1:0", "server-request-timeout-ms", HOUR_MS);
  RawPeer peer (Connect ());
  peer.Greet ();
  peer.Ask (1, "wait");
  peer.Ask (3, "John", 0);
  peer.Settle ();
  ASSERT_TRUE (wait_until ([] { return waiting.n == 1; }));
  /* It has not been seen before when it is looked at first. */
  for (int hours = 2; hours <= 8; hours += 2)
    OnServer ([hours] {
      grpc_slow_look (served, micro_loop_get_time (served.load ()->thread->loop) + hours * HOUR_US);
    });
  EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).stream_id, 3u);
  Release ();
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).stream_id, 1u);
}

TEST_F (GrpcAgeTest, LooksForRequestsThatAreNeverWhole)
{
  Frame frame;

  Serve ("127.0.0.1:0", "server-request-timeout-ms", 50);
  do
    {
      RawPeer peer (Connect ());

      peer.Greet ();
      peer.Ask (1, "John", 0);
      do
        frame = peer.Next ();
      while (frame.type >= 0 && frame.type != NGHTTP2_HEADERS && frame.type != NGHTTP2_GOAWAY);
    }
  while (frame.type == NGHTTP2_GOAWAY); /* we have been too slow ourselves */
  EXPECT_EQ (frame.type, NGHTTP2_HEADERS);
}

TEST_F (GrpcAgeTest, RefusesAConnectThatHasNoPath)
{
  Serve ("127.0.0.1:0");
  RawPeer peer (Connect ());
  peer.Greet ();
  /* Literals with the names :method and :authority of the static table. */
  peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                  "\x02\x07"
                  "CONNECT\x01\x04"
                  "test");
  EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).stream_id, 1u);
  peer.Ask (3, "John");
  EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).stream_id, 3u);
}

TEST_F (GrpcAgeTest, EndsAFloodOfSettings)
{
  Serve ("127.0.0.1:0");
  RawPeer peer (Connect ());
  peer.Greet ();
  /* At once: some of them are forgiven with time. */
  std::string flood;
  for (int i = 0; i < 1000; i++)
    flood += std::string ("\0\0\0\4\0\0\0\0\0", 9);
  peer.Send (flood);
  EXPECT_EQ (peer.NextOf (NGHTTP2_GOAWAY).Number (4), (guint32) NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F (GrpcAgeTest, RefusesCallsWhenTooMuchIsHeld)
{
  std::string begun = std::string ("\0\0\2\0\0", 5) + std::string (16000, 'x');

  Serve ("127.0.0.1:0", "server-max-connection-bytes", 65536);
  RawPeer peer (Connect ());
  peer.Greet ();
  for (guint32 stream = 1; stream <= 11; stream += 2)
    peer.Begin (stream, begun);
  /* The first to be one too many, with RESOURCE_EXHAUSTED in its headers; others are as before. */
  EXPECT_GE (peer.NextOf (NGHTTP2_HEADERS).stream_id, 5u);
  peer.Ask (13, "John");
  EXPECT_NE (peer.NextOf (NGHTTP2_HEADERS).type, -1);
}

/* --- Pings --- */

TEST_F (GrpcAgeTest, SendsAwayWhoPingsTooOften)
{
  Serve ("127.0.0.1:0");
  RawPeer peer (Connect ());
  peer.Greet ();
  for (int i = 0; i < 4; i++)
    peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
  ExpectGoAway (peer.NextOf (NGHTTP2_GOAWAY), 0, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
  EXPECT_EQ (peer.Next ().type, -1);
}

TEST_F (GrpcAgeTest, ForgivesPingsWhileItAnswers)
{
  Serve ("127.0.0.1:0");
  RawPeer peer (Connect ());
  peer.Greet ();
  for (guint32 i = 0; i < 10; i++)
    {
      peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
      peer.Ask (2 * i + 1, "John");
      ASSERT_EQ (peer.NextOf (NGHTTP2_DATA).stream_id, 2 * i + 1);
    }
}

TEST_F (GrpcAgeTest, TakesPingsAsOftenAsItIsTold)
{
  Serve ("127.0.0.1:0", "server-min-ping-interval-ms", 0, "server-permit-idle-pings", 1);
  RawPeer peer (Connect ());
  peer.Greet ();
  for (int i = 0; i < 20; i++)
    peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
  peer.Ask (1, "John");
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).stream_id, 1u);
}

TEST_F (GrpcAgeTest, IdlePingsNeedAPermit)
{
  Serve ("127.0.0.1:0", "server-min-ping-interval-ms", 0);
  RawPeer peer (Connect ());
  peer.Greet ();
  for (int i = 0; i < 4; i++)
    peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
  EXPECT_EQ (peer.NextOf (NGHTTP2_GOAWAY).Number (4), (guint32) NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F (GrpcAgeTest, ClientsPingHalfAsOftenAfterAComplaint)
{
  std::string complaint = std::string ("\0\0\0\0\0\0\0\x0b", 8) + "too_many_pings";
  guint expected_ms = 5;

  ListenRaw ();
  Caller ("keepalive-ms", 5, "keepalive-timeout-ms", HOUR_MS);
  for (int i = 0; i < 4; i++)
    {
      Outcome outcome = {};

      Begin (&outcome);
      RawPeer peer (Accept ());
      peer.TakePreface ();
      peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
      ASSERT_EQ (peer.NextOf (NGHTTP2_PING).type, NGHTTP2_PING);
      On (client_loop, [&] { EXPECT_EQ (client_thread->keepalive_ms, expected_ms); });
      peer.SendFrame (NGHTTP2_GOAWAY, 0, 0, complaint);
      EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
      expected_ms *= 2;
      On (client_loop, [&] { EXPECT_EQ (client_thread->keepalive_ms, expected_ms); });
    }
}
