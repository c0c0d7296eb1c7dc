/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Service records as JSON, with go-micro's names (registry.Service).
 */
#include "config.h"

#include <string.h>

#include "record/json.h"
#include <micro/micro-endpoint.h>
#include <micro/micro-error.h>
#include <micro/micro-metadata.h>
#include <micro/micro-node.h>
#include <micro/micro-service.h>

/* What go-micro publishes is cut at three; more is somebody's mischief. */
#define MAX_DEPTH 16

/* --- Writing: every key always, null for what is absent --- */

static void
write_metadata (JsonBuilder *builder, MicroMetadata *metadata)
{
  json_builder_set_member_name (builder, "metadata");
  if (metadata == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_object (builder);
  for (guint i = 0; i < micro_metadata_get_length (metadata); i++)
    {
      json_builder_set_member_name (builder, micro_metadata_get_key (metadata, i));
      json_builder_add_string_value (builder, micro_metadata_get_value (metadata, i));
    }
  json_builder_end_object (builder);
}

static void
write_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
write_value (JsonBuilder *builder, MicroValue *value)
{
  GPtrArray *values;

  if (value == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  values = micro_value_get_values (value);
  json_builder_begin_object (builder);
  write_string (builder, "name", micro_value_get_name (value));
  write_string (builder, "type", micro_value_get_value_type (value));
  json_builder_set_member_name (builder, "values");
  if (values == NULL)
    json_builder_add_null_value (builder);
  else
    {
      json_builder_begin_array (builder);
      for (guint i = 0; i < values->len; i++)
        write_value (builder, g_ptr_array_index (values, i));
      json_builder_end_array (builder);
    }
  json_builder_end_object (builder);
}

static void
write_endpoint (JsonBuilder *builder, MicroEndpoint *endpoint)
{
  json_builder_begin_object (builder);
  write_string (builder, "name", micro_endpoint_get_name (endpoint));
  json_builder_set_member_name (builder, "request");
  write_value (builder, micro_endpoint_get_request (endpoint));
  json_builder_set_member_name (builder, "response");
  write_value (builder, micro_endpoint_get_response (endpoint));
  write_metadata (builder, micro_endpoint_get_metadata (endpoint));
  json_builder_end_object (builder);
}

static void
json_write_node (JsonBuilder *builder, MicroNode *node)
{
  json_builder_begin_object (builder);
  write_string (builder, "id", micro_node_get_id (node));
  write_string (builder, "address", micro_node_get_address (node));
  write_metadata (builder, micro_node_get_metadata (node));
  json_builder_end_object (builder);
}

/**
 * micro_service_to_json:
 * @self: a service
 * @pretty: whether a person reads it
 *
 * Returns: (transfer full): go-micro's JSON of the record, byte-stable for equal records
 */
char *
micro_service_to_json (MicroService *self, gboolean pretty)
{
  g_autoptr (JsonBuilder) builder = json_builder_new_immutable ();
  g_autoptr (JsonNode) root = NULL;
  GPtrArray *endpoints = micro_service_get_endpoints (self);
  GPtrArray *nodes = micro_service_get_nodes (self);

  json_builder_begin_object (builder);
  write_string (builder, "name", micro_service_get_name (self));
  write_string (builder, "version", micro_service_get_version (self));
  write_metadata (builder, micro_service_get_metadata (self));
  json_builder_set_member_name (builder, "endpoints");
  json_builder_begin_array (builder);
  for (guint i = 0; i < endpoints->len; i++)
    write_endpoint (builder, g_ptr_array_index (endpoints, i));
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "nodes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < nodes->len; i++)
    json_write_node (builder, g_ptr_array_index (nodes, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, pretty);
}

/* --- Reading: nulls, missing keys and strange types are read as absent --- */

static const char *
json_read_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static JsonArray *
read_array (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static JsonObject *
array_object (JsonArray *array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static MicroMetadata *
json_read_metadata (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "metadata");
  g_autoptr (GPtrArray) pairs = g_ptr_array_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &value))
    if (JSON_NODE_HOLDS_VALUE (value) && json_node_get_value_type (value) == G_TYPE_STRING)
      {
        g_ptr_array_add (pairs, (char *) name);
        g_ptr_array_add (pairs, (char *) json_node_get_string (value));
      }
  g_ptr_array_add (pairs, NULL);
  return micro_metadata_new_from_pairs ((const char *const *) pairs->pdata);
}

static MicroValue *
read_value (JsonObject *object, int depth)
{
  g_autoptr (GPtrArray) values
      = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_value_unref);
  JsonArray *array = read_array (object, "values");
  const char *name = json_read_string (object, "name");
  const char *type = json_read_string (object, "type");

  for (guint i = 0; array != NULL && depth < MAX_DEPTH && i < json_array_get_length (array); i++)
    if (array_object (array, i) != NULL)
      g_ptr_array_add (values, read_value (array_object (array, i), depth + 1));
  return micro_value_new (name != NULL ? name : "", type != NULL ? type : "", values);
}

static MicroValue *
read_member_value (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return read_value (json_node_get_object (node), 0);
}

static GPtrArray *
read_endpoints (JsonObject *object)
{
  GPtrArray *endpoints = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_endpoint_unref);
  JsonArray *array = read_array (object, "endpoints");

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonObject *item = array_object (array, i);
      const char *name = item != NULL ? json_read_string (item, "name") : NULL;
      g_autoptr (MicroValue) request = NULL;
      g_autoptr (MicroValue) response = NULL;
      g_autoptr (MicroMetadata) metadata = NULL;

      if (name == NULL)
        continue;
      request = read_member_value (item, "request");
      response = read_member_value (item, "response");
      metadata = json_read_metadata (item);
      g_ptr_array_add (endpoints, micro_endpoint_new (name, request, response, metadata));
    }
  return endpoints;
}

/* Before 2019 go-micro wrote address and port apart. */
static char *
json_read_address (JsonObject *object)
{
  const char *address = json_read_string (object, "address");
  JsonNode *node = json_object_get_member (object, "port");
  const char *colon = address != NULL ? strrchr (address, ':') : NULL;
  gint64 port = 0;

  if (address == NULL)
    return NULL;
  if (node != NULL && JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == G_TYPE_INT64)
    port = json_node_get_int (node);
  if (port <= 0 || port > 65535)
    return g_strdup (address);
  if (colon == NULL || g_str_has_suffix (address, "]"))
    return g_strdup_printf ("%s:%d", address, (int) port);
  /* Two colons and no bracket are an IPv6 address alone. */
  if (address[0] != '[' && colon != strchr (address, ':'))
    return g_strdup_printf ("[%s]:%d", address, (int) port);
  return g_strdup (address);
}

static GPtrArray *
read_nodes (JsonObject *object)
{
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  JsonArray *array = read_array (object, "nodes");

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonObject *item = array_object (array, i);
      const char *id = item != NULL ? json_read_string (item, "id") : NULL;
      g_autofree char *address = item != NULL ? json_read_address (item) : NULL;
      g_autoptr (MicroMetadata) metadata = NULL;

      if (id == NULL || address == NULL)
        continue;
      metadata = json_read_metadata (item);
      g_ptr_array_add (nodes, micro_node_new (id, address, metadata));
    }
  return nodes;
}

/**
 * micro_service_from_json:
 * @json: go-micro's JSON of a service
 * @length: of @json in bytes, or -1 if it ends with a NUL
 * @error: return location
 *
 * Reads a record, as go-micro writes it and as it is sometimes found: with nulls, missing keys,
 * unknown keys, and nodes whose port stands apart.
 *
 * Returns: (transfer full): the record
 */
MicroService *
micro_service_from_json (const char *json, gssize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GPtrArray) endpoints = NULL;
  g_autoptr (GPtrArray) nodes = NULL;
  g_autoptr (MicroMetadata) metadata = NULL;
  JsonNode *root
      = micro_json_parse (parser, json, length < 0 ? strlen (json) : (gsize) length, error);
  JsonObject *object;

  if (root == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root)
      || json_read_string (json_node_get_object (root), "name") == NULL)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "not a service record: there is no object with a “name”");
      return NULL;
    }
  object = json_node_get_object (root);
  endpoints = read_endpoints (object);
  nodes = read_nodes (object);
  metadata = json_read_metadata (object);
  return micro_service_new (json_read_string (object, "name"), json_read_string (object, "version"),
                            metadata, endpoints, nodes);
}
