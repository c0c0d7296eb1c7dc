/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry cache: what it asks, what it remembers and for how long.
 */
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
    cache = micro_cache_new ((MicroRegistry *) faulty, loop);
  }

  void
  TearDown () override
  {
    if (cache != nullptr)
      micro_cache_free (cache);
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
    g_autoptr (GPtrArray) found = micro_cache_get_sync (cache, "greeter", &error);

    return found != nullptr ? describe (found) : error->message;
  }

  std::string
  Peek ()
  {
    g_autoptr (GPtrArray) found = micro_cache_peek (cache, "greeter");

    return describe (found);
  }

  /* The nodes of the first version. */
  std::string
  Sorted ()
  {
    g_autoptr (GPtrArray) found = micro_cache_peek (cache, "greeter");
    std::set<std::string> ids;
    std::string text;

    if (found == nullptr)
      return "";
    GPtrArray *nodes = micro_service_get_nodes ((MicroService *) g_ptr_array_index (found, 0));
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
};

void
count_answer (GPtrArray *found, const GError *error, gpointer user_data)
{
  EXPECT_NE (found, nullptr) << error->message;
  ++*(std::atomic<int> *) user_data;
}
}

TEST_F (Cache, AsksOnceForAThousandWhoMiss)
{
  std::atomic<int> answers{ 0 };

  Add ("1", { "a", "b" });
  faulty->hold = true;
  for (int i = 0; i < 1000; i++)
    micro_cache_get (cache, "greeter", count_answer, &answers);
  EXPECT_TRUE (Until ([&] { return faulty->gets == 1; }));
  Turn ();
  EXPECT_EQ (answers, 0);
  EXPECT_EQ (Peek (), "");
  OnLoop (faulty_registry_release);
  EXPECT_TRUE (Until ([&] { return answers == 1000; }));
  EXPECT_TRUE (Until ([&] { return faulty->watches == 1; }));
  EXPECT_LE (faulty->gets, 2) << "one for all, and one to be sure of what the watch missed";
  EXPECT_EQ (Peek (), "greeter 1: a b\n");
}

TEST_F (Cache, AsksNoMoreOnceItWatches)
{
  Add ("1", { "a" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
  EXPECT_TRUE (Until ([&] { return faulty->gets == 2; }));
  for (int i = 0; i < 100; i++)
    EXPECT_EQ (Get (), "greeter 1: a\n");
  EXPECT_EQ (faulty->gets, 2);
  EXPECT_EQ (faulty->watches, 1);
}

TEST_F (Cache, FollowsWhatItWatchesAndNeverChangesWhatItGave)
{
  g_autoptr (GPtrArray) snapshot = nullptr;

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
  EXPECT_EQ (describe (snapshot), "greeter 1: a\n");
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
              g_autoptr (GPtrArray) found = micro_cache_peek (self->cache, "greeter");

              if (describe (found).find ("stays") == std::string::npos)
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

TEST_F (Cache, AnswersThatThereIsNoneAndAsksAgainWhenAskedAgain)
{
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (micro_cache_get_sync (cache, "greeter", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND));
  Add ("1", { "a" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
}

TEST_F (Cache, KeepsNoNameThatNobodyServes)
{
  for (bool cannot_watch : { false, true })
    for (bool gets_fail : { false, true })
      {
        faulty->cannot_watch = cannot_watch;
        faulty->gets_fail = gets_fail;
        for (int i = 0; i < 100; i++)
          EXPECT_EQ (micro_cache_get_sync (cache, std::to_string (i).c_str (), nullptr), nullptr);
        EXPECT_TRUE (Until ([&] { return micro_cache_get_size (cache) == 0; }));
      }
}

TEST_F (Cache, ForgetsAServiceThatIsGoneWhenItsWatchIsToo)
{
  Add ("1", { "a" });
  Get ();
  EXPECT_TRUE (Until ([&] { return faulty->gets == 2; }));
  Remove ("1", { "a" });
  EXPECT_TRUE (BecomesKnown (""));
  EXPECT_EQ (micro_cache_get_size (cache), 1u) << "it may come back, and is watched";
  OnLoop (faulty_registry_end_watches);
  EXPECT_TRUE (Until ([&] { return micro_cache_get_size (cache) == 0; }));
  Add ("1", { "b" });
  EXPECT_EQ (Get (), "greeter 1: b\n");
}

TEST_F (Cache, SaysWhyTheRegistryDoesNotAnswer)
{
  faulty->gets_fail = true;
  EXPECT_EQ (Get (), "the registry is away");
  EXPECT_EQ (faulty->gets, 1) << "who waits is not kept waiting";
  faulty->gets_fail = false;
  Add ("1", { "a" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
}

TEST_F (Cache, KeepsTheLastKnownGoodWhileTheRegistryIsAwayAndComesBack)
{
  Add ("1", { "a" });
  Get ();
  EXPECT_TRUE (Until ([&] { return faulty->gets == 2; }));
  faulty->gets_fail = faulty->watches_fail = true;
  OnLoop (faulty_registry_end_watches);
  EXPECT_TRUE (Until ([&] { return faulty->watches >= 3; })) << "it goes on trying";
  EXPECT_EQ (Get (), "greeter 1: a\n");
  /* While nobody watched, one node went and two came. */
  Remove ("1", { "a" });
  Add ("1", { "b", "c" });
  EXPECT_EQ (Get (), "greeter 1: a\n");
  faulty->gets_fail = faulty->watches_fail = false;
  EXPECT_TRUE (Until ([&] { return Sorted () == "b c"; })) << Peek ();
}

TEST_F (Cache, ForgetsWhatWentWhileNobodyWatchedThoughTheFirstQuestionFailed)
{
  Add ("1", { "a", "b" });
  Get ();
  EXPECT_TRUE (Until ([&] { return faulty->gets == 2; }));
  faulty->gets_fail = faulty->watches_fail = true;
  OnLoop (faulty_registry_end_watches);
  Remove ("1", { "a" });
  faulty->watches_fail = false; /* it can be watched again before it can be asked */
  EXPECT_TRUE (Until ([&] { return faulty->gets >= 3; }));
  faulty->gets_fail = false;
  EXPECT_TRUE (BecomesKnown ("greeter 1: b\n")) << Peek ();
}

TEST_F (Cache, DoesNotBringBackWhatWentWhileAnAnswerWasOnItsWay)
{
  Add ("1", { "a", "b" });
  Get ();
  EXPECT_TRUE (Until ([&] { return faulty->answers == 2; }));
  faulty->hold = true;
  OnLoop (faulty_registry_end_watches);
  EXPECT_TRUE (Until ([&] { return faulty->gets == 3; }));
  EXPECT_EQ (Peek (), "greeter 1: a b\n");
  Remove ("1", { "a" });
  Add ("1", { "c" });
  EXPECT_TRUE (BecomesKnown ("greeter 1: b c\n")) << "from the watch: " << Peek ();
  OnLoop (faulty_registry_release);
  Settle ();
  EXPECT_EQ (Peek (), "greeter 1: b c\n") << "the answer is older than the events";
}

TEST_F (Cache, AsksAgainWhenAWatchOpensAfterTheQuestionThatIsBeingAnswered)
{
  Add ("1", { "a", "b" });
  Get ();
  EXPECT_TRUE (Until ([&] { return faulty->answers == 2; }));
  faulty->hold = true;
  OnLoop (faulty_registry_end_watches);
  EXPECT_TRUE (Until ([&] { return faulty->gets == 3; }));
  /* Nobody watches while it goes, and the answer on its way still has it. */
  faulty->watches_fail = true;
  OnLoop (faulty_registry_end_watches);
  Remove ("1", { "a" });
  faulty->watches_fail = false;
  EXPECT_TRUE (Until ([&] { return faulty->watches >= 3; }));
  Settle ();
  OnLoop (faulty_registry_release);
  EXPECT_TRUE (BecomesKnown ("greeter 1: b\n")) << Peek ();
}

TEST_F (Cache, OpensAWatchThatAlwaysEndsLessAndLessOften)
{
  int watches = 1;

  Add ("1", { "a" });
  faulty->watches_end = true;
  Get ();
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
  EXPECT_TRUE (Until ([&] { return faulty->watches == 1; }));
  Add ("1", { "b" });
  Settle ();
  EXPECT_EQ (Get (), "greeter 1: a\n") << "until it asks again, in a minute";
  EXPECT_EQ (faulty->gets, 1);
  advance_clock_ms (72 * 1000);
  EXPECT_TRUE (BecomesKnown ("greeter 1: a b\n")) << Peek ();
  EXPECT_EQ (faulty->gets, 2);
}

TEST_F (Cache, TakesACrowdOfNodesAtOnceAndOneByOne)
{
  std::vector<std::string> ids;

  for (guint i = 0; i < crowd_size (); i++)
    ids.push_back ("n" + std::to_string (i));
  Add ("1", { "stays" });
  Get ();
  EXPECT_TRUE (Until ([&] { return faulty->gets == 2; }));
  Add ("1", ids);
  EXPECT_TRUE (Until ([&] {
    g_autoptr (GPtrArray) found = micro_cache_peek (cache, "greeter");

    return micro_service_get_nodes ((MicroService *) g_ptr_array_index (found, 0))->len
           == crowd_size () + 1;
  }));
  Remove ("1", ids);
  EXPECT_TRUE (BecomesKnown ("greeter 1: stays\n"));
}

TEST_F (Cache, EndsWhileItAsks)
{
  static std::atomic<int> told;

  told = 0;
  faulty->hold = true;
  micro_cache_get (
      cache, "greeter",
      [] (GPtrArray *found, const GError *, gpointer) {
        EXPECT_EQ (found, nullptr);
        told++;
      },
      nullptr);
  EXPECT_TRUE (Until ([&] { return faulty->gets == 1; }));
  Turn ();
  micro_cache_free (cache);
  cache = nullptr;
  EXPECT_EQ (told, 1);
}

TEST_F (Cache, EndsWhileItWaitsToWatchAgain)
{
  Add ("1", { "a" });
  faulty->watches_fail = true;
  Get ();
  EXPECT_TRUE (Until ([&] { return faulty->watches >= 2; }));
  micro_cache_free (cache);
  cache = nullptr;
}
