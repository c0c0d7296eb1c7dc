/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro call: a unary call with JSON in and out.
 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "tool.h"

/* Go's durations: 500ms, 5s, 1m, 1h. */
static gboolean
parse_timeout (const char *text, guint *ret_ms)
{
  static const struct
  {
    const char *unit;
    double ms;
  } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
  char *end;
  double value = g_ascii_strtod (text, &end);

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (end != text && strcmp (end, units[i].unit) == 0 && value * units[i].ms >= 1
        && value * units[i].ms <= G_MAXINT)
      {
        *ret_ms = (guint) (value * units[i].ms);
        return TRUE;
      }
  return FALSE;
}

/* "Hello" is enough when only one service of the record has it. */
static char *
complete_endpoint (GPtrArray *services, const char *endpoint, GPtrArray *names)
{
  g_autofree char *found = NULL;
  gboolean known = FALSE;

  for (guint i = 0; i < services->len; i++)
    {
      GPtrArray *endpoints = micro_service_get_endpoints (services->pdata[i]);

      for (guint j = 0; j < endpoints->len; j++)
        g_ptr_array_add (names, (char *) micro_endpoint_get_name (endpoints->pdata[j]));
    }
  for (guint i = 0; i < names->len && !known; i++)
    {
      const char *dot = strrchr (names->pdata[i], '.');

      known = strcmp (names->pdata[i], endpoint) == 0;
      if (known || (dot != NULL && strcmp (dot + 1, endpoint) == 0))
        {
          g_free (found);
          found = g_strdup (names->pdata[i]);
        }
    }
  return g_steal_pointer (&found);
}

static int
find_endpoint (Tool *tool, const char *service, char **endpoint)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = micro_client_get_service_sync (tool->client, service, &error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *found = NULL;
  g_autofree char *list = NULL;

  if (services == NULL)
    return tool_fail_lookup (tool, service, error);
  found = complete_endpoint (services, *endpoint, names);
  if (found == NULL && names->len > 0)
    {
      g_ptr_array_add (names, NULL);
      list = g_strjoinv (", ", (char **) names->pdata);
      return tool_fail (EXIT_NOT_FOUND, "micro get shows what each takes",
                        "call: service “%s” has no method “%s”: it has %s", service, *endpoint,
                        list);
    }
  if (found != NULL)
    {
      g_free (*endpoint);
      *endpoint = g_steal_pointer (&found);
    }
  return EXIT_OK;
}

static char **
headers_of (Tool *tool, GError **error)
{
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; tool->metadata != NULL && tool->metadata[i] != NULL; i++)
    {
      const char *equals = strchr (tool->metadata[i], '=');

      if (equals == NULL || equals == tool->metadata[i])
        {
          g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                       "--metadata “%s” is not key=value", tool->metadata[i]);
          return NULL;
        }
      g_ptr_array_add (headers, g_strndup (tool->metadata[i], equals - tool->metadata[i]));
      g_ptr_array_add (headers, g_strdup (equals + 1));
    }
  g_ptr_array_add (headers, NULL);
  g_ptr_array_set_free_func (headers, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&headers), FALSE);
}

static void
print_reply (Tool *tool, GBytes *reply)
{
  gsize length;
  const char *data = g_bytes_get_data (reply, &length);
  g_autofree char *text = g_strndup (data, length);
  g_autoptr (JsonNode) node = tool->output == TOOL_RAW ? NULL : json_from_string (text, NULL);
  g_autofree char *pretty = node != NULL ? json_to_string (node, TRUE) : NULL;

  g_print ("%s\n", pretty != NULL ? pretty : text);
}

int
tool_call (Tool *tool)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  g_autoptr (GError) error = NULL;
  g_autofree char *endpoint = NULL;
  g_autofree char *json = NULL;
  g_auto (GStrv) headers = NULL;
  g_autoptr (GBytes) request = NULL;
  g_autoptr (GBytes) reply = NULL;
  const char *service;
  int status;

  if (tool->argc < 2)
    return tool_fail (EXIT_USAGE, "micro call greeter Say.Hello name=John",
                      "call: name a service and a method");
  service = tool->argv[0];
  endpoint = g_strdup (tool->argv[1]);
  if (tool->timeout != NULL && !parse_timeout (tool->timeout, &options.timeout_ms))
    return tool_fail (EXIT_USAGE, "--timeout=5s",
                      "--timeout: “%s” is not a time: a number with ms, s, m or h", tool->timeout);
  headers = headers_of (tool, &error);
  if (headers == NULL)
    return tool_fail (EXIT_USAGE, "--metadata key=value", "%s", error->message);
  json = tool_request_read (tool->argv + 2, tool->argc - 2, &error);
  if (json == NULL)
    return tool_fail (EXIT_USAGE, "micro help call", "call: %s", error->message);
  options.address = tool->address;
  options.headers = (const char *const *) headers;
  if (tool->address == NULL)
    {
      status = find_endpoint (tool, service, &endpoint);
      if (status != EXIT_OK)
        return status;
    }
  request = g_bytes_new (json, strlen (json));
  reply = micro_client_call_bytes_sync (tool->client, service, endpoint, MICRO_CODEC_JSON, request,
                                        &options, &error);
  if (reply == NULL)
    {
      MicroStatus code = micro_error_get_status (error);

      return tool_fail (EXIT_RPC + (int) code, NULL, "call %s %s: %s (%d): %s", service, endpoint,
                        micro_status_to_string (code), (int) code, error->message);
    }
  print_reply (tool, reply);
  return EXIT_OK;
}
