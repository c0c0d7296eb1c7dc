/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON into messages: objects, fields, lists, maps, oneofs.
 */
#pragma once

#include "codec/parser.h"

G_BEGIN_DECLS

gboolean micro_codec_parse_message (MicroCodecParser *self, ProtobufCMessage *message);
/* The members of the object at the cursor; @type_key: let "@type" pass. */
gboolean
micro_codec_parse_fields (MicroCodecParser *self, ProtobufCMessage *message, gboolean type_key);
/* Whether every required field is there; @seen: (nullable): a mark a field, of those that are. */
gboolean micro_codec_check_required (MicroCodecParser *self,
                                     const ProtobufCMessageDescriptor *descriptor,
                                     const guint8 *seen);
/* The value at the cursor into @field, whatever its kind. */
gboolean micro_codec_parse_field (MicroCodecParser *self,
                                  ProtobufCMessage *message,
                                  const ProtobufCFieldDescriptor *field);
gboolean micro_codec_append_string (MicroCodecParser *self,
                                    ProtobufCMessage *message,
                                    const ProtobufCFieldDescriptor *field,
                                    const char *text);

G_END_DECLS
