/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Timestamps and durations as the JSON mapping writes them.
 */
#include "config.h"

#include <string.h>

#include "codec/time.h"

#define EPOCH_DAY 719163 /* 1970-01-01, counted from 0001-01-01 as day 1 */
#define SECONDS_A_DAY 86400
#define MIN_TIMESTAMP G_GINT64_CONSTANT (-62135596800) /* 0001-01-01T00:00:00Z */
#define MAX_TIMESTAMP G_GINT64_CONSTANT (253402300799) /* 9999-12-31T23:59:59Z */
#define MAX_DURATION G_GINT64_CONSTANT (315576000000)  /* 10,000 years */
#define MAX_NANOS 999999999

static gboolean
read_digits (const char **text, guint n, int *ret_value)
{
  int value = 0;

  for (guint i = 0; i < n; i++, (*text)++)
    {
      if (!g_ascii_isdigit (**text))
        return FALSE;
      value = value * 10 + (**text - '0');
    }
  *ret_value = value;
  return TRUE;
}

static gboolean
read_char (const char **text, char c)
{
  if (**text != c)
    return FALSE;
  (*text)++;
  return TRUE;
}

/* ".5" → 500000000; nothing → 0. */
static gboolean
read_fraction (const char **text, gint32 *ret_nanos)
{
  gint32 nanos = 0;
  guint digits = 0;

  if (read_char (text, '.'))
    {
      for (; g_ascii_isdigit (**text) && digits < 9; digits++, (*text)++)
        nanos = nanos * 10 + (**text - '0');
      if (digits == 0)
        return FALSE;
      for (; digits < 9; digits++)
        nanos *= 10;
    }
  *ret_nanos = nanos;
  return TRUE;
}

static gboolean
read_offset (const char **text, int *ret_seconds)
{
  gboolean negative = **text == '-';
  int hours = 0;
  int minutes = 0;

  *ret_seconds = 0;
  if (read_char (text, 'Z'))
    return TRUE;
  if (!negative && **text != '+')
    return FALSE;
  (*text)++;
  if (!read_digits (text, 2, &hours) || !read_char (text, ':') || !read_digits (text, 2, &minutes)
      || hours > 23 || minutes > 59)
    return FALSE;
  *ret_seconds = (hours * 60 + minutes) * 60 * (negative ? -1 : 1);
  return TRUE;
}

gboolean
micro_codec_timestamp_from_text (const char *text, gint64 *ret_seconds, gint32 *ret_nanos)
{
  int year, month, day, hour, minute, second, offset;
  GDate date;
  gint64 seconds;

  if (!read_digits (&text, 4, &year) || !read_char (&text, '-') || !read_digits (&text, 2, &month)
      || !read_char (&text, '-') || !read_digits (&text, 2, &day) || !read_char (&text, 'T')
      || !read_digits (&text, 2, &hour) || !read_char (&text, ':')
      || !read_digits (&text, 2, &minute) || !read_char (&text, ':')
      || !read_digits (&text, 2, &second) || !read_fraction (&text, ret_nanos)
      || !read_offset (&text, &offset) || *text != '\0')
    return FALSE;
  if (!g_date_valid_dmy (day, month, year) || hour > 23 || minute > 59 || second > 59)
    return FALSE;
  g_date_clear (&date, 1);
  g_date_set_dmy (&date, day, month, year);
  seconds = ((gint64) g_date_get_julian (&date) - EPOCH_DAY) * SECONDS_A_DAY + hour * 3600
            + minute * 60 + second - offset;
  *ret_seconds = seconds;
  return seconds >= MIN_TIMESTAMP && seconds <= MAX_TIMESTAMP;
}

gboolean
micro_codec_duration_from_text (const char *text, gint64 *ret_seconds, gint32 *ret_nanos)
{
  gboolean negative = read_char (&text, '-');
  gint64 seconds = 0;

  if (!g_ascii_isdigit (*text))
    return FALSE;
  for (; g_ascii_isdigit (*text); text++)
    {
      seconds = seconds * 10 + (*text - '0');
      if (seconds > MAX_DURATION)
        return FALSE;
    }
  if (!read_fraction (&text, ret_nanos) || strcmp (text, "s") != 0
      || (seconds == MAX_DURATION && *ret_nanos > 0))
    return FALSE;
  *ret_seconds = negative ? -seconds : seconds;
  *ret_nanos = negative ? -*ret_nanos : *ret_nanos;
  return TRUE;
}

/* None, three, six or nine digits. */
static void
append_fraction (GString *out, gint32 nanos)
{
  if (nanos == 0)
    return;
  if (nanos % 1000000 == 0)
    g_string_append_printf (out, ".%03d", nanos / 1000000);
  else if (nanos % 1000 == 0)
    g_string_append_printf (out, ".%06d", nanos / 1000);
  else
    g_string_append_printf (out, ".%09d", nanos);
}

char *
micro_codec_timestamp_to_text (gint64 seconds, gint32 nanos)
{
  GString *out;
  GDate date;
  gint64 day;
  int rest;

  if (seconds < MIN_TIMESTAMP || seconds > MAX_TIMESTAMP || nanos < 0 || nanos > MAX_NANOS)
    return NULL;
  day = seconds / SECONDS_A_DAY;
  rest = seconds % SECONDS_A_DAY;
  if (rest < 0)
    {
      rest += SECONDS_A_DAY;
      day--;
    }
  g_date_clear (&date, 1);
  g_date_set_julian (&date, day + EPOCH_DAY);
  out = g_string_new (NULL);
  g_string_append_printf (out, "%04d-%02d-%02dT%02d:%02d:%02d", g_date_get_year (&date),
                          g_date_get_month (&date), g_date_get_day (&date), rest / 3600,
                          rest / 60 % 60, rest % 60);
  append_fraction (out, nanos);
  g_string_append_c (out, 'Z');
  return g_string_free (out, FALSE);
}

char *
micro_codec_duration_to_text (gint64 seconds, gint32 nanos)
{
  GString *out;

  if (seconds < -MAX_DURATION || seconds > MAX_DURATION || nanos < -MAX_NANOS || nanos > MAX_NANOS
      || (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0))
    return NULL;
  out = g_string_new (seconds < 0 || nanos < 0 ? "-" : "");
  g_string_append_printf (out, "%" G_GINT64_FORMAT, ABS (seconds));
  append_fraction (out, ABS (nanos));
  g_string_append_c (out, 's');
  return g_string_free (out, FALSE);
}
