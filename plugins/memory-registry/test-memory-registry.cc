/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The memory registry: what is registered, replaced, taken back, watched and forgotten.
 */
#include <thread>

#include <gtest/gtest.h>

#include "../../tests/clock-test.h"
#include "../../tests/registry-test.h"

extern "C" const MicroPluginInfo *micro_plugin_memory_registry (void);

namespace
{
MicroRegistry *
new_registry ()
{
  return MICRO_REGISTRY (g_object_new (micro_plugin_memory_registry ()->get_type (), nullptr));
}

struct MemoryRegistry : testing::Test
{
  RegistryUser one{ new_registry () };
  RegistryUser two{ new_registry () };
};
}

TEST_F (MemoryRegistry, FindsWhatAnotherRegistryOfTheProcessRegistered)
{
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "b", "a" });
  g_autoptr (MicroService) newer = make_service ("greeter", "2", { "c" });
  g_autoptr (MicroService) other = make_service ("other", nullptr, { "a" });

  EXPECT_EQ (one.Register (greeter), "");
  EXPECT_EQ (one.Register (newer), "");
  EXPECT_EQ (two.Register (other), "");
  EXPECT_EQ (two.Got ("greeter"), "greeter 1: a b\ngreeter 2: c\n");
  EXPECT_EQ (one.Listed (), "greeter 1: a b\ngreeter 2: c\nother latest: a\n");
  EXPECT_EQ (one.Deregister (greeter), "");
  EXPECT_EQ (one.Listed (), "greeter 2: c\nother latest: a\n");
}

TEST_F (MemoryRegistry, SaysWhichServiceIsNotThere)
{
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (one.Get ("nobody", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND));
  EXPECT_NE (std::string (error->message).find ("“nobody”"), std::string::npos) << error->message;
  EXPECT_EQ (one.Listed (), "");
}

TEST_F (MemoryRegistry, KeepsTheWholeRecord)
{
  g_autoptr (MicroMetadata) metadata = micro_metadata_new ("k", "v", nullptr);
  g_autoptr (MicroNode) node = micro_node_new ("id", "[::1]:1", metadata);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (MicroEndpoint) endpoint = micro_endpoint_new ("Say.Hello", nullptr, nullptr, metadata);
  g_autoptr (GPtrArray) endpoints = g_ptr_array_new ();
  g_autoptr (MicroService) service = nullptr;
  g_autoptr (GPtrArray) found = nullptr;

  g_ptr_array_add (nodes, node);
  g_ptr_array_add (endpoints, endpoint);
  service = micro_service_new ("whole", "1", metadata, endpoints, nodes);
  EXPECT_EQ (one.Register (service), "");
  found = two.Get ("whole");
  ASSERT_NE (found, nullptr);
  EXPECT_TRUE (micro_service_equal ((MicroService *) g_ptr_array_index (found, 0), service));
}

TEST_F (MemoryRegistry, ReplacesANodeThatIsRegisteredAgainAlsoAsAnotherVersion)
{
  g_autoptr (MicroService) before = make_service ("greeter", "1", { "a", "b" });
  g_autoptr (MicroService) after = make_service ("greeter", "2", { "a" });
  g_autoptr (MicroWatcher) watcher = nullptr;

  EXPECT_EQ (one.Register (before), "");
  EXPECT_EQ (one.Register (before), "");
  watcher = two.Watch ("greeter");
  EXPECT_EQ (one.Register (after), "");
  EXPECT_EQ (two.Got ("greeter"), "greeter 1: b\ngreeter 2: a\n");
  EXPECT_EQ (RegistryUser::Next (watcher), "greeter 1: b; greeter 2: a");
}

TEST_F (MemoryRegistry, ForgetsANodeWhoseTimeIsOverAndTellsWhoWatches)
{
  g_autoptr (MicroService) brief = make_service ("brief", "1", { "a" });
  g_autoptr (MicroService) lasting = make_service ("lasting", "1", { "a" });
  g_autoptr (MicroWatcher) watcher = two.Watch (nullptr);

  EXPECT_EQ (one.Register (lasting), "");
  EXPECT_EQ (one.Register (brief, 1), "");
  EXPECT_TRUE (RegistryUser::Hears (watcher, "brief 1: a"));
  EXPECT_TRUE (RegistryUser::Hears (watcher, "no brief")) << "with nobody asking";
  EXPECT_EQ (two.Listed (), "lasting 1: a\n");
}

TEST_F (MemoryRegistry, KeepsANodeThatIsRenewed)
{
  g_autoptr (MicroService) service = make_service ("renewed", "1", { "a" });
  StoppedClock clock;

  for (int i = 0; i < 3; i++)
    {
      EXPECT_EQ (one.Register (service, 10), "");
      advance_clock_ms (9000);
      EXPECT_EQ (two.Got ("renewed"), "renewed 1: a\n");
    }
  EXPECT_EQ (one.Register (service, 0), "") << "now for ever";
  advance_clock_ms (3600 * 1000);
  EXPECT_EQ (two.Got ("renewed"), "renewed 1: a\n");
  EXPECT_EQ (one.Register (service, 10), "") << "and for a while again";
  advance_clock_ms (10000);
  EXPECT_EQ (two.Listed (), "");
}

TEST_F (MemoryRegistry, WatchesOneServiceOrAllFromWhatIsThere)
{
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "a" });
  g_autoptr (MicroService) changed = nullptr;
  g_autoptr (MicroService) other = make_service ("other", "1", { "x" });
  g_autoptr (MicroMetadata) metadata = micro_metadata_new ("k", "v", nullptr);
  g_autoptr (MicroWatcher) all = nullptr;
  g_autoptr (MicroWatcher) some = nullptr;

  changed
      = micro_service_new ("greeter", "1", metadata, nullptr, micro_service_get_nodes (greeter));
  EXPECT_EQ (one.Register (greeter), "");
  all = two.Watch (nullptr);
  some = two.Watch ("greeter");
  EXPECT_EQ (RegistryUser::Next (all), "greeter 1: a");
  EXPECT_EQ (RegistryUser::Next (some), "greeter 1: a");
  EXPECT_EQ (one.Register (other), "");
  EXPECT_EQ (RegistryUser::Next (all), "other 1: x");
  EXPECT_EQ (one.Register (changed), "");
  EXPECT_EQ (RegistryUser::Next (all), "greeter 1: a") << "with other metadata";
  EXPECT_EQ (RegistryUser::Next (some), "greeter 1: a");
  EXPECT_EQ (one.Deregister (changed), "");
  EXPECT_EQ (RegistryUser::Next (all), "no greeter");
  EXPECT_EQ (RegistryUser::Next (some), "no greeter") << "and nothing of the other";
  micro_watcher_stop (some);
  EXPECT_EQ (RegistryUser::Next (some), "the watcher was stopped");
}

TEST_F (MemoryRegistry, TakesAlongWhatWasRegisteredWithIt)
{
  g_autoptr (MicroService) left = make_service ("left", "1", { "a", "b" });
  g_autoptr (MicroService) again = make_service ("left", "1", { "b" });

  {
    RegistryUser three (new_registry ());

    EXPECT_EQ (three.Register (left), "");
    EXPECT_EQ (one.Register (again), "");
  }
  EXPECT_EQ (two.Got ("left"), "left 1: b\n") << "b was replaced, so it is not its any more";
}

TEST_F (MemoryRegistry, LeavesANodeThatAnotherHasReplaced)
{
  g_autoptr (MicroService) first = make_service ("same", "1", { "id" });
  g_autoptr (MicroService) second = make_service ("same", "2", { "id" });

  EXPECT_EQ (one.Register (first), "");
  EXPECT_EQ (two.Register (second), "");
  EXPECT_EQ (one.Deregister (first), "");
  EXPECT_EQ (one.Got ("same"), "same 2: id\n");
  EXPECT_EQ (two.Deregister (second), "");
  EXPECT_EQ (one.Listed (), "");
}

TEST_F (MemoryRegistry, TellsNamesAndIdsApart)
{
  g_autoptr (MicroService) first = make_service ("a b", "1", { "c" });
  g_autoptr (MicroService) second = make_service ("a", "1", { "b c" });
  g_autoptr (MicroService) odd = make_service ("../é\n", "1", { "" });

  one.Register (first);
  one.Register (second);
  one.Register (odd);
  EXPECT_EQ (two.Listed (), "../é\n 1: \na 1: b c\na b 1: c\n");
}

TEST_F (MemoryRegistry, TellsAWatchOnOneThreadWhatOthersDo)
{
  g_autoptr (MicroWatcher) watcher = two.Watch ("busy");
  g_autoptr (MicroService) last = make_service ("busy", "1", { "last" });
  std::vector<std::thread> threads;

  for (int t = 0; t < 4; t++)
    threads.emplace_back ([t] {
      g_autoptr (GMainContext) context = g_main_context_new ();

      g_main_context_push_thread_default (context);
      {
        g_autoptr (MicroRegistry) mine = new_registry ();
        g_autoptr (MicroService) service
            = make_service ("busy", "1", { "node-" + std::to_string (t) });

        for (int i = 0; i < 250; i++)
          {
            micro_registry_register_async (mine, service, 0, nullptr, nullptr, nullptr);
            micro_registry_deregister_async (mine, service, nullptr, nullptr, nullptr);
            while (g_main_context_iteration (context, FALSE))
              ;
          }
      }
      g_main_context_pop_thread_default (context);
    });
  for (std::thread &thread : threads)
    thread.join ();
  micro_registry_register_async (one.registry, last, 0, nullptr, nullptr, nullptr);
  EXPECT_TRUE (RegistryUser::Hears (watcher, "busy 1: last")) << "whatever it has missed";
  micro_registry_deregister_async (one.registry, last, nullptr, nullptr, nullptr);
  EXPECT_TRUE (RegistryUser::Hears (watcher, "no busy"));
  EXPECT_EQ (one.Listed (), "");
}
