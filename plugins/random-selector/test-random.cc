/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The random selector: every node, no tried node.
 */
#include <map>
#include <string>

#include <gtest/gtest.h>

#include <micro/micro.h>

#include "../../tests/selector-test.h"

extern "C" const MicroPluginInfo *micro_plugin_random_selector (void);

namespace
{
struct Random : testing::Test
{
  MicroSelector *selector
      = MICRO_SELECTOR (g_object_new (micro_plugin_random_selector ()->get_type (), nullptr));
  MicroService *service;

  Random ()
  {
    g_autoptr (GPtrArray) nodes
        = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

    for (const char *id : { "a", "b", "c", "d" })
      g_ptr_array_add (nodes, micro_node_new (id, "127.0.0.1:1", nullptr));
    service = micro_service_new ("x", "1", nullptr, nullptr, nodes);
  }

  ~Random ()
  {
    micro_service_unref (service);
    g_object_unref (selector);
  }

  std::map<std::string, int>
  pick (int times, GPtrArray *tried)
  {
    std::map<std::string, int> seen;

    for (int i = 0; i < times; i++)
      {
        g_autoptr (MicroNode) node = select_untried (selector, service, tried, nullptr);

        seen[node != nullptr ? micro_node_get_id (node) : "none"]++;
      }
    return seen;
  }
};
}

TEST_F (Random, TakesEachNodeAboutAsOften)
{
  auto seen = pick (40000, nullptr);

  ASSERT_EQ (seen.size (), 4u);
  for (auto &entry : seen)
    EXPECT_NEAR (entry.second, 10000, 600) << entry.first; /* seven standard deviations */
}

TEST_F (Random, NeverPicksATriedNode)
{
  g_autoptr (GPtrArray) tried = g_ptr_array_new ();
  g_autoptr (GError) error = nullptr;

  g_ptr_array_add (tried, micro_service_get_nodes (service)->pdata[1]);
  auto seen = pick (3000, tried);
  EXPECT_EQ (seen.size (), 3u);
  EXPECT_EQ (seen.count ("b"), 0u);
  for (guint i : { 0, 2, 3 })
    g_ptr_array_add (tried, micro_service_get_nodes (service)->pdata[i]);
  EXPECT_EQ (select_untried (selector, service, tried, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE));
  EXPECT_STREQ (error->message, "no ready nodes for “x” (4 known, 4 tried)");
}
