/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Says, for tests, what a client's cache holds of a service whenever that changes.
 *
 * A line is: the monotonic time in seconds, a tab, and the nodes as a JSON object of address to
 * id; or after the tab, "error: " and why there are none.  It looks every --interval microseconds,
 * which costs the API server nothing, and ends with its standard input.  With --call it calls
 * instead, says why a call failed, and in the end how many there were; with --setting it looks at
 * that setting.
 */
#include <poll.h>
#include <unistd.h>

#include <micro/micro.h>

static int interval_us = 2000;
static char *endpoint;
static char *setting;

static const GOptionEntry options[]
    = { { "interval", 0, 0, G_OPTION_ARG_INT, &interval_us, "Between looks", "MICROSECONDS" },
        { "call", 0, 0, G_OPTION_ARG_STRING, &endpoint, "Call this, with {}", "ENDPOINT" },
        { "setting", 0, 0, G_OPTION_ARG_STRING, &setting, "Look at this", "KEY" },
        { NULL } };

static int
compare_addresses (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (micro_node_get_address (*(MicroNode **) a),
                    micro_node_get_address (*(MicroNode **) b));
}

static char *
describe (GPtrArray *services)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  GString *text = g_string_new ("{");

  for (guint i = 0; i < services->len; i++)
    g_ptr_array_extend (nodes, micro_service_get_nodes (services->pdata[i]), NULL, NULL);
  g_ptr_array_sort (nodes, compare_addresses);
  for (guint i = 0; i < nodes->len; i++)
    g_string_append_printf (text, "%s\"%s\": \"%s\"", i > 0 ? ", " : "",
                            micro_node_get_address (nodes->pdata[i]),
                            micro_node_get_id (nodes->pdata[i]));
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static char *
look (MicroClient *client, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = micro_client_get_service_sync (client, name, &error);

  if (services == NULL)
    return g_strdup_printf ("error: %s", error->message);
  return describe (services);
}

static char *
look_at_setting (MicroConfig *config)
{
  g_autoptr (MicroSettings) now = micro_config_get (config);
  g_autoptr (GError) error = NULL;
  const char *value = micro_settings_get_string (now, setting, NULL, &error);

  if (error != NULL)
    return g_strdup_printf ("error: %s", error->message);
  return value != NULL ? g_strdup_printf ("{\"%s\": \"%s\"}", setting, value) : g_strdup ("{}");
}

static gboolean
input_has_ended (void)
{
  struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

  return poll (&input, 1, 0) != 0;
}

static void
call_on (MicroClient *client, const char *name)
{
  g_autoptr (GBytes) request = g_bytes_new_static ("{}", 2);
  guint n = 0, n_failed = 0;

  for (; !input_has_ended (); n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) reply = micro_client_call_bytes_sync (
          client, name, endpoint, MICRO_CODEC_JSON, request, NULL, &error);

      if (reply == NULL)
        {
          g_print ("call %u failed: %s\n", n, error->message);
          n_failed++;
        }
      g_usleep ((gulong) interval_us);
    }
  g_print ("%u calls, %u failed\n", n, n_failed);
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("consumer", "1.0.0");
  g_autofree char *last = NULL;
  g_autoptr (GError) error = NULL;

  micro_app_add_options (app, options);
  if (!micro_app_init (app, &argc, &argv, &error) || argc != 2)
    {
      g_printerr ("consumer: %s\n", error != NULL ? error->message : "one name of a service");
      return 2;
    }
  if (endpoint != NULL)
    call_on (micro_app_get_client (app), argv[1]);
  while (!input_has_ended ())
    {
      g_autofree char *now = setting != NULL ? look_at_setting (micro_app_get_config (app))
                                             : look (micro_app_get_client (app), argv[1]);

      if (g_strcmp0 (now, last) != 0)
        {
          g_print ("%.6f\t%s\n", (double) g_get_monotonic_time () / G_USEC_PER_SEC, now);
          g_free (last);
          last = g_steal_pointer (&now);
        }
      g_usleep ((gulong) interval_us);
    }
  return 0;
}
