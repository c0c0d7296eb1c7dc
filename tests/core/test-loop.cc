/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Loop threads: order of posts, timers, tasks and descriptors.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include <vector>

#include <gtest/gtest.h>

#include <micro/micro.h>

namespace
{
std::vector<int> order;

void
note (gpointer data)
{
  order.push_back (GPOINTER_TO_INT (data));
}

struct Timer
{
  MicroLoopTimer timer;
  int number;
  gint64 at_us;
  GMutex *mutex;
  GCond *cond;
  int *left;
};

void
expired (MicroLoopTimer *timer)
{
  Timer *self = (Timer *) timer;

  order.push_back (self->number);
  EXPECT_GE (g_get_monotonic_time (), self->at_us);
  g_mutex_lock (self->mutex);
  (*self->left)--;
  g_cond_signal (self->cond);
  g_mutex_unlock (self->mutex);
}
}

TEST (Loop, RunsPostsInOrderOnItsOwnThread)
{
  MicroLoop *loop = micro_loop_new ("test");

  order.clear ();
  EXPECT_EQ (micro_loop_get_current (), nullptr);
  for (int i = 0; i < 1000; i++)
    micro_loop_post (loop, note, GINT_TO_POINTER (i));
  micro_loop_run_sync (loop, note, GINT_TO_POINTER (1000));
  ASSERT_EQ (order.size (), 1001u);
  for (int i = 0; i <= 1000; i++)
    EXPECT_EQ (order[i], i);
  micro_loop_free (loop);
}

TEST (Loop, RunsWhatWasPostedBeforeItWasFreed)
{
  MicroLoop *loop = micro_loop_new ("test");

  order.clear ();
  for (int i = 0; i < 100; i++)
    micro_loop_post (loop, note, GINT_TO_POINTER (i));
  micro_loop_free (loop);
  EXPECT_EQ (order.size (), 100u);
}

TEST (Loop, MayBeFreedOnItsOwnThread)
{
  MicroLoop *loop = micro_loop_new ("test");
  g_autoptr (GSource) source = g_timeout_source_new_seconds (3600);
  static gboolean gone;

  g_atomic_int_set (&gone, FALSE);
  g_source_set_callback (
      source, [] (gpointer) -> gboolean { return G_SOURCE_CONTINUE; }, NULL,
      [] (gpointer) { g_atomic_int_set (&gone, TRUE); });
  g_source_attach (source, micro_loop_get_context (loop));
  order.clear ();
  micro_loop_post (
      loop,
      [] (gpointer data) {
        micro_loop_free ((MicroLoop *) data);
        micro_loop_post ((MicroLoop *) data, note, GINT_TO_POINTER (1));
      },
      loop);
  while (!g_atomic_int_get (&gone))
    g_usleep (1000);
  EXPECT_EQ (order.size (), 1u);
}

TEST (Loop, TimersExpireInOrderNeverEarlyAndNotOnceStopped)
{
  enum
  {
    N = 200
  };
  MicroLoop *loop = micro_loop_new ("test");
  static Timer timers[N];
  GMutex mutex;
  GCond cond;
  int left = N / 2;

  order.clear ();
  g_mutex_init (&mutex);
  g_cond_init (&cond);
  for (int i = 0; i < N; i++)
    timers[i] = { { 0, 0, expired }, i, 0, &mutex, &cond, &left };
  struct Job
  {
    MicroLoop *loop;
  } job = { loop };
  micro_loop_run_sync (
      loop,
      [] (gpointer data) {
        MicroLoop *self = ((Job *) data)->loop;
        gint64 now = g_get_monotonic_time ();

        /* 7 and N share no factor: every place once, in a scrambled order. */
        for (int i = 0; i < N; i++)
          {
            Timer *timer = &timers[i * 7 % N];

            timer->at_us = now + timer->number * 100;
            micro_loop_start_timer (self, &timer->timer, timer->at_us);
          }
        for (int i = 1; i < N; i += 2)
          micro_loop_stop_timer (self, &timers[i].timer);
      },
      &job);
  g_mutex_lock (&mutex);
  while (left > 0)
    g_cond_wait (&cond, &mutex);
  g_mutex_unlock (&mutex);
  micro_loop_free (loop);
  ASSERT_EQ (order.size (), (size_t) N / 2);
  for (int i = 0; i < N / 2; i++)
    EXPECT_EQ (order[i], i * 2);
}

TEST (Loop, ForgetsADescriptorThatWasRemovedInTheSameTurn)
{
  struct Pair
  {
    MicroLoopSource source;
    Pair *other;
    MicroLoop *loop;
    int calls;
  };
  static Pair pairs[2];
  MicroLoop *loop = micro_loop_new ("test");
  int fds[2];

  ASSERT_EQ (pipe (fds), 0);
  ASSERT_EQ (write (fds[1], "x", 1), 1);
  for (int i = 0; i < 2; i++)
    {
      pairs[i] = {};
      pairs[i].source.fd = dup (fds[0]);
      pairs[i].source.events = EPOLLIN;
      pairs[i].other = &pairs[1 - i];
      pairs[i].loop = loop;
      pairs[i].source.ready = [] (MicroLoopSource *source, guint32 events) {
        Pair *self = (Pair *) source;

        (void) events;
        self->calls++;
        micro_loop_remove_source (self->loop, &self->source);
        micro_loop_remove_source (self->loop, &self->other->source);
      };
    }
  micro_loop_run_sync (
      loop,
      [] (gpointer data) {
        for (int i = 0; i < 2; i++)
          EXPECT_TRUE (micro_loop_add_source ((MicroLoop *) data, &pairs[i].source, NULL));
      },
      loop);
  while (TRUE)
    {
      static bool done;

      micro_loop_run_sync (
          loop, [] (gpointer) { done = pairs[0].calls + pairs[1].calls > 0; }, NULL);
      if (done)
        break;
    }
  micro_loop_free (loop);
  EXPECT_EQ (pairs[0].calls + pairs[1].calls, 1);
  for (int fd : { fds[0], fds[1], pairs[0].source.fd, pairs[1].source.fd })
    close (fd);
}

TEST (Loop, KeepsStillWhenATurnIteratesItsContext)
{
  static MicroLoop *loop;
  static MicroLoopSource source;
  static int turns, calls;
  int fds[2];

  loop = micro_loop_new ("test");
  turns = calls = 0;
  order.clear ();
  ASSERT_EQ (pipe (fds), 0);
  ASSERT_EQ (write (fds[1], "x", 1), 1); // readable from now on: a nested poll must not see it
  source = {};
  source.fd = fds[0];
  source.events = EPOLLIN;
  source.ready = [] (MicroLoopSource *, guint32) {
    gboolean over = FALSE;
    g_autoptr (GSource) timeout = g_timeout_source_new (20);

    calls++;
    micro_loop_remove_source (loop, &source);
    ASSERT_TRUE (micro_loop_add_source (loop, &source, NULL));
    micro_loop_post (loop, note, GINT_TO_POINTER (2));
    g_source_set_callback (
        timeout,
        [] (gpointer data) -> gboolean {
          *(gboolean *) data = TRUE;
          return G_SOURCE_REMOVE;
        },
        &over, NULL);
    g_source_attach (timeout, micro_loop_get_context (loop));
    for (turns = 0; !over; turns++)
      g_main_context_iteration (micro_loop_get_context (loop), TRUE);
    order.push_back (1);
    micro_loop_remove_source (loop, &source);
  };
  micro_loop_run_sync (
      loop, [] (gpointer) { EXPECT_TRUE (micro_loop_add_source (loop, &source, NULL)); }, NULL);
  for (bool done = false; !done;)
    micro_loop_run_sync (
        loop, [] (gpointer data) { *(bool *) data = order.size () == 2; }, &done);
  micro_loop_free (loop);
  EXPECT_EQ (calls, 1);
  EXPECT_LT (turns, 10); // it waited, it did not spin
  EXPECT_EQ (order, (std::vector<int>{ 1, 2 }));
  for (int fd : fds)
    close (fd);
}

TEST (Loop, RunsWhatIsPostedAfterItsEndWhereItIsPosted)
{
  MicroLoop *loop = micro_loop_ref (micro_loop_new ("test"));

  order.clear ();
  micro_loop_free (loop);
  micro_loop_post (loop, note, GINT_TO_POINTER (1));
  ASSERT_EQ (order.size (), 1u);
  micro_loop_run_sync (loop, note, GINT_TO_POINTER (2));
  EXPECT_EQ (order.size (), 2u);
  micro_loop_unref (loop);
}
