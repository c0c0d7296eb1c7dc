/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages into JSON.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

G_BEGIN_DECLS

typedef struct _MicroCodecPrinter MicroCodecPrinter;

/* Writes a message of a well-known type. */
typedef gboolean (*MicroWellKnownPrint) (MicroCodecPrinter *self, const ProtobufCMessage *message);

struct _MicroCodecPrinter
{
  const MicroWellKnownPrint *well_known; /* by MicroWellKnown */
  GString *out;
  const ProtobufCMessageDescriptor *root;
  guint depth;
  GError **error;
};

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

G_END_DECLS
