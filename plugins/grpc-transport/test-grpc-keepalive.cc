/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Keepalive: who is asked whether he is still there, and what happens when no answer comes.
 */
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
                                    "keepalive ping within 30 ms");
}

TEST_F (GrpcKeepaliveTest, LeavesAServerThatAnswersAlone)
{
  ListenRaw ();
  Caller ("keepalive-ms", 10, "keepalive-timeout-ms", 10000);
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

TEST_F (GrpcKeepaliveTest, PingsWithoutCallsOnlyWhenToldTo)
{
  for (int without : { 0, 1 })
    {
      Outcome outcome = {};

      ListenRaw ();
      Caller ("keepalive-ms", 20, "keepalive-without-calls", without);
      Begin (&outcome);
      {
        RawPeer peer (Accept ());
        peer.TakePreface ();
        peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
        /* Answered with an error of the stream: no calls from now on. */
        ASSERT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
        peer.SendFrame (NGHTTP2_RST_STREAM, 0, 1, std::string ("\0\0\0\2", 4));
        EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
        if (without)
          EXPECT_EQ (peer.NextOf (NGHTTP2_PING).type, NGHTTP2_PING);
        else
          for (Frame frame = peer.Next (200); frame.type != -2; frame = peer.Next (200))
            ASSERT_NE (frame.type, NGHTTP2_PING);
      }
      micro_transport_close (client);
      g_clear_object (&client);
      close (listener);
      listener = -1;
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

  Serve ("127.0.0.1:0", "server-keepalive-ms", 20, "server-keepalive-timeout-ms", 10000);
  Caller ("keepalive-ms", 100, "keepalive-timeout-ms", 10000);
  Begin (&outcome, "wait");
  ASSERT_TRUE (wait_until ([] { return waiting.n == 1; }));
  g_usleep (150000);
  Release ();
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_OK) << outcome.message;
  EXPECT_EQ (outcome.reply, "released");
}
