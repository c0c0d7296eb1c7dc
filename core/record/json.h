/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON that others wrote.
 */
#pragma once

#include <json-glib/json-glib.h>

/* (transfer none): the one value of @json, which @parser owns; NULL with @error set. */
JsonNode *micro_json_parse (JsonParser *parser, const char *json, gsize length, GError **error);
