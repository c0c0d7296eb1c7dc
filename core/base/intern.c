/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Strings of which equal ones are one, as long as somebody has it.
 */
#include "config.h"

#include "base/intern.h"

/* GLib 2.74 takes an interned string out of its table only after the last reference has gone, and
 * gives it to whoever asks for it in between. */
static GMutex mutex;

char *
micro_intern (const char *text)
{
  char *interned;

  g_mutex_lock (&mutex);
  interned = g_ref_string_new_intern (text);
  g_mutex_unlock (&mutex);
  return interned;
}

void
micro_intern_release (char *interned)
{
  g_mutex_lock (&mutex);
  g_ref_string_release (interned);
  g_mutex_unlock (&mutex);
}
