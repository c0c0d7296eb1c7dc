/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON that others wrote, kept from what json-glib does not bear.
 */
#include "config.h"

#include "record/json.h"
#include <micro/micro-codec.h>
#include <micro/micro-error.h>

/* Records are five deep. */
#define MAX_DEPTH 64

JsonNode *
micro_json_parse (JsonParser *parser, const char *json, gsize length, GError **error)
{
  /* json-glib recurses without a limit, and takes comments and single quotes. */
  if (!micro_json_check (json, length, MAX_DEPTH, error))
    return NULL;
  if (!json_parser_load_from_data (parser, json, (gssize) length, error))
    return NULL;
  if (json_parser_get_root (parser) == NULL)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "there is no value");
  return json_parser_get_root (parser);
}
