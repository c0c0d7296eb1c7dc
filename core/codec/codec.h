/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the parts of the JSON codec share.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-codec.h>
#include <micro/micro-error.h>

G_BEGIN_DECLS

/* Messages and JSON alike may nest this deep: both are walked recursively. */
#define MICRO_CODEC_MAX_DEPTH 100

/* --- codec/reader.c: strict JSON (RFC 8259), token by token --- */

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

/* --- codec/codec.c: descriptors --- */

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

#define MICRO_CODEC_MEMBER(type, message, offset)                                                  \
  (*(type *) (gpointer) ((guint8 *) (message) + (offset)))

/* --- codec/parse.c --- */

typedef struct _MicroCodecPath MicroCodecPath;
struct _MicroCodecPath
{
  const MicroCodecPath *parent;
  const char *name; /* (nullable): then [index] */
  gsize index;
};

typedef struct
{
  MicroCodecReader reader;
  ProtobufCAllocator *allocator; /* (nullable) */
  const ProtobufCMessageDescriptor *root;
  const MicroCodecPath *path;
  GError **error;
} MicroCodecParser;

gboolean micro_codec_fail (MicroCodecParser *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
gboolean micro_codec_fail_syntax (MicroCodecParser *self);
gpointer micro_codec_alloc (MicroCodecParser *self, gsize size);
void micro_codec_free (MicroCodecParser *self, gpointer memory);
char *micro_codec_dup (MicroCodecParser *self, const char *text, gsize length);
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

/* --- codec/scalar.c: one value from its text --- */

gboolean micro_codec_parse_scalar (MicroCodecParser *self,
                                   const ProtobufCFieldDescriptor *field,
                                   MicroJsonKind kind,
                                   const char *text,
                                   gpointer target);
guint8 *micro_codec_decode_base64 (MicroCodecParser *self, const char *text, gsize *ret_length);

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
gboolean micro_codec_is_set (const ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field);
gboolean micro_codec_print_value (MicroCodecPrinter *self,
                                  const ProtobufCFieldDescriptor *field,
                                  gconstpointer value);
void micro_codec_print_string (GString *out, const char *text);
void micro_codec_print_bytes (GString *out, const ProtobufCBinaryData *bytes);

/* --- codec/wellknown.c, codec/time.c --- */

gboolean micro_codec_parse_well_known (MicroCodecParser *self,
                                       MicroWellKnown kind,
                                       ProtobufCMessage *message);
gboolean micro_codec_print_well_known (MicroCodecPrinter *self,
                                       MicroWellKnown kind,
                                       const ProtobufCMessage *message);
gboolean micro_codec_timestamp_from_text (const char *text, gint64 *ret_seconds, gint32 *ret_nanos);
gboolean micro_codec_duration_from_text (const char *text, gint64 *ret_seconds, gint32 *ret_nanos);
char *micro_codec_timestamp_to_text (gint64 seconds, gint32 nanos);
char *micro_codec_duration_to_text (gint64 seconds, gint32 nanos);

G_END_DECLS
