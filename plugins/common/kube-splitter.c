/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Cuts what the API server streams into objects, without a tree of the whole.
 */
#include "config.h"

#include <string.h>

#include "kube-splitter.h"

/* Only depth and strings are looked at, so that a list of 50 MB costs one pass over its bytes; what
 * is between the braces is for the reader of the object to judge. */
struct _KubeSplitter
{
  KubeSplitterFunc func;
  gpointer user_data;
  gboolean is_list;

  GString *object;   /* what is known of the object now being read */
  GString *envelope; /* of a list */
  guint depth;       /* of braces and brackets, from the outside */
  guint base;        /* the depth at which an object begins */
  gboolean in_string;
  gboolean escaped;
  gboolean in_items;
  gboolean done; /* the outermost brace of a list was closed */
};

/* The list's own braces and "items": [ are two deep. */
#define LIST_BASE 2
#define MAX_DEPTH 200
#define MAX_ENVELOPE 65536

static KubeSplitter *
splitter_new (KubeSplitterFunc func, gpointer user_data, gboolean is_list)
{
  KubeSplitter *self = g_new0 (KubeSplitter, 1);

  self->func = func;
  self->user_data = user_data;
  self->is_list = is_list;
  self->base = is_list ? LIST_BASE : 0;
  self->object = g_string_new (NULL);
  self->envelope = g_string_new (NULL);
  return self;
}

KubeSplitter *
kube_splitter_new_watch (KubeSplitterFunc func, gpointer user_data)
{
  return splitter_new (func, user_data, FALSE);
}

KubeSplitter *
kube_splitter_new_list (KubeSplitterFunc func, gpointer user_data)
{
  return splitter_new (func, user_data, TRUE);
}

void
kube_splitter_free (KubeSplitter *self)
{
  if (self == NULL)
    return;
  g_string_free (self->object, TRUE);
  g_string_free (self->envelope, TRUE);
  g_free (self);
}

static gboolean
splitter_fail (GError **error, const char *why)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the API server sent %s", why);
  return FALSE;
}

/* Whether the bytes of the envelope end with "items": as a member of the outermost object. */
static gboolean
ends_with_items (GString *envelope)
{
  gsize end = envelope->len;

  while (end > 0 && g_ascii_isspace (envelope->str[end - 1]))
    end--;
  if (end == 0 || envelope->str[--end] != ':')
    return FALSE;
  while (end > 0 && g_ascii_isspace (envelope->str[end - 1]))
    end--;
  return end >= 7 && memcmp (envelope->str + end - 7, "\"items\"", 7) == 0;
}

/* What changes depth or string, by itself or in a string. */
static const guint8 is_special[256] = {
  ['\0'] = 3, ['"'] = 3, ['\\'] = 2, ['{'] = 1, ['['] = 1, ['}'] = 1, [']'] = 1,
};

/* The end of the run of bytes from @at on that change neither depth nor string. */
static gsize
skip_plain (KubeSplitter *self, const char *data, gsize at, gsize length)
{
  guint8 special = self->in_string ? 2 : 1;

  while (at < length && (is_special[(guchar) data[at]] & special) == 0)
    at++;
  return at;
}

/* Takes the byte that skip_plain() stopped at. */
static gboolean
step (KubeSplitter *self, char byte, GError **error)
{
  if (byte == '\0')
    return splitter_fail (error, "a zero byte");
  if (self->in_string)
    {
      if (byte == '\\')
        self->escaped = TRUE;
      else
        self->in_string = FALSE;
    }
  else if (byte == '"')
    self->in_string = TRUE;
  else if (byte == '{' || byte == '[')
    {
      if (++self->depth > MAX_DEPTH)
        return splitter_fail (error, "an object that is nested too deeply");
    }
  else if (self->depth-- == 0)
    return splitter_fail (error, "a bracket that was never opened");
  return TRUE;
}

static gboolean
is_between (KubeSplitter *self, const char *data, gsize from, gsize to)
{
  for (; from < to; from++)
    if (!g_ascii_isspace (data[from]) && !(self->is_list && data[from] == ','))
      return FALSE;
  return TRUE;
}

static gboolean
append (GString *to, const char *data, gsize length, gsize most, GError **error)
{
  if (to->len + length > most)
    return splitter_fail (error, "an object that is too long");
  g_string_append_len (to, data, length);
  return TRUE;
}

/* What is outside of the objects: for a list it is the envelope, for a watch blanks. */
static gboolean
take_outside (KubeSplitter *self, const char *data, gsize from, gsize to, GError **error)
{
  if (self->is_list && !self->in_items)
    return append (self->envelope, data + from, to - from, MAX_ENVELOPE, error);
  if (!is_between (self, data, from, to))
    return splitter_fail (error, "something that is no JSON object");
  return TRUE;
}

static gboolean
is_inside (KubeSplitter *self)
{
  return self->is_list ? self->in_items && self->depth > self->base : self->depth > 0;
}

static gboolean
take_delimiter (KubeSplitter *self, char byte, GError **error)
{
  gboolean starts_items
      = self->is_list && self->depth == 1 && byte == '[' && ends_with_items (self->envelope);

  if (self->in_items && self->depth == self->base && byte != '{' && byte != ']')
    return splitter_fail (error, "a list of what is no object");
  if (!self->is_list && self->depth == 0 && byte != '{')
    return splitter_fail (error, "something that is no JSON object");
  if (!step (self, byte, error))
    return FALSE;
  if (is_inside (self))
    return TRUE;
  if (self->in_items && self->depth < self->base)
    self->in_items = FALSE;
  if (!append (self->envelope, &byte, 1, MAX_ENVELOPE, error))
    return FALSE;
  self->in_items |= starts_items;
  self->done = self->is_list && self->depth == 0 && byte == '}';
  return TRUE;
}

/* Up to an object, whose brace is taken too, or to the end of the data. */
static gboolean
read_outside (KubeSplitter *self, const char *data, gsize *at, gsize length, GError **error)
{
  while (*at < length && !is_inside (self))
    {
      gsize end = *at;

      if (self->done)
        {
          *at = length;
          return is_between (self, data, end, length) || splitter_fail (error, "more than a list");
        }
      if (self->escaped) /* what it is does not matter */
        {
          self->escaped = FALSE;
          if (!append (self->envelope, data + (*at)++, 1, MAX_ENVELOPE, error))
            return FALSE;
          continue;
        }
      end = skip_plain (self, data, *at, length);
      if (end > *at && !take_outside (self, data, *at, end, error))
        return FALSE;
      if (end < length && !take_delimiter (self, data[end++], error))
        return FALSE;
      *at = end;
    }
  return TRUE;
}

/* Up to the end of the object, or of the data. */
static gboolean
read_inside (KubeSplitter *self, const char *data, gsize *at, gsize length, GError **error)
{
  while (*at < length && is_inside (self))
    {
      if (self->escaped)
        {
          self->escaped = FALSE;
          (*at)++;
          continue;
        }
      *at = skip_plain (self, data, *at, length);
      if (*at < length && !step (self, data[(*at)++], error))
        return FALSE;
    }
  return TRUE;
}

/* Passes an object on once it is whole.  Most come in one piece, and are not copied. */
static gboolean
pass (KubeSplitter *self, const char *data, gsize length, GError **error)
{
  gboolean more;

  if (self->object->len == 0 && length <= KUBE_SPLITTER_MAX_OBJECT && !is_inside (self))
    return self->func (data, length, self->user_data);
  if (!append (self->object, data, length, KUBE_SPLITTER_MAX_OBJECT, error))
    return FALSE;
  if (is_inside (self))
    return TRUE;
  more = self->func (self->object->str, self->object->len, self->user_data);
  /* One huge object must not stay for ever. */
  if (self->object->allocated_len > 1024 * 1024)
    {
      g_string_free (self->object, TRUE);
      self->object = g_string_new (NULL);
    }
  else
    g_string_truncate (self->object, 0);
  return more;
}

gboolean
kube_splitter_feed (KubeSplitter *self, const char *data, gsize length, GError **error)
{
  gsize at = 0;

  while (at < length)
    {
      gsize from = at;

      if (!is_inside (self))
        {
          if (!read_outside (self, data, &at, length, error))
            return FALSE;
          if (!is_inside (self))
            break;
          from = at - 1; /* its brace */
        }
      if (!read_inside (self, data, &at, length, error)
          || !pass (self, data + from, at - from, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
kube_splitter_is_complete (KubeSplitter *self)
{
  return self->is_list ? self->done : self->depth == 0;
}

const char *
kube_splitter_get_envelope (KubeSplitter *self, gsize *ret_length)
{
  *ret_length = self->envelope->len;
  return self->envelope->str;
}
