/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON as text: indented without touching a number or a name, and not to be killed by depth.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

#define MAX_INDENT 100

/* How deep objects and arrays nest; recursive parsers must know before they start. */
guint
tool_json_depth (const char *text, gsize length)
{
  guint depth = 0, deepest = 0;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < length; i++)
    if (in_string && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (!in_string && (text[i] == '{' || text[i] == '['))
      {
        depth++;
        deepest = MAX (deepest, depth);
      }
    else if (!in_string && (text[i] == '}' || text[i] == ']') && depth > 0)
      depth--;
  return deepest;
}

static void
append_line (GString *out, guint depth)
{
  g_string_append_printf (out, "\n%*s", (int) MIN (depth, MAX_INDENT) * 2, "");
}

/* One byte of a string; control characters, which a terminal would obey, only as escapes. */
static gsize
append_byte (GString *out, const char *text, gsize i, gsize length)
{
  guchar c = text[i];
  guchar next = i + 1 < length ? text[i + 1] : 0;

  if (c == 0xc2 && next >= 0x80 && next <= 0x9f)
    {
      g_string_append_printf (out, "\\u%04x", next);
      return 2;
    }
  if (c < 0x20 || c == 0x7f)
    g_string_append_printf (out, "\\u%04x", c);
  else
    g_string_append_c (out, (char) c);
  return 1;
}

static gsize
json_skip_space (const char *text, gsize i, gsize length)
{
  while (i < length && g_ascii_isspace (text[i]))
    i++;
  return i;
}

/* The same JSON in lines; what is not JSON comes out as odd as it went in. */
char *
tool_json_indent (const char *text, gsize length)
{
  GString *out = g_string_sized_new (length * 2);
  gboolean in_string = FALSE;
  guint depth = 0;
  gsize i = json_skip_space (text, 0, length);

  while (i < length)
    {
      char c = text[i];

      if (in_string || !strchr ("{}[],:", c) || c == '\0')
        {
          if (c == '"')
            in_string = !in_string;
          if (in_string && c == '\\' && i + 1 < length)
            i += append_byte (out, text, i, length);
          i += append_byte (out, text, i, length);
          if (!in_string)
            i = json_skip_space (text, i, length);
          continue;
        }
      i = json_skip_space (text, i + 1, length);
      if ((c == '{' || c == '[') && i < length && (text[i] == '}' || text[i] == ']'))
        {
          g_string_append_c (out, c);
          g_string_append_c (out, text[i]);
          i = json_skip_space (text, i + 1, length);
          continue;
        }
      if (c == '}' || c == ']')
        append_line (out, depth > 0 ? --depth : 0);
      g_string_append_c (out, c);
      if (c == '{' || c == '[')
        append_line (out, ++depth);
      else if (c == ',')
        append_line (out, depth);
      else if (c == ':')
        g_string_append_c (out, ' ');
    }
  return g_string_free (out, FALSE);
}

/* {"apiVersion":"micro/v1", NAME: [OBJECTS]}, or a line an object; @objects are JSON texts. */
void
tool_json_print_list (Tool *tool, const char *name, GPtrArray *objects)
{
  g_autoptr (GString) all = NULL;
  g_autofree char *pretty = NULL;

  all = g_string_new (NULL);
  g_string_append_printf (all, "{\"apiVersion\":\"micro/v1\",\"%s\":[", name);
  for (guint i = 0; i < objects->len; i++)
    if (tool->output == TOOL_JSONL)
      g_print ("%s\n", (const char *) objects->pdata[i]);
    else
      g_string_append_printf (all, "%s%s", i > 0 ? "," : "", (const char *) objects->pdata[i]);
  if (tool->output == TOOL_JSONL)
    return;
  g_string_append (all, "]}");
  pretty = tool_json_indent (all->str, all->len);
  g_print ("%s\n", pretty);
}
