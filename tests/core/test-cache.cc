/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry cache: what it asks, what it remembers and for how long.
 */
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

extern "C"
{
#include "client/cache.h"
}

#include "../clock-test.h"
#include "faulty-registry.h"

namespace
{
struct Cache : testing::Test
{
  void
  SetUp () override
  {
    faulty = (FaultyRegistry *) g_object_new (faulty_registry_get_type (), nullptr);
    loop = micro_loop_new ("registry");
    cache = micro_cache_new ((MicroRegistry *) faulty, nullptr, loop);
  }

  void
  TearDown () override
  {
    g_clear_pointer (&kept, micro_snapshot_unref);
    if (cache != nullptr)
      micro_cache_unref (cache);
    micro_loop_free (loop);
    g_object_unref (faulty);
  }

  void
  Add (const char *version, const std::vector<std::string> &ids, const char *name = "greeter")
  {
    g_autoptr (MicroService) service = make_service (name, version, ids);

    EXPECT_EQ (services.Register (service), "");
  }

  void
  Remove (const char *version, const std::vector<std::string> &ids)
  {
    g_autoptr (MicroService) service = make_service ("greeter", version, ids);

    EXPECT_EQ (services.Deregister (service), "");
  }

  /* Asks, and waits for the answer. */
  std::string
  Get ()
  {
    g_autoptr (GError) error = nullptr;
    g_autoptr (MicroSnapshot) found = micro_cache_get_sync (cache, "greeter", &error);

    return found != nullptr ? describe (found->records) : error->message;
  }

  std::string
  Peek ()
  {
    g_autoptr (MicroSnapshot) found = micro_cache_peek (cache, "greeter");

    return found != nullptr ? describe (found->records) : "";
  }

  /* The nodes of all versions. */
  std::string
  Sorted ()
  {
    g_autoptr (MicroSnapshot) found = micro_cache_peek (cache, "greeter");
    std::set<std::string> ids;
    std::string text;

    if (found == nullptr)
      return "";
    GPtrArray *nodes = micro_service_get_nodes (found->all);
    for (guint i = 0; i < nodes->len; i++)
      ids.insert (micro_node_get_id ((MicroNode *) g_ptr_array_index (nodes, i)));
    for (const std::string &id : ids)
      text += text.empty () ? id : " " + id;
    return text;
  }

  bool
  BecomesKnown (const std::string &wanted)
  {
    return Until ([&] { return Peek () == wanted; });
  }

  /* Lets the loop turn, and time pass, until @done. */
  bool
  Until (std::function<bool ()> done)
  {
    while (!done ())
      {
        advance_clock_ms (1);
        Turn ();
      }
    return true;
  }

  void
  Turn ()
  {
    micro_loop_run_sync (
        loop, [] (gpointer) {}, nullptr);
  }

  /* Lets the loop do what it can at this time: nothing takes as many turns. */
  void
  Settle ()
  {
    for (int i = 0; i < 100; i++)
      Turn ();
  }

  void
  OnLoop (MicroLoopFunc func)
  {
    micro_loop_run_sync (loop, func, faulty);
  }

  StoppedClock clock;
  /* The memory registry that the faulty one hides: what services register in. */
  RegistryUser services{ MICRO_REGISTRY (
      g_object_new (micro_plugin_memory_registry ()->get_type (), nullptr)) };
  FaultyRegistry *faulty;
  MicroLoop *loop;
  MicroCache *cache;
  MicroSnapshot *kept = nullptr;
};

void
count_answer (MicroSnapshot *found, const GError *error, gpointer user_data)
{
  EXPECT_NE (found, nullptr) << error->message;
  ++*(std::atomic<int> *) user_data;
}
}

TEST_F (Cache, WatchesOnceForAThousandWhoMiss)
{
  std::atomic<int> answers{ 0 };

  Add ("1", { "a", "b" });
  for (int i = 0; i < 1000; i++)
    micro_cache_get (cache, "greeter", count_answer, &answers);
  EXPECT_TRUE (Until ([&] { return answers == 1000; }));
  EXPECT_EQ (faulty->watches, 1);
  EXPECT_EQ (faulty->gets, 0) << "the watch says it all";
  EXPECT_EQ (Peek (), "greeter 1: a b\n");
  for (int i = 0; i < 100; i++)
    EXPECT_EQ (Get (), "greeter 1: a b\n");
  EXPECT_EQ (faulty->watches, 1);
}

TEST_F (Cache, FollowsWhatItWatchesAndNeverChangesWhatItGave)
{
  g_autoptr (MicroSnapshot) snapshot = nullptr;

  Add ("1", { "a" });
  Get ();
  snapshot = micro_cache_peek (cache, "greeter");
  Add ("1", { "b" });
  Add ("2", { "c" });
  Add ("1", { "d" }, "other");
  EXPECT_TRUE (BecomesKnown ("greeter 1: a b\ngreeter 2: c\n")) << Peek ();
  Remove ("1", { "a", "b" });
  EXPECT_TRUE (BecomesKnown ("greeter 2: c\n")) << Peek ();
  Remove ("2", { "c" });
  EXPECT_TRUE (BecomesKnown (""));
  EXPECT_EQ (describe (snapshot->records), "greeter 1: a\n");
}

TEST_F (Cache, MergesVersionsOnceAndGivesTheSameEachTime)
{
  Add ("1", { "a", "b" });
  Add ("2", { "c" });
  Get ();
  for (const char *version : { (const char *) nullptr, "1", "2" })
    {
      g_autoptr (MicroSnapshot) one = micro_cache_peek (cache, "greeter");
      g_autoptr (MicroSnapshot) two = micro_cache_peek (cache, "greeter");
      g_autoptr (MicroService) first = micro_snapshot_get_service (one, version);
      g_autoptr (MicroService) second = micro_snapshot_get_service (two, version);
      guint n = version == nullptr ? 3 : g_str_equal (version, "1") ? 2 : 1;

      EXPECT_EQ (first, second);
      EXPECT_EQ (micro_service_get_nodes (first)->len, n);
    }
  {
    g_autoptr (MicroSnapshot) snapshot = micro_cache_peek (cache, "greeter");
    g_autoptr (MicroService) none = micro_snapshot_get_service (snapshot, "3");

    EXPECT_EQ (micro_service_get_nodes (none)->len, 0u);
  }
}

TEST_F (Cache, LeavesOutNodesThatDrainWhileThereAreOthers)
{
  g_autoptr (MicroMetadata) going = micro_metadata_new ("state", "draining", nullptr);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_autoptr (MicroService) service = nullptr;

  g_ptr_array_add (nodes, micro_node_new ("a", "a:1", going));
  service = micro_service_new ("greeter", "1", nullptr, nullptr, nodes);
  EXPECT_EQ (services.Register (service), "");
  Get ();
  EXPECT_EQ (Sorted (), "a") << "better than none";
  Add ("1", { "b" });
  EXPECT_TRUE (Until ([&] { return Sorted () == "b"; }));
  EXPECT_EQ (Peek (), "greeter 1: a b\n") << "the record has both";
}

TEST_F (Cache, TellsItsListenersBeforeItsReaders)
{
  struct Heard
  {
    MicroCache *cache;
    std::vector<std::string> texts;
    std::vector<MicroService *> told;
    bool after = false;
  } heard{ cache, {}, {} };

  Add ("1", { "a" });
  Get ();
  micro_cache_add_listener (
      cache,
      [] (MicroService *service, gpointer data) {
        Heard *self = (Heard *) data;
        g_autoptr (MicroSnapshot) now = micro_cache_peek (self->cache, "greeter");

        self->after = self->after || (self->told.size () > 0 && now->all == service);
        self->texts.push_back (describe (service));
        self->told.push_back (service);
      },
      &heard);
  ASSERT_EQ (heard.texts.size (), 1u) << "of what is known already";
  Add ("1", { "b" });
  EXPECT_TRUE (BecomesKnown ("greeter 1: a b\n"));
  micro_cache_remove_listener (cache, &heard);
  EXPECT_EQ (heard.texts.back (), "greeter 1: a b");
  EXPECT_FALSE (heard.after) << "it was published before";
  {
    g_autoptr (MicroSnapshot) now = micro_cache_peek (cache, "greeter");

    EXPECT_EQ (heard.told.back (), now->all);
  }
  Add ("1", { "c" });
  EXPECT_TRUE (BecomesKnown ("greeter 1: a b c\n"));
  EXPECT_EQ (heard.texts.back (), "greeter 1: a b");
}

TEST_F (Cache, TellsItsListenersOfEachVersionThatCallsMayAskFor)
{
  struct Heard
  {
    std::vector<MicroService *> told;
  } heard;

  Add ("1", { "a" });
  Add ("2", { "b" });
  Get ();
  micro_cache_add_listener (
      cache,
      [] (MicroService *service, gpointer data) { ((Heard *) data)->told.push_back (service); },
      &heard);
  micro_cache_remove_listener (cache, &heard);
  for (const char *version : { (const char *) nullptr, "1", "2" })
    {
      g_autoptr (MicroSnapshot) now = micro_cache_peek (cache, "greeter");
      g_autoptr (MicroService) service = micro_snapshot_get_service (now, version);

      EXPECT_EQ (std::count (heard.told.begin (), heard.told.end (), service), 1);
    }
  EXPECT_EQ (heard.told.size (), 3u);
}

TEST_F (Cache, SwapsSnapshotsUnderReadersOnOtherThreads)
{
  std::atomic<bool> done{ false };
  std::atomic<int> wrong{ 0 };
  GThread *threads[3];
  struct Reader
  {
    MicroCache *cache;
    std::atomic<bool> *done;
    std::atomic<int> *wrong;
  } reader{ cache, &done, &wrong };

  Add ("1", { "stays" });
  Get ();
  for (GThread *&thread : threads)
    thread = g_thread_new (
        "reader",
        [] (gpointer data) -> gpointer {
          Reader *self = (Reader *) data;

          while (!*self->done)
            {
              g_autoptr (MicroSnapshot) found = micro_cache_peek (self->cache, "greeter");

              if (describe (found->records).find ("stays") == std::string::npos)
                ++*self->wrong;
            }
          return nullptr;
        },
        &reader);
  for (int i = 0; i < 200; i++)
    {
      Add ("1", { "comes" });
      Remove ("1", { "comes" });
    }
  EXPECT_TRUE (BecomesKnown ("greeter 1: stays\n")) << Peek ();
  done = true;
  for (GThread *thread : threads)
    g_thread_join (thread);
  EXPECT_EQ (wrong, 0);
}

/* --- Names that are not there, or that nobody asks for --- */

TEST_F (Cache, RemembersForAMomentThatThereIsNone)
{
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (micro_cache_get_sync (cache, "greeter", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND));
  for (int i = 0; i < 100; i++)
    EXPECT_NE (Get ().find ("no service “greeter”"), std::string::npos);
  EXPECT_EQ (faulty->watches, 1);
  Add ("1", { "a" });
  EXPECT_TRUE (BecomesKnown ("greeter 1: a\n")) << "it is still watched";
}

TEST_F (Cache, ForgetsNamesThatAreNotThere)
{
  for (bool cannot_watch : { false, true })
    for (bool fail : { false, true })
      {
        faulty->cannot_watch = cannot_watch;
        faulty->gets_fail = faulty->watches_fail = fail;
        for (int i = 0; i < 100; i++)
          EXPECT_EQ (micro_cache_get_sync (cache, std::to_string (i).c_str (), nullptr), nullptr);
        EXPECT_TRUE (Until ([&] { return micro_cache_get_size (cache) == 0; }));
      }
}

TEST_F (Cache, ForgetsNamesThatNobodyAsksFor)
{
  Add ("1", { "a" });
  Add ("1", { "b" }, "other");
  Get ();
  g_clear_pointer (&kept, micro_snapshot_unref);
  kept = micro_cache_get_sync (cache, "other", nullptr);
  for (int minute = 0; minute < 20; minute++)
    {
      EXPECT_EQ (Peek (), "greeter 1: a\n");
      advance_clock_ms (60 * 1000);
      Settle ();
    }
  EXPECT_EQ (micro_cache_get_size (cache), 1u);
  EXPECT_EQ (micro_cache_peek (cache, "other"), nullptr);
  g_clear_pointer (&kept, micro_snapshot_unref);
  kept = micro_cache_get_sync (cache, "other", nullptr);
  EXPECT_EQ (describe (kept->records), "other 1: b\n") << "and finds them again";
}

/* --- Trouble --- */

TEST_F (Cache, SaysWhyTheRegistryDoesNotAnswer)
{
  faulty->watches_fail = true;
  EXPECT_EQ (Get (), "the registry is away");
  EXPECT_EQ (faulty->watches, 1) << "who waits is not kept waiting";
  faulty->watches_fail = false;
  Add ("1", { "a" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
}

TEST_F (Cache, KeepsTheLastKnownGoodWhileTheRegistryIsAwayAndComesBack)
{
  Add ("1", { "a" });
  Get ();
  faulty->watches_fail = true;
  OnLoop (faulty_registry_end_watches);
  EXPECT_TRUE (Until ([&] { return faulty->watches >= 3; })) << "it goes on trying";
  EXPECT_EQ (Get (), "greeter 1: a\n");
  /* While nobody watched, one node went and two came. */
  Remove ("1", { "a" });
  Add ("1", { "b", "c" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
  faulty->watches_fail = false;
  EXPECT_TRUE (Until ([&] { return Sorted () == "b c"; })) << Peek ();
}

TEST_F (Cache, OpensAWatchThatAlwaysEndsLessAndLessOften)
{
  int watches = 1;

  Add ("1", { "a" });
  Get ();
  faulty->watches_end = true;
  OnLoop (faulty_registry_end_watches);
  Settle ();
  EXPECT_EQ (faulty->watches, watches);
  /* Each a fifth sooner or later. */
  for (int wait_ms : { 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000 })
    {
      advance_clock_ms (wait_ms * 8 / 10 - 1);
      Settle ();
      EXPECT_EQ (faulty->watches, watches) << wait_ms;
      advance_clock_ms (wait_ms * 4 / 10 + 1);
      Settle ();
      EXPECT_EQ (faulty->watches, ++watches) << wait_ms;
    }
  faulty->watches_end = false;
  Add ("1", { "b" });
  EXPECT_TRUE (BecomesKnown ("greeter 1: a b\n")) << Peek ();
}

TEST_F (Cache, DoesWithoutAWatch)
{
  faulty->cannot_watch = true;
  Add ("1", { "a" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
  EXPECT_EQ (faulty->watches, 1);
  Add ("1", { "b" });
  Settle ();
  EXPECT_EQ (Get (), "greeter 1: a\n") << "until it asks again, in a minute";
  EXPECT_EQ (faulty->gets, 1);
  advance_clock_ms (72 * 1000);
  EXPECT_TRUE (BecomesKnown ("greeter 1: a b\n")) << Peek ();
  EXPECT_EQ (faulty->gets, 2);
}

TEST_F (Cache, SaysOnceThatItDoesWithoutAWatchAndTriesAgainNowAndThen)
{
  static std::atomic<int> n_messages;
  guint handler;

  n_messages = 0;
  handler = g_log_set_handler (
      "micro", G_LOG_LEVEL_MESSAGE,
      [] (const char *, GLogLevelFlags, const char *text, gpointer) {
        n_messages += strstr (text, "cannot be watched") != nullptr;
      },
      nullptr);
  faulty->may_not_watch = true;
  Add ("1", { "a" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
  for (int i = 0; i < 25; i++)
    {
      Get ();
      Peek ();
      advance_clock_ms (72 * 1000);
      Settle ();
    }
  EXPECT_EQ (n_messages, 1);
  EXPECT_GE (faulty->watches, 2);
  EXPECT_LE (faulty->watches, 4);
  faulty->may_not_watch = false;
  Add ("1", { "b" });
  EXPECT_TRUE (BecomesKnown ("greeter 1: a b\n"));
  EXPECT_TRUE (Until ([&] {
    int before = faulty->gets;

    Peek ();
    advance_clock_ms (72 * 1000);
    Settle ();
    return faulty->gets == before;
  })) << "it watches again";
  g_log_remove_handler ("micro", handler);
}

TEST_F (Cache, TakesACrowdOfNodesAtOnceAndOneByOne)
{
  std::vector<std::string> ids;

  for (guint i = 0; i < crowd_size (); i++)
    ids.push_back ("n" + std::to_string (i));
  Add ("1", { "stays" });
  Get ();
  Add ("1", ids);
  EXPECT_TRUE (Until ([&] {
    g_autoptr (MicroSnapshot) found = micro_cache_peek (cache, "greeter");

    return micro_service_get_nodes (found->all)->len == crowd_size () + 1;
  }));
  Remove ("1", ids);
  EXPECT_TRUE (BecomesKnown ("greeter 1: stays\n"));
}

TEST_F (Cache, EndsWhileItAsks)
{
  static std::atomic<int> told;

  told = 0;
  faulty->cannot_watch = true;
  faulty->hold = true;
  micro_cache_get (
      cache, "greeter",
      [] (MicroSnapshot *found, const GError *error, gpointer) {
        EXPECT_EQ (found, nullptr);
        EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_CANCELLED));
        told++;
      },
      nullptr);
  EXPECT_TRUE (Until ([&] { return faulty->gets == 1; }));
  Turn ();
  micro_cache_unref (cache);
  cache = nullptr;
  EXPECT_EQ (told, 1);
}

TEST_F (Cache, EndsWhileItWaitsToWatchAgain)
{
  Add ("1", { "a" });
  Get ();
  faulty->watches_fail = true;
  OnLoop (faulty_registry_end_watches);
  EXPECT_TRUE (Until ([&] { return faulty->watches >= 2; }));
  micro_cache_unref (cache);
  cache = nullptr;
}

TEST_F (Cache, FailsWhatIsAskedAfterItHasEnded)
{
  g_autoptr (GError) error = nullptr;
  MicroLoop *ended = loop;
  std::string said;

  Add ("1", { "a" });
  Get ();
  micro_loop_ref (ended);
  micro_cache_close (cache);
  micro_loop_free (loop);
  loop = micro_loop_new ("another");

  EXPECT_EQ (micro_cache_get_registry (cache), nullptr);
  EXPECT_EQ (micro_cache_get_sync (cache, "other", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_CANCELLED));
  micro_cache_list (
      cache,
      [] (GPtrArray *services, GError *why, gpointer data) {
        EXPECT_EQ (services, nullptr);
        *(std::string *) data = why->message;
        g_error_free (why);
      },
      &said);
  EXPECT_EQ (said, "the cache of the registry has ended");
  micro_cache_unref (cache);
  cache = nullptr;
  micro_loop_unref (ended);
}

TEST_F (Cache, EndsWhileAllAreListed)
{
  static std::atomic<int> told;

  told = 0;
  micro_cache_list (
      cache,
      [] (GPtrArray *services, GError *why, gpointer) {
        EXPECT_TRUE ((services == nullptr) == (why != nullptr));
        g_clear_pointer (&services, g_ptr_array_unref);
        g_clear_error (&why);
        told++;
      },
      nullptr);
  micro_cache_close (cache);
  EXPECT_EQ (told, 1);
}
