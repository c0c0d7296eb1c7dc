/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Reads a JSON object in passing: takes the few members that are wanted, skips the rest.
 */
#include "config.h"

#include <string.h>

#include "kube-scan.h"

#define MAX_DEPTH 256

void
kube_scan_init (KubeScan *self, const char *json, gsize length)
{
  *self = (KubeScan){ json, json + length, FALSE };
}

/* The next byte that is no blank; 0 at the end. */
static char
peek (KubeScan *self)
{
  while (self->at < self->end
         && (*self->at == ' ' || *self->at == '\n' || *self->at == '\r' || *self->at == '\t'))
    self->at++;
  return !self->failed && self->at < self->end ? *self->at : '\0';
}

static void
scan_fail (KubeScan *self)
{
  self->failed = TRUE;
  self->at = self->end;
}

/* Takes a string; what is between its quotes is from @ret_start on. */
static gboolean
take_string (KubeScan *self, const char **ret_start, gsize *ret_length)
{
  const char *at;

  if (peek (self) != '"')
    {
      scan_fail (self);
      return FALSE;
    }
  *ret_start = ++self->at;
  for (at = self->at; at < self->end && *at != '"'; at++)
    if (*at == '\\')
      at++;
  if (at >= self->end)
    {
      scan_fail (self);
      return FALSE;
    }
  *ret_length = at - *ret_start;
  self->at = at + 1;
  return TRUE;
}

/* Of what is skipped. */
static const guint8 kinds[256] = {
  ['\0'] = 'z', ['"'] = '"', ['{'] = '{', ['['] = '{', ['}'] = '}', [']'] = '}',
};

/* Passes by what stands in brackets, of which only the depth is looked at. */
static void
skip_nested (KubeScan *self)
{
  const char *start;
  gsize length;
  guint depth = 0;

  for (;;)
    {
      while (self->at < self->end && kinds[(guchar) *self->at] == 0)
        self->at++;
      switch (self->at < self->end ? kinds[(guchar) *self->at] : 'z')
        {
        case '"':
          if (!take_string (self, &start, &length))
            return;
          continue;
        case '{':
          if (++depth > MAX_DEPTH)
            scan_fail (self);
          break;
        case '}':
          depth--;
          break;
        default:
          scan_fail (self);
        }
      if (self->failed)
        return;
      self->at++;
      if (depth == 0)
        return;
    }
}

void
kube_scan_skip (KubeScan *self)
{
  const char *start;
  gsize length;

  switch (peek (self))
    {
    case '"':
      take_string (self, &start, &length);
      break;
    case '{':
    case '[':
      skip_nested (self);
      break;
    case '}':
    case ']':
    case ',':
    case ':':
    case '\0':
      scan_fail (self);
      break;
    default:
      while (self->at < self->end && strchr (",:]}\" \n\r\t", *self->at) == NULL)
        self->at++;
    }
}

const char *
kube_scan_raw (KubeScan *self, gsize *ret_length)
{
  const char *start;

  peek (self);
  start = self->at;
  kube_scan_skip (self);
  *ret_length = self->failed ? 0 : self->at - start;
  return start;
}

static gboolean
enter (KubeScan *self, char bracket)
{
  if (peek (self) != bracket)
    {
      kube_scan_skip (self);
      return FALSE;
    }
  self->at++;
  return TRUE;
}

gboolean
kube_scan_enter_object (KubeScan *self)
{
  return enter (self, '{');
}

gboolean
kube_scan_enter_array (KubeScan *self)
{
  return enter (self, '[');
}

gboolean
kube_scan_next_member (KubeScan *self, const char **ret_name, gsize *ret_length)
{
  if (peek (self) == ',')
    self->at++;
  if (peek (self) == '}')
    {
      self->at++;
      return FALSE;
    }
  if (!take_string (self, ret_name, ret_length))
    return FALSE;
  if (peek (self) != ':')
    {
      scan_fail (self);
      return FALSE;
    }
  self->at++;
  return TRUE;
}

gboolean
kube_scan_next_element (KubeScan *self)
{
  if (peek (self) == ',')
    self->at++;
  if (peek (self) == ']')
    {
      self->at++;
      return FALSE;
    }
  if (peek (self) == '\0')
    scan_fail (self);
  return !self->failed;
}

gboolean
kube_scan_is (const char *name, gsize length, const char *wanted)
{
  return strlen (wanted) == length && memcmp (name, wanted, length) == 0;
}

/* --- Values --- */

/* Four hexadecimal digits; -1 if they are not. */
static int
read_hex (const char *at, const char *end)
{
  int value = 0;

  if (end - at < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (at[i]);

      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }
  return value;
}

/* What follows a backslash and a u; the place after it, or NULL. */
static const char *
decode_unicode (const char *at, const char *end, char **to)
{
  int first = read_hex (at, end);
  gunichar c = first;

  if (first <= 0)
    return NULL;
  at += 4;
  if (first >= 0xd800 && first < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u')
    {
      int second = read_hex (at + 2, end);

      if (second < 0xdc00 || second > 0xdfff)
        return NULL;
      c = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
      at += 6;
    }
  else if (first >= 0xd800 && first < 0xe000)
    return NULL;
  *to += g_unichar_to_utf8 (c, *to);
  return at;
}

/* Of what stands after a backslash; 0 for none. */
static char
decode_letter (char letter)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  const char *which = memchr (from, letter, sizeof from - 1);

  return which != NULL ? to[which - from] : '\0';
}

/* What is escaped is never shorter than what it stands for. */
static char *
decode (const char *at, gsize length)
{
  const char *end = at + length;
  g_autofree char *text = g_malloc (length + 1);
  char *to = text;

  while (at < end)
    if (*at != '\\')
      *to++ = *at++;
    else if (at[1] == 'u')
      {
        at = decode_unicode (at + 2, end, &to);
        if (at == NULL)
          return NULL;
      }
    else
      {
        *to = decode_letter (at[1]);
        if (*to++ == '\0')
          return NULL;
        at += 2;
      }
  *to = '\0';
  if (!g_utf8_validate_len (text, to - text, NULL))
    return NULL;
  return g_steal_pointer (&text);
}

char *
kube_scan_string (KubeScan *self)
{
  const char *start;
  gsize length;

  if (peek (self) != '"')
    {
      kube_scan_skip (self);
      return NULL;
    }
  return take_string (self, &start, &length) ? decode (start, length) : NULL;
}

void
kube_scan_take_string (KubeScan *self, char **member)
{
  char *text = kube_scan_string (self);

  if (text == NULL)
    return;
  g_free (*member);
  *member = text;
}

gint64
kube_scan_integer (KubeScan *self, gint64 otherwise)
{
  gsize length;
  const char *start = kube_scan_raw (self, &length);
  g_autofree char *text = g_strndup (start, length);
  gint64 value;

  return length > 0 && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, NULL)
             ? value
             : otherwise;
}

gboolean
kube_scan_boolean (KubeScan *self, gboolean otherwise)
{
  gsize length;
  const char *start = kube_scan_raw (self, &length);

  if (kube_scan_is (start, length, "true"))
    return TRUE;
  return kube_scan_is (start, length, "false") ? FALSE : otherwise;
}
