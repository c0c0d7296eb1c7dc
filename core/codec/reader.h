/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Strict JSON (RFC 8259), token by token.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  MICRO_JSON_BAD,
  MICRO_JSON_OBJECT,
  MICRO_JSON_ARRAY,
  MICRO_JSON_STRING,
  MICRO_JSON_NUMBER,
  MICRO_JSON_TRUE,
  MICRO_JSON_FALSE,
  MICRO_JSON_NULL
} MicroJsonKind;

typedef struct
{
  const char *start;
  const char *cursor;
  const char *end;
  guint depth;
  guint max_depth;
  GString *text;       /* the last string or number */
  const char *problem; /* (nullable): what is wrong at the cursor */
} MicroCodecReader;

MicroJsonKind micro_codec_reader_peek (MicroCodecReader *self);
/* Into an object or array; each next says in @ret_more whether a member follows or @close came. */
gboolean micro_codec_reader_enter (MicroCodecReader *self);
gboolean
micro_codec_reader_next (MicroCodecReader *self, char close, gboolean first, gboolean *ret_more);
gboolean micro_codec_reader_key (MicroCodecReader *self);
gboolean micro_codec_reader_string (MicroCodecReader *self);
gboolean micro_codec_reader_number (MicroCodecReader *self);
gboolean micro_codec_reader_literal (MicroCodecReader *self);
gboolean micro_codec_reader_skip (MicroCodecReader *self);
gboolean micro_codec_reader_end (MicroCodecReader *self);

G_END_DECLS
