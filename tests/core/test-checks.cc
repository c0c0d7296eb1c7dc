/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Checks: what passes when, how often they run, and what a check that hangs does.
 */
#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C"
{
#include "app/checks.h"
}

namespace
{
/* A check that does as it is told. */
struct Told
{
  std::atomic<bool> added{ false };
  std::atomic<bool> gone{ false };  /* nobody runs it any more */
  std::atomic<bool> hangs{ false }; /* it has heard that it is to */
  std::atomic<bool> fine{ true };
  std::atomic<bool> hang{ false };
  std::atomic<bool> deaf{ false }; /* does not heed its cancellable */
  std::atomic<int> runs{ 0 };
  std::atomic<int> at_once{ 0 };
  std::atomic<int> most_at_once{ 0 };

  static gboolean
  run (GCancellable *cancellable, gpointer user_data, GError **error)
  {
    Told *self = (Told *) user_data;

    self->most_at_once = std::max<int> (self->most_at_once, ++self->at_once);
    self->runs++;
    while (self->hang && (self->deaf || !g_cancellable_is_cancelled (cancellable)))
      {
        self->hangs = true;
        g_usleep (1000);
      }
    self->at_once--;
    if (!self->fine)
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "told to fail");
    return self->fine;
  }

  static void
  let_go (gpointer user_data)
  {
    ((Told *) user_data)->gone = true;
  }
};

struct Checks : testing::Test
{
  MicroLoop *loop = micro_loop_new ("test");
  MicroChecks *checks = micro_checks_new ();
  std::atomic<int> changes{ 0 };
  Told told, other;

  ~Checks ()
  {
    told.hang = false;
    micro_checks_stop (checks);
    micro_checks_unref (checks);
    micro_loop_free (loop);
    for (Told *one : { &told, &other })
      wait_for ([one] { return one->gone || !one->added; });
  }

  static void
  changed (gpointer user_data)
  {
    ((Checks *) user_data)->changes++;
  }

  void
  start ()
  {
    micro_checks_start (checks, loop, changed, this);
  }

  void
  add (MicroCheckFlags flags, guint timeout_ms = 100000)
  {
    add ("told", &told, flags, timeout_ms);
  }

  void
  add (const char *name, Told *one, MicroCheckFlags flags, guint timeout_ms)
  {
    one->added = true;
    micro_checks_add (checks, name, flags, interval_ms, timeout_ms, Told::run, one, Told::let_go);
  }

  bool
  pass (int flags = MICRO_CHECK_CRITICAL)
  {
    return micro_checks_pass (checks, (MicroCheckFlags) flags, nullptr);
  }

  std::string
  reason (int flags = MICRO_CHECK_CRITICAL)
  {
    g_autofree char *text = nullptr;

    micro_checks_pass (checks, (MicroCheckFlags) flags, &text);
    return text != nullptr ? text : "";
  }

  template <typename Condition>
  static bool
  wait_for (Condition condition)
  {
    while (!condition ())
      g_usleep (1000);
    return true;
  }

  /* All timers of the loop that were to expire in @ms from now have: they do so in order. */
  void
  pass_time (int ms)
  {
    struct Later
    {
      MicroLoopTimer timer;
      MicroLoop *loop;
      int ms;
      std::atomic<bool> over;
    } later = {
      { 0, 0, [] (MicroLoopTimer *timer) { ((Later *) timer)->over = true; } }, loop, ms, { false }
    };

    micro_loop_run_sync (
        loop,
        [] (gpointer data) {
          Later *self = (Later *) data;

          micro_loop_start_timer (self->loop, &self->timer,
                                  g_get_monotonic_time () + self->ms * (gint64) 1000);
        },
        &later);
    wait_for ([&] { return later.over.load (); });
    micro_loop_run_sync (
        loop, [] (gpointer) {}, nullptr);
  }

  static constexpr guint interval_ms = 5;
};
}

TEST_F (Checks, NothingPasses)
{
  EXPECT_TRUE (pass ());
  EXPECT_EQ (reason (), "");
}

TEST_F (Checks, AConditionFailsUntilItIsFulfilled)
{
  start ();
  int before = changes;

  micro_checks_set (checks, "listening", MICRO_CHECK_CRITICAL, "not yet");
  EXPECT_EQ (reason (), "listening: not yet");
  EXPECT_TRUE (pass (MICRO_CHECK_LIVE));
  micro_checks_set (checks, "listening", MICRO_CHECK_CRITICAL, "not yet");
  EXPECT_EQ (changes, before + 1);
  micro_checks_set (checks, "listening", MICRO_CHECK_CRITICAL, nullptr);
  EXPECT_TRUE (pass ());
  EXPECT_EQ (changes, before + 2);
}

TEST_F (Checks, ACheckFailsUntilItHasRun)
{
  add (MICRO_CHECK_CRITICAL);
  EXPECT_EQ (reason (), "told: it has not been looked at yet");
  start ();
  EXPECT_TRUE (wait_for ([this] { return pass (); }));
}

TEST_F (Checks, WhomNobodyHasLookedAtIsAlive)
{
  add (MICRO_CHECK_LIVE);
  EXPECT_TRUE (pass (MICRO_CHECK_LIVE));
}

TEST_F (Checks, FollowsWhatTheCheckSays)
{
  start ();
  add (MICRO_CHECK_CRITICAL);
  EXPECT_TRUE (wait_for ([this] { return pass (); }));
  told.fine = false;
  EXPECT_TRUE (wait_for ([this] { return !pass (); }));
  EXPECT_EQ (reason (), "told: told to fail");
  told.fine = true;
  EXPECT_TRUE (wait_for ([this] { return pass (); }));
}

TEST_F (Checks, OneThatIsNotCriticalIsOnlyTold)
{
  std::vector<std::string> seen;

  told.fine = false;
  start ();
  add (MICRO_CHECK_NONE);
  ASSERT_TRUE (wait_for ([this] { return told.runs > 1; }));
  EXPECT_TRUE (pass (MICRO_CHECK_CRITICAL | MICRO_CHECK_LIVE));
  micro_checks_foreach (
      checks,
      [] (const char *name, MicroCheckFlags flags, const char *why, gpointer user_data) {
        ((std::vector<std::string> *) user_data)
            ->push_back (std::string (name) + "=" + (why != nullptr ? why : "fine"));
      },
      &seen);
  EXPECT_EQ (seen, std::vector<std::string>{ "told=told to fail" });
}

TEST_F (Checks, OneThatHangsHasFailedAndRunsAgain)
{
  start ();
  add (MICRO_CHECK_CRITICAL, 50);
  ASSERT_TRUE (wait_for ([this] { return pass (); }));
  told.hang = true;
  EXPECT_TRUE (wait_for ([this] { return !pass (); }));
  EXPECT_EQ (reason (), "told: it has not answered within 50 ms");
  told.hang = false;
  EXPECT_TRUE (wait_for ([this] { return pass (); }));
}

TEST_F (Checks, OneThatIsDeafRunsOnceAtATimeAndStopsNoOther)
{
  told.deaf = told.hang = true;
  start ();
  add (MICRO_CHECK_CRITICAL, 20);
  add ("other", &other, MICRO_CHECK_NONE, 100000);
  EXPECT_TRUE (wait_for ([this] { return told.runs > 0 && other.runs > 20; }));
  EXPECT_FALSE (pass ());
  EXPECT_EQ (told.runs, 1);
  told.hang = false;
  EXPECT_TRUE (wait_for ([this] { return pass (); }));
  EXPECT_EQ (told.most_at_once, 1);
}

TEST_F (Checks, StopsARunningCheckAndTellsNoMore)
{
  start ();
  add (MICRO_CHECK_CRITICAL);
  ASSERT_TRUE (wait_for ([this] { return told.runs > 0; }));
  told.hang = true;
  ASSERT_TRUE (wait_for ([this] { return told.hangs.load (); }));
  micro_checks_stop (checks);
  int before = changes;
  EXPECT_TRUE (wait_for ([this] { return told.at_once == 0; })); /* it was cancelled */
  int runs = told.runs;
  micro_checks_set (checks, "late", MICRO_CHECK_CRITICAL, "nobody listens");
  pass_time (10 * interval_ms);
  EXPECT_EQ (told.runs, runs);
  EXPECT_EQ (changes, before);
}

TEST_F (Checks, LetsGoOfWhatItWasGiven)
{
  MicroChecks *own = micro_checks_new ();
  bool gone = false;

  micro_checks_add (own, "x", MICRO_CHECK_NONE, 0, 0, Told::run, &gone,
                    [] (gpointer user_data) { *(bool *) user_data = true; });
  micro_checks_unref (own);
  EXPECT_TRUE (gone);
}
