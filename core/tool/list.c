/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro list: every service the registry knows.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

#define MAX_ADDRESSES 3

static int
list_compare_services (gconstpointer a, gconstpointer b)
{
  MicroService *first = *(MicroService *const *) a;
  MicroService *second = *(MicroService *const *) b;
  int order = strcmp (micro_service_get_name (first), micro_service_get_name (second));

  if (order != 0)
    return order;
  return strcmp (micro_service_get_version (first), micro_service_get_version (second));
}

static char *
addresses_text (GPtrArray *nodes)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < nodes->len && i < MAX_ADDRESSES; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "",
                            micro_node_get_address (nodes->pdata[i]));
  if (nodes->len > MAX_ADDRESSES)
    g_string_append_printf (text, ",… %u more", nodes->len - MAX_ADDRESSES);
  return g_string_free (text, FALSE);
}

static void
list_print_table (GPtrArray *services, gboolean wide)
{
  const char *heads[] = { "SERVICE", "VERSION", "ENDPOINTS", "NODES", "ADDRESSES", NULL };
  ToolTable *table;

  if (!wide)
    heads[4] = NULL;
  table = tool_table_new (heads);
  for (guint i = 0; i < services->len; i++)
    {
      MicroService *service = services->pdata[i];
      GPtrArray *nodes = micro_service_get_nodes (service);
      g_autofree char *n_endpoints
          = g_strdup_printf ("%u", micro_service_get_endpoints (service)->len);
      g_autofree char *n_nodes = g_strdup_printf ("%u", nodes->len);
      g_autofree char *addresses = addresses_text (nodes);

      tool_table_add (table, micro_service_get_name (service), micro_service_get_version (service),
                      n_endpoints, n_nodes, addresses, NULL);
    }
  tool_table_print (table);
}

static void
print_names (GPtrArray *services)
{
  const char *last = NULL;

  for (guint i = 0; i < services->len; i++)
    {
      const char *name = micro_service_get_name (services->pdata[i]);

      if (g_strcmp0 (name, last) != 0)
        g_print ("%s\n", name);
      last = name;
    }
}

int
tool_list (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = NULL;
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_free);

  if (tool->argc > 1 || (tool->argc == 1 && strcmp (tool->argv[0], "services") != 0))
    return tool_fail (EXIT_USAGE, "micro list", "list: there is no list of “%s”",
                      tool->argv[tool->argc - 1]);
  if (tool->watch)
    return tool_watch (tool);
  services = micro_client_list_services_sync (tool->client, &error);
  if (services == NULL)
    return tool_fail (EXIT_REGISTRY, NULL, "list: %s", error->message);
  g_ptr_array_sort (services, list_compare_services);
  for (guint i = 0; i < services->len; i++)
    g_ptr_array_add (objects, micro_service_to_json (services->pdata[i], FALSE));
  if (tool->output == TOOL_JSON || tool->output == TOOL_JSONL)
    tool_json_print_list (tool, "services", objects);
  else if (tool->output == TOOL_NAME)
    print_names (services);
  else if (services->len == 0)
    g_printerr ("No services are registered.\n");
  else
    list_print_table (services, tool->output == TOOL_WIDE);
  return EXIT_OK;
}
