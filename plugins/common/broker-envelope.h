/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How a message looks on its way: go-micro's JSON, which its HTTP and NATS brokers share.
 */
#pragma once

#include <micro/micro-metadata.h>

G_BEGIN_DECLS

/* (go-micro v2.9 broker/http.go) Where a message says what it was published to. */
#define BROKER_HEADER_TOPIC "Micro-Topic"

/* {"Header":{…},"Body":"<base64>"}; INVALID_ARGUMENT for headers that are not UTF-8.
 * @topic (nullable) becomes the header of that name. */
GBytes *broker_envelope_pack (
    const char *topic, MicroMetadata *headers, GBytes *body, gsize max_body, GError **error);

/* @text in quotes, escaped for JSON; what is not UTF-8 in it is replaced. */
void broker_envelope_append_string (GString *json, const char *text);

/* How long an envelope of a body of @max_body bytes may be, with its headers. */
gsize broker_envelope_limit (gsize max_body);

/* The names in any case, as Go takes them, null for what is empty; INVALID_ARGUMENT says what is
 * wrong.  @ret_headers (nullable). */
GBytes *broker_envelope_unpack (const char *json,
                                gsize length,
                                MicroMetadata **ret_headers,
                                GError **error);

G_END_DECLS
