/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The transport's contract, between two loops and on one.
 */
#include <string.h>

#include <string>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "../../tests/clock-test.h"
#include "greeter.pb-c.h"

extern "C" const MicroPluginInfo *micro_plugin_memory_transport (void);

namespace
{
/* What became of a call, and where the test waits for it. */
struct Outcome
{
  GMutex mutex;
  GCond cond;
  MicroCall *call;
  MicroStatus status;
  std::string message;
  std::string reply;
  int messages;
  int closes;
  bool opening;
};

void
on_message (MicroCall *call, const guint8 *data, gsize length)
{
  Outcome *outcome = (Outcome *) call->user_data;
  Greeter__HelloResponse *reply = greeter__hello_response__unpack (NULL, length, data);

  EXPECT_EQ (micro_loop_get_current (), call->loop);
  EXPECT_FALSE (outcome->opening);
  outcome->messages++;
  outcome->reply = reply->msg;
  greeter__hello_response__free_unpacked (reply, NULL);
}

void
on_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *)
{
  Outcome *outcome = (Outcome *) call->user_data;

  EXPECT_EQ (micro_loop_get_current (), call->loop);
  EXPECT_FALSE (outcome->opening);
  g_mutex_lock (&outcome->mutex);
  outcome->status = status;
  outcome->message = message != NULL ? message : "";
  outcome->closes++;
  g_cond_signal (&outcome->cond);
  g_mutex_unlock (&outcome->mutex);
}

const MicroCallEvents events = { on_message, nullptr, on_closed, nullptr, nullptr, { nullptr } };

/* A handler that keeps its call until it is let go. */
struct Kept
{
  GMutex mutex;
  GCond cond;
  MicroCall *call;
} kept;

void
hello (MicroCall *call, gconstpointer request, gpointer)
{
  const char *name = ((const Greeter__HelloRequest *) request)->name;
  const char *mood = micro_call_get_header (call, "mood");
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  if (strcmp (name, "fail") == 0)
    micro_call_fail (call, MICRO_STATUS_NOT_FOUND, "nobody is called “%s”", name);
  else if (strcmp (name, "keep") == 0)
    {
      g_mutex_lock (&kept.mutex);
      kept.call = call;
      g_cond_signal (&kept.cond);
      g_mutex_unlock (&kept.mutex);
    }
  else
    {
      response.msg = micro_call_printf (call, "%s %s", mood != NULL ? mood : "Hello", name);
      micro_call_reply (call, &response);
    }
}

MicroCall *
wait_until_kept ()
{
  MicroCall *call;

  g_mutex_lock (&kept.mutex);
  while (kept.call == NULL)
    g_cond_wait (&kept.cond, &kept.mutex);
  call = g_steal_pointer (&kept.call);
  g_mutex_unlock (&kept.mutex);
  return call;
}

void
answer (gpointer call)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = (char *) "late";
  micro_call_reply ((MicroCall *) call, &response);
}

const MicroMethod methods[]
    = { { "greeter", "Say", "Hello", MICRO_METHOD_UNARY, &greeter__hello_request__descriptor,
          &greeter__hello_response__descriptor } };
const MicroServiceDescriptor say = { "greeter", "Say", 1, methods, NULL, 0 };
const char *const headers[] = { "mood", "Goodbye", NULL };

class MemoryTransportTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    MicroHandler handlers[] = { hello };
    GType type = micro_plugin_memory_transport ()->get_type ();

    transport = (MicroTransport *) g_object_new (type, NULL);
    router = micro_router_new ();
    micro_router_add (router, &say, handlers, NULL, NULL);
    served = micro_loop_new ("served");
    calling = micro_loop_new ("calling");
    loops = g_ptr_array_new ();
    g_ptr_array_add (loops, served);
    address = micro_transport_listen (transport, "memory:0", router, loops, NULL);
    ASSERT_NE (address, nullptr);
  }

  void
  TearDown () override
  {
    micro_transport_close (transport);
    micro_loop_free (calling);
    micro_loop_free (served);
    g_ptr_array_unref (loops);
    g_object_unref (transport);
    g_object_unref (router);
    g_free (address);
  }

  struct Job
  {
    MemoryTransportTest *test;
    const char *name;
    gint64 timeout_ms;
    const char *const *headers;
    gsize most;
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
    start.path = "/greeter.Say/Hello";
    start.headers = job->headers;
    start.deadline_us = g_get_monotonic_time () + job->timeout_ms * 1000;
    start.max_receive_bytes = job->most;
    job->outcome->opening = true;
    call = micro_transport_open (job->test->transport, micro_loop_get_current (), &start, &events,
                                 job->outcome);
    job->outcome->call = call;
    request.name = (char *) job->name;
    greeter__hello_request__pack (
        &request,
        call->ops->begin_message (call, greeter__hello_request__get_packed_size (&request)));
    call->ops->end_message (call);
    call->ops->half_close (call);
    job->outcome->opening = false;
  }

  static void
  Wait (Outcome *outcome)
  {
    g_mutex_lock (&outcome->mutex);
    while (outcome->closes == 0)
      g_cond_wait (&outcome->cond, &outcome->mutex);
    g_mutex_unlock (&outcome->mutex);
  }

  void
  Begin (Outcome *outcome, const char *name, gint64 timeout_ms = 100000)
  {
    Job job = { this, name, timeout_ms, NULL, 0, outcome };

    micro_loop_run_sync (calling, Start, &job);
  }

  Outcome
  Call (MicroLoop *loop, const char *name, const char *const *extra = NULL, gsize most = 0)
  {
    Outcome outcome = {};
    Job job = { this, name, 100000, extra, most, &outcome };

    micro_loop_run_sync (loop, Start, &job);
    Wait (&outcome);
    return outcome;
  }

  MicroTransport *transport;
  MicroRouter *router;
  MicroLoop *served;
  MicroLoop *calling;
  GPtrArray *loops;
  char *address = NULL;
};
}

TEST_F (MemoryTransportTest, AnswersFromAnotherLoopAndFromItsOwn)
{
  for (MicroLoop *loop : { calling, served })
    {
      Outcome outcome = Call (loop, "John");

      EXPECT_EQ (outcome.status, MICRO_STATUS_OK);
      EXPECT_EQ (outcome.reply, "Hello John");
      EXPECT_EQ (outcome.messages, 1);
      EXPECT_EQ (outcome.closes, 1);
    }
}

TEST_F (MemoryTransportTest, CarriesHeadersStatusAndMessage)
{
  Outcome outcome = Call (calling, "fail");

  EXPECT_EQ (Call (calling, "John", headers).reply, "Goodbye John");
  EXPECT_EQ (outcome.status, MICRO_STATUS_NOT_FOUND);
  EXPECT_EQ (outcome.message, "nobody is called “fail”");
}

TEST_F (MemoryTransportTest, SaysThatNobodyServes)
{
  g_free (address);
  address = g_strdup ("memory:nowhere");
  Outcome outcome = Call (calling, "John");

  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (outcome.message, "nobody serves “memory:nowhere” in this process");
}

TEST_F (MemoryTransportTest, RefusesATakenAddress)
{
  g_autoptr (GError) error = NULL;

  EXPECT_EQ (micro_transport_listen (transport, address, router, loops, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
}

TEST_F (MemoryTransportTest, RefusesAMessageThatIsTooLarge)
{
  EXPECT_EQ (Call (calling, "John", NULL, 3).status, MICRO_STATUS_RESOURCE_EXHAUSTED);
}

TEST_F (MemoryTransportTest, TakesAnAnswerFromAnotherThread)
{
  Outcome outcome = {};

  Begin (&outcome, "keep");
  answer (wait_until_kept ());
  Wait (&outcome);
  EXPECT_EQ (outcome.reply, "late");
}

TEST_F (MemoryTransportTest, EndsACallAtItsDeadlineAndDropsTheLateAnswer)
{
  StoppedClock clock;
  Outcome outcome = {};
  MicroCall *call;

  Begin (&outcome, "keep", 5);
  call = wait_until_kept ();
  advance_clock_ms (5);
  micro_loop_run_sync (
      served, [] (gpointer) {}, NULL);
  Wait (&outcome);
  EXPECT_EQ (outcome.status, MICRO_STATUS_DEADLINE_EXCEEDED);
  answer (call);
  EXPECT_EQ (Call (calling, "John").reply, "Hello John");
  EXPECT_EQ (outcome.closes, 1);
}

TEST_F (MemoryTransportTest, TellsTheHandlerOfACancelledCallAndNothingMoreToTheCaller)
{
  Outcome outcome = {};
  MicroCall *call;

  Begin (&outcome, "keep");
  call = wait_until_kept ();
  micro_loop_run_sync (
      calling,
      [] (gpointer data) {
        MicroCall *mine = ((Outcome *) data)->call;

        mine->ops->cancel (mine);
      },
      &outcome);
  micro_loop_run_sync (
      served, [] (gpointer data) { EXPECT_TRUE (micro_call_is_cancelled ((MicroCall *) data)); },
      call);
  answer (call);
  EXPECT_EQ (Call (calling, "John").reply, "Hello John");
  EXPECT_EQ (outcome.closes, 0);
}

TEST_F (MemoryTransportTest, DrainWaitsForARunningCallAndTakesNoNewOne)
{
  Outcome outcome = {};
  MicroCall *call;
  GThread *thread;

  Begin (&outcome, "keep");
  call = wait_until_kept ();
  micro_transport_drain (transport, 0);
  EXPECT_EQ (Call (calling, "John").status, MICRO_STATUS_UNAVAILABLE);
  thread = g_thread_new (
      "answer",
      [] (gpointer data) -> gpointer {
        answer (data);
        return NULL;
      },
      call);
  micro_transport_drain (transport, 100000);
  g_thread_join (thread);
  Wait (&outcome);
  EXPECT_EQ (outcome.reply, "late");
}

TEST_F (MemoryTransportTest, CloseEndsRunningCalls)
{
  Outcome outcome = {};
  MicroCall *call;

  Begin (&outcome, "keep");
  call = wait_until_kept ();
  micro_transport_close (transport);
  EXPECT_EQ (outcome.closes, 1);
  EXPECT_EQ (outcome.status, MICRO_STATUS_UNAVAILABLE);
  answer (call);
}
