/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The NATS broker without a server: tests/brokers/run has one.
 */
#include <string>

#include <gtest/gtest.h>

#include "../../tests/broker-test.h"
#include "../../tests/held-port.h"

extern "C" const MicroPluginInfo *micro_plugin_nats_broker (void);

namespace
{
struct NatsBroker : testing::Test
{
  NatsBroker () { g_log_set_default_handler (Ignore, nullptr); }
  ~NatsBroker () { g_object_unref (broker); }

  static void
  Ignore (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
  {
    if ((level & G_LOG_LEVEL_MESSAGE) == 0)
      g_log_default_handler (domain, level, message, data);
  }

  HeldPort closed;
  MicroBroker *broker = MICRO_BROKER (g_object_new (
      micro_plugin_nats_broker ()->get_type (), "address", closed.address.c_str (), nullptr));
  Publisher publisher{ broker };
};
}

TEST_F (NatsBroker, RunsOnWithoutAServerAndRefusesMessages)
{
  Subscriber a (broker, "orders.*"), b (broker, "orders.>", "workers");
  g_autoptr (GAsyncResult) result = nullptr;

  EXPECT_NE (a.id, 0u) << a.failure;
  EXPECT_NE (b.id, 0u) << b.failure;
  micro_broker_connect_async (broker, nullptr, Publisher::Keep, &result);
  ASSERT_TRUE (until ([&] { return result != nullptr; }));
  EXPECT_TRUE (micro_broker_connect_finish (broker, result, nullptr));
  for (int i = 0; i < 3; i++)
    EXPECT_EQ (publisher.Publish ("orders.new", "x"),
               "14 topic “orders.new”: no NATS server can be reached now; see that one runs at "
               "--broker-address");
  a.Leave ();
  EXPECT_EQ (publisher.Publish ("orders.new", "x").substr (0, 3), "14 ");
  EXPECT_TRUE (until ([&] { return a.destroyed == 1; }));
}

TEST_F (NatsBroker, KnowsATopicFromNone)
{
  for (const char *bad : { "", ".", "a..b", "a.", ".a", "a b", "a\tb", "a\r\nPUB x 0" })
    {
      Subscriber subscriber (broker, bad);

      EXPECT_EQ (subscriber.id, 0u) << bad;
      EXPECT_EQ (subscriber.destroyed, 0);
      EXPECT_EQ (publisher.Publish (bad, "x").substr (0, 2), "3 ") << bad;
    }
  EXPECT_EQ (publisher.Publish ("a.*", "x"),
             "3 “a.*” is not a topic for NATS: write words with dots between, without spaces, * "
             "and >");
}

TEST_F (NatsBroker, SaysWhatIsNoAddress)
{
  MicroBroker *wrong = MICRO_BROKER (g_object_new (micro_plugin_nats_broker ()->get_type (),
                                                   "address", "127.0.0.1:port", nullptr));
  Subscriber a (wrong, "orders");

  EXPECT_EQ (a.id, 0u);
  EXPECT_EQ (a.failure.find ("the NATS broker cannot use the address “127.0.0.1:port”: "), 0u)
      << a.failure;
  g_object_unref (wrong);
}
