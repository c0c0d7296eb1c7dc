/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Random numbers for selectors, from a generator of the thread's own (xorshift64*): GLib's takes a
 * lock.
 */
#pragma once

#include <glib.h>

/* Below @n. */
static inline guint
selector_random_below (guint n)
{
  static _Thread_local guint64 state;

  while (state == 0)
    state = ((guint64) g_random_int () << 32) | g_random_int ();
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (((state * G_GUINT64_CONSTANT (0x2545f4914f6cdd1d)) >> 32) * n) >> 32;
}
