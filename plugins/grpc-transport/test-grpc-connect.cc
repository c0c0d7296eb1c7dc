/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From an address to a connection: several addresses at once, and not too often.
 */
#include <errno.h>

#include "test-grpc-peer.h"

/* --- Several addresses ------------------------------------------------------------------------ */

namespace
{
/* A listening socket; one that is @deaf lets nobody in, as a host behind a broken route. */
class Listener
{
public:
  explicit Listener (const char *where, bool deaf = false)
  {
    g_autofree GrpcSocketAddress *here = grpc_address_literal (where);

    fd = socket (here->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    usable = bind (fd, (struct sockaddr *) &here->storage, here->length) == 0
             && listen (fd, deaf ? 0 : 16) == 0;
    address.length = sizeof address.storage;
    getsockname (fd, (struct sockaddr *) &address.storage, &address.length);
    for (int i = 0; usable && deaf && i < 8; i++)
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
  Run (const std::vector<const GrpcSocketAddress *> &addresses, guint timeout_ms = 20000)
  {
    GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
    auto start = [] (gpointer data) {
      GrpcRaceTest *self = (GrpcRaceTest *) data;

      grpc_race_start (self->race);
    };

    for (const GrpcSocketAddress *address : addresses)
      g_ptr_array_add (list, g_memdup2 (address, sizeof *address));
    race = grpc_race_new (loop, list, timeout_ms, Done, this);
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
  GrpcSocketAddress closed = Listener ("127.0.0.1:0").address;
  Listener open ("127.0.0.1:0");

  Run ({ &closed, &open.address });
  EXPECT_GE (fd, 0);
  EXPECT_TRUE (open.HasGuest ());
}

TEST_F (GrpcRaceTest, DoesNotWaitForAnAddressThatSaysNothing)
{
  Listener deaf ("127.0.0.1:0", true);
  Listener open ("127.0.0.1:0");

  Run ({ &deaf.address, &open.address });
  EXPECT_GE (fd, 0);
  EXPECT_TRUE (open.HasGuest ());
}

TEST_F (GrpcRaceTest, TriesTheOtherFamilySecond)
{
  Listener deaf ("127.0.0.1:0", true);
  Listener same ("127.0.0.1:0");
  Listener other ("[::1]:0");

  if (!other.usable)
    GTEST_SKIP () << "no IPv6 on the loopback device";
  Run ({ &deaf.address, &same.address, &other.address });
  EXPECT_GE (fd, 0);
  EXPECT_TRUE (other.HasGuest ());
  EXPECT_FALSE (same.HasGuest ());
}

TEST_F (GrpcRaceTest, SaysWhyNobodyCouldBeReached)
{
  GrpcSocketAddress closed = Listener ("127.0.0.1:0").address;

  Run ({ &closed, &closed });
  EXPECT_EQ (fd, -1);
  EXPECT_EQ (code, ECONNREFUSED);
}

TEST_F (GrpcRaceTest, EndsWhenNobodyAnswersInTime)
{
  Listener deaf ("127.0.0.1:0", true);

  Run ({ &deaf.address, &deaf.address }, 20);
  EXPECT_EQ (fd, -1);
  EXPECT_EQ (code, ETIMEDOUT);
}

/* --- Not too often ---------------------------------------------------------------------------- */

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
      double factor;

      grpc_backoff_failed (&thread, "a:1", far, "broken");
      EXPECT_STREQ (grpc_backoff_problem (&thread, "a:1"), "broken");
      factor = (grpc_backoff_get_wait (&thread, "a:1") / 1000.0 - 3600000) / expected_ms;
      EXPECT_GT (factor, 0.79);
      EXPECT_LT (factor, 1.21);
      differs |= i > 0 && factor != last;
      last = factor;
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
  void
  Refuse ()
  {
    ListenRaw ();
    close (listener);
    listener = -1;
  }
};

TEST_F (GrpcConnectTest, FailsAtOnceUntilItMayTryAgain)
{
  Outcome refused = {};
  Outcome waits = {};
  std::string where;

  Refuse ();
  where = address;
  Caller ("reconnect-min-ms", 60000);
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

TEST_F (GrpcConnectTest, ReachesBothFamiliesAndNames)
{
  for (const char *where : { "127.0.0.1:0", "[::1]:0", "localhost:0" })
    {
      Outcome outcome = {};

      if (strchr (where, '[') != NULL && !Listener (where).usable)
        continue;
      Serve (where);
      Caller ();
      if (where[0] == 'l')
        address = "localhost" + address.substr (address.rfind (':'));
      Call (&outcome);
      EXPECT_EQ (outcome.status, MICRO_STATUS_OK) << where << ": " << outcome.message;
      for (MicroTransport **transport : { &client, &server })
        {
          micro_transport_close (*transport);
          g_clear_object (transport);
        }
    }
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
