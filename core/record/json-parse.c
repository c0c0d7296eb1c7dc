/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON that others wrote, kept from what json-glib does not bear.
 */
#include "config.h"

#include "record/json.h"
#include <micro/micro-error.h>

/* Records are five deep. */
#define MAX_DEPTH 64

/* json-glib recurses without a limit, and forgets to free the first of two values. */
static const char *
find_problem (const char *json, gsize length)
{
  gboolean in_string = FALSE;
  gboolean ended = FALSE;
  int depth = 0;

  for (gsize i = 0; i < length; i++)
    if (in_string && json[i] == '\\')
      i++;
    else if (json[i] == '"' && depth > 0)
      in_string = !in_string;
    else if (in_string || g_ascii_isspace (json[i]))
      continue;
    else if (ended)
      return "something follows the end of the record";
    else if (json[i] == '{' || json[i] == '[')
      {
        if (++depth > MAX_DEPTH)
          return "the record is nested too deeply";
      }
    else if (depth == 0)
      return "it does not begin with a brace";
    else if (json[i] == '}' || json[i] == ']')
      ended = --depth == 0;
  return NULL;
}

JsonNode *
micro_json_parse (JsonParser *parser, const char *json, gsize length, GError **error)
{
  const char *problem = find_problem (json, length);

  if (problem != NULL)
    {
      g_set_error_literal (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, problem);
      return NULL;
    }
  if (!json_parser_load_from_data (parser, json, (gssize) length, error))
    return NULL;
  if (json_parser_get_root (parser) == NULL)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "there is no value");
  return json_parser_get_root (parser);
}
