/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro get: one service, its nodes and its methods.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

static char *
metadata_text (MicroMetadata *metadata)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < micro_metadata_get_length (metadata); i++)
    g_string_append_printf (text, "%s%s=%s", i > 0 ? "," : "", micro_metadata_get_key (metadata, i),
                            micro_metadata_get_value (metadata, i));
  return g_string_free (text, FALSE);
}

/* go-micro's reflection publishes what Go's protobuf keeps for itself (go-micro#2354). */
static gboolean
is_internal (const char *name)
{
  return strcmp (name, "MessageState") == 0 || strcmp (name, "unknownFields") == 0
         || strcmp (name, "sizeCache") == 0 || g_str_has_prefix (name, "XXX_");
}

static void
get_print_fields (MicroValue *value, int depth)
{
  GPtrArray *values = value != NULL ? micro_value_get_values (value) : NULL;

  for (guint i = 0; values != NULL && i < values->len; i++)
    {
      MicroValue *field = values->pdata[i];
      gboolean nested = micro_value_get_values (field) != NULL;
      g_autofree char *name = tool_clean (micro_value_get_name (field));
      g_autofree char *type = tool_clean (micro_value_get_value_type (field));

      if (is_internal (name))
        continue;
      g_print ("%*s%s %s%s\n", depth * 2, "", name, type, nested ? " {" : "");
      if (nested)
        {
          get_print_fields (field, depth + 1);
          g_print ("%*s}\n", depth * 2, "");
        }
    }
}

static void
print_message (const char *what, MicroValue *value)
{
  if (value == NULL || micro_value_get_values (value) == NULL)
    {
      g_print ("  %s {}\n", what);
      return;
    }
  g_print ("  %s {\n", what);
  get_print_fields (value, 2);
  g_print ("  }\n");
}

static void
print_endpoints (MicroService *service)
{
  GPtrArray *endpoints = micro_service_get_endpoints (service);

  for (guint i = 0; i < endpoints->len; i++)
    {
      MicroEndpoint *endpoint = endpoints->pdata[i];
      g_autofree char *metadata = metadata_text (micro_endpoint_get_metadata (endpoint));
      g_autofree char *clean = tool_clean (metadata);
      g_autofree char *name = tool_clean (micro_endpoint_get_name (endpoint));

      g_print ("\nendpoint %s%s%s\n", name, clean[0] != '\0' ? "  " : "", clean);
      print_message ("request", micro_endpoint_get_request (endpoint));
      print_message ("response", micro_endpoint_get_response (endpoint));
    }
}

static void
print_service (MicroService *service)
{
  const char *heads[] = { "NODE", "ADDRESS", "METADATA", NULL };
  ToolTable *table = tool_table_new (heads);
  GPtrArray *nodes = micro_service_get_nodes (service);
  g_autofree char *name = tool_clean (micro_service_get_name (service));
  g_autofree char *version = tool_clean (micro_service_get_version (service));

  g_print ("service  %s\nversion  %s\n\n", name, version);
  for (guint i = 0; i < nodes->len; i++)
    {
      MicroNode *node = nodes->pdata[i];
      g_autofree char *metadata = metadata_text (micro_node_get_metadata (node));

      tool_table_add (table, micro_node_get_id (node), micro_node_get_address (node), metadata,
                      NULL);
    }
  tool_table_print (table);
}

static gboolean
same_endpoints (MicroService *a, MicroService *b)
{
  GPtrArray *first = micro_service_get_endpoints (a);
  GPtrArray *second = micro_service_get_endpoints (b);

  if (first->len != second->len)
    return FALSE;
  for (guint i = 0; i < first->len; i++)
    if (!micro_endpoint_equal (first->pdata[i], second->pdata[i]))
      return FALSE;
  return TRUE;
}

/* The nodes of all versions, and the endpoints once where the next version has the same. */
static void
print_services (GPtrArray *services)
{
  for (guint i = 0; i < services->len; i++)
    {
      MicroService *service = services->pdata[i];

      if (i > 0)
        g_print ("\n");
      print_service (service);
      if (i + 1 == services->len || !same_endpoints (service, services->pdata[i + 1]))
        print_endpoints (service);
    }
}

static void
print_nodes (GPtrArray *services)
{
  for (guint i = 0; i < services->len; i++)
    {
      GPtrArray *nodes = micro_service_get_nodes (services->pdata[i]);

      for (guint j = 0; j < nodes->len; j++)
        g_print ("%s\n", micro_node_get_id (nodes->pdata[j]));
    }
}

int
tool_get (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = NULL;
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (tool->argc > 1 && strcmp (tool->argv[0], "service") == 0)
    {
      tool->argv++;
      tool->argc--;
    }
  if (tool->argc != 1)
    return tool_fail (EXIT_USAGE, "micro list", "get: name one service, as in “micro get greeter”");
  name = tool->argv[0];
  services = micro_client_get_service_sync (tool->client, name, &error);
  if (services == NULL)
    return tool_fail_lookup (tool, "get", name, error);
  for (guint i = 0; i < services->len; i++)
    g_ptr_array_add (objects, micro_service_to_json (services->pdata[i], FALSE));
  if (tool->output == TOOL_JSON || tool->output == TOOL_JSONL)
    tool_json_print_list (tool, "services", objects);
  else if (tool->output == TOOL_NAME)
    print_nodes (services);
  else
    print_services (services);
  return EXIT_OK;
}
