/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls of a program that is ending: they end too, whatever they wait for.
 */
#include <thread>

#include "client-test.h"

class ClientEndingTest : public ClientTest
{
protected:
  void
  EndLoops ()
  {
    micro_transport_close (transport);
    g_ptr_array_set_size (loops, 0);
  }
};

INSTANTIATE_TEST_SUITE_P (Transports,
                          ClientEndingTest,
                          testing::ValuesIn (kinds),
                          [] (const testing::TestParamInfo<Kind> &info) {
                            return info.param.name;
                          });

TEST_P (ClientEndingTest, ACallThatWaitsToTryAgain)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  std::string outcome;

  options.wait_for_ready = TRUE;
  g_ptr_array_set_size (selector->addresses, 0);
  std::thread caller ([&] { outcome = Hello ("John", &options); });
  EXPECT_TRUE (wait_until ([this] { return selector->turn > 1; }));
  EndLoops ();
  caller.join ();
  EXPECT_EQ (outcome, "CANCELLED");
}

TEST_P (ClientEndingTest, ACallThatWaitsForAnAnswer)
{
  std::string outcome;

  std::thread caller ([&] { outcome = Hello ("wait"); });
  EXPECT_TRUE (wait_until ([] { return say.waiting != nullptr; }));
  EndLoops ();
  caller.join ();
  EXPECT_TRUE (outcome == "CANCELLED" || outcome == "UNAVAILABLE") << outcome;
  micro_call_fail (say.waiting, MICRO_STATUS_ABORTED, "too late");
}

TEST_P (ClientEndingTest, ACallThatComesAfterTheEnd)
{
  EndLoops ();
  EXPECT_EQ (Hello ("John"), "CANCELLED");
}

TEST_P (ClientEndingTest, AStreamThatWaits)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  Events events = {};
  MicroStream *stream;

  options.wait_for_ready = TRUE;
  g_ptr_array_set_size (selector->addresses, 0);
  stream = greeter_say_chat_open (client, "greeter", &options, &stream_events, &events);
  EXPECT_TRUE (wait_until ([this] { return selector->turn > 1; }));
  EndLoops ();
  EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
  EXPECT_EQ (events.status, MICRO_STATUS_CANCELLED);
  micro_stream_unref (stream);
}

TEST_P (ClientEndingTest, ACallThatWasGivenUpBeforeItBegan)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GMainContext *context = g_main_context_new ();
  int ended = 0;

  g_main_context_push_thread_default (context);
  g_cancellable_cancel (cancellable);
  for (int i = 0; i < 100; i++)
    {
      Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;

      request.name = (char *) "John";
      greeter_say_hello_async (
          client, "greeter", &request, NULL, cancellable,
          [] (GObject *source, GAsyncResult *result, gpointer user_data) {
            g_autoptr (GError) error = NULL;

            EXPECT_EQ (greeter_say_hello_finish ((MicroClient *) source, result, &error), nullptr);
            EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                         || g_error_matches (error, MICRO_ERROR, MICRO_STATUS_CANCELLED));
            ++*(int *) user_data;
          },
          &ended);
    }
  while (ended < 100)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
}
