/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The request of micro call: JSON, field=value words (pairs.c), or what input.c reads.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

/* --- What it must be --- */

static gboolean
check_request (GString *text, GError **error)
{
  g_autofree char *problem = NULL;
  const char *first = text->str + strspn (text->str, " \t\r\n");

  if (tool_json_depth (text->str, text->len) > TOOL_JSON_MAX_DEPTH)
    {
      tool_set_bad (error, "the request nests more than %d deep", TOOL_JSON_MAX_DEPTH);
      return FALSE;
    }
  if (memchr (text->str, '\0', text->len) != NULL)
    {
      tool_set_bad (error, "the request is not JSON: it has a zero byte in it");
      return FALSE;
    }
  if (*first == '\0')
    {
      tool_set_bad (error, "the request is empty; without a field it is {}");
      return FALSE;
    }
  problem = tool_json_problem (text->str, text->len);
  if (problem != NULL)
    tool_set_bad (error, "the request is not JSON: %s", problem);
  else if (*first != '{')
    tool_set_bad (error, "the request is %s, not an object such as {\"name\":\"John\"}",
                  *first == '[' ? "an array" : "a single value");
  else
    return TRUE;
  return FALSE;
}

GBytes *
tool_request_read (Tool *tool, char **words, int n_words, GError **error)
{
  g_autoptr (GString) text = NULL;
  g_autofree char *joined = g_strjoinv (" ", words);

  if (n_words == 1 && strcmp (words[0], "-") == 0)
    text = tool_input_read (NULL, &tool->timeout_ms, error);
  else if (n_words == 1 && words[0][0] == '@')
    text = tool_input_read (words[0] + 1, &tool->timeout_ms, error);
  else if (n_words == 0)
    text = g_string_new ("{}");
  else if (strchr ("{[\"", g_strchug (joined)[0]) != NULL) /* and an empty one */
    text = g_string_new (joined);
  else
    text = tool_pairs_read (words, n_words, error);
  if (text == NULL || !check_request (text, error))
    return NULL;
  return g_string_free_to_bytes (g_steal_pointer (&text));
}

int
tool_request_fail (Tool *tool, const GError *error)
{
  MicroStatus code = micro_error_get_status (error);
  g_autofree char *topic = g_strdup_printf ("micro help %s", tool->command->name);

  if (code != MICRO_STATUS_DEADLINE_EXCEEDED)
    return tool_fail (EXIT_USAGE, topic, "%s: %s", tool->command->name, error->message);
  return tool_fail (EXIT_RPC + (int) code, "--timeout=30s waits longer", "%s: %s (%d): %s",
                    tool->command->name, micro_status_to_string (code), (int) code, error->message);
}
