/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON into one scalar value.
 */
#pragma once

#include "codec/parser.h"

G_BEGIN_DECLS

/* @text: a key, or what stood there as @kind; @target is written only on success. */
gboolean micro_codec_parse_scalar (MicroCodecParser *self,
                                   const ProtobufCFieldDescriptor *field,
                                   MicroJsonKind kind,
                                   const char *text,
                                   gpointer target);

G_END_DECLS
