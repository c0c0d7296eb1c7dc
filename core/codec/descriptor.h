/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a message's descriptor tells: of its fields, of their types, of what is set.
 */
#pragma once

#include <glib.h>
#include <protobuf-c/protobuf-c.h>

G_BEGIN_DECLS

#define MICRO_CODEC_MEMBER(type, message, offset)                                                  \
  (*(type *) (gpointer) ((guint8 *) (message) + (offset)))

gboolean micro_codec_is_map (const ProtobufCMessageDescriptor *parent,
                             const ProtobufCFieldDescriptor *field);
gboolean micro_codec_is_null_value (const ProtobufCFieldDescriptor *field);
const ProtobufCFieldDescriptor *
micro_codec_find_field (const ProtobufCMessageDescriptor *descriptor, const char *name);
/* Among @root and all that its fields lead to; (nullable). @url: ".../full.Name" */
const ProtobufCMessageDescriptor *micro_codec_find_type (const ProtobufCMessageDescriptor *root,
                                                         const char *url);
gsize micro_codec_size_of (ProtobufCType type);
void micro_codec_init_message (const ProtobufCMessageDescriptor *descriptor,
                               ProtobufCMessage *message);
gboolean micro_codec_is_set (const ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field);

G_END_DECLS
