/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Keepalive: who is asked whether he is still there, and what happens when no answer comes.
 */
#include "grpc-life.h"
#include "test-grpc-peer.h"

class GrpcKeepaliveTest : public GrpcPeerTest
{
};

TEST_F (GrpcKeepaliveTest, EndsTheCallsOfAServerThatHasGoneSilent)
{
  Outcome outcome = {};

  ListenRaw ();
  Caller ("keepalive-ms", 30, "keepalive-timeout-ms", 30);
  Begin (&outcome);
  RawPeer silent (Accept ());
  silent.TakePreface ();
  EXPECT_EQ (silent.NextOf (NGHTTP2_PING).type, NGHTTP2_PING);
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.message, "the connection to " + address
                                  + " failed: the peer has gone silent: it did not answer a "
                                    "ping within 30 ms");
}

TEST_F (GrpcKeepaliveTest, LeavesAServerThatAnswersAlone)
{
  ListenRaw ();
  Caller ("keepalive-ms", 10, "keepalive-timeout-ms", HOUR_MS);
  Begin (&unfinished);
  RawPeer peer (Accept ());
  peer.TakePreface ();
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  for (int i = 0; i < 5; i++)
    {
      Frame frame = peer.NextOf (NGHTTP2_PING);

      ASSERT_EQ (frame.type, NGHTTP2_PING);
      peer.SendFrame (NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame.payload);
    }
  EXPECT_FALSE (unfinished.done);
}

TEST_F (GrpcKeepaliveTest, PingsWhenNothingWasHeardForSoLong)
{
  ListenRaw ();
  Caller ("keepalive-ms", HOUR_MS, "keepalive-timeout-ms", 1000);
  Begin (&unfinished);
  RawPeer peer (Accept ());
  peer.TakePreface ();
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  ASSERT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  On (client_loop, [this] {
    GrpcConnection *connection = begun->connection;
    gint64 due = connection->heard_us + HOUR_US;

    EXPECT_EQ (grpc_keepalive_look (connection, due - 1), due);
    EXPECT_EQ (connection->ping_sent_us, 0);
    EXPECT_EQ (grpc_keepalive_look (connection, due), due + G_USEC_PER_SEC);
    EXPECT_EQ (connection->ping_sent_us, due);
  });
  EXPECT_EQ (peer.NextOf (NGHTTP2_PING).type, NGHTTP2_PING);
}

TEST_F (GrpcKeepaliveTest, PingsWithoutCallsOnlyWhenToldTo)
{
  for (int without : { 0, 1 })
    {
      Outcome outcome = {}, next = {};

      ListenRaw ();
      Caller ("keepalive-ms", HOUR_MS, "keepalive-without-calls", without);
      Begin (&outcome);
      {
        RawPeer peer (Accept ());
        peer.TakePreface ();
        peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
        /* Answered with an error of the stream: no calls from now on. */
        ASSERT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
        peer.SendFrame (NGHTTP2_RST_STREAM, 0, 1, std::string ("\0\0\0\2", 4));
        EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
        On (client_loop, [this] {
          auto *connection
              = (GrpcConnection *) g_hash_table_lookup (client_thread->made, address.c_str ());

          ASSERT_NE (connection, nullptr);
          grpc_keepalive_look (connection, connection->heard_us + 2 * HOUR_US);
        });
        /* What was sent since, in its order. */
        Begin (&next);
        Frame frame;
        bool pinged = false;
        for (frame = peer.Next (); frame.type >= 0 && frame.type != NGHTTP2_HEADERS;
             frame = peer.Next ())
          pinged |= frame.type == NGHTTP2_PING;
        EXPECT_EQ (frame.type, NGHTTP2_HEADERS);
        EXPECT_EQ (pinged, without == 1);
      }
      micro_transport_close (client);
      g_clear_object (&client);
      held.reset ();
    }
}

TEST_F (GrpcKeepaliveTest, ServersPingAClientAndLetASilentOneGo)
{
  Serve ("127.0.0.1:0", "server-keepalive-ms", 30, "server-keepalive-timeout-ms", 30);
  RawPeer silent (Connect ());
  silent.Greet ();
  EXPECT_EQ (silent.NextOf (NGHTTP2_PING).type, NGHTTP2_PING);
  EXPECT_EQ (silent.NextOf (NGHTTP2_PING).type, -1);
}

TEST_F (GrpcKeepaliveTest, BothSidesAtOnceDoNotDisturbACall)
{
  Outcome outcome = {};
  GrpcConnection *connection = nullptr;
  auto look_later = [] (GrpcConnection *at) {
    grpc_keepalive_look (at, at->heard_us + HOUR_US);
    EXPECT_NE (at->ping_sent_us, 0);
    at->heard_us = 0;
  };

  Serve ("127.0.0.1:0", "server-keepalive-ms", HOUR_MS, "server-keepalive-timeout-ms", HOUR_MS);
  Caller ("keepalive-ms", HOUR_MS, "keepalive-timeout-ms", HOUR_MS);
  Begin (&outcome, "wait");
  ASSERT_TRUE (wait_until ([] { return waiting.n == 1; }));
  On (client_loop, [&] { look_later (connection = begun->connection); });
  OnServer ([&] { look_later (served); });
  ASSERT_TRUE (wait_until ([&] {
    bool both = true;

    On (client_loop, [&] { both &= connection->heard_us != 0; });
    OnServer ([&] { both &= served.load ()->heard_us != 0 && served.load ()->pinged_us != 0; });
    return both;
  }));
  Release ();
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_OK) << outcome.message;
  EXPECT_EQ (outcome.reply, "released");
}
