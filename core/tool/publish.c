/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro publish: a JSON message to whom it concerns.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

/* (transfer full): --metadata, and what says that the body is JSON. */
static MicroMetadata *
make_headers (Tool *tool, int *ret_status)
{
  MicroMetadata *headers = micro_metadata_new ("Content-Type", "application/json", NULL);

  for (char **pair = tool->metadata; pair != NULL && *pair != NULL; pair++)
    {
      const char *equals = strchr (*pair, '=');
      g_autofree char *key = equals != NULL ? g_strndup (*pair, equals - *pair) : NULL;
      MicroMetadata *more;

      if (key == NULL || *key == '\0')
        {
          *ret_status = tool_fail (EXIT_USAGE, "--metadata=KEY=VALUE",
                                   "--metadata: “%s” is not KEY=VALUE", *pair);
          break;
        }
      more = micro_metadata_with (headers, key, equals + 1);
      micro_metadata_unref (headers);
      headers = more;
    }
  return headers;
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
publish_on_timeout (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static gboolean
publish_message (
    Tool *tool, const char *topic, MicroMetadata *headers, GBytes *body, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  guint timeout = tool->timeout_ms > 0
                      ? g_timeout_add (tool->timeout_ms, publish_on_timeout, cancellable)
                      : 0;
  gboolean fine;

  micro_broker_publish_async (tool->broker, topic, headers, body, cancellable, on_published,
                              &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  fine = micro_broker_publish_finish (tool->broker, result, error);
  if (timeout != 0 && g_cancellable_is_cancelled (cancellable))
    {
      g_clear_error (error);
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_DEADLINE_EXCEEDED,
                   "topic “%s”: not everybody has taken the message within %s", topic,
                   tool->timeout);
    }
  else if (timeout != 0)
    g_source_remove (timeout);
  return fine;
}

int
tool_publish (Tool *tool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (MicroMetadata) headers = NULL;
  int status = tool_target_read_timeout (tool);

  if (status != EXIT_OK)
    return status;
  if (tool->argc < 1 || *tool->argv[0] == '\0')
    return tool_fail (EXIT_USAGE, "micro help publish", "publish: which topic?");
  body = tool_request_read (tool, tool->argv + 1, tool->argc - 1, &error);
  if (body == NULL)
    return tool_request_fail (tool, error);
  headers = make_headers (tool, &status);
  if (status != EXIT_OK)
    return status;
  if (publish_message (tool, tool->argv[0], headers, body, &error))
    {
      g_print ("ok\n");
      return EXIT_OK;
    }
  status = micro_error_get_status (error);
  return tool_fail (EXIT_RPC + status, NULL, "publish: %s (%d): %s",
                    micro_status_to_string (status), status, error->message);
}
