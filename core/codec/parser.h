/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One run of the parser: where it stands, whence its memory comes, how it fails.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "codec/reader.h"

G_BEGIN_DECLS

typedef struct _MicroCodecPath MicroCodecPath;
struct _MicroCodecPath
{
  const MicroCodecPath *parent;
  const char *name; /* (nullable): then [index] */
  gsize index;
};

typedef struct _MicroCodecParser MicroCodecParser;

/* Reads a message of a well-known type, whatever JSON has for it. */
typedef gboolean (*MicroWellKnownParse) (MicroCodecParser *self, ProtobufCMessage *message);

struct _MicroCodecParser
{
  const MicroWellKnownParse *well_known; /* by MicroWellKnown */
  MicroCodecReader reader;
  ProtobufCAllocator *allocator; /* (nullable) */
  const ProtobufCMessageDescriptor *root;
  const MicroCodecPath *path;
  char *quoted; /* (nullable): micro_codec_quote()'s last */
  GError **error;
};

/* These two are always FALSE, for the caller to return. */
gboolean micro_codec_fail (MicroCodecParser *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
gboolean micro_codec_fail_syntax (MicroCodecParser *self);
/* (transfer none): for a message; good until the next. */
const char *micro_codec_quote (MicroCodecParser *self, const char *text);
/* (nullable): then @error is set. */
gpointer micro_codec_alloc (MicroCodecParser *self, gsize size);
void micro_codec_free (MicroCodecParser *self, gpointer memory);
char *micro_codec_dup (MicroCodecParser *self, const char *text, gsize length);

G_END_DECLS
