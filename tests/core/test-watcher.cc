/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The watcher: a queue that is pushed on any thread and read on one.
 */
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "../registry-test.h"

namespace
{
struct Watcher : testing::Test
{
  static void
  Keep (GObject *, GAsyncResult *result, gpointer user_data)
  {
    *(GAsyncResult **) user_data = (GAsyncResult *) g_object_ref (result);
  }

  void
  Push (const char *name, const char *node = "a")
  {
    g_autoptr (GPtrArray) services
        = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
    g_autoptr (MicroEvent) event = nullptr;

    g_ptr_array_add (services, make_service (name, "1", { node }));
    event = micro_event_new_snapshot (name, services);
    micro_watcher_push (watcher, event);
  }

  void
  PushGone (const char *name)
  {
    g_autoptr (MicroEvent) event = micro_event_new_gone (name, nullptr);

    micro_watcher_push (watcher, event);
  }

  std::string
  Next ()
  {
    return RegistryUser::Next (watcher);
  }

  std::atomic<int> stopped{ 0 };
  MicroWatcher *watcher
      = micro_watcher_new ([] (gpointer data) { ++*(std::atomic<int> *) data; }, &stopped);

  ~Watcher () { g_clear_object (&watcher); }
};
}

TEST_F (Watcher, GivesEventsInTheirOrder)
{
  Push ("a");
  PushGone ("b");
  Push ("c");
  EXPECT_EQ (Next (), "a 1: a");
  EXPECT_EQ (Next (), "no b");
  EXPECT_EQ (Next (), "c 1: a");
}

TEST_F (Watcher, KeepsTheNewestOfEachName)
{
  Push ("a", "one");
  Push ("b", "one");
  PushGone ("a");
  Push ("b", "two");
  Push ("a", "three");
  EXPECT_EQ (Next (), "a 1: three") << "in the place of the first";
  Push ("a", "four");
  EXPECT_EQ (Next (), "b 1: two");
  EXPECT_EQ (Next (), "a 1: four");
}

TEST_F (Watcher, WakesAReaderThatWaits)
{
  g_autoptr (GAsyncResult) result = nullptr;
  g_autoptr (MicroEvent) event = nullptr;

  micro_watcher_next_async (watcher, nullptr, Keep, &result);
  std::thread ([&] { Push ("late"); }).join ();
  RegistryUser::Until ([&] { return result != nullptr; });
  event = micro_watcher_next_finish (watcher, result, nullptr);
  ASSERT_NE (event, nullptr);
  EXPECT_STREQ (micro_event_get_name (event), "late");
}

TEST_F (Watcher, TellsWhatCameBeforeTheFailureFirst)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "lost");
  g_autoptr (GError) second = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "lost again");

  Push ("a");
  micro_watcher_fail (watcher, error);
  micro_watcher_fail (watcher, second);
  EXPECT_EQ (Next (), "a 1: a");
  EXPECT_EQ (Next (), "lost");
  EXPECT_EQ (Next (), "lost") << "and stays so";
}

TEST_F (Watcher, EndsAWaitWhenItIsStoppedOnAnotherThread)
{
  g_autoptr (GAsyncResult) result = nullptr;
  g_autoptr (GError) error = nullptr;

  micro_watcher_next_async (watcher, nullptr, Keep, &result);
  std::thread ([&] {
    micro_watcher_stop (watcher);
    micro_watcher_stop (watcher);
  }).join ();
  RegistryUser::Until ([&] { return result != nullptr; });
  EXPECT_EQ (micro_watcher_next_finish (watcher, result, &error), nullptr);
  ASSERT_NE (error, nullptr);
  EXPECT_STREQ (error->message, "the watcher was stopped");
  EXPECT_EQ (stopped, 1);
  Push ("too late");
  EXPECT_EQ (Next (), "the watcher was stopped");
}

TEST_F (Watcher, TellsTheRegistryOnceWhenItIsDropped)
{
  Push ("unread");
  g_clear_object (&watcher);
  EXPECT_EQ (stopped, 1);
}

TEST_F (Watcher, TakesOneWaitAtATime)
{
  g_autoptr (GAsyncResult) first = nullptr;
  g_autoptr (GAsyncResult) second = nullptr;
  g_autoptr (GError) error = nullptr;

  micro_watcher_next_async (watcher, nullptr, Keep, &first);
  micro_watcher_next_async (watcher, nullptr, Keep, &second);
  RegistryUser::Until ([&] { return second != nullptr; });
  EXPECT_EQ (micro_watcher_next_finish (watcher, second, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PENDING));
  EXPECT_EQ (first, nullptr);
  micro_watcher_stop (watcher);
  RegistryUser::Until ([&] { return first != nullptr; });
  micro_event_unref (micro_watcher_next_finish (watcher, first, nullptr));
}

TEST_F (Watcher, LetsAWaitBeCancelledAndAnotherBegin)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = nullptr;
  g_autoptr (GAsyncResult) at_once = nullptr;
  g_autoptr (GError) error = nullptr;

  micro_watcher_next_async (watcher, cancellable, Keep, &result);
  std::thread ([&] { g_cancellable_cancel (cancellable); }).join ();
  RegistryUser::Until ([&] { return result != nullptr; });
  EXPECT_EQ (micro_watcher_next_finish (watcher, result, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_cancellable_cancel (cancelled);
  micro_watcher_next_async (watcher, cancelled, Keep, &at_once);
  EXPECT_TRUE (RegistryUser::Until ([&] { return at_once != nullptr; }));
  g_clear_error (&error);
  EXPECT_EQ (micro_watcher_next_finish (watcher, at_once, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  Push ("a");
  EXPECT_EQ (Next (), "a 1: a");
}

/* One source a wait would make the reader's loop slower with every event. */
TEST_F (Watcher, LeavesNothingOfAWaitBehind)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  int alive = 0;

  for (int i = 0; i < 100; i++)
    {
      GAsyncResult *result = nullptr;

      micro_watcher_next_async (watcher, cancellable, Keep, &result);
      Push ("a");
      RegistryUser::Until ([&] { return result != nullptr; });
      micro_event_unref (micro_watcher_next_finish (watcher, result, nullptr));
      alive++;
      g_object_weak_ref (
          G_OBJECT (result), [] (gpointer data, GObject *) { --*(int *) data; }, &alive);
      g_object_unref (result);
    }
  RegistryUser::Until ([&] { return alive == 0; });
  EXPECT_EQ (alive, 0);
}

TEST_F (Watcher, LetsItsReaderDropItInsideTheEvent)
{
  g_object_add_weak_pointer (G_OBJECT (watcher), (gpointer *) &watcher);
  micro_watcher_next_async (
      watcher, nullptr,
      [] (GObject *source, GAsyncResult *result, gpointer) {
        micro_event_unref (micro_watcher_next_finish ((MicroWatcher *) source, result, nullptr));
        g_object_unref (source);
      },
      nullptr);
  while (g_main_context_iteration (nullptr, FALSE))
    ;
  Push ("a");
  RegistryUser::Until ([&] { return watcher == nullptr; });
  EXPECT_EQ (watcher, nullptr);
  EXPECT_EQ (stopped, 1);
}

TEST_F (Watcher, LosesNothingOfManyThreads)
{
  std::vector<std::thread> threads;
  int n = 0;

  for (int t = 0; t < 4; t++)
    threads.emplace_back ([this, t] {
      for (int i = 0; i < 500; i++)
        Push (std::to_string (t * 500 + i).c_str ());
    });
  while (n < 2000 && Next ().find (" 1: a") != std::string::npos)
    n++;
  for (std::thread &thread : threads)
    thread.join ();
  EXPECT_EQ (n, 2000);
}
