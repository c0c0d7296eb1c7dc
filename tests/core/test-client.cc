/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The client over real transports: streams, retries on other nodes, what a handler's calls inherit.
 */
#include "../clock-test.h"
#include "client-test.h"

INSTANTIATE_TEST_SUITE_P (Transports,
                          ClientTest,
                          testing::ValuesIn (kinds),
                          [] (const testing::TestParamInfo<Kind> &info) {
                            return info.param.name;
                          });

/* --- Streams --- */

TEST_P (ClientTest, StreamsBothWaysWithEvents)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  Events events = {};
  MicroStream *stream = greeter_say_chat_open (client, "greeter", NULL, &stream_events, &events);

  for (const char *word : { "a", "b", "c" })
    {
      request.name = (char *) word;
      EXPECT_TRUE (greeter_say_chat_stream_send (stream, &request));
    }
  EXPECT_TRUE (wait_until ([&] { return events.messages == 3; }));
  EXPECT_EQ (events.closes, 0);
  micro_stream_end (stream);
  EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
  EXPECT_EQ (events.text, "abc");
  EXPECT_EQ (events.status, 0);
  EXPECT_EQ (events.headers, 1);
  EXPECT_EQ (events.header, "begin");
  micro_stream_unref (stream);
}

TEST_P (ClientTest, MessagesOfAStreamAreCompressedOneByOne)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  Events events = {};
  g_autoptr (MicroStream) stream = NULL;

  options.compress = TRUE;
  stream = greeter_say_chat_open (client, "greeter", &options, &stream_events, &events);
  for (const char *word : { "a", "b", "c" })
    {
      request.name = (char *) word;
      micro_stream_set_compress (stream, word[0] != 'b');
      greeter_say_chat_stream_send (stream, &request);
    }
  micro_stream_end (stream);
  ASSERT_TRUE (wait_until ([&] { return events.closes == 1; }));
  EXPECT_EQ (events.text, GetParam ().name == std::string ("grpc") ? "+ab+c" : "abc");
}

TEST_P (ClientTest, ReadsAServerStreamAtItsOwnPace)
{
  const int n = 2000;
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  g_autoptr (MicroStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  int received = 0;

  request.name = (char *) "2000";
  stream = greeter_say_repeat_open (client, "greeter", &request, NULL, NULL, NULL);
  EXPECT_TRUE (wait_until ([&] { return say.blocked > 0; }));
  /* What is on its way overtakes none of these. */
  for (int i = 0; i < 100; i++)
    EXPECT_EQ (Hello ("micro-from-service"), "tester");
  EXPECT_GT (say.sent, 20);
  EXPECT_LT (say.sent, 1000) << "nobody has read anything yet";
  while (Greeter__HelloResponse *response = greeter_say_repeat_stream_receive_sync (stream, &error))
    {
      received++;
      greeter__hello_response__free_unpacked (response, NULL);
    }
  EXPECT_EQ (error, nullptr);
  EXPECT_EQ (received, n);
}

TEST_P (ClientTest, ASenderWaitsForAHandlerThatHolds)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  std::string text = "hold" + std::string (4000, 's');
  g_autoptr (MicroStream) stream = greeter_say_collect_open (client, "greeter", NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  std::atomic<int> sent (0);
  GThread *thread;
  struct Sender
  {
    MicroStream *stream;
    Greeter__HelloRequest *request;
    std::atomic<int> *sent;
  } sender = { stream, &request, &sent };

  request.name = (char *) text.c_str ();
  thread = g_thread_new (
      "sender",
      [] (gpointer data) -> gpointer {
        Sender *self = (Sender *) data;

        while (*self->sent < 2000
               && greeter_say_collect_stream_send_sync (self->stream, self->request))
          ++*self->sent;
        micro_stream_end (self->stream);
        return NULL;
      },
      &sender);
  EXPECT_TRUE (wait_until ([] { return say.held != NULL; }));
  for (int i = 0; i < 100; i++)
    EXPECT_EQ (Hello ("micro-from-service"), "tester");
  EXPECT_LT (sent, 1000);
  EXPECT_EQ (say.taken, 1);
  while (say.taken < 2000)
    {
      int taken = say.taken;

      ASSERT_TRUE (wait_until ([] { return say.held != NULL; })) << taken;
      micro_loop_run_sync (
          say.held.load ()->loop, [] (gpointer) { micro_call_resume (say.held.exchange (NULL)); },
          NULL);
      ASSERT_TRUE (wait_until ([taken] { return say.taken > taken; })) << taken;
    }
  micro_loop_run_sync (
      say.held.load ()->loop, [] (gpointer) { micro_call_resume (say.held.exchange (NULL)); },
      NULL);
  g_thread_join (thread);
  Greeter__HelloResponse *response = greeter_say_collect_stream_receive_sync (stream, &error);
  ASSERT_NE (response, nullptr) << error->message;
  EXPECT_STREQ (response->msg, "2000");
  greeter__hello_response__free_unpacked (response, NULL);
  EXPECT_EQ (greeter_say_collect_stream_receive_sync (stream, &error), nullptr);
  EXPECT_EQ (error, nullptr);
}

TEST_P (ClientTest, ACancelledStreamEndsOnceAndTheHandlerHears)
{
  Events events = {};
  MicroStream *stream = greeter_say_chat_open (client, "greeter", NULL, &stream_events, &events);
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;

  request.name = (char *) "a";
  micro_stream_send (stream, &request);
  EXPECT_TRUE (wait_until ([&] { return events.messages == 1; }));
  micro_stream_cancel (stream);
  micro_stream_cancel (stream);
  EXPECT_TRUE (wait_until ([&] { return events.closes == 1 && say.cancelled == 1; }));
  EXPECT_EQ (events.status, MICRO_STATUS_CANCELLED);
  micro_stream_send (stream, &request);
  micro_stream_end (stream);
  micro_stream_unref (stream);
  EXPECT_EQ (Hello ("micro-from-service"), "tester");
  EXPECT_EQ (events.closes, 1);
}

TEST_P (ClientTest, AStreamHasADeadlineOnlyWhenAskedFor)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;

  /* Longer and longer, until the handler hears of it in time. */
  for (options.timeout_ms = 50; say.chats == 0; options.timeout_ms *= 2)
    {
      Events events = {};
      MicroStream *stream
          = greeter_say_chat_open (client, "greeter", &options, &stream_events, &events);

      EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
      EXPECT_EQ (events.status, MICRO_STATUS_DEADLINE_EXCEEDED);
      micro_stream_unref (stream);
    }
  EXPECT_TRUE (wait_until ([&] { return say.cancelled == say.chats; }));
}

TEST_P (ClientTest, TrailersAreThereAtTheEnd)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  Events events = {};
  MicroStream *stream;

  request.name = (char *) "3";
  stream = greeter_say_repeat_open (client, "greeter", &request, NULL, &stream_events, &events);
  EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
  EXPECT_EQ (events.trailer, "end");
  EXPECT_EQ (events.messages, 3);
  micro_stream_unref (stream);
}

/* go-micro's clients do not half-close after the request of a server stream. */
TEST_P (ClientTest, AServerStreamBeginsWithoutTheEndOfItsRequests)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  Events events = {};
  MicroStream *stream = micro_client_open_stream (
      client, "greeter", &greeter_say_descriptor.methods[1], NULL, &stream_events, &events);

  request.name = (char *) "3";
  micro_stream_send (stream, &request);
  EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
  EXPECT_EQ (events.messages, 3);
  EXPECT_EQ (events.status, 0);
  micro_stream_unref (stream);
  say.sent = 0;
  stream = micro_client_open_stream (client, "greeter", &greeter_say_descriptor.methods[1], NULL,
                                     &stream_events, &events);
  micro_stream_send (stream, &request);
  micro_stream_cancel (stream);
  micro_stream_unref (stream);
  EXPECT_TRUE (wait_until ([&] { return events.closes == 2; }));
}

/* --- Other nodes --- */

TEST_P (ClientTest, NoCallFailsBecauseANodeIsDead)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;

  StoppedClock clock; /* it is out for a second */

  options.retries = 0;
  g_ptr_array_add (selector->addresses, Dead ());
  for (int i = 0; i < 20; i++)
    EXPECT_EQ (Hello ("micro-from-service", &options), "tester");
  /* Out after its first refusal: it costs a second selection once. */
  EXPECT_LE (selector->turn, 20 + 3);
}

TEST_P (ClientTest, AStreamStartsAnewOnANodeThatLives)
{
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;

  g_ptr_array_insert (selector->addresses, 0, Dead ());
  request.name = (char *) "kept";
  for (int i = 0; i < 2; i++)
    {
      Events events = {};
      MicroStream *stream
          = greeter_say_chat_open (client, "greeter", NULL, &stream_events, &events);

      micro_stream_send (stream, &request);
      micro_stream_end (stream);
      EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
      EXPECT_EQ (events.status, 0);
      EXPECT_EQ (events.text, "kept");
      micro_stream_unref (stream);
    }
}

TEST_P (ClientTest, FailsWhenAllAreDeadOrWaitsForOneToCome)
{
  MicroTransport *second
      = (MicroTransport *) g_object_new (GetParam ().plugin ()->get_type (), NULL);
  g_autofree char *later = Dead ();
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  int tried;
  std::function<void ()> revive = [&] {
    g_autofree char *bound = NULL;

    wait_until ([&] { return g_atomic_int_get (&selector->picked) > tried + 1; });
    bound = micro_transport_listen (second, later, router, loops, NULL);
    EXPECT_STREQ (bound, later);
  };
  GThread *thread;

  g_free (selector->addresses->pdata[0]);
  selector->addresses->pdata[0] = g_strdup (later);
  EXPECT_EQ (Hello ("x"), "UNAVAILABLE");
  options.wait_for_ready = TRUE;
  options.timeout_ms = 50;
  EXPECT_EQ (Hello ("x", &options), "DEADLINE_EXCEEDED");
  options.timeout_ms = 100000;
  tried = g_atomic_int_get (&selector->picked);
  thread = g_thread_new (
      "reviver",
      [] (gpointer data) -> gpointer {
        (*(std::function<void ()> *) data) ();
        return NULL;
      },
      &revive);
  EXPECT_EQ (Hello ("micro-from-service", &options), "tester");
  g_thread_join (thread);
  micro_transport_close (second);
  g_object_unref (second);
}

/* --- go-micro's errors --- */

TEST_P (ClientTest, CarriesTheErrorsOfGoMicro)
{
  const char *headers[] = { "x-content-type", "application/grpc+proto", NULL };
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  g_autoptr (GError) error = NULL;

  request.name = (char *) "code";
  EXPECT_EQ (greeter_say_hello_sync (client, "greeter", &request, NULL, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND));
  EXPECT_STREQ (error->message, "no such “user”");
  EXPECT_STREQ (micro_error_get_id (error), "go.micro.srv.greeter");
  EXPECT_EQ (micro_error_get_code (error), 404);
  EXPECT_NE (micro_error_get_details (error), nullptr);
  g_clear_error (&error);

  request.name = (char *) "fail";
  EXPECT_EQ (greeter_say_hello_sync (client, "greeter", &request, NULL, &error), nullptr);
  EXPECT_STREQ (error->message, "not \"now\"");
  EXPECT_EQ (micro_error_get_id (error), nullptr) << "others are told what they understand";
  g_clear_error (&error);

  options.headers = headers;
  EXPECT_EQ (greeter_say_hello_sync (client, "greeter", &request, &options, &error), nullptr);
  EXPECT_STREQ (error->message, "not \"now\"");
  EXPECT_STREQ (micro_error_get_id (error), "greeter");
  EXPECT_EQ (micro_error_get_code (error), 412);
}

/* --- What a handler's calls inherit --- */

TEST_P (ClientTest, ACallInAHandlerInheritsDeadlineAndTracing)
{
  const char *headers[]
      = { "Traceparent", "00-1-2-01", "micro-trace-id", "7", "x-other", "1", NULL };
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  int left;

  options.headers = headers;
  options.timeout_ms = 100000;
  EXPECT_EQ (Hello ("via:traceparent", &options), "00-1-2-01");
  EXPECT_EQ (Hello ("via:via:micro-trace-id", &options), "7");
  EXPECT_EQ (Hello ("via:x-other", &options), "none");
  left = atoi (Hello ("via:left", &options).c_str ());
  EXPECT_GT (left, 0);
  EXPECT_LE (left, 100000);
  EXPECT_EQ (Hello ("traceparent"), "none");
}

TEST_P (ClientTest, ACallInAHandlerIsGivenUpWithItsCaller)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  g_autoptr (GMainContext) context = g_main_context_new ();
  int status = -1;

  g_main_context_push_thread_default (context);
  request.name = (char *) "via:wait";
  options.timeout_ms = 100000;
  greeter_say_hello_async (
      client, "greeter", &request, &options, cancellable,
      [] (GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr (GError) error = NULL;

        EXPECT_EQ (greeter_say_hello_finish (MICRO_CLIENT (source), result, &error), nullptr);
        EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                     || g_error_matches (error, MICRO_ERROR, MICRO_STATUS_CANCELLED));
        *(int *) user_data = MICRO_STATUS_CANCELLED;
      },
      &status);
  EXPECT_TRUE (wait_until ([] { return say.waiting != NULL; }));
  g_cancellable_cancel (cancellable);
  EXPECT_TRUE (wait_until ([&] {
    g_main_context_iteration (context, FALSE);
    return status == MICRO_STATUS_CANCELLED && say.inner_status == MICRO_STATUS_CANCELLED;
  }));
  micro_call_fail (say.waiting, MICRO_STATUS_ABORTED, "late");
  g_main_context_pop_thread_default (context);
}
