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

static void
print_fields (MicroValue *value, int depth)
{
  GPtrArray *values = value != NULL ? micro_value_get_values (value) : NULL;

  for (guint i = 0; values != NULL && i < values->len; i++)
    {
      MicroValue *field = values->pdata[i];
      gboolean nested = micro_value_get_values (field) != NULL;

      g_print ("%*s%s %s%s\n", depth * 2, "", micro_value_get_name (field),
               micro_value_get_value_type (field), nested ? " {" : "");
      if (nested)
        {
          print_fields (field, depth + 1);
          g_print ("%*s}\n", depth * 2, "");
        }
    }
}

static void
print_message (const char *what, MicroValue *value)
{
  g_print ("  %s {\n", what);
  print_fields (value, 2);
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

      g_print ("\nendpoint %s%s%s\n", micro_endpoint_get_name (endpoint),
               metadata[0] != '\0' ? "  " : "", metadata);
      print_message ("request", micro_endpoint_get_request (endpoint));
      print_message ("response", micro_endpoint_get_response (endpoint));
    }
}

static void
print_service (MicroService *service)
{
  const char *heads[] = { "ID", "ADDRESS", "METADATA", NULL };
  ToolTable *table = tool_table_new (heads);
  GPtrArray *nodes = micro_service_get_nodes (service);

  g_print ("service  %s\nversion  %s\n\n", micro_service_get_name (service),
           micro_service_get_version (service));
  for (guint i = 0; i < nodes->len; i++)
    {
      MicroNode *node = nodes->pdata[i];
      g_autofree char *metadata = metadata_text (micro_node_get_metadata (node));

      tool_table_add (table, micro_node_get_id (node), micro_node_get_address (node), metadata,
                      NULL);
    }
  tool_table_print (table);
}

int
tool_get (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = NULL;
  const char *name;

  if (tool->argc > 1 && strcmp (tool->argv[0], "service") == 0)
    {
      tool->argv++;
      tool->argc--;
    }
  if (tool->argc != 1)
    return tool_fail (EXIT_USAGE, "micro get SERVICE", "get: name one service");
  name = tool->argv[0];
  services = micro_client_get_service_sync (tool->client, name, &error);
  if (services == NULL)
    return tool_fail_lookup (tool, name, error);
  if (tool->output == TOOL_JSON)
    g_print ("{\"apiVersion\":\"micro/v1\",\"services\":[");
  for (guint i = 0; i < services->len; i++)
    {
      g_autofree char *json = micro_service_to_json (services->pdata[i], FALSE);

      if (tool->output == TOOL_JSON)
        g_print ("%s%s", i > 0 ? "," : "", json);
      else if (tool->output == TOOL_NAME)
        g_print ("%s\n", name);
      else
        print_service (services->pdata[i]);
    }
  if (tool->output == TOOL_JSON)
    g_print ("]}\n");
  else if (tool->output == TOOL_TABLE)
    print_endpoints (services->pdata[0]);
  return EXIT_OK;
}
