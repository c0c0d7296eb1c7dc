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
