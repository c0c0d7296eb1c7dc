/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Strict JSON, token by token: json-glib takes comments, duplicate keys and any depth.
 */
#include "config.h"

#include <string.h>

#include "codec/reader.h"

static gboolean
reader_fail (MicroCodecReader *self, const char *problem)
{
  if (self->problem == NULL)
    self->problem = problem;
  return FALSE;
}

static void
reader_skip_space (MicroCodecReader *self)
{
  while (self->cursor < self->end && *self->cursor != '\0' && strchr (" \t\r\n", *self->cursor))
    self->cursor++;
}

MicroJsonKind
micro_codec_reader_peek (MicroCodecReader *self)
{
  reader_skip_space (self);
  if (self->cursor == self->end)
    {
      reader_fail (self, "the text ends too early");
      return MICRO_JSON_BAD;
    }
  switch (*self->cursor)
    {
    case '{':
      return MICRO_JSON_OBJECT;
    case '[':
      return MICRO_JSON_ARRAY;
    case '"':
      return MICRO_JSON_STRING;
    case 't':
      return MICRO_JSON_TRUE;
    case 'f':
      return MICRO_JSON_FALSE;
    case 'n':
      return MICRO_JSON_NULL;
    default:
      if (*self->cursor == '-' || g_ascii_isdigit (*self->cursor))
        return MICRO_JSON_NUMBER;
      reader_fail (self, "a value is expected here");
      return MICRO_JSON_BAD;
    }
}

gboolean
micro_codec_reader_enter (MicroCodecReader *self)
{
  if (++self->depth > self->max_depth)
    return reader_fail (self, "objects and arrays are nested too deeply");
  self->cursor++;
  return TRUE;
}

gboolean
micro_codec_reader_next (MicroCodecReader *self, char close, gboolean first, gboolean *ret_more)
{
  reader_skip_space (self);
  if (self->cursor == self->end)
    return reader_fail (self, "the text ends too early");
  if (*self->cursor == close)
    {
      self->cursor++;
      self->depth--;
      *ret_more = FALSE;
      return TRUE;
    }
  if (!first)
    {
      if (*self->cursor != ',')
        return reader_fail (self, "a comma or the end of the object or array is expected here");
      self->cursor++;
      reader_skip_space (self);
      if (self->cursor < self->end && *self->cursor == close)
        return reader_fail (self, "a comma is followed by nothing");
    }
  *ret_more = TRUE;
  return TRUE;
}

gboolean
micro_codec_reader_key (MicroCodecReader *self)
{
  reader_skip_space (self);
  if (self->cursor == self->end || *self->cursor != '"')
    return reader_fail (self, "a name in double quotes is expected here");
  if (!micro_codec_reader_string (self))
    return FALSE;
  reader_skip_space (self);
  if (self->cursor == self->end || *self->cursor != ':')
    return reader_fail (self, "a colon is expected here");
  self->cursor++;
  return TRUE;
}

static gboolean
read_unit (MicroCodecReader *self, gunichar *ret_unit)
{
  gunichar unit = 0;

  if (self->end - self->cursor < 4)
    return reader_fail (self, "\\u needs four hexadecimal digits");
  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (self->cursor[i]);

      if (digit < 0)
        return reader_fail (self, "\\u needs four hexadecimal digits");
      unit = unit << 4 | digit;
    }
  self->cursor += 4;
  *ret_unit = unit;
  return TRUE;
}

static gboolean
read_unicode (MicroCodecReader *self)
{
  gunichar unit = 0;
  gunichar low = 0;

  if (!read_unit (self, &unit))
    return FALSE;
  if (unit == 0)
    return reader_fail (self, "\\u0000 cannot be part of a string");
  if (unit >= 0xd800 && unit <= 0xdbff)
    {
      if (self->end - self->cursor < 2 || self->cursor[0] != '\\' || self->cursor[1] != 'u')
        return reader_fail (self, "half a surrogate pair is no character");
      self->cursor += 2;
      if (!read_unit (self, &low))
        return FALSE;
      if (low < 0xdc00 || low > 0xdfff)
        return reader_fail (self, "half a surrogate pair is no character");
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  else if (unit >= 0xdc00 && unit <= 0xdfff)
    return reader_fail (self, "half a surrogate pair is no character");
  g_string_append_unichar (self->text, unit);
  return TRUE;
}

static gboolean
read_escape (MicroCodecReader *self)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  const char *found = NULL;

  if (self->cursor == self->end)
    return reader_fail (self, "the text ends too early");
  if (*self->cursor == 'u')
    {
      self->cursor++;
      return read_unicode (self);
    }
  found = *self->cursor != '\0' ? strchr (from, *self->cursor) : NULL;
  if (found == NULL)
    return reader_fail (self, "there is no such escape in JSON");
  g_string_append_c (self->text, to[found - from]);
  self->cursor++;
  return TRUE;
}

gboolean
micro_codec_reader_string (MicroCodecReader *self)
{
  g_string_truncate (self->text, 0);
  self->cursor++;
  while (self->cursor < self->end)
    {
      const char *run = self->cursor;

      while (self->cursor < self->end && *self->cursor != '"' && *self->cursor != '\\'
             && (guchar) *self->cursor >= 0x20)
        self->cursor++;
      g_string_append_len (self->text, run, self->cursor - run);
      if (self->cursor == self->end)
        break;
      if ((guchar) *self->cursor < 0x20)
        return reader_fail (self, "a control character in a string must be escaped");
      if (*self->cursor++ == '"')
        return TRUE;
      if (!read_escape (self))
        return FALSE;
    }
  return reader_fail (self, "the text ends within a string");
}

static gboolean
skip_digits (MicroCodecReader *self)
{
  const char *start = self->cursor;

  while (self->cursor < self->end && g_ascii_isdigit (*self->cursor))
    self->cursor++;
  return self->cursor > start || reader_fail (self, "a digit is expected here");
}

static gboolean
reader_take (MicroCodecReader *self, const char *any_of)
{
  if (self->cursor == self->end || *self->cursor == '\0' || !strchr (any_of, *self->cursor))
    return FALSE;
  self->cursor++;
  return TRUE;
}

gboolean
micro_codec_reader_number (MicroCodecReader *self)
{
  const char *start = self->cursor;

  reader_take (self, "-");
  if (reader_take (self, "0"))
    {
      if (self->cursor < self->end && g_ascii_isdigit (*self->cursor))
        return reader_fail (self, "a number does not begin with 0");
    }
  else if (!skip_digits (self))
    return FALSE;
  if (reader_take (self, ".") && !skip_digits (self))
    return FALSE;
  if (reader_take (self, "eE"))
    {
      reader_take (self, "+-");
      if (!skip_digits (self))
        return FALSE;
    }
  g_string_truncate (self->text, 0);
  g_string_append_len (self->text, start, self->cursor - start);
  return TRUE;
}

gboolean
micro_codec_reader_literal (MicroCodecReader *self)
{
  static const char *const words[] = { "true", "false", "null" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i]);

      if ((gsize) (self->end - self->cursor) < length
          || strncmp (self->cursor, words[i], length) != 0
          || (self->cursor + length < self->end && g_ascii_isalnum (self->cursor[length])))
        continue;
      self->cursor += length;
      return TRUE;
    }
  return reader_fail (self, "a value is expected here");
}

static gboolean
skip_members (MicroCodecReader *self, gboolean object)
{
  char close = object ? '}' : ']';
  gboolean more = FALSE;

  if (!micro_codec_reader_enter (self))
    return FALSE;
  for (gboolean first = TRUE; micro_codec_reader_next (self, close, first, &more); first = FALSE)
    {
      if (!more)
        return TRUE;
      if ((object && !micro_codec_reader_key (self)) || !micro_codec_reader_skip (self))
        return FALSE;
    }
  return FALSE;
}

gboolean
micro_codec_reader_skip (MicroCodecReader *self)
{
  MicroJsonKind kind = micro_codec_reader_peek (self);

  switch (kind)
    {
    case MICRO_JSON_OBJECT:
    case MICRO_JSON_ARRAY:
      return skip_members (self, kind == MICRO_JSON_OBJECT);
    case MICRO_JSON_STRING:
      return micro_codec_reader_string (self);
    case MICRO_JSON_NUMBER:
      return micro_codec_reader_number (self);
    case MICRO_JSON_TRUE:
    case MICRO_JSON_FALSE:
    case MICRO_JSON_NULL:
      return micro_codec_reader_literal (self);
    case MICRO_JSON_BAD:
    default:
      return FALSE;
    }
}

gboolean
micro_codec_reader_end (MicroCodecReader *self)
{
  reader_skip_space (self);
  return self->cursor == self->end
         || reader_fail (self, "the message has ended, but the text goes on");
}
