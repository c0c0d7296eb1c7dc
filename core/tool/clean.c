/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Text of others, made fit for a terminal.
 */
#include "config.h"

#include "tool.h"

/* Records and errors come from others; a terminal would obey their control characters. */
char *
tool_clean (const char *text)
{
  char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *clean = g_string_new (NULL);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    g_string_append_unichar (clean,
                             g_unichar_iscntrl (g_utf8_get_char (at)) ? ' ' : g_utf8_get_char (at));
  g_free (valid);
  return g_string_free (clean, FALSE);
}
