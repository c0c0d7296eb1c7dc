/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How a message looks on its way: go-micro's JSON, which its HTTP and NATS brokers share.
 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include <micro/micro.h>

#include "broker-envelope.h"

/* json-glib recurses; an envelope has two levels. */
#define MAX_DEPTH 16
#define MAX_HEADERS 65536

gsize
broker_envelope_limit (gsize max_body)
{
  return max_body / 3 * 4 + 4 + MAX_HEADERS + 64;
}

/* --- Packing --- */

void
broker_envelope_append_string (GString *json, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (json, '"');
  for (const char *at = valid; *at != '\0'; at++)
    if (*at == '"' || *at == '\\')
      g_string_append_printf (json, "\\%c", *at);
    else if ((guchar) *at < 0x20)
      g_string_append_printf (json, "\\u%04x", (guchar) *at);
    else
      g_string_append_c (json, *at);
  g_string_append_c (json, '"');
}

static gboolean
append_headers (GString *json, MicroMetadata *headers, GError **error)
{
  for (guint i = 0; i < micro_metadata_get_length (headers); i++)
    {
      const char *key = micro_metadata_get_key (headers, i);
      const char *value = micro_metadata_get_value (headers, i);

      if (!g_utf8_validate (key, -1, NULL) || !g_utf8_validate (value, -1, NULL))
        {
          g_autofree char *escaped = g_strescape (key, NULL);

          g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                       "the header “%s” is not UTF-8, which a message's headers must be", escaped);
          return FALSE;
        }
      if (i > 0)
        g_string_append_c (json, ',');
      broker_envelope_append_string (json, key);
      g_string_append_c (json, ':');
      broker_envelope_append_string (json, value);
    }
  if (json->len <= MAX_HEADERS)
    return TRUE;
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "the headers of the message are longer than %d bytes", MAX_HEADERS);
  return FALSE;
}

GBytes *
broker_envelope_pack (
    const char *topic, MicroMetadata *headers, GBytes *body, gsize max_body, GError **error)
{
  g_autoptr (MicroMetadata) all = topic != NULL
                                      ? micro_metadata_with (headers, BROKER_HEADER_TOPIC, topic)
                                      : micro_metadata_ref (headers);
  g_autoptr (GString) json = g_string_new ("{\"Header\":{");
  gsize size, at;
  const guint8 *data = g_bytes_get_data (body, &size);
  int state = 0, save = 0;

  if (size > max_body)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "the message has %" G_GSIZE_FORMAT
                   " bytes, and the broker takes %" G_GSIZE_FORMAT "; see --help-broker",
                   size, max_body);
      return NULL;
    }
  if (!append_headers (json, all, error))
    return NULL;
  g_string_append (json, "},\"Body\":\"");
  at = json->len;
  g_string_set_size (json, at + (size / 3 + 1) * 4 + 4);
  at += g_base64_encode_step (data, size, FALSE, json->str + at, &state, &save);
  at += g_base64_encode_close (FALSE, json->str + at, &state, &save);
  g_string_set_size (json, at);
  g_string_append (json, "\"}");
  return g_string_free_to_bytes (g_steal_pointer (&json));
}

/* --- Unpacking --- */

/* (transfer none) (nullable): the last member of that name in any case, null being none. */
static JsonNode *
find_member (JsonObject *object, const char *name)
{
  JsonObjectIter iter;
  const char *key;
  JsonNode *value, *found = NULL;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &key, &value))
    if (g_ascii_strcasecmp (key, name) == 0)
      found = JSON_NODE_HOLDS_NULL (value) ? NULL : value;
  return found;
}

static gboolean
is_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

static gboolean
set_malformed (GError **error, const char *what)
{
  g_set_error_literal (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, what);
  return FALSE;
}

static gboolean
broker_envelope_read_headers (JsonNode *node, MicroMetadata **ret_headers, GError **error)
{
  g_autoptr (GPtrArray) pairs = g_ptr_array_new ();
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;

  if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
    return set_malformed (error, "“Header” of the message is not an object");
  if (node != NULL)
    {
      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &key, &value))
        {
          if (JSON_NODE_HOLDS_NULL (value))
            continue;
          if (!is_string (value))
            return set_malformed (error, "a header of the message is not a string");
          g_ptr_array_add (pairs, (gpointer) key);
          g_ptr_array_add (pairs, (gpointer) json_node_get_string (value));
        }
    }
  g_ptr_array_add (pairs, NULL);
  *ret_headers = micro_metadata_new_from_pairs ((const char *const *) pairs->pdata);
  return TRUE;
}

/* What g_base64_decode() would leave out is damage. */
static GBytes *
decode_body (const char *text, GError **error)
{
  gsize length = strlen (text);
  gsize n = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  gsize padding = length - n;
  guchar *data;
  gsize size;

  if (length % 4 != 0 || padding > 2 || strspn (text + n, "=") != padding)
    {
      set_malformed (error, "“Body” of the message is not base64");
      return NULL;
    }
  data = length > 0 ? g_base64_decode (text, &size) : NULL;
  return data != NULL ? g_bytes_new_take (data, size) : g_bytes_new (NULL, 0);
}

GBytes *
broker_envelope_unpack (const char *json, gsize length, MicroMetadata **ret_headers, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (MicroMetadata) headers = NULL;
  g_autoptr (GError) problem = NULL;
  JsonNode *root, *text;
  GBytes *body;

  if (json == NULL || length == 0 || !g_utf8_validate_len (json, length, NULL)
      || !micro_json_check (json, length, MAX_DEPTH, &problem)
      || !json_parser_load_from_data (parser, json, length, &problem)
      || (root = json_parser_get_root (parser)) == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "the message is not a JSON object%s%s", problem != NULL ? ": " : "",
                   problem != NULL ? problem->message : "");
      return NULL;
    }
  if (!broker_envelope_read_headers (find_member (json_node_get_object (root), "Header"), &headers,
                                     error))
    return NULL;
  text = find_member (json_node_get_object (root), "Body");
  if (text != NULL && !is_string (text))
    {
      set_malformed (error, "“Body” of the message is not a string");
      return NULL;
    }
  body = decode_body (text != NULL ? json_node_get_string (text) : "", error);
  if (body != NULL)
    *ret_headers = g_steal_pointer (&headers);
  return body;
}
