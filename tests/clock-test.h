/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * For tests of what goes by the clock: one that they stop and set forward.  Included once a
 * program.
 */
#pragma once

#include <atomic>

#include <ctime>

#include <glib.h>

namespace
{
std::atomic<gint64> clock_ahead_us{ 0 };
std::atomic<gint64> clock_stopped_us{ 0 }; /* 0: it goes */
}

/* In place of GLib's, for what is linked into the program.  GLib's own time-outs may go on by the
 * other, so a loop that is to see another time has to be woken. */
extern "C" gint64
g_get_monotonic_time (void)
{
  gint64 stopped_us = clock_stopped_us;
  struct timespec now;

  if (stopped_us != 0)
    return stopped_us + clock_ahead_us;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + clock_ahead_us;
}

namespace
{
inline void
advance_clock_ms (gint64 ms)
{
  clock_ahead_us += ms * 1000;
}

/* Its time passes by advance_clock_ms() alone while this lives; then it is what it was. */
class StoppedClock
{
public:
  StoppedClock ()
  {
    clock_ahead_us = 0;
    clock_stopped_us = g_get_monotonic_time ();
  }
  ~StoppedClock ()
  {
    clock_stopped_us = 0;
    clock_ahead_us = 0;
  }
};
}
