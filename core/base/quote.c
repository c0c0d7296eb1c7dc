/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What somebody else has written, in a message of ours.
 */
#include "config.h"

#include <micro/micro-error.h>

#define MAX_CHARACTERS 48

/**
 * micro_error_quote:
 * @text: what came from outside; any bytes
 *
 * Returns: (transfer full): as much of @text as a message can bear: at most 48 characters, UTF-8
 *   without control characters, and an ellipsis where something is left out
 */
char *
micro_error_quote (const char *text)
{
  GString *quoted = g_string_new (NULL);
  const char *at = text;

  for (guint n = 0; *at != '\0' && n < MAX_CHARACTERS; n++)
    {
      gunichar character = g_utf8_get_char_validated (at, -1);
      gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;

      if (!valid)
        character = 0xfffd;
      g_string_append_unichar (quoted, g_unichar_iscntrl (character) ? ' ' : character);
      at = valid ? g_utf8_next_char (at) : at + 1;
    }
  if (*at != '\0')
    g_string_append (quoted, "…");
  return g_string_free (quoted, FALSE);
}
