/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The memory broker, and with it what every broker promises a subscriber.
 */
#include <thread>

#include <gtest/gtest.h>

#include "../../tests/broker-test.h"

extern "C" const MicroPluginInfo *micro_plugin_memory_broker (void);

namespace
{
using Bodies = std::vector<std::string>;

MicroBroker *
new_broker (guint length = 4)
{
  return MICRO_BROKER (
      g_object_new (micro_plugin_memory_broker ()->get_type (), "queue-length", length, nullptr));
}

struct MemoryBroker : testing::Test
{
  ~MemoryBroker ()
  {
    g_object_unref (one);
    g_object_unref (two);
  }

  MicroBroker *one = new_broker ();
  MicroBroker *two = new_broker ();
  Publisher publisher{ one };
};
}

TEST_F (MemoryBroker, BringsEachMessageToEachSubscriberOfItsTopicInOrder)
{
  Subscriber a (one, "orders"), b (two, "orders"), other (one, "other");
  g_autoptr (MicroMetadata) headers = micro_metadata_new ("Key", "value", nullptr);

  EXPECT_EQ (publisher.Publish ("orders", "1", headers), "");
  EXPECT_EQ (publisher.Publish ("orders", std::string ("2\0x", 3)), "");
  EXPECT_EQ (publisher.Publish ("orders", ""), "");
  ASSERT_TRUE (a.Waits (3) && b.Waits (3));
  EXPECT_EQ (a.bodies, (Bodies{ "1", std::string ("2\0x", 3), "" }));
  EXPECT_EQ (b.bodies, a.bodies);
  EXPECT_EQ (a.headers[0], "Key=value;");
  EXPECT_EQ (a.topics[0], "orders");
  EXPECT_TRUE (other.bodies.empty ());
}

TEST_F (MemoryBroker, PublishesToNobodyAndForgetsIt)
{
  EXPECT_EQ (publisher.Publish ("nobody", "lost"), "");
  Subscriber late (one, "nobody");
  EXPECT_EQ (publisher.Publish ("nobody", "seen"), "");
  ASSERT_TRUE (late.Waits (1));
  turn ();
  EXPECT_EQ (late.bodies, Bodies{ "seen" });
}

TEST_F (MemoryBroker, SharesTheMessagesOfAQueueEvenly)
{
  Subscriber a (one, "orders", "workers"), b (two, "orders", "workers");
  Subscriber all (one, "orders"), audit (two, "orders", "audit");

  for (int i = 0; i < 6; i++)
    {
      EXPECT_EQ (publisher.Publish ("orders", std::to_string (i)), "");
      ASSERT_TRUE (all.Waits (i + 1) && audit.Waits (i + 1));
    }
  ASSERT_TRUE (until ([&] { return a.bodies.size () + b.bodies.size () == 6; }));
  EXPECT_EQ (a.bodies.size (), 3u);
  EXPECT_EQ (b.bodies.size (), 3u);
}

TEST_F (MemoryBroker, RefusesWhatDoesNotFitAndGivesItToNobody)
{
  Subscriber prompt (one, "orders");
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  Subscriber blocked (one, "orders"); /* in a context that does not run */
  g_main_context_pop_thread_default (context);
  for (int i = 0; i < 4; i++)
    EXPECT_EQ (publisher.Publish ("orders", std::to_string (i)), "");
  ASSERT_TRUE (prompt.Waits (4));
  EXPECT_EQ (publisher.Publish ("orders", "4"),
             "8 topic “orders”: the queue of a subscriber is full; publish again later");
  EXPECT_EQ (publisher.Publish ("else", "x"), "") << "another topic goes on";
  turn ();
  EXPECT_EQ (prompt.bodies.size (), 4u);
  while (g_main_context_iteration (context, FALSE))
    ;
  EXPECT_EQ (blocked.bodies.size (), 4u);
  EXPECT_EQ (publisher.Publish ("orders", "5"), "") << "there is room again";
  ASSERT_TRUE (prompt.Waits (5));
  blocked.Leave ();
  g_main_context_unref (context);
}

TEST_F (MemoryBroker, LeavesAFullMemberOfAQueueOut)
{
  GMainContext *context = g_main_context_new ();
  Subscriber prompt (one, "orders", "workers");

  g_main_context_push_thread_default (context);
  Subscriber blocked (one, "orders", "workers");
  g_main_context_pop_thread_default (context);
  for (size_t i = 0; i < 12; i++)
    {
      EXPECT_EQ (publisher.Publish ("orders", "x"), "");
      turn ();
    }
  ASSERT_TRUE (prompt.Waits (8));
  prompt.Leave ();
  EXPECT_EQ (publisher.Publish ("orders", "x").substr (0, 2), "8 ");
  blocked.Leave ();
  g_main_context_unref (context);
}

TEST_F (MemoryBroker, BoundsTheBytesThatWaitToo)
{
  GMainContext *context = g_main_context_new ();
  std::string large (MICRO_INBOX_MAX_BYTES, 'x');

  g_main_context_push_thread_default (context);
  Subscriber blocked (one, "orders");
  g_main_context_pop_thread_default (context);
  EXPECT_EQ (publisher.Publish ("orders", large + "x"), "") << "alone it may be of any size";
  EXPECT_EQ (publisher.Publish ("orders", large).substr (0, 2), "8 ");
  while (g_main_context_iteration (context, FALSE))
    ;
  EXPECT_EQ (publisher.Publish ("orders", large), "");
  blocked.Leave ();
  g_main_context_unref (context);
}

TEST_F (MemoryBroker, BringsNothingAfterUnsubscribingInTheCallBack)
{
  Subscriber a (one, "orders");
  g_autoptr (GBytes) body = g_bytes_new_static ("x", 1);

  a.then = [&a] { a.Leave (); };
  for (int i = 0; i < 3; i++)
    micro_broker_publish_async (one, "orders", nullptr, body, nullptr, nullptr, nullptr);
  ASSERT_TRUE (a.Waits (1));
  turn ();
  EXPECT_EQ (a.bodies.size (), 1u);
  EXPECT_EQ (a.destroyed, 1);
  micro_broker_unsubscribe (one, 12345);
}

TEST_F (MemoryBroker, EndsSubscriptionsWithTheBroker)
{
  MicroBroker *brief = new_broker ();
  Subscriber a (brief, "orders"), b (one, "orders");

  g_object_unref (brief);
  a.id = 0;
  EXPECT_EQ (a.destroyed, 1);
  EXPECT_EQ (publisher.Publish ("orders", "x"), "");
  ASSERT_TRUE (b.Waits (1));
  EXPECT_TRUE (a.bodies.empty ());
}

TEST_F (MemoryBroker, DoesNotPublishWhatWasCancelled)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Subscriber a (one, "orders");

  g_cancellable_cancel (cancellable);
  EXPECT_EQ (publisher.Publish ("orders", "x", nullptr, cancellable).substr (0, 3),
             std::to_string (G_IO_ERROR_CANCELLED) + " ");
  turn ();
  EXPECT_TRUE (a.bodies.empty ());
}

TEST_F (MemoryBroker, CarriesMessagesOfManyThreadsWithoutLossOrDoubles)
{
  constexpr int n_threads = 4, n_each = 2000;
  MicroBroker *wide = new_broker (n_threads * n_each);
  MicroLoop *loop = micro_loop_new ("subscriber");
  std::vector<std::thread> threads;
  struct Counter
  {
    MicroBroker *broker;
    int count; /* of the loop's thread */
    int atomic;
    guint id;
  } counter = { wide, 0, 0, 0 };

  micro_loop_run_sync (
      loop,
      [] (gpointer data) {
        Counter *self = static_cast<Counter *> (data);
        self->id = micro_broker_subscribe (
            self->broker, "many", nullptr,
            [] (const char *, MicroMetadata *, GBytes *, gpointer user_data) {
              Counter *to = static_cast<Counter *> (user_data);
              to->count++;
              g_atomic_int_set (&to->atomic, to->count);
            },
            self, nullptr, nullptr);
      },
      &counter);
  for (int i = 0; i < n_threads; i++)
    threads.emplace_back ([wide] {
      g_autoptr (GBytes) body = g_bytes_new_static ("x", 1);

      for (int j = 0; j < n_each; j++)
        micro_broker_publish_async (wide, "many", nullptr, body, nullptr, nullptr, nullptr);
    });
  for (std::thread &thread : threads)
    thread.join ();
  EXPECT_TRUE (
      until ([&counter] { return g_atomic_int_get (&counter.atomic) == n_threads * n_each; }));
  micro_broker_unsubscribe (wide, counter.id);
  turn ();
  micro_loop_free (loop);
  EXPECT_EQ (counter.count, n_threads * n_each);
  g_object_unref (wide);
}
