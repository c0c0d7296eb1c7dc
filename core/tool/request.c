/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The request of micro call: JSON, k=v words, a file, or standard input.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "tool.h"

/* gRPC's default limit; what is larger would be refused by the server anyway. */
#define MAX_BYTES (4 * 1024 * 1024)

static char *
read_stream (FILE *stream, const char *name, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[65536];
  size_t n;

  while ((n = fread (buffer, 1, sizeof buffer, stream)) > 0)
    {
      g_string_append_len (text, buffer, (gssize) n);
      if (text->len > MAX_BYTES)
        {
          g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                       "%s is larger than the 4 MiB that a message may have", name);
          return NULL;
        }
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
read_file (const char *path, GError **error)
{
  FILE *stream = fopen (path, "re");
  char *text;

  if (stream == NULL)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "cannot read %s: %s", path,
                   g_strerror (errno));
      return NULL;
    }
  text = read_stream (stream, path, error);
  fclose (stream);
  return text;
}

/* name=John, address.zip=1 (nested), count:=3 (JSON as it stands) */
static gboolean
add_pair (JsonObject *root, const char *word, GError **error)
{
  const char *equals = strchr (word, '=');
  gboolean literal = equals > word && equals[-1] == ':';
  g_autofree char *key = g_strndup (word, equals - word - (literal ? 1 : 0));
  g_auto (GStrv) path = g_strsplit (key, ".", -1);
  JsonObject *object = root;
  JsonNode *node = NULL;
  guint i;

  for (i = 0; path[i] != NULL && path[i + 1] != NULL; i++)
    {
      if (!json_object_has_member (object, path[i]))
        json_object_set_object_member (object, path[i], json_object_new ());
      node = json_object_get_member (object, path[i]);
      if (!JSON_NODE_HOLDS_OBJECT (node))
        {
          g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                       "“%s”: “%s” is a value already, not a message", word, path[i]);
          return FALSE;
        }
      object = json_node_get_object (node);
    }
  if (path[i] == NULL || path[i][0] == '\0')
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "“%s” has no field name before the “=”", word);
      return FALSE;
    }
  if (literal)
    {
      node = json_from_string (equals + 1, error);
      if (node == NULL)
        return FALSE;
      json_object_set_member (object, path[i], node);
    }
  else
    json_object_set_string_member (object, path[i], equals + 1);
  return TRUE;
}

static char *
from_pairs (char **words, int n_words, GError **error)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (root, json_object_new ());
  for (int i = 0; i < n_words; i++)
    {
      if (strchr (words[i], '=') == NULL)
        {
          g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                       "“%s” is neither JSON nor field=value", words[i]);
          return NULL;
        }
      if (!add_pair (json_node_get_object (root), words[i], error))
        return NULL;
    }
  return json_to_string (root, FALSE);
}

char *
tool_request_read (char **words, int n_words, GError **error)
{
  g_autofree char *joined = NULL;

  if (n_words == 0)
    return g_strdup ("{}");
  if (n_words == 1 && strcmp (words[0], "-") == 0)
    return read_stream (stdin, "standard input", error);
  if (n_words == 1 && words[0][0] == '@')
    return read_file (words[0] + 1, error);
  joined = g_strjoinv (" ", words);
  g_strchug (joined);
  if (joined[0] == '{' || joined[0] == '[' || joined[0] == '"')
    return g_steal_pointer (&joined);
  return from_pairs (words, n_words, error);
}
