/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Streams over real sockets: order, back-pressure, holding, compression, metadata, the ways to end.
 */
#include <string.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include "greeter.pb-c.h"
#include "grpc-call.h"

extern "C" const MicroPluginInfo *micro_plugin_grpc_transport (void);

namespace
{
/* As good as for ever: tests/limit ends who waits longer. */
const gint64 PATIENCE_US = 600 * (gint64) G_USEC_PER_SEC;
const gint64 PATIENCE_MS = 600000;

bool
wait_until (const std::function<bool ()> &condition)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_US;

  while (!condition ())
    {
      if (g_get_monotonic_time () > end)
        return false;
      g_usleep (1000);
    }
  return true;
}

/* --- The service --- */

struct Service
{
  std::atomic<int> sent;      /* by Repeat */
  std::atomic<int> taken;     /* by Collect and Chat */
  std::atomic<int> cancelled; /* calls */
  std::atomic<MicroCall *> held;
  std::atomic<MicroCall *> repeated;
  std::string seen; /* the metadata that came */
};
Service service;

void
send_text (MicroCall *call, const char *text, gboolean *ret_room)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = (char *) text;
  *ret_room = micro_call_send (call, &response);
}

struct Repeat
{
  MicroLoop *loop;
  int left;
  std::string text;
};

void
repeat_more (MicroCall *call, gpointer user_data)
{
  Repeat *repeat = (Repeat *) user_data;
  gboolean room = TRUE;

  while (room && repeat->left > 0)
    {
      send_text (call, repeat->text.c_str (), &room);
      repeat->left--;
      service.sent++;
    }
  if (repeat->left > 0)
    return;
  micro_call_add_trailer (call, "x-left", "0");
  micro_call_end (call);
  delete repeat;
}

void
repeat_cancelled (MicroCall *call, gpointer user_data)
{
  service.cancelled++;
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "gone");
  delete (Repeat *) user_data;
}

const MicroStreamFuncs repeat_funcs = { NULL, NULL, repeat_more, repeat_cancelled, { NULL } };

/* The name is COUNT SIZE. */
void
repeat_handler (MicroCall *call, gconstpointer request, gpointer user_data)
{
  const char *name = ((const Greeter__HelloRequest *) request)->name;
  Repeat *repeat = new Repeat ();
  int size = 0;

  (void) user_data;
  sscanf (name, "%d %d", &repeat->left, &size);
  repeat->text.assign (size, 'r');
  service.repeated = call;
  micro_call_stream (call, &repeat_funcs, repeat);
  repeat_more (call, repeat);
}

void
collect_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  (void) user_data;
  service.taken++;
  if (strcmp (((const Greeter__HelloRequest *) message)->name, "hold") == 0)
    {
      micro_call_hold (call);
      service.held = call;
    }
}

void
collect_ended (MicroCall *call, gpointer user_data)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  (void) user_data;
  response.msg = micro_call_printf (call, "%d", service.taken.load ());
  micro_call_reply (call, &response);
}

void
count_cancelled (MicroCall *call, gpointer user_data)
{
  (void) user_data;
  service.cancelled++;
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "gone");
}

const MicroStreamFuncs collect_funcs
    = { collect_message, collect_ended, NULL, count_cancelled, { NULL } };

gboolean
see_header (const char *name, const char *value, gpointer user_data)
{
  (void) user_data;
  if (g_str_has_prefix (name, "x-"))
    service.seen += std::string (name) + "=" + value + ";";
  return TRUE;
}

void
collect_handler (MicroCall *call, gconstpointer request, gpointer user_data)
{
  (void) request;
  (void) user_data;
  micro_call_foreach_header (call, see_header, NULL);
  micro_call_add_header (call, "x-head", "one");
  micro_call_add_header (call, "x-head", "two");
  micro_call_add_trailer (call, "x-tail-bin", "AAEC");
  micro_call_stream (call, &collect_funcs, NULL);
}

void
chat_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  gboolean room;

  (void) user_data;
  service.taken++;
  send_text (call, ((const Greeter__HelloRequest *) message)->name, &room);
}

void
chat_ended (MicroCall *call, gpointer user_data)
{
  (void) user_data;
  micro_call_end (call);
}

const MicroStreamFuncs chat_funcs = { chat_message, chat_ended, NULL, chat_ended, { NULL } };

void
chat_handler (MicroCall *call, gconstpointer request, gpointer user_data)
{
  (void) request;
  (void) user_data;
  micro_call_set_compress (call, micro_call_get_header (call, "x-compress") != NULL);
  micro_call_send_headers (call);
  micro_call_stream (call, &chat_funcs, NULL);
}

const MicroMethod methods[] = {
  { "greeter", "Say", "Repeat", MICRO_METHOD_SERVER_STREAM, &greeter__hello_request__descriptor,
    &greeter__hello_response__descriptor },
  { "greeter", "Say", "Collect", MICRO_METHOD_CLIENT_STREAM, &greeter__hello_request__descriptor,
    &greeter__hello_response__descriptor },
  { "greeter", "Say", "Chat", MICRO_METHOD_BIDI, &greeter__hello_request__descriptor,
    &greeter__hello_response__descriptor },
};
const MicroServiceDescriptor say = { "greeter", "Say", 3, methods, NULL, 0 };

/* --- The caller --- */

struct Caller
{
  MicroCall *call;
  std::atomic<int> n_messages, n_bytes, n_writable, closes;
  int hold_after = -1;   /* messages */
  int cancel_after = -1; /* messages */
  std::string last;
  std::string headers, trailers;
  std::atomic<bool> headers_came;
  MicroStatus status;
  std::string message;
};

void
caller_message (MicroCall *call, const guint8 *data, gsize length)
{
  Caller *caller = (Caller *) call->user_data;
  Greeter__HelloResponse *reply = greeter__hello_response__unpack (NULL, length, data);

  caller->last = reply->msg;
  caller->n_bytes += (int) length;
  greeter__hello_response__free_unpacked (reply, NULL);
  if (++caller->n_messages == caller->hold_after)
    call->ops->hold (call, TRUE);
  if (caller->n_messages == caller->cancel_after)
    {
      caller->call = NULL;
      call->ops->cancel (call);
    }
}

gboolean
keep_header (const char *name, const char *value, gpointer user_data)
{
  if (g_str_has_prefix (name, "x-") || g_str_equal (name, "grpc-encoding"))
    *(std::string *) user_data += std::string (name) + "=" + value + ";";
  return TRUE;
}

void
caller_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  Caller *caller = (Caller *) call->user_data;

  (void) details;
  caller->call = NULL;
  caller->status = status;
  caller->message = message != NULL ? message : "";
  call->ops->foreach_header (call, FALSE, keep_header, &caller->headers);
  call->ops->foreach_header (call, TRUE, keep_header, &caller->trailers);
  caller->closes++;
}

void
caller_writable (MicroCall *call)
{
  ((Caller *) call->user_data)->n_writable++;
}

void
caller_headers (MicroCall *call)
{
  ((Caller *) call->user_data)->headers_came = true;
}

const MicroCallEvents caller_events
    = { caller_message, nullptr, caller_closed, caller_writable, caller_headers, { nullptr } };

class GrpcStreamTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    static const MicroHandler handlers[] = { repeat_handler, collect_handler, chat_handler };
    g_autoptr (GError) error = NULL;

    service.sent = service.taken = service.cancelled = 0;
    service.held = service.repeated = NULL;
    service.seen.clear ();
    transport = (MicroTransport *) g_object_new (micro_plugin_grpc_transport ()->get_type (), NULL);
    router = micro_router_new ();
    micro_router_add (router, &say, handlers, NULL, NULL);
    serving = micro_loop_new ("serving");
    calling = micro_loop_new ("calling");
    loops = g_ptr_array_new ();
    g_ptr_array_add (loops, serving);
    address = micro_transport_listen (transport, "127.0.0.1:0", router, loops, &error);
    ASSERT_NE (address, nullptr) << error->message;
  }

  void
  TearDown () override
  {
    micro_transport_close (transport);
    micro_loop_free (serving);
    micro_loop_free (calling);
    g_ptr_array_unref (loops);
    g_object_unref (transport);
    g_object_unref (router);
    g_free (address);
  }

  static void
  RunFunction (gpointer data)
  {
    (*(std::function<void ()> *) data) ();
  }

  void
  On (MicroLoop *loop, std::function<void ()> function)
  {
    micro_loop_run_sync (loop, RunFunction, &function);
  }

  void
  Open (Caller *caller, const char *path, gint64 timeout_ms = PATIENCE_MS, bool compress = false)
  {
    On (calling, [=, this] {
      const char *const headers[] = {
        "x-a", "1", "x-a", "2", "x-b-bin", "AAE=", compress ? "x-compress" : "x-c", "1", NULL
      };
      MicroCallStart start = {};

      start.address = address;
      start.path = path;
      start.headers = headers;
      start.compress = compress;
      start.streaming = TRUE;
      start.deadline_us = g_get_monotonic_time () + timeout_ms * 1000;
      caller->call = micro_transport_open (transport, calling, &start, &caller_events, caller);
    });
  }

  void
  Send (Caller *caller, const std::string &name)
  {
    Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;

    request.name = (char *) name.c_str ();
    On (calling, [&] {
      MicroCall *call = caller->call;

      if (call == NULL)
        return;
      greeter__hello_request__pack (
          &request,
          call->ops->begin_message (call, greeter__hello_request__get_packed_size (&request)));
      call->ops->end_message (call);
    });
  }

  void
  End (Caller *caller)
  {
    On (calling, [&] {
      if (caller->call != NULL)
        caller->call->ops->half_close (caller->call);
    });
  }

  /* Whether the peer of @call takes no more for now, and it waits with something to send. */
  bool
  IsStuck (MicroLoop *loop, MicroCall *call)
  {
    bool stuck = false;

    On (loop, [&] {
      GrpcCall *self = (GrpcCall *) call;

      stuck = self->stream_id > 0
              && nghttp2_session_get_stream_remote_window_size (self->connection->session,
                                                                self->stream_id)
                     == 0;
    });
    return stuck;
  }

  void
  ExpectOk (Caller *caller)
  {
    ASSERT_TRUE (wait_until ([&] { return caller->closes > 0; }));
    On (calling, [] {});
    EXPECT_EQ (caller->closes, 1);
    EXPECT_EQ (caller->status, MICRO_STATUS_OK) << caller->message;
  }

  MicroTransport *transport;
  MicroRouter *router;
  MicroLoop *serving, *calling;
  GPtrArray *loops;
  char *address = NULL;
};

TEST_F (GrpcStreamTest, AnswersWithManyMessages)
{
  Caller caller{};

  Open (&caller, "/greeter.Say/Repeat");
  Send (&caller, "20000 100");
  End (&caller);
  ExpectOk (&caller);
  EXPECT_EQ (caller.n_messages, 20000);
  EXPECT_EQ (caller.trailers, "x-left=0;");
}

TEST_F (GrpcStreamTest, EchoesInOrderAndBeginsBeforeTheEnd)
{
  Caller caller{};

  Open (&caller, "/greeter.Say/Chat");
  ASSERT_TRUE (wait_until ([&] { return caller.headers_came.load (); }));
  for (int i = 1; i <= 200; i++)
    {
      Send (&caller, std::to_string (i));
      ASSERT_TRUE (wait_until ([&] { return caller.n_messages == i; })) << i;
      ASSERT_EQ (caller.last, std::to_string (i));
    }
  End (&caller);
  ExpectOk (&caller);
}

TEST_F (GrpcStreamTest, CollectsWithMetadataBothWays)
{
  Caller caller{};

  Open (&caller, "/greeter.Say/Collect");
  for (int i = 0; i < 100; i++)
    Send (&caller, "x");
  End (&caller);
  ExpectOk (&caller);
  EXPECT_EQ (caller.last, "100");
  EXPECT_EQ (service.seen, "x-a=1;x-a=2;x-b-bin=AAE=;x-c=1;");
  EXPECT_EQ (caller.headers, "x-head=one;x-head=two;");
  EXPECT_EQ (caller.trailers, "x-tail-bin=AAEC;");
}

/* 64 MiB are to be sent; window and queues hold a small part of it. */
TEST_F (GrpcStreamTest, WaitsForAReaderThatHolds)
{
  const int limit = 8 * 1024;
  Caller caller{};
  int sent;

  caller.hold_after = 3;
  Open (&caller, "/greeter.Say/Repeat");
  Send (&caller, "65536 1000");
  End (&caller);
  ASSERT_TRUE (wait_until ([&] { return caller.n_messages == 3; }));
  ASSERT_TRUE (wait_until ([&] { return IsStuck (serving, service.repeated); }));
  sent = service.sent;
  EXPECT_LT (sent, limit);
  EXPECT_EQ (caller.n_messages, 3);
  EXPECT_EQ (caller.closes, 0);
  caller.hold_after = -1;
  On (calling, [&] { caller.call->ops->hold (caller.call, FALSE); });
  ExpectOk (&caller);
  EXPECT_EQ (caller.n_messages, 65536);
}

TEST_F (GrpcStreamTest, AHeldReaderGetsMessagesBeforeTheStatus)
{
  Caller caller{};

  caller.hold_after = 1;
  Open (&caller, "/greeter.Say/Repeat");
  Send (&caller, "10 10");
  End (&caller);
  ASSERT_TRUE (wait_until ([&] { return service.sent == 10; }));
  /* All has come, also the end. */
  ASSERT_TRUE (wait_until ([&] {
    bool ended = false;

    On (calling, [&] { ended = ((GrpcCall *) caller.call)->end_pends; });
    return ended;
  }));
  EXPECT_EQ (caller.n_messages, 1);
  EXPECT_EQ (caller.closes, 0);
  On (calling, [&] { caller.call->ops->hold (caller.call, FALSE); });
  ExpectOk (&caller);
  EXPECT_EQ (caller.n_messages, 10);
}

TEST_F (GrpcStreamTest, AHeldHandlerSlowsItsCaller)
{
  Caller caller{};
  std::string large (100000, 'x');

  Open (&caller, "/greeter.Say/Collect");
  Send (&caller, "hold");
  ASSERT_TRUE (wait_until ([&] { return service.held != NULL; }));
  for (int i = 0; i < 100; i++)
    Send (&caller, large);
  End (&caller);
  ASSERT_TRUE (wait_until ([&] { return IsStuck (calling, caller.call); }));
  /* What was sent has come, too. */
  ASSERT_TRUE (wait_until ([&] {
    gint32 came = 0;

    On (serving, [&] {
      GrpcCall *self = (GrpcCall *) service.held.load ();

      came = nghttp2_session_get_stream_effective_recv_data_length (self->connection->session,
                                                                    self->stream_id);
    });
    return came > 900 * 1000;
  }));
  EXPECT_EQ (service.taken, 1);
  On (calling, [&] { EXPECT_GT (caller.call->queued, 5 * 1000 * 1000); });
  On (serving, [&] { micro_call_resume (service.held); });
  ExpectOk (&caller);
  EXPECT_EQ (caller.last, "101");
}

TEST_F (GrpcStreamTest, OneHeldCallDoesNotStopAnother)
{
  Caller held{}, other{};

  held.hold_after = 1;
  Open (&held, "/greeter.Say/Repeat");
  Send (&held, "20000 1000");
  End (&held);
  ASSERT_TRUE (wait_until ([&] { return held.n_messages == 1; }));
  Open (&other, "/greeter.Say/Repeat");
  Send (&other, "20000 1000");
  End (&other);
  ExpectOk (&other);
  EXPECT_EQ (other.n_messages, 20000);
  On (calling, [&] { held.call->ops->cancel (held.call); });
  EXPECT_TRUE (wait_until ([&] { return service.cancelled == 1; }));
}

TEST_F (GrpcStreamTest, CompressesBothWays)
{
  Caller caller{};
  std::string text (50000, 'z');

  Open (&caller, "/greeter.Say/Chat", PATIENCE_MS, true);
  for (int i = 0; i < 3; i++)
    Send (&caller, text);
  End (&caller);
  ExpectOk (&caller);
  EXPECT_EQ (caller.n_messages, 3);
  EXPECT_EQ (caller.last, text);
  EXPECT_EQ (caller.headers, "grpc-encoding=gzip;");
}

TEST_F (GrpcStreamTest, RefusesWhatInflatesTooFar)
{
  Caller caller{};

  Open (&caller, "/greeter.Say/Chat", PATIENCE_MS, true);
  Send (&caller, std::string (50 * 1024 * 1024, 'z'));
  End (&caller);
  ASSERT_TRUE (wait_until ([&] { return caller.closes > 0; }));
  EXPECT_EQ (caller.status, MICRO_STATUS_RESOURCE_EXHAUSTED);
  EXPECT_EQ (service.taken, 0);
}

TEST_F (GrpcStreamTest, ACallerMayCancelInsideAMessage)
{
  Caller caller{};

  caller.cancel_after = 5;
  Open (&caller, "/greeter.Say/Repeat");
  Send (&caller, "100000 1000");
  End (&caller);
  EXPECT_TRUE (wait_until ([&] { return service.cancelled == 1; }));
  EXPECT_EQ (caller.n_messages, 5);
  EXPECT_EQ (caller.closes, 0);
}

TEST_F (GrpcStreamTest, ADeadlineEndsAStreamThatNobodyReads)
{
  bool came = false;

  /* Where the machine is slow it may be over before it has begun. */
  for (gint64 timeout_ms = 100; !came; timeout_ms *= 2)
    {
      Caller caller{};

      service.cancelled = 0;
      caller.hold_after = 1;
      Open (&caller, "/greeter.Say/Repeat", timeout_ms);
      Send (&caller, "100000 1000");
      End (&caller);
      EXPECT_TRUE (wait_until ([&] { return caller.n_messages == 1 || caller.closes > 0; }));
      came = caller.n_messages == 1;
      EXPECT_TRUE (wait_until ([&] { return !came || service.cancelled == 1; }));
      On (calling, [&] {
        if (caller.call != NULL)
          caller.call->ops->cancel (caller.call);
      });
    }
}

TEST_F (GrpcStreamTest, ADeadlineEndsAnIdleStream)
{
  bool came = false;

  for (gint64 timeout_ms = 100; !came; timeout_ms *= 2)
    {
      Caller caller{};

      Open (&caller, "/greeter.Say/Chat", timeout_ms);
      Send (&caller, "one");
      ASSERT_TRUE (wait_until ([&] { return caller.closes > 0; }));
      EXPECT_EQ (caller.status, MICRO_STATUS_DEADLINE_EXCEEDED);
      came = caller.n_messages == 1;
    }
}

TEST_F (GrpcStreamTest, AServerThatStopsEndsItsStreams)
{
  Caller caller{}, collecting{};

  Open (&caller, "/greeter.Say/Chat");
  Open (&collecting, "/greeter.Say/Collect");
  Send (&caller, "one");
  Send (&collecting, "hold");
  ASSERT_TRUE (wait_until ([&] { return caller.n_messages == 1 && service.held != NULL; }));
  micro_transport_close (transport);
  ASSERT_TRUE (wait_until ([&] { return caller.closes > 0 && collecting.closes > 0; }));
  EXPECT_EQ (caller.status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_EQ (service.cancelled, 1);
}

struct FromThread
{
  MicroCall *call;
  int n;
};

gpointer
send_from_thread (gpointer data)
{
  FromThread *job = (FromThread *) data;

  for (int i = 0; i < job->n; i++)
    {
      gboolean room;

      send_text (job->call, std::to_string (i).c_str (), &room);
    }
  micro_call_end (job->call);
  delete job;
  return NULL;
}

void
threaded_handler (MicroCall *call, gconstpointer request, gpointer user_data)
{
  (void) user_data;
  g_thread_unref (g_thread_new (
      "sender", send_from_thread,
      new FromThread{ call, atoi (((const Greeter__HelloRequest *) request)->name) }));
}

TEST_F (GrpcStreamTest, SendsFromAnotherThread)
{
  g_autoptr (MicroRouter) other = micro_router_new ();
  const MicroHandler handlers[] = { threaded_handler, NULL, NULL };
  MicroTransport *threaded
      = (MicroTransport *) g_object_new (micro_plugin_grpc_transport ()->get_type (), NULL);
  Caller caller{};

  micro_router_add (other, &say, handlers, NULL, NULL);
  g_free (address);
  address = micro_transport_listen (threaded, "127.0.0.1:0", other, loops, NULL);
  Open (&caller, "/greeter.Say/Repeat");
  Send (&caller, "5000");
  End (&caller);
  ExpectOk (&caller);
  EXPECT_EQ (caller.n_messages, 5000);
  EXPECT_EQ (caller.last, "4999");
  micro_transport_close (threaded);
  g_object_unref (threaded);
}
}
