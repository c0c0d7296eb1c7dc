/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the parts of the JSON codec share.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "codec/descriptor.h"
#include "codec/parser.h"
#include <micro/micro-codec.h>
#include <micro/micro-error.h>

G_BEGIN_DECLS

/* --- codec/codec.c: well-known types --- */

typedef enum
{
  MICRO_WELL_KNOWN_NONE,
  MICRO_WELL_KNOWN_ANY,
  MICRO_WELL_KNOWN_TIMESTAMP,
  MICRO_WELL_KNOWN_DURATION,
  MICRO_WELL_KNOWN_FIELD_MASK,
  MICRO_WELL_KNOWN_STRUCT,
  MICRO_WELL_KNOWN_VALUE,
  MICRO_WELL_KNOWN_LIST,
  MICRO_WELL_KNOWN_WRAPPER
} MicroWellKnown;

MicroWellKnown micro_codec_well_known (const ProtobufCMessageDescriptor *descriptor);

/* --- codec/parse.c --- */

gboolean micro_codec_parse_message (MicroCodecParser *self, ProtobufCMessage *message);
/* The members of the object at the cursor; @type_key: let "@type" pass. */
gboolean
micro_codec_parse_fields (MicroCodecParser *self, ProtobufCMessage *message, gboolean type_key);
/* The value at the cursor into @field, whatever its kind. */
gboolean micro_codec_parse_field (MicroCodecParser *self,
                                  ProtobufCMessage *message,
                                  const ProtobufCFieldDescriptor *field);
gboolean micro_codec_append_string (MicroCodecParser *self,
                                    ProtobufCMessage *message,
                                    const ProtobufCFieldDescriptor *field,
                                    const char *text);

/* --- codec/print.c --- */

typedef struct
{
  GString *out;
  const ProtobufCMessageDescriptor *root;
  guint depth;
  GError **error;
} MicroCodecPrinter;

gboolean micro_codec_print_message (MicroCodecPrinter *self, const ProtobufCMessage *message);
/* The members without braces; @first: no comma before the first one. */
gboolean
micro_codec_print_fields (MicroCodecPrinter *self, const ProtobufCMessage *message, gboolean first);
gboolean micro_codec_print_field (MicroCodecPrinter *self,
                                  const ProtobufCMessage *message,
                                  const ProtobufCFieldDescriptor *field);
gboolean micro_codec_print_value (MicroCodecPrinter *self,
                                  const ProtobufCFieldDescriptor *field,
                                  gconstpointer value);
void micro_codec_print_string (GString *out, const char *text);
void micro_codec_print_bytes (GString *out, const ProtobufCBinaryData *bytes);

/* --- codec/wellknown.c --- */

gboolean micro_codec_parse_well_known (MicroCodecParser *self,
                                       MicroWellKnown kind,
                                       ProtobufCMessage *message);
gboolean micro_codec_print_well_known (MicroCodecPrinter *self,
                                       MicroWellKnown kind,
                                       const ProtobufCMessage *message);

G_END_DECLS
