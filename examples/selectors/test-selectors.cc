/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The selectors of this folder, as micro calls them.
 */
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <micro/micro.h>

#include "../../tests/clock-test.h"

extern "C" const MicroPluginInfo *micro_plugin_outlier_selector (void);
extern "C" const MicroPluginInfo *micro_plugin_p2c_selector (void);
extern "C" const MicroPluginInfo *micro_plugin_ring_selector (void);
extern "C" const MicroPluginInfo *micro_plugin_roundrobin_selector (void);

namespace
{
MicroService *
make_service (int n_nodes)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  for (int i = 0; i < n_nodes; i++)
    {
      std::string name = "node-" + std::to_string (i);

      g_ptr_array_add (nodes, micro_node_new (name.c_str (), (name + ":1").c_str (), nullptr));
    }
  return micro_service_new ("x", "1", nullptr, nullptr, nodes);
}

void
done (MicroSelector *selector,
      MicroService *service,
      MicroNode *node,
      MicroStatus status = MICRO_STATUS_OK)
{
  MicroOutcome outcome = MICRO_OUTCOME_INIT;

  outcome.status = status;
  micro_selector_done (selector, service, node, &outcome);
}

/* --- ring --- */

class Ring : public testing::Test
{
protected:
  void
  SetUp () override
  {
    selector = MICRO_SELECTOR (g_object_new (micro_plugin_ring_selector ()->get_type (), nullptr));
  }
  void
  TearDown () override
  {
    g_object_unref (selector);
  }

  std::string
  Pick (MicroService *service, const std::string &key, bool end = true)
  {
    MicroPick pick = MICRO_PICK_INIT;
    g_autoptr (MicroNode) node = nullptr;

    pick.hash_key = key.c_str ();
    node = micro_selector_select (selector, service, &pick, nullptr);
    if (end)
      done (selector, service, node);
    return micro_node_get_id (node);
  }

  MicroSelector *selector;
};

TEST_F (Ring, SendsAKeyToTheSameNode)
{
  g_autoptr (MicroService) ten = make_service (10);
  std::map<std::string, int> seen;

  micro_selector_update (selector, ten);
  for (int i = 0; i < 1000; i++)
    {
      std::string key = "user-" + std::to_string (i);
      std::string first = Pick (ten, key);

      EXPECT_EQ (Pick (ten, key), first);
      seen[first]++;
    }
  EXPECT_EQ (seen.size (), 10u);
  for (const auto &one : seen)
    {
      EXPECT_GE (one.second, 50) << one.first;
      EXPECT_LE (one.second, 170) << one.first;
    }
}

TEST_F (Ring, MovesFewKeysWhenANodeComes)
{
  g_autoptr (MicroService) ten = make_service (10);
  g_autoptr (MicroService) eleven = make_service (11);
  std::vector<std::string> before;
  int n_moved = 0;

  micro_selector_update (selector, ten);
  for (int i = 0; i < 1000; i++)
    before.push_back (Pick (ten, std::to_string (i)));
  micro_selector_update (selector, eleven);
  for (int i = 0; i < 1000; i++)
    {
      std::string now = Pick (eleven, std::to_string (i));

      n_moved += now != before[i];
      EXPECT_TRUE (now == before[i] || now == "node-10") << "keys move to the new node only";
    }
  EXPECT_GT (n_moved, 30);
  EXPECT_LT (n_moved, 200);
}

TEST_F (Ring, BoundsTheLoadOfANode)
{
  g_autoptr (MicroService) four = make_service (4);
  std::map<std::string, int> running;

  for (int i = 0; i < 100; i++)
    running[Pick (four, "everybody's", false)]++;
  EXPECT_EQ (running.size (), 4u);
  for (const auto &one : running)
    EXPECT_LE (one.second, 1.25 * 101 / 4 + 1) << one.first;
}

/* --- outlier --- */

class Outlier : public testing::TestWithParam<const char *>
{
protected:
  void
  SetUp () override
  {
    GError *error = nullptr;

    for (auto info : { micro_plugin_p2c_selector (), micro_plugin_ring_selector (),
                       micro_plugin_roundrobin_selector () })
      g_io_extension_point_implement ("micro-selector", info->get_type (), info->name, 0);
    selector = MICRO_SELECTOR (g_initable_new (micro_plugin_outlier_selector ()->get_type (),
                                               nullptr, &error, "around", GetParam (), "failures",
                                               3, "out-ms", 1000, nullptr));
    ASSERT_NE (selector, nullptr) << error->message;
    service = make_service (3);
    micro_selector_update (selector, service);
  }
  void
  TearDown () override
  {
    micro_service_unref (service);
    g_object_unref (selector);
  }

  /* Calls; those on @bad fail. */
  std::map<std::string, int>
  Call (int times, const std::string &bad)
  {
    std::map<std::string, int> seen;

    for (int i = 0; i < times; i++)
      {
        MicroPick pick = MICRO_PICK_INIT;
        std::string key = std::to_string (i);
        g_autoptr (MicroNode) node = nullptr;

        pick.hash_key = key.c_str ();
        node = micro_selector_select (selector, service, &pick, nullptr);
        seen[micro_node_get_id (node)]++;
        done (selector, service, node,
              bad == "all" || micro_node_get_id (node) == bad ? MICRO_STATUS_INTERNAL
                                                              : MICRO_STATUS_OK);
      }
    return seen;
  }

  StoppedClock clock;
  MicroSelector *selector;
  MicroService *service;
};

TEST_P (Outlier, LeavesANodeOutThatFails)
{
  bool careful = GetParam () == std::string ("p2c"); /* it avoids that node by itself */
  int n_failed = Call (300, "node-1")["node-1"];

  EXPECT_GE (n_failed, careful ? 1 : 3);
  EXPECT_LE (n_failed, 3);
  advance_clock_ms (60000);
  EXPECT_EQ (Call (300, "node-1")["node-1"], 1) << "it is tried again, and is out at once";
  advance_clock_ms (60000);
  EXPECT_GT (Call (300, "")["node-1"], 3) << "it is well again";
}

TEST_P (Outlier, NeverLeavesNone)
{
  int n_calls = 0;

  for (const auto &one : Call (300, "all"))
    n_calls += one.second;
  EXPECT_EQ (n_calls, 300);
}

INSTANTIATE_TEST_SUITE_P (Around, Outlier, testing::Values ("p2c", "ring", "roundrobin"));

TEST (OutlierAround, SaysWhatIsWrong)
{
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (g_initable_new (micro_plugin_outlier_selector ()->get_type (), nullptr, &error,
                             "around", "nothing", nullptr),
             nullptr);
  EXPECT_NE (strstr (error->message, "no selector named “nothing”"), nullptr) << error->message;
}

TEST (OutlierAround, FillsEverySlotAndSaysWhatItsInnerOneCannot)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector
      = G_OBJECT (g_initable_new (micro_plugin_outlier_selector ()->get_type (), nullptr, &error,
                                  "around", "roundrobin", nullptr));
  g_auto (GStrv) slots = micro_plugin_get_slots (G_OBJECT_TYPE (selector));
  g_autofree char *list = g_strjoinv (",", slots);

  EXPECT_STREQ (list, "select,done,update,resolve,get_registry");
  EXPECT_EQ (micro_selector_resolve (MICRO_SELECTOR (selector), "x", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
}
}
