/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The p2c selector: where calls go when nodes are busy, slow, stuck or broken.
 */
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <micro/micro.h>

#include "../../tests/clock-test.h"
#include "../../tests/selector-test.h"

extern "C" const MicroPluginInfo *micro_plugin_p2c_selector (void);

namespace
{
struct P2c : testing::Test
{
  StoppedClock clock;
  MicroSelector *selector
      = MICRO_SELECTOR (g_object_new (micro_plugin_p2c_selector ()->get_type (), nullptr));
  MicroService *service = nullptr;

  ~P2c ()
  {
    micro_service_unref (service);
    g_object_unref (selector);
  }

  void
  have (std::vector<std::string> addresses)
  {
    g_autoptr (GPtrArray) nodes
        = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

    for (auto &address : addresses)
      g_ptr_array_add (nodes, micro_node_new (address.c_str (), address.c_str (), nullptr));
    service = micro_service_new ("x", "1", nullptr, nullptr, nodes);
  }

  /* Begins a call; it ends with end(). */
  MicroNode *
  begin (GPtrArray *tried = nullptr)
  {
    return select_untried (selector, service, tried, nullptr);
  }

  void
  end (MicroNode *node, int status = MICRO_STATUS_OK)
  {
    MicroOutcome outcome = MICRO_OUTCOME_INIT;

    outcome.status = (MicroStatus) status;
    micro_selector_done (selector, service, node, &outcome);
    micro_node_unref (node);
  }

  /* Calls one after the other, of a millisecond; those to "a" take so long and end so. */
  std::map<std::string, int>
  run (int times, int a_takes_ms, int a_status = MICRO_STATUS_OK)
  {
    std::map<std::string, int> seen;

    for (int i = 0; i < times; i++)
      {
        MicroNode *node = begin ();
        std::string address = micro_node_get_address (node);

        seen[address]++;
        advance_clock_ms (address == "a" ? a_takes_ms : 1);
        end (node, address == "a" ? a_status : MICRO_STATUS_OK);
      }
    return seen;
  }
};
}

TEST_F (P2c, SpreadsCallsThatDoNotEnd)
{
  std::map<std::string, int> seen;
  std::vector<MicroNode *> nodes;

  have ({ "a", "b" });
  for (int i = 0; i < 100; i++)
    nodes.push_back (begin ());
  for (MicroNode *node : nodes)
    {
      seen[micro_node_get_address (node)]++;
      end (node);
    }
  EXPECT_EQ (seen["a"], 50);
  EXPECT_EQ (seen["b"], 50);
}

TEST_F (P2c, UsesEveryNodeOfEquals)
{
  have ({ "b", "c", "d", "e" });
  EXPECT_EQ (run (400, 0).size (), 4u);
}

TEST_F (P2c, LeavesAStuckNodeAloneBeforeItsCallEnds)
{
  MicroNode *stuck;
  std::string address;

  have ({ "b", "c" });
  stuck = begin ();
  address = micro_node_get_address (stuck);
  EXPECT_EQ (run (100, 0)[address], 0);
  end (stuck);
}

TEST_F (P2c, LeavesASlowNodeAlone)
{
  have ({ "a", "b", "c" });
  EXPECT_LT (run (300, 20)["a"], 30);
}

TEST_F (P2c, DoesNotTakeRefusalsForQuickness)
{
  have ({ "a", "b", "c" });
  EXPECT_LT (run (300, 0, MICRO_STATUS_UNAVAILABLE)["a"], 30);
}

TEST_F (P2c, DoesNotBlameANodeForItsCaller)
{
  have ({ "a", "b" });
  EXPECT_GT (run (300, 0, MICRO_STATUS_NOT_FOUND)["a"], 30);
}

TEST_F (P2c, KnowsANodeAgainInANewerRecord)
{
  MicroNode *stuck;

  have ({ "a" });
  stuck = begin ();
  micro_service_unref (service);
  have ({ "a", "b" });
  EXPECT_EQ (run (50, 0)["a"], 0);
  end (stuck);
}

TEST_F (P2c, NeverPicksATriedNode)
{
  g_autoptr (GPtrArray) tried = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_autoptr (GError) error = nullptr;

  have ({ "a", "b", "c" });
  while (tried->len < 3)
    {
      MicroNode *node = begin (tried);

      ASSERT_NE (node, nullptr);
      EXPECT_FALSE (
          g_ptr_array_find_with_equal_func (tried, node, (GEqualFunc) micro_node_equal, nullptr));
      g_ptr_array_add (tried, micro_node_ref (node));
      end (node);
    }
  EXPECT_EQ (select_untried (selector, service, tried, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE));
  EXPECT_STREQ (error->message, "no ready nodes for “x” (3 known, 3 tried)");
}

TEST_F (P2c, CountsOnManyThreads)
{
  std::vector<std::thread> threads;
  std::map<std::string, int> seen;
  std::vector<MicroNode *> nodes;

  have ({ "a", "b" });
  for (int i = 0; i < 4; i++)
    threads.emplace_back ([this] {
      std::vector<MicroNode *> mine;

      for (int j = 0; j < 1000; j++)
        mine.push_back (begin ());
      for (MicroNode *node : mine)
        end (node, MICRO_STATUS_CANCELLED);
    });
  for (auto &thread : threads)
    thread.join ();
  /* Were any call still counted on one of them, the other would get them all. */
  for (int i = 0; i < 1000; i++)
    nodes.push_back (begin ());
  for (MicroNode *node : nodes)
    {
      seen[micro_node_get_address (node)]++;
      end (node);
    }
  EXPECT_GT (seen["a"], 100);
  EXPECT_GT (seen["b"], 100);
}
