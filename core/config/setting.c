/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One setting, and what an entry of a source says: a value, lines of NAME=VALUE, or JSON.
 */
#include "config.h"

#include <string.h>

#include "config/settings.h"
#include "record/json.h"

#define JSON_SUFFIX ".json"

/* (nullable): @bytes without the ends of lines at their end, if they are text */
static char *
setting_text_of (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  if (length == 0) /* @data may be NULL, which would come back as no text */
    return g_strdup ("");
  if (!g_utf8_validate_len (data, length, NULL))
    return NULL;
  while (length > 0 && (data[length - 1] == '\n' || data[length - 1] == '\r'))
    length--;
  return g_strndup (data, length);
}

MicroSetting *
micro_setting_new (GBytes *bytes, const char *origin)
{
  MicroSetting *self = g_atomic_rc_box_new0 (MicroSetting);

  self->bytes = g_bytes_ref (bytes);
  self->text = setting_text_of (bytes);
  self->origin = g_strdup (origin);
  return self;
}

MicroSetting *
micro_setting_ref (MicroSetting *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
setting_clear (gpointer data)
{
  MicroSetting *self = data;

  g_bytes_unref (self->bytes);
  g_free (self->text);
  g_free (self->origin);
}

void
micro_setting_unref (MicroSetting *self)
{
  g_atomic_rc_box_release_full (self, setting_clear);
}

GHashTable *
micro_setting_table_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                (GDestroyNotify) micro_setting_unref);
}

char *
micro_setting_key (const char *key)
{
  GString *spelled = g_string_sized_new (strlen (key));

  for (; *key != '\0'; key++)
    if (strchr ("._-/", *key) == NULL)
      g_string_append_c (spelled, g_ascii_tolower (*key));
    else if (spelled->len > 0 && spelled->str[spelled->len - 1] != '.')
      g_string_append_c (spelled, '.');
  if (spelled->len > 0 && spelled->str[spelled->len - 1] == '.')
    g_string_truncate (spelled, spelled->len - 1);
  return g_string_free (spelled, FALSE);
}

/* --- What is in an entry --- */

typedef struct
{
  GHashTable *settings;
  const char *origin;
} Entry;

static void
setting_put (const Entry *entry, const char *name, GBytes *bytes)
{
  char *key = micro_setting_key (name);

  if (*key != '\0')
    g_hash_table_replace (entry->settings, key, micro_setting_new (bytes, entry->origin));
  else
    g_free (key);
}

static void
put_text (const Entry *entry, const char *parent, const char *name, const char *text)
{
  g_autofree char *key = g_strconcat (parent, ".", name, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  setting_put (entry, key, bytes);
}

static gboolean
setting_is_name (const char *text)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum (*text) && strchr ("._-/", *text) == NULL)
      return FALSE;
  return TRUE;
}

/* (transfer full) (nullable): the name before the first "=" */
static char *
setting_name_of (const char *line)
{
  const char *equals = strchr (line, '=');
  char *name = equals != NULL ? g_strchomp (g_strndup (line, equals - line)) : NULL;

  if (name != NULL && *name != '\0' && setting_is_name (name))
    return name;
  g_free (name);
  return NULL;
}

/* As the ConfigMaps of go-micro have them.  One line that is none, and all is something else. */
static void
expand_lines (const Entry *entry, const char *parent, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (char **line = lines; *line != NULL; line++)
    {
      char *name;

      if (*g_strstrip (*line) == '\0' || **line == '#')
        continue;
      name = setting_name_of (*line);
      if (name == NULL)
        return;
      g_ptr_array_add (names, name);
      g_ptr_array_add (values, strchr (*line, '=') + 1);
    }
  for (guint i = 0; i < names->len; i++)
    put_text (entry, parent, names->pdata[i], g_strchug (values->pdata[i]));
}

static void
expand_json (const Entry *entry, const char *name, JsonNode *node)
{
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      {
        JsonObjectIter iter;
        const char *member;
        JsonNode *value;

        json_object_iter_init (&iter, json_node_get_object (node));
        while (json_object_iter_next (&iter, &member, &value))
          {
            g_autofree char *key = g_strconcat (name, ".", member, NULL);

            expand_json (entry, key, value);
          }
        break;
      }
    case JSON_NODE_ARRAY:
      {
        JsonArray *array = json_node_get_array (node);

        for (guint i = 0; i < json_array_get_length (array); i++)
          {
            g_autofree char *key = g_strdup_printf ("%s.%u", name, i);

            expand_json (entry, key, json_array_get_element (array, i));
          }
        break;
      }
    case JSON_NODE_VALUE:
      {
        g_autofree char *shown = json_to_string (node, FALSE);
        const char *text = json_node_get_value_type (node) == G_TYPE_STRING
                               ? json_node_get_string (node)
                               : shown;
        g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

        setting_put (entry, name, bytes);
        break;
      }
    case JSON_NODE_NULL:
    default:
      break;
    }
}

void
micro_setting_expand (GHashTable *settings, const char *name, GBytes *bytes, const char *source)
{
  g_autofree char *origin = g_strconcat (source, name, NULL);
  const Entry entry = { settings, origin };
  g_autofree char *text = setting_text_of (bytes);

  setting_put (&entry, name, bytes);
  if (text != NULL && g_str_has_suffix (name, JSON_SUFFIX))
    {
      g_autofree char *stem = g_strndup (name, strlen (name) - strlen (JSON_SUFFIX));
      g_autoptr (JsonParser) parser = json_parser_new ();
      g_autoptr (GError) error = NULL;
      JsonNode *root = micro_json_parse (parser, text, strlen (text), &error);

      if (root != NULL)
        expand_json (&entry, stem, root);
      else
        g_warning ("%s is not JSON, and says nothing but its own text: %s", origin, error->message);
    }
  else if (text != NULL)
    expand_lines (&entry, name, text);
}
