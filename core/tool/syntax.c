/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Whether a text is JSON (RFC 8259), and if not, where and why in plain words.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

#define MAX_QUOTED 20

typedef struct
{
  const char *start, *end;
  const char *at;
  char *problem; /* (nullable): the first, without its place; @at is there */
} Scanner;

static gboolean scan_value (Scanner *self, const char *expected);

/* --- Words for what is there --- */

static gboolean
is_word (char c)
{
  return g_ascii_isalnum (c) || strchr ("_+-.$", c) != NULL;
}

/* What stands at @at: a word, a character, or the end. */
static char *
syntax_describe (const Scanner *self)
{
  const char *at = self->at;
  gsize n = 0;

  if (at == self->end)
    return g_strdup ("the text ends");
  if (*at == '"')
    return g_strdup ("found a string");
  while (at + n < self->end && at[n] != '\0' && is_word (at[n]) && n < MAX_QUOTED)
    n++;
  if (n == 0)
    n = g_utf8_next_char (at) - at;
  return g_strdup_printf ("found “%.*s”", (int) n, at);
}

static gboolean
fail_expected (Scanner *self, const char *expected, const char *advice)
{
  g_autofree char *found = syntax_describe (self);

  if (self->problem == NULL)
    self->problem = g_strdup_printf ("expected %s, but %s%s%s", expected, found,
                                     advice != NULL ? "; " : "", advice != NULL ? advice : "");
  return FALSE;
}

/* --- Tokens --- */

static void
syntax_skip_space (Scanner *self)
{
  while (self->at < self->end && *self->at != '\0' && strchr (" \t\r\n", *self->at) != NULL)
    self->at++;
}

static gboolean
syntax_take (Scanner *self, char c)
{
  syntax_skip_space (self);
  if (self->at == self->end || *self->at != c)
    return FALSE;
  self->at++;
  return TRUE;
}

/* (nullable): what is wrong with the escape at @at, of which @ret_length bytes are taken */
static const char *
check_escape (const Scanner *self, gsize *ret_length)
{
  const char *at = self->at;
  gsize n = self->end - at;
  gsize digits = 0;

  *ret_length = 2;
  if (n >= 2 && at[1] != '\0' && strchr ("\"\\/bfnrt", at[1]) != NULL)
    return NULL;
  if (n < 2 || at[1] != 'u')
    return "a backslash in a string is followed by one of \" \\ / b f n r t u; write it as \\\\";
  while (2 + digits < n && digits < 4 && g_ascii_isxdigit (at[2 + digits]))
    digits++;
  *ret_length = 2 + digits;
  return digits == 4 ? NULL : "\\u in a string is followed by four hexadecimal digits";
}

static gboolean
scan_string (Scanner *self)
{
  const char *begin = self->at++;

  while (self->at < self->end && *self->at != '"')
    {
      gsize n = 1;
      const char *why = NULL;

      if (*self->at == '\\')
        why = check_escape (self, &n);
      else if ((guchar) *self->at < 0x20)
        why = *self->at == '\n' ? "a string cannot go over the end of a line; is its closing \" "
                                  "missing? A line break in it is written \\n"
                                : "a string cannot have a control character in it; write it as "
                                  "\\t or \\u00XX";
      if (why != NULL)
        {
          self->problem = g_strdup (why);
          return FALSE;
        }
      self->at += n;
    }
  if (self->at < self->end)
    {
      self->at++;
      return TRUE;
    }
  self->at = begin;
  self->problem = g_strdup ("the string that begins here has no closing \"");
  return FALSE;
}

static gsize
count_digits (const char *at, const char *end)
{
  gsize n = 0;

  while (at + n < end && g_ascii_isdigit (at[n]))
    n++;
  return n;
}

static gboolean
syntax_is_number (const char *at, const char *end)
{
  gsize n;

  at += at < end && *at == '-' ? 1 : 0;
  n = count_digits (at, end);
  if (n == 0 || (n > 1 && *at == '0'))
    return FALSE;
  at += n;
  if (at < end && *at == '.')
    {
      n = count_digits (at + 1, end);
      if (n == 0)
        return FALSE;
      at += n + 1;
    }
  if (at < end && (*at == 'e' || *at == 'E'))
    {
      at++;
      at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
      n = count_digits (at, end);
      if (n == 0)
        return FALSE;
      at += n;
    }
  return at == end;
}

static gboolean
scan_word (Scanner *self, const char *expected)
{
  static const char *const words[] = { "true", "false", "null" };
  const char *end = self->at;

  while (end < self->end && *end != '\0' && is_word (*end))
    end++;
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strlen (words[i]) == (gsize) (end - self->at)
        && strncmp (words[i], self->at, end - self->at) == 0)
      {
        self->at = end;
        return TRUE;
      }
  if (end == self->at || *self->at == '$' || *self->at == '_' || g_ascii_isalpha (*self->at))
    return fail_expected (self, expected,
                          end > self->at || (self->at < self->end && *self->at == '\'')
                              ? "text stands in double quotes"
                              : NULL);
  if (!syntax_is_number (self->at, end))
    return fail_expected (self, expected, "JSON writes numbers as 1, -0.5 or 2e6");
  self->at = end;
  return TRUE;
}

/* --- Values --- */

static gboolean
scan_member (Scanner *self, gboolean first)
{
  syntax_skip_space (self);
  if (self->at == self->end || *self->at != '"')
    return fail_expected (self, first ? "a field name or “}” after “{”" : "a field name after “,”",
                          self->at == self->end || *self->at == '}' || *self->at == ','
                              ? NULL
                              : "field names stand in double quotes");
  if (!scan_string (self))
    return FALSE;
  if (!syntax_take (self, ':'))
    return fail_expected (self, "“:” after the field name", NULL);
  return scan_value (self, "a value after “:”");
}

static gboolean
scan_object (Scanner *self)
{
  self->at++;
  if (syntax_take (self, '}'))
    return TRUE;
  for (gboolean first = TRUE;; first = FALSE)
    {
      if (!scan_member (self, first))
        return FALSE;
      if (syntax_take (self, '}'))
        return TRUE;
      if (!syntax_take (self, ','))
        return fail_expected (self, "“,” or “}” after a field", NULL);
    }
}

static gboolean
scan_array (Scanner *self)
{
  self->at++;
  if (syntax_take (self, ']'))
    return TRUE;
  for (gboolean first = TRUE;; first = FALSE)
    {
      if (!scan_value (self, first ? "a value or “]” after “[”" : "a value after “,”"))
        return FALSE;
      if (syntax_take (self, ']'))
        return TRUE;
      if (!syntax_take (self, ','))
        return fail_expected (self, "“,” or “]” after a value", NULL);
    }
}

static gboolean
scan_value (Scanner *self, const char *expected)
{
  syntax_skip_space (self);
  if (self->at == self->end)
    return fail_expected (self, expected, NULL);
  if (*self->at == '{')
    return scan_object (self);
  if (*self->at == '[')
    return scan_array (self);
  return *self->at == '"' ? scan_string (self) : scan_word (self, expected);
}

/* "line 1, column 9: …" for what is not one JSON value, else NULL; (transfer full).  It recurses:
 * see tool_json_depth() first. */
char *
tool_json_problem (const char *text, gsize length)
{
  Scanner self = { .start = text, .end = text + length, .at = text };
  g_autofree char *problem = NULL;
  guint line = 1;
  const char *line_start = text;

  if (!g_utf8_validate_len (text, length, &self.at))
    self.problem = g_strdup ("this byte is not of UTF-8");
  else
    {
      self.at = text;
      if (scan_value (&self, "a value"))
        {
          syntax_skip_space (&self);
          if (self.at == self.end)
            return NULL;
          fail_expected (&self, "the end after the value", NULL);
        }
    }
  problem = self.problem;
  for (const char *at = text; at < self.at; at++)
    if (*at == '\n')
      {
        line++;
        line_start = at + 1;
      }
  return g_strdup_printf ("line %u, column %ld: %s", line,
                          g_utf8_strlen (line_start, self.at - line_start) + 1, problem);
}
