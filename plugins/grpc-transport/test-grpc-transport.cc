/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The transport over real sockets, with itself as the peer.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sockios.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include "../../tests/held-port.h"
#include "greeter.pb-c.h"
#include "grpc-call.h"
#include "grpc-connection.h"

extern "C" const MicroPluginInfo *micro_plugin_grpc_transport (void);

namespace
{
struct Outcome
{
  GMutex mutex;
  GCond cond;
  bool done;
  MicroStatus status;
  std::string message;
  std::string reply;
  int closes;
};

void
on_message (MicroCall *call, const guint8 *data, gsize length)
{
  Outcome *outcome = (Outcome *) call->user_data;
  Greeter__HelloResponse *reply = greeter__hello_response__unpack (NULL, length, data);

  outcome->reply = reply->msg;
  greeter__hello_response__free_unpacked (reply, NULL);
}

void
on_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  Outcome *outcome = (Outcome *) call->user_data;

  (void) details;
  g_mutex_lock (&outcome->mutex);
  outcome->status = status;
  outcome->message = message != NULL ? message : "";
  outcome->closes++;
  outcome->done = true;
  g_cond_signal (&outcome->cond);
  g_mutex_unlock (&outcome->mutex);
}

/* As good as for ever: tests/limit ends who waits longer. */
const guint PATIENCE_MS = 600000;

const MicroCallEvents events = { on_message, nullptr, on_closed, nullptr, nullptr, { nullptr } };

/* Calls that are answered by another thread, once they may be. */
struct Later
{
  std::atomic<int> begun;
  std::atomic<int> answered;
  std::atomic<bool> released;
  std::atomic<GrpcConnection *> connection; /* of the last */
};
Later later;

void
wait_until (const std::function<bool ()> &condition)
{
  while (!condition ())
    g_usleep (200);
}

gpointer
answer_later (gpointer data)
{
  MicroCall *call = (MicroCall *) data;
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  wait_until ([] { return later.released.load (); });
  response.msg = (char *) "late";
  micro_call_reply (call, &response);
  later.answered++;
  return NULL;
}

void
hello (MicroCall *call, gconstpointer request, gpointer user_data)
{
  const Greeter__HelloRequest *hello_request = (const Greeter__HelloRequest *) request;
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  (void) user_data;
  if (strcmp (hello_request->name, "fail") == 0)
    micro_call_fail (call, MICRO_STATUS_NOT_FOUND, "nobody is called “%s”", hello_request->name);
  else if (strcmp (hello_request->name, "later") == 0)
    {
      later.connection = ((GrpcCall *) call)->connection;
      later.begun++;
      g_thread_unref (g_thread_new ("later", answer_later, call));
    }
  else if (strcmp (hello_request->name, "where") == 0)
    {
      response.msg = micro_call_printf (call, "%p", (void *) micro_loop_get_current ());
      micro_call_reply (call, &response);
    }
  else
    {
      response.msg = micro_call_printf (call, "Hello %s", hello_request->name);
      micro_call_reply (call, &response);
    }
}

/* A peer that sends its frames in pieces: each when the one before has been read. */
struct SlowPeer
{
  int listener;
  std::vector<std::string> pieces;
};

gpointer
send_pieces (gpointer data)
{
  SlowPeer *peer = (SlowPeer *) data;
  int fd = accept (peer->listener, NULL, NULL);

  for (const std::string &piece : peer->pieces)
    {
      int unread = send (fd, piece.data (), piece.size (), MSG_NOSIGNAL);

      while (unread > 0 && ioctl (fd, SIOCOUTQ, &unread) == 0)
        g_usleep (100);
    }
  close (fd);
  return NULL;
}

const MicroMethod methods[]
    = { { "greeter", "Say", "Hello", MICRO_METHOD_UNARY, &greeter__hello_request__descriptor,
          &greeter__hello_response__descriptor } };
const MicroServiceDescriptor say = { "greeter", "Say", 1, methods, NULL, 0 };

class GrpcTransportTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    MicroHandler handlers[] = { hello };

    later.begun = later.answered = 0;
    later.released = false;
    grpc_end_notice_ms = PATIENCE_MS;
    transport = (MicroTransport *) g_object_new (micro_plugin_grpc_transport ()->get_type (), NULL);
    router = micro_router_new ();
    micro_router_add (router, &say, handlers, NULL, NULL);
    loops = g_ptr_array_new ();
    g_ptr_array_add (loops, micro_loop_new ("first"));
    g_ptr_array_add (loops, micro_loop_new ("second"));
  }

  void
  TearDown () override
  {
    later.released = true;
    wait_until ([] { return later.answered == later.begun; });
    micro_transport_close (transport);
    for (guint i = 0; i < loops->len; i++)
      micro_loop_free ((MicroLoop *) g_ptr_array_index (loops, i));
    g_ptr_array_unref (loops);
    g_object_unref (transport);
    g_object_unref (router);
    g_free (address);
  }

  void
  Listen (const char *where)
  {
    g_autoptr (GError) error = NULL;

    address = micro_transport_listen (transport, where, router, loops, &error);
    ASSERT_NE (address, nullptr) << error->message;
  }

  struct Job
  {
    GrpcTransportTest *test;
    const char *name;
    const char *path;
    gint64 timeout_ms;
    Outcome *outcome;
  };

  static void
  Start (gpointer data)
  {
    Job *job = (Job *) data;
    MicroCallStart start = {};
    Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
    MicroCall *call;

    start.address = job->test->address;
    start.path = job->path;
    start.deadline_us = g_get_monotonic_time () + job->timeout_ms * 1000;
    call = micro_transport_open (job->test->transport, micro_loop_get_current (), &start, &events,
                                 job->outcome);
    request.name = (char *) job->name;
    greeter__hello_request__pack (
        &request,
        call->ops->begin_message (call, greeter__hello_request__get_packed_size (&request)));
    call->ops->end_message (call);
    call->ops->half_close (call);
  }

  void
  Begin (Outcome *outcome,
         const char *name,
         const char *path = "/greeter.Say/Hello",
         gint64 timeout_ms = PATIENCE_MS,
         guint loop = 1)
  {
    Job job = { this, name, path, timeout_ms, outcome };

    micro_loop_run_sync ((MicroLoop *) g_ptr_array_index (loops, loop), Start, &job);
  }

  static void
  WaitFor (Outcome *outcome)
  {
    g_mutex_lock (&outcome->mutex);
    while (!outcome->done)
      g_cond_wait (&outcome->cond, &outcome->mutex);
    g_mutex_unlock (&outcome->mutex);
  }

  Outcome
  Call (const char *name,
        const char *path = "/greeter.Say/Hello",
        gint64 timeout_ms = PATIENCE_MS,
        guint loop = 1)
  {
    Outcome outcome = {};

    Begin (&outcome, name, path, timeout_ms, loop);
    WaitFor (&outcome);
    return outcome;
  }

  /* Whether the connection of the last call that waits has begun to end. */
  static bool
  Ends ()
  {
    GrpcConnection *connection = later.connection;
    auto look = [] (gpointer data) {
      GrpcConnection *self = later.connection;

      *(bool *) data = self->closing || self->timer.position != 0;
    };
    bool ends = false;

    micro_loop_run_sync (connection->thread->loop, look, &ends);
    return ends;
  }

  MicroTransport *transport;
  MicroRouter *router;
  GPtrArray *loops;
  char *address = NULL;
};
}

TEST_F (GrpcTransportTest, AnswersAUnaryCall)
{
  Listen ("127.0.0.1:0");
  Outcome outcome = Call ("John");

  EXPECT_EQ (outcome.status, MICRO_STATUS_OK);
  EXPECT_EQ (outcome.reply, "Hello John");
  EXPECT_EQ (outcome.closes, 1);
}

/* Each loop calls over a connection of its own, and each is served by another one. */
TEST_F (GrpcTransportTest, SpreadsConnectionsOverLoops)
{
  Listen ("127.0.0.1:0");
  Outcome first = Call ("where", "/greeter.Say/Hello", PATIENCE_MS, 0);
  Outcome second = Call ("where", "/greeter.Say/Hello", PATIENCE_MS, 1);

  EXPECT_EQ (first.status, MICRO_STATUS_OK);
  EXPECT_EQ (second.status, MICRO_STATUS_OK);
  EXPECT_NE (first.reply, second.reply);
}

/* A loop remembers the transport it used last. */
TEST_F (GrpcTransportTest, OutlivesOthersOnItsLoops)
{
  MicroTransport *server = transport;

  Listen ("127.0.0.1:0");
  for (int i = 0; i < 50; i++)
    {
      transport = (MicroTransport *) g_object_new (G_OBJECT_TYPE (server), NULL);
      EXPECT_EQ (Call ("John").reply, "Hello John");
      micro_transport_close (transport);
      g_object_unref (transport);
    }
  transport = server;
}

TEST_F (GrpcTransportTest, TakesMicroNamesAndPackageNames)
{
  Listen ("127.0.0.1:0");
  for (const char *path : { "/go.micro.srv.greeter.Say/Hello", "/greeter.Say/Hello", "/Say/Hello" })
    EXPECT_EQ (Call ("John", path).reply, "Hello John") << path;
}

TEST_F (GrpcTransportTest, SaysWhichMethodItDoesNotKnow)
{
  Listen ("127.0.0.1:0");
  Outcome method = Call ("John", "/greeter.Say/Nothing");
  Outcome service = Call ("John", "/greeter.Shout/Hello");
  Outcome path = Call ("John", "/nonsense");

  EXPECT_EQ (method.status, MICRO_STATUS_UNIMPLEMENTED);
  EXPECT_EQ (method.message, "unknown method Nothing of service Say");
  EXPECT_EQ (service.message, "unknown service Shout");
  EXPECT_EQ (path.status, MICRO_STATUS_UNIMPLEMENTED);
}

TEST_F (GrpcTransportTest, CarriesStatusAndMessage)
{
  Listen ("127.0.0.1:0");
  Outcome outcome = Call ("fail");

  EXPECT_EQ (outcome.status, MICRO_STATUS_NOT_FOUND);
  EXPECT_EQ (outcome.message, "nobody is called “fail”");
}

TEST_F (GrpcTransportTest, TakesAnAnswerFromAnotherThread)
{
  Outcome outcome = {};

  Listen ("127.0.0.1:0");
  Begin (&outcome, "later");
  wait_until ([] { return later.begun == 1; });
  /* The handler has returned. */
  micro_loop_run_sync (
      later.connection.load ()->thread->loop, [] (gpointer) {}, NULL);
  later.released = true;
  WaitFor (&outcome);
  EXPECT_EQ (outcome.reply, "late");
}

TEST_F (GrpcTransportTest, EndsACallAtItsDeadlineAndDropsTheLateAnswer)
{
  Listen ("127.0.0.1:0");
  /* Where the machine is slow it may not even come to the handler. */
  for (gint64 timeout_ms = 5; later.begun == 0; timeout_ms *= 2)
    EXPECT_EQ (Call ("later", "/greeter.Say/Hello", timeout_ms).status,
               MICRO_STATUS_DEADLINE_EXCEEDED);
  later.released = true;
  wait_until ([] { return later.answered == later.begun; });
  EXPECT_EQ (Call ("later").reply, "late");
}

TEST_F (GrpcTransportTest, CarriesLargeMessagesAndRefusesLargerOnes)
{
  std::string large (1000000, 'x');
  std::string too_large (5000000, 'x');

  Listen ("127.0.0.1:0");
  EXPECT_EQ (Call (large.c_str ()).reply.size (), large.size () + 6);
  EXPECT_EQ (Call (too_large.c_str ()).status, MICRO_STATUS_RESOURCE_EXHAUSTED);
  EXPECT_EQ (Call ("John").reply, "Hello John");
}

TEST_F (GrpcTransportTest, SpeaksOverUnixSocketsAndReplacesAStaleOne)
{
  g_autofree char *folder = g_dir_make_tmp ("micro-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  std::string where = std::string ("unix:") + path;

  Listen (where.c_str ());
  EXPECT_EQ (Call ("John").reply, "Hello John");
  micro_transport_close (transport);
  g_clear_pointer (&address, g_free);
  Listen (where.c_str ());
  EXPECT_EQ (Call ("John").reply, "Hello John");
  g_unlink (path);
  g_rmdir (folder);
}

TEST_F (GrpcTransportTest, SaysThatNobodyListens)
{
  HeldPort nobody;

  address = g_strdup (nobody.address.c_str ());
  Outcome outcome = Call ("John");

  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.message,
             std::string ("cannot connect to ") + address + ": Connection refused");
}

TEST_F (GrpcTransportTest, TakesNoByteButTheFirstForTls)
{
  g_autofree char *folder = g_dir_make_tmp ("micro-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  sockaddr_un where = {};
  /* An empty SETTINGS frame; then a frame of an unknown type and 0x1503 bytes. */
  SlowPeer peer = { socket (AF_UNIX, SOCK_STREAM, 0), {} };

  for (char byte : std::string ("\0\0\0\4\0\0\0\0\0\0", 10))
    peer.pieces.push_back (std::string (1, byte));
  peer.pieces.push_back (std::string ("\x15\x03\xfa\0\0\0\0\0", 8));

  where.sun_family = AF_UNIX;
  g_strlcpy (where.sun_path, path, sizeof where.sun_path);
  ASSERT_EQ (bind (peer.listener, (sockaddr *) &where, sizeof where), 0);
  ASSERT_EQ (listen (peer.listener, 1), 0);
  GThread *thread = g_thread_new ("peer", send_pieces, &peer);
  address = g_strconcat ("unix:", path, NULL);
  Outcome outcome = Call ("John");
  g_thread_join (thread);
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.message.find ("TLS"), std::string::npos) << outcome.message;
  close (peer.listener);
  g_unlink (path);
  g_rmdir (folder);
}

TEST_F (GrpcTransportTest, SaysThatAPortIsTaken)
{
  g_autoptr (GError) error = NULL;

  Listen ("127.0.0.1:0");
  EXPECT_EQ (micro_transport_listen (transport, address, router, loops, &error), nullptr);
  ASSERT_NE (error, nullptr);
  EXPECT_NE (strstr (error->message, "Address already in use"), nullptr) << error->message;
}

TEST_F (GrpcTransportTest, DrainLetsARunningCallEnd)
{
  Outcome outcome = {};
  std::thread release;

  Listen ("127.0.0.1:0");
  EXPECT_EQ (Call ("John").reply, "Hello John");
  Begin (&outcome, "later");
  wait_until ([] { return later.begun == 1; });
  release = std::thread ([] {
    wait_until (Ends);
    later.released = true;
  });
  micro_transport_drain (transport, PATIENCE_MS);
  release.join ();
  WaitFor (&outcome);
  EXPECT_EQ (outcome.reply, "late");
}

/* Each of them while it is not known whether the server still takes calls. */
TEST_F (GrpcTransportTest, DrainTakesCallsThatAreOnTheirWay)
{
  Outcome waits = {}, outcomes[20] = {};
  std::thread release;

  Listen ("127.0.0.1:0");
  Begin (&waits, "later");
  wait_until ([] { return later.begun == 1; });
  release = std::thread ([&] {
    wait_until (Ends);
    later.released = true;
  });
  std::thread drain ([this] { micro_transport_drain (transport, PATIENCE_MS); });
  for (Outcome &outcome : outcomes)
    Begin (&outcome, "John");
  drain.join ();
  release.join ();
  WaitFor (&waits);
  EXPECT_EQ (waits.reply, "late");
  for (Outcome &outcome : outcomes)
    {
      WaitFor (&outcome);
      /* Sent before the notice, or never: then to a port that is closed by now. */
      EXPECT_EQ (outcome.closes, 1);
      if (outcome.status == MICRO_STATUS_OK)
        EXPECT_EQ (outcome.reply, "Hello John");
      else
        EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE) << outcome.message;
    }
}
