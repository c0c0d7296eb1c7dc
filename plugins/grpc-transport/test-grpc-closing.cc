/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Nothing is lost when a side comes late or leaves early: calls that wait for a server's SETTINGS,
 * connections in the queue of one that drains, replies that nobody has read yet.
 */
#include <fcntl.h>

#include <thread>

#include "test-grpc-peer.h"

class GrpcClosingTest : public GrpcPeerTest
{
protected:
  /* The next HEADERS or PING's answer. */
  static Frame
  NextCallOrAnswer (RawPeer &peer)
  {
    Frame frame;

    do
      frame = peer.Next ();
    while (frame.type >= 0 && frame.type != NGHTTP2_HEADERS
           && !(frame.type == NGHTTP2_PING && (frame.flags & NGHTTP2_FLAG_ACK) != 0));
    return frame;
  }
};

TEST_F (GrpcClosingTest, CallsLeaveWhenTheServerHasGreeted)
{
  Outcome outcome = {};

  ListenRaw ();
  Caller ();
  Begin (&outcome);
  {
    RawPeer peer (Accept ());

    peer.TakePreface ();
    EXPECT_EQ (peer.Next ().type, NGHTTP2_SETTINGS);
    EXPECT_EQ (peer.Next ().type, NGHTTP2_WINDOW_UPDATE);
    On (client_loop, [this] { EXPECT_EQ (begun->head.progress, MICRO_CALL_KEPT); });
  }
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.progress, MICRO_CALL_KEPT) << "another server may take it";
}

TEST_F (GrpcClosingTest, CallsThatHaveLeftAreCutOff)
{
  Outcome outcome = {};

  ListenRaw ();
  Caller ();
  Begin (&outcome);
  {
    RawPeer peer (Accept ());

    peer.TakePreface ();
    peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
    EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  }
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.progress, MICRO_CALL_CUT_OFF);
}

TEST_F (GrpcClosingTest, NoMoreCallsLeaveThanTheServerHears)
{
  Outcome outcomes[5] = {};

  ListenRaw ();
  Caller ();
  for (Outcome &outcome : outcomes)
    Begin (&outcome);
  RawPeer peer (Accept ());
  peer.TakePreface ();
  /* MAX_CONCURRENT_STREAMS */
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0, std::string ("\0\3\0\0\0\2", 6));
  EXPECT_EQ (NextCallOrAnswer (peer).stream_id, 1u);
  EXPECT_EQ (NextCallOrAnswer (peer).stream_id, 3u);
  for (guint32 stream_id = 1; stream_id <= 5; stream_id += 2)
    {
      peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
      EXPECT_EQ (NextCallOrAnswer (peer).type, NGHTTP2_PING) << "two are running";
      peer.SendFrame (NGHTTP2_RST_STREAM, 0, stream_id, std::string ("\0\0\0\2", 4));
      EXPECT_EQ (NextCallOrAnswer (peer).stream_id, stream_id + 4);
    }
  micro_transport_close (client);
  for (const Outcome &outcome : outcomes)
    EXPECT_EQ (outcome.closes, 1);
}

TEST_F (GrpcClosingTest, NothingIsOpenedAfterTheClose)
{
  Outcome outcome = {};

  ListenRaw ();
  Caller ();
  micro_transport_close (client);
  Call (&outcome);
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.message, "the client stops");
  EXPECT_EQ (outcome.progress, MICRO_CALL_KEPT);
  fcntl (held->fd, F_SETFL, O_NONBLOCK);
  EXPECT_EQ (accept4 (held->fd, NULL, NULL, SOCK_CLOEXEC), -1);
}

TEST_F (GrpcClosingTest, ThoseInTheQueueAreTakenBeforeTheDrain)
{
  const int n_peers = 200; /* more than are accepted in a turn */
  std::atomic<bool> go{ false };
  std::vector<std::unique_ptr<RawPeer>> peers;

  Serve ("127.0.0.1:0");
  std::thread blocked ([&] {
    OnServer ([&] {
      while (!go)
        g_usleep (1000);
    });
  });
  for (int i = 0; i < n_peers; i++)
    peers.push_back (std::make_unique<RawPeer> (Connect ()));
  std::thread drain ([&] { micro_transport_drain (server, HOUR_MS); });
  go = true;
  blocked.join ();
  for (auto &peer : peers)
    EXPECT_EQ (peer->Next ().type, NGHTTP2_SETTINGS);
  peers.clear ();
  drain.join ();
}

TEST_F (GrpcClosingTest, DrainWaitsForTheLastCall)
{
  std::atomic<bool> drained{ false };

  Serve ("127.0.0.1:0");
  RawPeer peer (Connect ());
  peer.Greet ();
  peer.Ask (1, "wait");
  ASSERT_TRUE (wait_until ([] { return waiting.n == 1; }));
  std::thread drain ([&] {
    micro_transport_drain (server, HOUR_MS);
    drained = true;
  });
  EXPECT_EQ (peer.NextOf (NGHTTP2_GOAWAY).Number (0), 0x7fffffffu);
  peer.SendFrame (NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, peer.NextOf (NGHTTP2_PING).payload);
  EXPECT_EQ (peer.NextOf (NGHTTP2_GOAWAY).Number (0), 1u);
  peer.Settle ();
  EXPECT_FALSE (drained);
  Release ();
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).stream_id, 1u);
  EXPECT_EQ (peer.NextOf (NGHTTP2_DATA).type, -1);
  shutdown (peer.fd, SHUT_WR);
  drain.join ();
}

TEST_F (GrpcClosingTest, RepliesArriveThoughTheServerHasNotReadAll)
{
  GrpcThread *thread = nullptr;
  gsize n_bytes = 0;
  Frame frame;

  Serve ("127.0.0.1:0");
  RawPeer peer (Connect (4096));
  peer.Greet ();
  /* INITIAL_WINDOW_SIZE, and the connection's window: a mebibyte */
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0, std::string ("\0\4\0\x10\0\0", 6));
  peer.SendFrame (NGHTTP2_WINDOW_UPDATE, 0, 0, std::string ("\0\x10\0\0", 4));
  peer.Ask (1, "large");
  ASSERT_TRUE (wait_until ([&] {
    bool answered = false;

    OnServer ([&] {
      answered = served != nullptr && served.load ()->n_calls == 0;
      thread = answered ? served.load ()->thread : nullptr;
    });
    return answered;
  }));
  grpc_end_notice_ms = 1;
  std::thread drain ([&] { micro_transport_drain (server, HOUR_MS); });
  /* It has said its last, and hears no more. */
  ASSERT_TRUE (wait_until ([&] {
    bool gone = false;

    OnServer ([&] { gone = thread->served.length == 0 || served.load ()->lingering; });
    return gone;
  }));
  for (int i = 0; i < 10; i++)
    peer.SendFrame (NGHTTP2_PING, 0, 0, "12345678");
  while ((frame = peer.Next ()).type >= 0)
    if (frame.type == NGHTTP2_DATA)
      n_bytes += frame.payload.size ();
  EXPECT_GT (n_bytes, LARGE);
  EXPECT_EQ (peer.error, 0);
  shutdown (peer.fd, SHUT_WR);
  drain.join ();
}

/* Each socket has its own services. */
TEST_F (GrpcClosingTest, ASecondSocketLeavesTheFirstAlone)
{
  g_autoptr (MicroRouter) empty = micro_router_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *second = NULL;
  std::string first;
  Outcome outcomes[3] = {};

  Serve ("127.0.0.1:0");
  Caller ();
  first = address;
  second = micro_transport_listen (server, "127.0.0.1:0", empty, loops, &error);
  ASSERT_NE (second, nullptr) << error->message;
  Call (&outcomes[0]);
  EXPECT_EQ (outcomes[0].status, MICRO_STATUS_OK) << outcomes[0].message;
  address = second;
  Call (&outcomes[1]);
  EXPECT_EQ (outcomes[1].status, MICRO_STATUS_UNIMPLEMENTED) << outcomes[1].message;
  address = first;
  Call (&outcomes[2]);
  EXPECT_EQ (outcomes[2].status, MICRO_STATUS_OK) << outcomes[2].message;
}

/* What is said in the call-back of one call on a connection that has ended, on another of its
 * calls. */
TEST_F (GrpcClosingTest, ACallMayGiveUpAnotherOfItsConnectionWhenThatEnds)
{
  struct Two
  {
    MicroCall *other;
    std::atomic<int> closes;
  } two = {};
  static const MicroCallEvents events
      = { nullptr,
          nullptr,
          [] (MicroCall *call, MicroStatus, const char *, GBytes *) {
            Two *two = (Two *) call->user_data;

            two->closes++;
            two->other->ops->half_close (two->other);
            two->other->ops->cancel (two->other);
          },
          nullptr,
          nullptr,
          nullptr };
  Outcome outcome = {};

  ListenRaw ();
  Caller ();
  On (client_loop, [&] {
    MicroCallStart start = {};

    start.address = address.c_str ();
    start.path = "/greeter.Say/Hello";
    start.deadline_us = G_MAXINT64;
    two.other = micro_transport_open (client, client_loop, &start, &events, &two);
    micro_transport_open (client, client_loop, &start, &events, &two);
  });
  {
    RawPeer peer (Accept ());

    peer.TakePreface ();
    peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
    EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).stream_id, 1u);
    EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).stream_id, 3u);
  }
  EXPECT_TRUE (wait_until ([&] { return two.closes == 1; }));
  Begin (&unfinished); /* the loop goes on */
}

/* The answer says enough; what was still to be sent is not. */
TEST_F (GrpcClosingTest, ACallEndsWithItsAnswerThoughItHasMoreToSay)
{
  Outcome outcome = {};

  ListenRaw ();
  Caller ();
  On (client_loop, [&] {
    static const MicroCallEvents events
        = { outcome_message, nullptr, outcome_closed, nullptr, nullptr, nullptr };
    MicroCallStart start = {};

    start.address = address.c_str ();
    start.path = "/greeter.Say/Collect";
    start.deadline_us = G_MAXINT64;
    start.streaming = TRUE;
    micro_transport_open (client, client_loop, &start, &events, &outcome);
  });
  RawPeer peer (Accept ());
  peer.TakePreface ();
  peer.SendFrame (NGHTTP2_SETTINGS, 0, 0);
  EXPECT_EQ (peer.NextOf (NGHTTP2_HEADERS).type, NGHTTP2_HEADERS);
  peer.SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                  std::string ("\x88\0\x0c"
                               "content-type\x10"
                               "application/grpc"
                               "\0\x0b"
                               "grpc-status\1"
                               "7",
                               47));
  EXPECT_TRUE (wait_until ([&] { return outcome.done.load (); }));
  EXPECT_EQ (outcome.status, MICRO_STATUS_PERMISSION_DENIED) << outcome.message;
  const Frame reset = peer.NextOf (NGHTTP2_RST_STREAM);
  ASSERT_EQ (reset.type, NGHTTP2_RST_STREAM);
  EXPECT_EQ (reset.Number (0), (guint32) NGHTTP2_NO_ERROR);
}
