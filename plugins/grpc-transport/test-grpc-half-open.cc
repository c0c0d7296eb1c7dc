/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Servers that have gone without a word: who has let a call's time pass in silence has to answer a
 * PING before it is asked again.
 */
#include "grpc-life.h"
#include "test-grpc-peer.h"

class GrpcHalfOpenTest : public GrpcPeerTest
{
protected:
  void
  SetUp () override
  {
    GrpcPeerTest::SetUp ();
    ListenRaw ();
  }

  /* A call whose time has passed when it is given up. */
  void
  BeginLate (Outcome *outcome)
  {
    deadline_us = g_get_monotonic_time ();
    Begin (outcome);
    deadline_us = G_MAXINT64;
  }

  Outcome given_up = {};
};

TEST_F (GrpcHalfOpenTest, TheNextCallTakesAnotherConnection)
{
  Caller ();
  BeginLate (&given_up);
  RawPeer silent (Accept ());
  silent.TakePreface ();
  silent.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ (silent.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  On (client_loop, [this] { begun->head.ops->cancel (&begun->head); });
  const Frame ping = silent.NextOf (NGHTTP2_PING);
  EXPECT_EQ (ping.type, NGHTTP2_PING);
  Begin (&unfinished);
  RawPeer next (Accept ());
  next.TakePreface ();
  next.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ (next.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  /* It comes too late. */
  silent.SendFrame (NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, ping.payload);
  EXPECT_EQ (silent.NextOf (NGHTTP2_GOAWAY).type, NGHTTP2_GOAWAY);
  EXPECT_EQ (silent.Next ().type, -1);
}

TEST_F (GrpcHalfOpenTest, IsUsedAgainOnceItHasAnswered)
{
  Caller ();
  BeginLate (&given_up);
  RawPeer slow (Accept ());
  slow.TakePreface ();
  slow.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ (slow.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  On (client_loop, [this] { begun->head.ops->cancel (&begun->head); });
  slow.SendFrame (NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, slow.NextOf (NGHTTP2_PING).payload);
  slow.Settle ();
  Begin (&unfinished);
  EXPECT_EQ (slow.NextOf (NGHTTP2_HEADERS).stream_id, 3u);
}

TEST_F (GrpcHalfOpenTest, IsGivenUpWhenItStaysSilent)
{
  Outcome outcome = {};

  Caller ("keepalive-timeout-ms", 30);
  Begin (&outcome);
  RawPeer silent (Accept ());
  silent.TakePreface ();
  silent.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ (silent.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  BeginLate (&given_up);
  EXPECT_EQ (silent.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  On (client_loop, [this] { begun->head.ops->cancel (&begun->head); });
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.progress, MICRO_CALL_CUT_OFF);
  EXPECT_NE (outcome.message.find ("did not answer a ping within 30 ms"), std::string::npos)
      << outcome.message;
}

TEST_F (GrpcHalfOpenTest, WhoHasSaidSomethingSinceIsNotDoubted)
{
  Caller ();
  BeginLate (&given_up);
  RawPeer busy (Accept ());
  busy.TakePreface ();
  busy.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ (busy.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  busy.Settle ();
  On (client_loop, [this] { begun->head.ops->cancel (&begun->head); });
  Begin (&unfinished);
  Frame frame;
  do
    frame = busy.Next ();
  while (frame.type >= 0 && frame.type != NGHTTP2_HEADERS && frame.type != NGHTTP2_PING);
  EXPECT_EQ (frame.type, NGHTTP2_HEADERS);
}

/* gRPC's servers end a connection at the third PING before they have answered anything. */
TEST_F (GrpcHalfOpenTest, IsAskedNoMoreOftenThanServersLike)
{
  Caller ();
  BeginLate (&given_up);
  RawPeer slow (Accept ());
  slow.TakePreface ();
  slow.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  for (int i = 0; i < 3; i++)
    {
      Outcome outcome = {};

      if (i > 0)
        BeginLate (&outcome);
      EXPECT_EQ (slow.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
      On (client_loop, [this] { begun->head.ops->cancel (&begun->head); });
      if (i == 2)
        break;
      slow.SendFrame (NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, slow.NextOf (NGHTTP2_PING).payload);
      slow.Settle ();
    }
  Begin (&unfinished);
  Frame frame;
  do
    frame = slow.Next ();
  while (frame.type >= 0 && frame.type != NGHTTP2_HEADERS && frame.type != NGHTTP2_PING);
  EXPECT_EQ (frame.type, NGHTTP2_HEADERS);
}

TEST_F (GrpcHalfOpenTest, GivesUpWhoAcceptsAndNeverSpeaks)
{
  Outcome outcome = {};

  Caller ("connect-timeout-ms", 30);
  Begin (&outcome);
  RawPeer mute (Accept ());
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.progress, MICRO_CALL_KEPT);
  EXPECT_NE (outcome.message.find ("did not begin to speak HTTP/2 within 30 ms"), std::string::npos)
      << outcome.message;
}
