/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Text with holes, and the comments of a .proto.
 */
#include "config.h"

#include <string.h>

#include "codegen.h"

#define MAX_HOLES 16

void
codegen_emit (GString *out, const char *text, ...)
{
  const char *names[MAX_HOLES];
  const char *values[MAX_HOLES];
  guint n = 0;
  va_list arguments;

  va_start (arguments, text);
  for (const char *name; n < MAX_HOLES && (name = va_arg (arguments, const char *)) != NULL; n++)
    {
      names[n] = name;
      values[n] = va_arg (arguments, const char *);
    }
  va_end (arguments);

  while (*text != '\0')
    {
      const char *end = *text == '@' ? strchr (text + 1, '@') : NULL;
      gsize length = end != NULL ? end - text - 1 : 0;
      guint i = 0;

      while (end != NULL && i < n
             && (strlen (names[i]) != length || strncmp (names[i], text + 1, length) != 0))
        i++;
      if (end == NULL || i == n)
        {
          g_string_append_c (out, *text++);
          continue;
        }
      g_string_append (out, values[i]);
      text = end + 1;
    }
}

static const Google__Protobuf__SourceCodeInfo__Location *
find_location (const ProtoFile *file, const int *path, gsize length)
{
  for (gsize i = 0; file->source_code_info != NULL && i < file->source_code_info->n_location; i++)
    {
      const Google__Protobuf__SourceCodeInfo__Location *location
          = file->source_code_info->location[i];

      if (location->n_path == length
          && (length == 0 || memcmp (location->path, path, length * sizeof *path) == 0))
        return location;
    }
  return NULL;
}

char *
codegen_comment (const ProtoFile *file, const int *path, gsize length)
{
  const Google__Protobuf__SourceCodeInfo__Location *location = find_location (file, path, length);

  return location != NULL ? g_strdup (location->leading_comments) : NULL;
}

int
codegen_line (const ProtoFile *file, const int *path, gsize length)
{
  const Google__Protobuf__SourceCodeInfo__Location *location = find_location (file, path, length);

  return length > 0 && location != NULL && location->n_span > 0 ? location->span[0] + 1 : 0;
}

void
codegen_emit_comment (GString *out, const char *indent, const char *title, const char *comment)
{
  g_autofree char *stripped = g_strstrip (g_strdup (comment != NULL ? comment : ""));
  g_auto (GStrv) lines = NULL;
  GString *safe = NULL;

  if (title == NULL && *stripped == '\0')
    return;
  /* What would end or begin a comment inside ours. */
  safe = g_string_new (stripped);
  g_string_replace (safe, "*/", "* /", 0);
  g_string_replace (safe, "/*", "/ *", 0);
  lines = g_strsplit (safe->str, "\n", -1);
  g_string_append_printf (out, "%s/**\n", indent);
  if (title != NULL)
    g_string_append_printf (out, "%s * %s:\n", indent, title);
  if (title != NULL && *stripped != '\0')
    g_string_append_printf (out, "%s *\n", indent);
  for (guint i = 0; lines[i] != NULL && *stripped != '\0'; i++)
    {
      const char *line = g_strchomp (lines[i]);

      g_string_append_printf (out, "%s *%s%s\n", indent, *line == ' ' || *line == '\0' ? "" : " ",
                              line);
    }
  g_string_append_printf (out, "%s */\n", indent);
  g_string_free (safe, TRUE);
}
