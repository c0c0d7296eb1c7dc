/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages as JSON: the proto3 JSON mapping from protobuf-c descriptors.
 */
#pragma once

#include <micro/micro-method.h>

G_BEGIN_DECLS

struct ProtobufCMessage;
struct ProtobufCAllocator;

/* (transfer full): NUL-terminated, original field names, zero values left out. */
MICRO_API char *
micro_codec_to_json (const struct ProtobufCMessage *message, gsize *ret_length, GError **error);
/* Unknown fields, duplicate keys and values out of range are errors (INVALID_ARGUMENT) that name
 * the field; empty input is the empty message. @allocator: (nullable) as for unpack. */
MICRO_API struct ProtobufCMessage *
micro_codec_from_json (const struct ProtobufCMessageDescriptor *descriptor,
                       const char *json,
                       gsize length,
                       struct ProtobufCAllocator *allocator,
                       GError **error);

MICRO_API gboolean micro_json_check (const char *json,
                                     gsize length,
                                     guint max_depth,
                                     GError **error);

G_END_DECLS
