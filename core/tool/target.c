/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Whom call and stream talk to: the service, the whole name of the method, headers, deadline.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-transport.h>

#include "tool.h"

/* Go's durations: 500ms, 5s, 1m, 1h.  Returns what is wrong with @text, or NULL. */
static const char *
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
    if (end != text && strcmp (end, units[i].unit) == 0)
      {
        double ms = value * units[i].ms;

        if (!(ms >= 1 && ms <= G_MAXINT)) /* nor is it “nans” */
          return "is out of range: it must be 1ms to 596h";
        *ret_ms = (guint) ms;
        return NULL;
      }
  return "is not a time: a number with ms, s, m or h";
}

int
tool_target_read_timeout (Tool *tool)
{
  const char *problem
      = tool->timeout != NULL ? parse_timeout (tool->timeout, &tool->timeout_ms) : NULL;

  if (problem == NULL)
    return EXIT_OK;
  return tool_fail (EXIT_USAGE, "--timeout=5s", "--timeout: “%s” %s", tool->timeout, problem);
}

/* --- The method --- */

/* "Say.Hello" as it is, or "Hello" for the one method that is called so. */
static MicroEndpoint *
match_endpoint (GPtrArray *services, const char *name, GPtrArray *names)
{
  MicroEndpoint *found = NULL;

  for (guint i = 0; i < services->len; i++)
    {
      GPtrArray *endpoints = micro_service_get_endpoints (services->pdata[i]);

      for (guint j = 0; j < endpoints->len; j++)
        {
          const char *whole = micro_endpoint_get_name (endpoints->pdata[j]);
          const char *dot = strrchr (whole, '.');

          g_ptr_array_add (names, (char *) whole);
          if (strcmp (whole, name) == 0)
            return endpoints->pdata[j];
          if (dot != NULL && strcmp (dot + 1, name) == 0)
            found = endpoints->pdata[j];
        }
    }
  return found;
}

/* The first few, that the line stays one. */
static char *
target_list_names (GPtrArray *names)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < names->len && i < 8; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", (char *) names->pdata[i]);
  if (names->len > 8)
    g_string_append (text, ", …");
  return g_string_free (text, FALSE);
}

static int
fail_method (ToolTarget *self, GPtrArray *names)
{
  g_autoptr (GPtrArray) both = g_ptr_array_copy (names, NULL, NULL);
  const char *nearest;
  g_autofree char *hint = g_strdup_printf ("micro get %s", self->service);
  g_autofree char *list = target_list_names (names);

  for (guint i = 0; i < names->len; i++)
    if (strrchr (names->pdata[i], '.') != NULL)
      g_ptr_array_add (both, strrchr (names->pdata[i], '.') + 1);
  nearest = tool_nearest (self->endpoint, both);
  if (nearest != NULL)
    return tool_fail (EXIT_NOT_FOUND, hint,
                      "%s: service “%s” has no method “%s”; did you mean “%s”?", self->what,
                      self->service, self->endpoint, nearest);
  return tool_fail (EXIT_NOT_FOUND, hint, "%s: service “%s” has no method “%s”: it has %s",
                    self->what, self->service, self->endpoint, list);
}

static gboolean
is_stream (MicroEndpoint *endpoint)
{
  MicroMetadata *metadata = micro_endpoint_get_metadata (endpoint);

  return metadata != NULL && g_strcmp0 (micro_metadata_lookup (metadata, "stream"), "true") == 0;
}

/* A path, and what the record does not list but every service has, go as they are. */
static gboolean
goes_as_it_is (const char *endpoint)
{
  return strchr (endpoint, '/') != NULL || g_str_has_prefix (endpoint, "Debug.");
}

/* Without a record nothing says which package and service a bare name is of. */
static int
check_whole_name (ToolTarget *self)
{
  if (strpbrk (self->endpoint, "./") != NULL)
    return EXIT_OK;
  return tool_fail (EXIT_USAGE, "micro call greeter Say.Hello",
                    "%s: nothing here lists the methods of “%s”: write the whole name, Service.%s",
                    self->what, self->service, self->endpoint);
}

/* As an HTTP/2 path carries it. */
static int
check_spelling (ToolTarget *self)
{
  for (const char *at = self->endpoint; *at != '\0'; at++)
    if ((guchar) *at <= 0x20 || (guchar) *at >= 0x7f)
      return tool_fail (EXIT_USAGE, "micro call greeter Say.Hello",
                        "%s: “%s” is no method: write Service.Method", self->what, self->endpoint);
  return EXIT_OK;
}

static int
find_method (ToolTarget *self, Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services
      = micro_client_get_service_sync (tool->client, self->service, &error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  MicroEndpoint *endpoint;
  g_autofree char *hint = NULL;

  if (services == NULL)
    return tool_fail_lookup (tool, self->what, self->service, error);
  endpoint = match_endpoint (services, self->endpoint, names);
  if (names->len == 0)
    return check_whole_name (self);
  if (goes_as_it_is (self->endpoint))
    return EXIT_OK;
  if (endpoint == NULL)
    return fail_method (self, names);
  g_free (self->endpoint);
  self->endpoint = g_strdup (micro_endpoint_get_name (endpoint));
  if (!is_stream (endpoint) || strcmp (self->what, "stream") == 0)
    return EXIT_OK;
  hint = g_strdup_printf ("micro stream %s %s", self->service, self->endpoint);
  return tool_fail (EXIT_USAGE, hint, "call: %s of “%s” is a stream", self->endpoint,
                    self->service);
}

/* --- Headers --- */

static int
target_read_headers (ToolTarget *self, Tool *tool)
{
  guint n = tool->metadata != NULL ? g_strv_length (tool->metadata) : 0;

  self->headers = g_new0 (char *, 2 * n + 1);
  for (guint i = 0; i < n; i++)
    {
      const char *word = tool->metadata[i];
      const char *equals = strchr (word, '=');

      g_autoptr (GError) error = NULL;

      if (equals == NULL || equals == word)
        return tool_fail (EXIT_USAGE, "--metadata key=value", "--metadata: “%s” is not key=value",
                          word);
      self->headers[2 * i] = g_strndup (word, equals - word);
      if (!micro_header_check (self->headers[2 * i], equals + 1, &error))
        return tool_fail (EXIT_USAGE, NULL, "--metadata: %s", error->message);
      self->headers[2 * i + 1] = g_strdup (equals + 1);
    }
  return EXIT_OK;
}

/* --- The whole --- */

static int
target_fill (ToolTarget *self, Tool *tool)
{
  g_autoptr (GError) error = NULL;
  const char *proxy = g_getenv ("MICRO_PROXY");
  int status = check_spelling (self);

  if (status == EXIT_OK)
    status = target_read_headers (self, tool);
  if (status != EXIT_OK)
    return status;
  if (tool->timeout_ms > 0)
    self->options.timeout_ms = tool->timeout_ms;
  if (tool->address != NULL
      && !micro_transport_check_address (tool->transport, tool->address, &error))
    return tool_fail (EXIT_USAGE, NULL, "%s: %s", tool->address_from, error->message);
  self->options.address = tool->address;
  self->options.headers = (const char *const *) self->headers;
  /* A proxy knows services that the registry here does not. */
  return tool->address == NULL && (proxy == NULL || *proxy == '\0') ? find_method (self, tool)
                                                                    : check_whole_name (self);
}

int
tool_target_init (ToolTarget *self, Tool *tool)
{
  int status;

  *self = (ToolTarget){ .what = tool->command->name, .options = MICRO_CALL_OPTIONS_INIT };
  if (tool->argc < 2)
    return tool_fail (EXIT_USAGE, "micro call greeter Say.Hello name=John",
                      "%s: name a service and a method", self->what);
  self->service = tool->argv[0];
  self->endpoint = g_strdup (tool->argv[1]);
  status = target_fill (self, tool);
  if (status != EXIT_OK)
    tool_target_clear (self);
  return status;
}

void
tool_target_clear (ToolTarget *self)
{
  g_clear_pointer (&self->endpoint, g_free);
  g_clear_pointer (&self->headers, g_strfreev);
}

int
tool_target_fail (const ToolTarget *self, const GError *error)
{
  MicroStatus code = micro_error_get_status (error);
  const char *hint = NULL;

  if (code == MICRO_STATUS_DEADLINE_EXCEEDED)
    hint = "--timeout=30s waits longer";
  else if (code == MICRO_STATUS_UNIMPLEMENTED && self->options.address == NULL)
    hint = "micro get shows what a service has";
  return tool_fail (EXIT_RPC + (int) code, hint, "%s %s %s: %s (%d): %s", self->what, self->service,
                    self->endpoint, micro_status_to_string (code), (int) code, error->message);
}

void
tool_print_reply (Tool *tool, GBytes *reply)
{
  gsize length;
  const char *data = g_bytes_get_data (reply, &length);
  g_autofree char *text = tool->output == TOOL_RAW || tool->output == TOOL_JSONL
                              ? g_strndup (data, length)
                              : tool_json_indent (data, length);

  g_print ("%s\n", text);
}
