/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Durations as Go writes them.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-duration.h>

/**
 * micro_duration_parse:
 * @text: a duration
 * @ret_ms: (out): in milliseconds
 *
 * Reads a duration as flags have it: `5s`, `500ms`, `1m30s`, `0`.  More than nothing is at least a
 * millisecond.
 *
 * Returns: whether @text is one
 */
gboolean
micro_duration_parse (const char *text, guint *ret_ms)
{
  static const struct
  {
    const char *name;
    double ms;
  } units[] = { { "ms", 1 },      { "us", 1e-3 }, { "µs", 1e-3 }, { "ns", 1e-6 },
                { "h", 3600000 }, { "m", 60000 }, { "s", 1000 } };
  double sum = 0;

  g_return_val_if_fail (text != NULL && ret_ms != NULL, FALSE);
  if (g_str_equal (text, "0"))
    {
      *ret_ms = 0;
      return TRUE;
    }
  if (*text == '\0')
    return FALSE;
  while (*text != '\0')
    {
      char *end;
      double number;
      guint i = 0;

      if (!g_ascii_isdigit (*text) && *text != '.')
        return FALSE;
      if (text[strspn (text, "0123456789.")] == 'e' || text[1] == 'x' || text[1] == 'X')
        return FALSE;
      number = g_ascii_strtod (text, &end);
      while (i < G_N_ELEMENTS (units) && !g_str_has_prefix (end, units[i].name))
        i++;
      if (end == text || i == G_N_ELEMENTS (units))
        return FALSE;
      sum += number * units[i].ms;
      text = end + strlen (units[i].name);
    }
  if (sum > G_MAXINT)
    return FALSE;
  *ret_ms = sum > 0 && sum < 1 ? 1 : (guint) sum;
  return TRUE;
}
