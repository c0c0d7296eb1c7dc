/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One run of the parser: where it stands, whence its memory comes, how it fails.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "codec/parser.h"
#include <micro/micro-error.h>

static void
append_path (GString *out, const MicroCodecPath *path)
{
  if (path == NULL)
    return;
  append_path (out, path->parent);
  if (path->name == NULL)
    g_string_append_printf (out, "[%zu]", path->index);
  else
    {
      g_autofree char *name = micro_error_quote (path->name); /* it may be the key of a map */

      g_string_append_printf (out, "%s%s", out->len > 0 ? "." : "", name);
    }
}

const char *
micro_codec_quote (MicroCodecParser *self, const char *text)
{
  g_free (self->quoted);
  self->quoted = micro_error_quote (text);
  return self->quoted;
}

gboolean
micro_codec_fail (MicroCodecParser *self, const char *format, ...)
{
  g_autofree char *message = NULL;
  GString *path = g_string_new (NULL);
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  append_path (path, self->path);
  if (path->len > 0)
    g_set_error (self->error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "field “%s”: %s",
                 path->str, message);
  else
    g_set_error_literal (self->error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, message);
  g_string_free (path, TRUE);
  return FALSE;
}

gboolean
micro_codec_fail_syntax (MicroCodecParser *self)
{
  guint line = 1;
  gsize column = 1;

  for (const char *c = self->reader.start; c < self->reader.cursor; c++)
    {
      column = *c == '\n' ? 1 : column + 1;
      line += *c == '\n';
    }
  g_set_error (self->error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "not valid JSON: line %u, column %zu: %s", line, column, self->reader.problem);
  return FALSE;
}

gpointer
micro_codec_alloc (MicroCodecParser *self, gsize size)
{
  gpointer memory = self->allocator != NULL
                        ? self->allocator->alloc (self->allocator->allocator_data, size)
                        : malloc (size);

  if (memory == NULL)
    g_set_error (self->error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
                 "no memory for a message of %zu bytes of JSON",
                 (gsize) (self->reader.end - self->reader.start));
  return memory;
}

void
micro_codec_free (MicroCodecParser *self, gpointer memory)
{
  if (memory == NULL)
    return;
  if (self->allocator != NULL)
    self->allocator->free (self->allocator->allocator_data, memory);
  else
    free (memory);
}

char *
micro_codec_dup (MicroCodecParser *self, const char *text, gsize length)
{
  char *copy = micro_codec_alloc (self, length + 1);

  if (copy != NULL)
    {
      memcpy (copy, text, length);
      copy[length] = '\0';
    }
  return copy;
}
