/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A JSON object of field=value words.  What is JSON already stays letter by letter what it is: a
 * parser would make other numbers of some, and lose what is there twice.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

/* A member of an object. */
typedef struct
{
  char *name;        /* as JSON has it, in quotes */
  char *text;        /* (nullable): the value, as JSON */
  GPtrArray *fields; /* (nullable): or the members in it */
} Field;

static void
field_free (gpointer data)
{
  Field *self = data;

  g_free (self->name);
  g_free (self->text);
  g_clear_pointer (&self->fields, g_ptr_array_unref);
  g_free (self);
}

static GPtrArray *
fields_new (void)
{
  return g_ptr_array_new_with_free_func (field_free);
}

/* @name, @text: (transfer full) */
static Field *
add_field (GPtrArray *fields, char *name, char *text)
{
  Field *self = g_new0 (Field, 1);

  self->name = name;
  self->text = text;
  g_ptr_array_add (fields, self);
  return self;
}

static Field *
find_field (GPtrArray *fields, const char *name)
{
  for (guint i = 0; i < fields->len; i++)
    if (strcmp (((Field *) fields->pdata[i])->name, name) == 0)
      return fields->pdata[i];
  return NULL;
}

static char *
pairs_quote (const char *text)
{
  GString *json = g_string_new ("\"");

  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf (json, "\\%c", *text);
    else if ((guchar) *text < 0x20)
      g_string_append_printf (json, "\\u%04x", (guchar) *text);
    else
      g_string_append_c (json, *text);
  g_string_append_c (json, '"');
  return g_string_free (json, FALSE);
}

/* --- An object that a word gave as JSON, when another word puts a field into it --- */

/* Past the name or value that begins at @at, which is JSON. */
static const char *
skip_value (const char *at)
{
  guint depth = 0;
  gboolean in_string = FALSE;

  for (; in_string || depth > 0 || strchr (":,}", *at) == NULL; at++)
    if (in_string && *at == '\\')
      at++;
    else if (*at == '"')
      in_string = !in_string;
    else if (!in_string && (*at == '{' || *at == '['))
      depth++;
    else if (!in_string && (*at == '}' || *at == ']'))
      depth--;
  return at;
}

static void
split_object (Field *self)
{
  g_autofree char *text = g_steal_pointer (&self->text);
  const char *at = strchr (text, '{');

  self->fields = fields_new ();
  while (*at != '}')
    {
      const char *name = at + 1;
      const char *colon = skip_value (name);

      if (*colon != ':') /* there is none */
        return;
      at = skip_value (colon + 1);
      add_field (self->fields, g_strstrip (g_strndup (name, colon - name)),
                 g_strndup (colon + 1, at - colon - 1));
    }
}

/* --- Words --- */

/* Those that the dotted name a.b.c puts c into. */
static GPtrArray *
find_fields (GPtrArray *fields, char **path, const char *word, GError **error)
{
  for (; path[1] != NULL; path++)
    {
      g_autofree char *name = pairs_quote (path[0]);
      Field *field = find_field (fields, name);

      if (field == NULL)
        {
          field = add_field (fields, g_steal_pointer (&name), NULL);
          field->fields = fields_new ();
        }
      if (field->fields == NULL && field->text[strspn (field->text, " \t\r\n")] == '{')
        split_object (field);
      if (field->fields == NULL)
        {
          tool_set_bad (error, "“%s”: “%s” has a value already and cannot be a message too", word,
                        path[0]);
          return NULL;
        }
      fields = field->fields;
    }
  return fields;
}

/* name=John, address.zip=1 (nested), count:=3 (JSON as it stands) */
static gboolean
add_pair (GPtrArray *root, const char *word, GError **error)
{
  const char *equals = strchr (word, '=');
  gboolean literal = equals > word && equals[-1] == ':';
  g_autofree char *key = g_strndup (word, equals - word - (literal ? 1 : 0));
  g_auto (GStrv) path = g_strsplit (key, ".", -1);
  g_autofree char *problem = NULL;
  g_autofree char *last = NULL;
  GPtrArray *fields;

  if (path[0] == NULL || g_strv_contains ((const char *const *) path, ""))
    {
      tool_set_bad (error, "“%s” has no field name before the “=”", word);
      return FALSE;
    }
  if (g_strv_length (path) > TOOL_JSON_MAX_DEPTH
      || (literal && tool_json_depth (equals + 1, strlen (equals + 1)) > TOOL_JSON_MAX_DEPTH))
    {
      tool_set_bad (error, "field “%.20s…” nests more than %d deep", key, TOOL_JSON_MAX_DEPTH);
      return FALSE;
    }
  if (literal)
    problem = tool_json_problem (equals + 1, strlen (equals + 1));
  if (problem != NULL)
    {
      tool_set_bad (error, "“%s”: what follows “:=” is not JSON (%s); for text write %s=…", word,
                    problem, key);
      return FALSE;
    }
  fields = find_fields (root, path, word, error);
  if (fields == NULL)
    return FALSE;
  last = pairs_quote (path[g_strv_length (path) - 1]);
  if (find_field (fields, last) != NULL)
    {
      tool_set_bad (error, "field “%s” is given twice; write a list as %s:='[1,2]'", key, key);
      return FALSE;
    }
  add_field (fields, g_steal_pointer (&last),
             literal ? g_strdup (equals + 1) : pairs_quote (equals + 1));
  return TRUE;
}

static void
pairs_print_fields (GPtrArray *fields, GString *json)
{
  for (guint i = 0; i < fields->len; i++)
    {
      Field *field = fields->pdata[i];

      g_string_append_printf (json, "%s%s:%s", i == 0 ? "{" : ",", field->name,
                              field->text != NULL ? field->text : "");
      if (field->fields != NULL)
        pairs_print_fields (field->fields, json);
    }
  g_string_append (json, fields->len == 0 ? "{}" : "}");
}

GString *
tool_pairs_read (char **words, int n_words, GError **error)
{
  g_autoptr (GPtrArray) root = fields_new ();
  GString *json;

  for (int i = 0; i < n_words; i++)
    {
      if (strchr (words[i], '=') == NULL)
        {
          tool_set_bad (error, "“%s” is neither a JSON object nor field=value", words[i]);
          return NULL;
        }
      if (!add_pair (root, words[i], error))
        return NULL;
    }
  json = g_string_new (NULL);
  pairs_print_fields (root, json);
  return json;
}
