/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro list: every service the registry knows.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

static int
compare_names (gconstpointer a, gconstpointer b)
{
  MicroService *first = *(MicroService *const *) a;
  MicroService *second = *(MicroService *const *) b;
  int order = strcmp (micro_service_get_name (first), micro_service_get_name (second));

  return order != 0
             ? order
             : strcmp (micro_service_get_version (first), micro_service_get_version (second));
}

static void
print_table (GPtrArray *services)
{
  const char *heads[] = { "SERVICE", "VERSION", "ENDPOINTS", "NODES", NULL };
  ToolTable *table = tool_table_new (heads);

  for (guint i = 0; i < services->len; i++)
    {
      MicroService *service = services->pdata[i];
      g_autofree char *endpoints
          = g_strdup_printf ("%u", micro_service_get_endpoints (service)->len);
      g_autofree char *nodes = g_strdup_printf ("%u", micro_service_get_nodes (service)->len);

      tool_table_add (table, micro_service_get_name (service), micro_service_get_version (service),
                      endpoints, nodes, NULL);
    }
  tool_table_print (table);
}

static void
print_json (GPtrArray *services)
{
  g_print ("{\"apiVersion\":\"micro/v1\",\"services\":[");
  for (guint i = 0; i < services->len; i++)
    {
      g_autofree char *json = micro_service_to_json (services->pdata[i], FALSE);

      g_print ("%s%s", i > 0 ? "," : "", json);
    }
  g_print ("]}\n");
}

int
tool_list (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = NULL;

  if (tool->argc > 0 && strcmp (tool->argv[0], "services") != 0)
    return tool_fail (EXIT_USAGE, "micro list", "list: there is no list of “%s”", tool->argv[0]);
  services = micro_client_list_services_sync (tool->client, &error);
  if (services == NULL)
    return tool_fail (EXIT_REGISTRY, NULL, "registry: %s", error->message);
  g_ptr_array_sort (services, compare_names);
  if (tool->output == TOOL_JSON)
    print_json (services);
  else if (tool->output == TOOL_NAME)
    for (guint i = 0; i < services->len; i++)
      g_print ("%s\n", micro_service_get_name (services->pdata[i]));
  else if (services->len == 0)
    g_printerr ("no services are registered\n");
  else
    print_table (services);
  return EXIT_OK;
}
