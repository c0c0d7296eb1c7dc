/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * YAML read as if it were JSON, for kubeconfig files.
 */
#include "config.h"

#include <string.h>

#include <gio/gio.h>
#include <yaml.h>

#include <micro/micro.h>

#include "kube-yaml.h"

#define MAX_DEPTH 32
/* An alias is written out wherever it stands: nine of nine of nine are a billion. */
#define MAX_NODES 100000

typedef struct
{
  yaml_document_t *document;
  guint n_nodes;
} Conversion;

static JsonNode *convert (Conversion *self, int index, int depth);

static JsonNode *
convert_scalar (yaml_node_t *node)
{
  const char *text = (const char *) node->data.scalar.value;
  JsonNode *converted = json_node_new (JSON_NODE_VALUE);

  if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
    {
      if (*text == '\0' || strcmp (text, "~") == 0 || strcmp (text, "null") == 0)
        {
          json_node_unref (converted);
          return json_node_new (JSON_NODE_NULL);
        }
      if (strcmp (text, "true") == 0 || strcmp (text, "false") == 0)
        {
          json_node_set_boolean (converted, *text == 't');
          return converted;
        }
    }
  json_node_set_string (converted, text);
  return converted;
}

static JsonNode *
convert_sequence (Conversion *self, yaml_node_t *node, int depth)
{
  g_autoptr (JsonArray) array = json_array_new ();
  yaml_node_item_t *item = node->data.sequence.items.start;

  for (; item < node->data.sequence.items.top; item++)
    {
      JsonNode *child = convert (self, *item, depth);

      if (child == NULL)
        return NULL;
      json_array_add_element (array, child);
    }
  return json_node_init_array (json_node_alloc (), array);
}

static JsonNode *
convert_mapping (Conversion *self, yaml_node_t *node, int depth)
{
  g_autoptr (JsonObject) object = json_object_new ();
  yaml_node_pair_t *pair = node->data.mapping.pairs.start;

  for (; pair < node->data.mapping.pairs.top; pair++)
    {
      yaml_node_t *key = yaml_document_get_node (self->document, pair->key);
      JsonNode *child;

      if (key == NULL || key->type != YAML_SCALAR_NODE)
        continue;
      child = convert (self, pair->value, depth);
      if (child == NULL)
        return NULL;
      json_object_set_member (object, (const char *) key->data.scalar.value, child);
    }
  return json_node_init_object (json_node_alloc (), object);
}

static JsonNode *
convert (Conversion *self, int index, int depth)
{
  yaml_node_t *node = yaml_document_get_node (self->document, index);

  if (node == NULL || depth > MAX_DEPTH || ++self->n_nodes > MAX_NODES)
    return NULL;
  switch (node->type)
    {
    case YAML_SEQUENCE_NODE:
      return convert_sequence (self, node, depth + 1);
    case YAML_MAPPING_NODE:
      return convert_mapping (self, node, depth + 1);
    case YAML_SCALAR_NODE:
      return convert_scalar (node);
    default:
      return json_node_new (JSON_NODE_NULL);
    }
}

static JsonNode *
parse_yaml (const char *text, gsize length, GError **error)
{
  yaml_parser_t parser;
  yaml_document_t document;
  JsonNode *root = NULL;

  yaml_parser_initialize (&parser);
  yaml_parser_set_input_string (&parser, (const unsigned char *) text, length);
  if (!yaml_parser_load (&parser, &document))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "line %zu: %s",
                   parser.problem_mark.line + 1,
                   parser.problem != NULL ? parser.problem : "not YAML");
    }
  else
    {
      Conversion conversion = { &document, 0 };

      if (yaml_document_get_root_node (&document) != NULL)
        root = convert (&conversion, 1, 0);
      if (root == NULL)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                     conversion.n_nodes == 0 ? "the file is empty"
                                             : "it is nested too deeply or too large");
      yaml_document_delete (&document);
    }
  yaml_parser_delete (&parser);
  return root;
}

JsonNode *
kube_yaml_parse (const char *text, gsize length, GError **error)
{
  gsize start = 0;

  while (start < length && g_ascii_isspace (text[start]))
    start++;
  /* JSON may be indented with tabs, which YAML forbids. */
  if (start < length && text[start] == '{' && memchr (text, '\t', length) != NULL)
    {
      g_autoptr (JsonParser) parser = json_parser_new ();

      if (!micro_json_check (text, length, MAX_DEPTH, error)
          || !json_parser_load_from_data (parser, text, length, error))
        return NULL;
      return json_parser_steal_root (parser);
    }
  return parse_yaml (text, length, error);
}
