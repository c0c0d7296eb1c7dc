/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A client of many services, for tests of large clusters: does what its standard input says.
 *
 * "list" counts all services and their nodes, "get NAME" says where one is; and each what it took.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <micro/micro.h>

static double
cpu_ms (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static guint
count_nodes (GPtrArray *services)
{
  guint n = 0;

  for (guint i = 0; i < services->len; i++)
    n += micro_service_get_nodes (services->pdata[i])->len;
  return n;
}

static void
print_addresses (GPtrArray *services)
{
  for (guint i = 0; i < services->len; i++)
    {
      GPtrArray *nodes = micro_service_get_nodes (services->pdata[i]);

      for (guint j = 0; j < nodes->len; j++)
        g_print ("%s ", micro_node_get_address (nodes->pdata[j]));
    }
}

static void
answer (MicroClient *client, const char *name)
{
  gint64 begin_us = g_get_monotonic_time ();
  double cpu = cpu_ms ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = name != NULL
                                       ? micro_client_get_service_sync (client, name, &error)
                                       : micro_client_list_services_sync (client, &error);

  if (services == NULL)
    g_print ("error: %s ", error->message);
  else if (name != NULL)
    print_addresses (services);
  else
    g_print ("%u services, %u nodes ", services->len, count_nodes (services));
  g_print ("in %.1f ms, %.1f ms of CPU\n", (double) (g_get_monotonic_time () - begin_us) / 1000,
           cpu_ms () - cpu);
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("crowd", "1.0.0");
  g_autoptr (GError) error = NULL;
  char line[256];

  if (!micro_app_init (app, &argc, &argv, &error) || argc != 1)
    {
      g_printerr ("crowd: %s\n", error != NULL ? error->message : "too many arguments");
      return 2;
    }
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_strchomp (line);
      answer (micro_app_get_client (app), g_str_has_prefix (line, "get ") ? line + 4 : NULL);
    }
  return 0;
}
