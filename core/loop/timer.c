/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The timers of a loop: a binary heap, so that starting and stopping one costs no system call.
 */
#include "config.h"

#include "loop/loop.h"

static void
heap_put (MicroLoop *self, guint position, MicroLoopTimer *timer)
{
  self->heap[position] = timer;
  timer->position = position;
}

static void
heap_up (MicroLoop *self, guint position, MicroLoopTimer *timer)
{
  while (position > 1 && self->heap[position / 2]->at_us > timer->at_us)
    {
      heap_put (self, position, self->heap[position / 2]);
      position /= 2;
    }
  heap_put (self, position, timer);
}

static void
heap_down (MicroLoop *self, guint position, MicroLoopTimer *timer)
{
  while (position * 2 <= self->n_timers)
    {
      guint child = position * 2;

      if (child < self->n_timers && self->heap[child + 1]->at_us < self->heap[child]->at_us)
        child++;
      if (self->heap[child]->at_us >= timer->at_us)
        break;
      heap_put (self, position, self->heap[child]);
      position = child;
    }
  heap_put (self, position, timer);
}

/**
 * micro_loop_start_timer: (skip)
 * @self: the loop of the calling thread
 * @timer: a timer whose `expired` is set
 * @at_us: when, on g_get_monotonic_time()'s clock
 *
 * Starts @timer, or moves it if it runs already.  It expires once, never early.
 */
void
micro_loop_start_timer (MicroLoop *self, MicroLoopTimer *timer, gint64 at_us)
{
  micro_loop_stop_timer (self, timer);
  timer->at_us = at_us;
  if (self->n_timers + 2 > self->heap_size)
    {
      self->heap_size = MAX (64, self->heap_size * 2);
      self->heap = g_renew (MicroLoopTimer *, self->heap, self->heap_size);
    }
  self->n_timers++;
  heap_up (self, self->n_timers, timer);
}

/**
 * micro_loop_stop_timer: (skip)
 * @self: the loop of the calling thread
 * @timer: a timer, running or not
 *
 * Stops @timer; afterwards its memory may go.
 */
void
micro_loop_stop_timer (MicroLoop *self, MicroLoopTimer *timer)
{
  guint position = timer->position;
  MicroLoopTimer *last;

  if (position == 0)
    return;
  timer->position = 0;
  last = self->heap[self->n_timers--];
  if (last == timer)
    return;
  if (position > 1 && self->heap[position / 2]->at_us > last->at_us)
    heap_up (self, position, last);
  else
    heap_down (self, position, last);
}

void
micro_loop_run_timers (MicroLoop *self)
{
  while (self->n_timers > 0 && self->heap[1]->at_us <= self->now_us)
    {
      MicroLoopTimer *timer = self->heap[1];

      micro_loop_stop_timer (self, timer);
      timer->expired (timer);
    }
}
