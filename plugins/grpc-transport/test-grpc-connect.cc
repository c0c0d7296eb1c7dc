/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From an address to a connection: several addresses at once, and not too often.
 */
#include <errno.h>
#include <math.h>

#include "grpc-address.h"
#include "grpc-client.h"
#include "test-grpc-peer.h"

/* --- Several addresses --- */

namespace
{
/* A socket with an address of its own. */
class Listener
{
public:
  enum Kind
  {
    OPEN,
    DEAF,  /* lets nobody in, as a host behind a broken route */
    CLOSED /* refuses, and keeps the port from others; but the server may listen there */
  };

  explicit Listener (const char *where, Kind kind = OPEN)
  {
    const int one = 1;

    g_autofree GrpcSocketAddress *here = grpc_address_literal (where);

    fd = socket (here->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    usable = bind (fd, (struct sockaddr *) &here->storage, here->length) == 0
             && (kind == CLOSED || listen (fd, kind == DEAF ? 0 : 16) == 0);
    address.length = sizeof address.storage;
    getsockname (fd, (struct sockaddr *) &address.storage, &address.length);
    for (int i = 0; usable && kind == DEAF && i < 8; i++)
      {
        guests.push_back (socket (here->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0));
        connect (guests.back (), (struct sockaddr *) &address.storage, address.length);
      }
  }

  ~Listener ()
  {
    for (int guest : guests)
      close (guest);
    close (fd);
  }

  bool
  HasGuest ()
  {
    int guest = accept (fd, NULL, NULL);

    if (guest >= 0)
      close (guest);
    return guest >= 0;
  }

  int fd;
  bool usable;
  GrpcSocketAddress address = {};
  std::vector<int> guests;
};
}

class GrpcRaceTest : public testing::Test
{
protected:
  void
  TearDown () override
  {
    micro_loop_free (loop);
    if (fd >= 0)
      close (fd);
  }

  void
  Run (const std::vector<const GrpcSocketAddress *> &addresses,
       guint timeout_ms = HOUR_MS,
       guint stagger_ms = HOUR_MS)
  {
    GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
    auto start = [] (gpointer data) {
      GrpcRaceTest *self = (GrpcRaceTest *) data;

      grpc_race_start (self->race);
    };

    for (const GrpcSocketAddress *address : addresses)
      g_ptr_array_add (list, g_memdup2 (address, sizeof *address));
    race = grpc_race_new (loop, list, timeout_ms, stagger_ms, Done, this);
    micro_loop_run_sync (loop, start, this);
    EXPECT_TRUE (wait_until ([this] { return done.load (); }));
  }

  static void
  Done (int fd, int code, gpointer user_data)
  {
    GrpcRaceTest *self = (GrpcRaceTest *) user_data;

    grpc_race_free (self->race);
    self->fd = fd;
    self->code = code;
    self->done = true;
  }

  MicroLoop *loop = micro_loop_new ("race");
  GrpcRace *race = nullptr;
  int fd = -1;
  int code = 0;
  std::atomic<bool> done{ false };
};

TEST_F (GrpcRaceTest, TakesTheNextAddressWhenOneRefuses)
{
  Listener closed ("127.0.0.1:0", Listener::CLOSED);
  Listener open ("127.0.0.1:0");

  Run ({ &closed.address, &open.address });
  EXPECT_GE (fd, 0);
  EXPECT_TRUE (open.HasGuest ());
}

TEST_F (GrpcRaceTest, DoesNotWaitForAnAddressThatSaysNothing)
{
  Listener deaf ("127.0.0.1:0", Listener::DEAF);
  Listener open ("127.0.0.1:0");

  Run ({ &deaf.address, &open.address }, HOUR_MS, 20);
  EXPECT_GE (fd, 0);
  EXPECT_TRUE (open.HasGuest ());
}

TEST_F (GrpcRaceTest, TriesTheOtherFamilySecond)
{
  Listener closed ("127.0.0.1:0", Listener::CLOSED);
  Listener same ("127.0.0.1:0");
  Listener other ("[::1]:0");

  if (!other.usable)
    GTEST_SKIP () << "no IPv6 on the loopback device";
  Run ({ &closed.address, &same.address, &other.address });
  EXPECT_GE (fd, 0);
  EXPECT_TRUE (other.HasGuest ());
  EXPECT_FALSE (same.HasGuest ());
}

TEST_F (GrpcRaceTest, SaysWhyNobodyCouldBeReached)
{
  Listener closed ("127.0.0.1:0", Listener::CLOSED);

  Run ({ &closed.address, &closed.address });
  EXPECT_EQ (fd, -1);
  EXPECT_EQ (code, ECONNREFUSED);
}

TEST_F (GrpcRaceTest, EndsWhenNobodyAnswersInTime)
{
  Listener deaf ("127.0.0.1:0", Listener::DEAF);

  Run ({ &deaf.address, &deaf.address }, 20, 10);
  EXPECT_EQ (fd, -1);
  EXPECT_EQ (code, ETIMEDOUT);
}

/* --- Not too often --- */

TEST (GrpcBackoff, GrowsWithJitterToItsLimit)
{
  GrpcLimits limits = {};
  GrpcThread thread = {};
  gint64 far = g_get_monotonic_time () + (gint64) 3600 * G_USEC_PER_SEC;
  double expected_ms = 1000;
  bool differs = false;
  double last = 0;

  limits.reconnect_min_ms = 1000;
  limits.reconnect_max_ms = 120000;
  thread.limits = &limits;
  for (int i = 0; i < 20; i++)
    {
      gint64 before, wait, after;

      grpc_backoff_failed (&thread, "a:1", far, "broken");
      EXPECT_STREQ (grpc_backoff_problem (&thread, "a:1"), "broken");
      /* It ends between @before + @wait and @after + @wait. */
      before = g_get_monotonic_time ();
      wait = grpc_backoff_get_wait (&thread, "a:1");
      after = g_get_monotonic_time ();
      EXPECT_GE ((after + wait - far) / 1000.0 / expected_ms, 0.799);
      EXPECT_LE ((before + wait - far) / 1000.0 / expected_ms, 1.201);
      differs |= i > 0 && fabs ((before + wait - far) / 1000.0 / expected_ms - last) > 0.001;
      last = (before + wait - far) / 1000.0 / expected_ms;
      expected_ms = MIN (expected_ms * 1.6, 120000);
    }
  EXPECT_TRUE (differs);
  EXPECT_EQ (grpc_backoff_problem (&thread, "b:1"), nullptr);
  grpc_backoff_worked (&thread, "a:1");
  EXPECT_EQ (grpc_backoff_problem (&thread, "a:1"), nullptr);
  g_hash_table_unref (thread.backoffs);
}

TEST (GrpcBackoff, ForgetsWhatWasLongAgo)
{
  GrpcLimits limits = {};
  GrpcThread thread = {};
  gint64 now = g_get_monotonic_time ();

  limits.reconnect_min_ms = limits.reconnect_max_ms = 1000;
  thread.limits = &limits;
  grpc_backoff_failed (&thread, "a:1", now - (gint64) 3600 * G_USEC_PER_SEC, "broken");
  grpc_backoff_failed (&thread, "b:1", now, "broken");
  EXPECT_EQ (g_hash_table_size (thread.backoffs), 1u);
  g_hash_table_unref (thread.backoffs);
}

class GrpcConnectTest : public GrpcPeerTest
{
protected:
  /* One that refuses, for now. */
  void
  Refuse ()
  {
    g_autofree char *text = grpc_address_to_string (&closed.address);

    address = text;
  }

  Listener closed{ "127.0.0.1:0", Listener::CLOSED };
};

TEST_F (GrpcConnectTest, FailsAtOnceUntilItMayTryAgain)
{
  Outcome refused = {};
  Outcome waits = {};
  std::string where;

  Refuse ();
  where = address;
  Caller ("reconnect-min-ms", HOUR_MS, "reconnect-max-ms", HOUR_MS);
  Call (&refused);
  EXPECT_EQ (refused.message, "cannot connect to " + where + ": Connection refused");
  Serve (where.c_str ());
  Call (&waits);
  EXPECT_EQ (waits.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (waits.message, refused.message);
}

TEST_F (GrpcConnectTest, TriesAgainThen)
{
  Outcome refused = {};
  std::string where;

  Refuse ();
  where = address;
  Caller ("reconnect-min-ms", 50);
  Call (&refused);
  EXPECT_EQ (refused.status, MICRO_STATUS_UNAVAILABLE);
  Serve (where.c_str ());
  EXPECT_TRUE (wait_until ([this] {
    Outcome again = {};

    Call (&again);
    return again.status == MICRO_STATUS_OK;
  }));
}

TEST_F (GrpcConnectTest, ReachesIpv4)
{
  Outcome outcome = {};

  Serve ("127.0.0.1:0");
  Caller ();
  Call (&outcome);
  EXPECT_EQ (outcome.status, MICRO_STATUS_OK) << outcome.message;
}

TEST_F (GrpcConnectTest, ReachesIpv6)
{
  Outcome outcome = {};

  if (!Listener ("[::1]:0").usable)
    GTEST_SKIP () << "no IPv6 on the loopback device";
  Serve ("[::1]:0");
  Caller ();
  Call (&outcome);
  EXPECT_EQ (outcome.status, MICRO_STATUS_OK) << outcome.message;
}

TEST_F (GrpcConnectTest, ReachesAName)
{
  Outcome outcome = {};

  Serve ("localhost:0");
  Caller ("connect-timeout-ms", HOUR_MS);
  address = "localhost" + address.substr (address.rfind (':'));
  Call (&outcome);
  EXPECT_EQ (outcome.status, MICRO_STATUS_OK) << outcome.message;
}

static void
use_numbers_up (gpointer data)
{
  GrpcCall *call = (GrpcCall *) data;

  /* One is left. */
  nghttp2_session_set_next_stream_id (call->connection->session, G_MAXINT32);
}

TEST_F (GrpcConnectTest, TakesAnotherConnectionWhenNoNumbersAreLeft)
{
  Outcome waits = {};

  Serve ("127.0.0.1:0");
  Caller ();
  Begin (&waits, "wait");
  ASSERT_TRUE (wait_until ([] { return waiting.n == 1; }));
  micro_loop_run_sync (client_loop, use_numbers_up, begun);
  for (int i = 0; i < 3; i++)
    {
      Outcome outcome = {};

      Call (&outcome);
      EXPECT_EQ (outcome.status, MICRO_STATUS_OK) << i << ": " << outcome.message;
    }
  Release ();
  EXPECT_TRUE (wait_until ([&] { return waits.done.load (); }));
  EXPECT_EQ (waits.status, MICRO_STATUS_OK) << waits.message;
}
