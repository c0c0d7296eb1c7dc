/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The roundrobin selector: fairness, tried nodes, threads.
 */
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <micro/micro.h>

#include "../../tests/selector-test.h"

extern "C" const MicroPluginInfo *micro_plugin_roundrobin_selector (void);

namespace
{
struct RoundRobin : testing::Test
{
  MicroSelector *selector
      = MICRO_SELECTOR (g_object_new (micro_plugin_roundrobin_selector ()->get_type (), nullptr));

  ~RoundRobin () { g_object_unref (selector); }

  static MicroService *
  service (const char *name, guint n_nodes)
  {
    g_autoptr (GPtrArray) nodes
        = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

    for (guint i = 0; i < n_nodes; i++)
      {
        g_autofree char *id = g_strdup_printf ("%s-%u", name, i);

        g_ptr_array_add (nodes, micro_node_new (id, "127.0.0.1:1", nullptr));
      }
    return micro_service_new (name, "1", nullptr, nullptr, nodes);
  }

  std::string
  pick (MicroService *from, GPtrArray *tried = nullptr)
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (MicroNode) node = select_untried (selector, from, tried, &error);

    EXPECT_TRUE ((node == nullptr) == (error != nullptr));
    return node != nullptr ? micro_node_get_id (node) : error->message;
  }
};
}

TEST_F (RoundRobin, TakesEveryNodeOnceARound)
{
  g_autoptr (MicroService) many = service ("x", 10000);
  std::map<std::string, int> seen;

  for (int i = 0; i < 30000; i++)
    seen[pick (many)]++;
  EXPECT_EQ (seen.size (), 10000u);
  for (auto &entry : seen)
    EXPECT_EQ (entry.second, 3) << entry.first;
}

TEST_F (RoundRobin, KeepsATurnForEachService)
{
  g_autoptr (MicroService) a = service ("a", 2);
  g_autoptr (MicroService) b = service ("b", 2);
  std::set<std::string> seen;

  for (int i = 0; i < 2; i++)
    {
      seen.insert (pick (a));
      seen.insert (pick (b));
    }
  EXPECT_EQ (seen.size (), 4u);
}

TEST_F (RoundRobin, NeverPicksATriedNode)
{
  g_autoptr (MicroService) three = service ("x", 3);
  g_autoptr (GPtrArray) tried = g_ptr_array_new ();

  g_ptr_array_add (tried, micro_service_get_nodes (three)->pdata[0]);
  g_ptr_array_add (tried, micro_service_get_nodes (three)->pdata[2]);
  for (int i = 0; i < 10; i++)
    EXPECT_EQ (pick (three, tried), "x-1");
  g_ptr_array_add (tried, micro_service_get_nodes (three)->pdata[1]);
  EXPECT_EQ (pick (three, tried), "no ready nodes for “x” (3 known, 3 tried)");
}

TEST_F (RoundRobin, SharesTheCallsOfADeadNode)
{
  g_autoptr (MicroService) four = service ("x", 4);
  g_autoptr (GPtrArray) tried = g_ptr_array_new ();
  std::map<std::string, int> seen;

  g_ptr_array_add (tried, micro_service_get_nodes (four)->pdata[0]);
  for (int i = 0; i < 3000; i++)
    seen[pick (four, tried)]++;
  EXPECT_EQ (seen.size (), 3u);
  for (auto &entry : seen)
    EXPECT_NEAR (entry.second, 1000, 300) << entry.first;
}

TEST_F (RoundRobin, SaysThatThereAreNoNodes)
{
  g_autoptr (MicroService) none = service ("x", 0);
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (micro_selector_select (selector, none, nullptr, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE));
  EXPECT_STREQ (error->message, "no ready nodes for “x” (0 known, 0 tried)");
}

TEST_F (RoundRobin, IsFairToManyThreads)
{
  g_autoptr (MicroService) four = service ("x", 4);
  std::vector<std::thread> threads;
  std::vector<std::map<std::string, int>> seen (4);
  std::map<std::string, int> sum;

  for (auto &mine : seen)
    threads.emplace_back ([&] {
      for (int i = 0; i < 10000; i++)
        mine[pick (four)]++;
    });
  for (auto &thread : threads)
    thread.join ();
  for (auto &mine : seen)
    for (auto &entry : mine)
      sum[entry.first] += entry.second;
  for (auto &entry : sum)
    EXPECT_EQ (entry.second, 10000) << entry.first;
}
