/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The JSON codec: its two functions, and what descriptors tell it.
 */
#include "config.h"

#include <string.h>

#include "codec/codec.h"

/* The fields a well-known type must have to be treated as one: it is found by name only. */
typedef struct
{
  const char *name;
  MicroWellKnown kind;
  guint n_fields;
  int types[2]; /* of fields 1 and 2; -1: any */
} Shape;

static const Shape shapes[] = {
  { "Any", MICRO_WELL_KNOWN_ANY, 2, { PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES } },
  { "Timestamp", MICRO_WELL_KNOWN_TIMESTAMP, 2, { PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_INT32 } },
  { "Duration", MICRO_WELL_KNOWN_DURATION, 2, { PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_INT32 } },
  { "FieldMask", MICRO_WELL_KNOWN_FIELD_MASK, 1, { PROTOBUF_C_TYPE_STRING, -1 } },
  { "Struct", MICRO_WELL_KNOWN_STRUCT, 1, { PROTOBUF_C_TYPE_MESSAGE, -1 } },
  { "Value", MICRO_WELL_KNOWN_VALUE, 6, { PROTOBUF_C_TYPE_ENUM, PROTOBUF_C_TYPE_DOUBLE } },
  { "ListValue", MICRO_WELL_KNOWN_LIST, 1, { PROTOBUF_C_TYPE_MESSAGE, -1 } },
  { "DoubleValue", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_DOUBLE, -1 } },
  { "FloatValue", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_FLOAT, -1 } },
  { "Int64Value", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_INT64, -1 } },
  { "UInt64Value", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_UINT64, -1 } },
  { "Int32Value", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_INT32, -1 } },
  { "UInt32Value", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_UINT32, -1 } },
  { "BoolValue", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_BOOL, -1 } },
  { "StringValue", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_STRING, -1 } },
  { "BytesValue", MICRO_WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_BYTES, -1 } },
};

/* Of fields 3 to 6 of a Value. */
static const ProtobufCType value_types[] = { PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BOOL,
                                             PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_MESSAGE };

static gboolean
codec_fits (const ProtobufCMessageDescriptor *descriptor, const Shape *shape)
{
  gboolean repeated = shape->kind == MICRO_WELL_KNOWN_FIELD_MASK
                      || shape->kind == MICRO_WELL_KNOWN_STRUCT
                      || shape->kind == MICRO_WELL_KNOWN_LIST;

  if (descriptor->n_fields != shape->n_fields)
    return FALSE;
  for (guint i = 0; i < 2 && i < descriptor->n_fields; i++)
    {
      const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

      if (field->id != i + 1 || (int) field->type != shape->types[i]
          || (field->label == PROTOBUF_C_LABEL_REPEATED) != repeated)
        return FALSE;
    }
  if (shape->kind == MICRO_WELL_KNOWN_STRUCT)
    return micro_codec_is_map (descriptor, &descriptor->fields[0]);
  if (shape->kind != MICRO_WELL_KNOWN_VALUE)
    return TRUE;
  for (guint i = 2; i < G_N_ELEMENTS (value_types) + 2; i++)
    if (descriptor->fields[i].type != value_types[i - 2]
        || descriptor->fields[i].label == PROTOBUF_C_LABEL_REPEATED)
      return FALSE;
  return TRUE;
}

MicroWellKnown
micro_codec_well_known (const ProtobufCMessageDescriptor *descriptor)
{
  static const char prefix[] = "google.protobuf.";
  const char *name = descriptor->name;

  if (name == NULL || strncmp (name, prefix, sizeof prefix - 1) != 0)
    return MICRO_WELL_KNOWN_NONE;
  name += sizeof prefix - 1;
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (strcmp (name, shapes[i].name) == 0)
      return codec_fits (descriptor, &shapes[i]) ? shapes[i].kind : MICRO_WELL_KNOWN_NONE;
  return MICRO_WELL_KNOWN_NONE;
}

/**
 * micro_codec_to_json: (skip)
 * @message: a message
 * @ret_length: (out) (optional): bytes, without the final NUL
 * @error: return location
 *
 * Writes @message in the proto3 JSON mapping: original field names, enums by name, 64-bit numbers
 * as strings, fields that have their zero value left out.  Text that is not UTF-8 gets U+FFFD in
 * its place.  The content of an Any is written out when its type is @message's or one that its
 * fields lead to; otherwise as base64 in “value”.
 *
 * Returns: (transfer full): the text, or %NULL with %MICRO_STATUS_INVALID_ARGUMENT: nested more
 *   than 100 deep, or a well-known type that holds what JSON cannot say
 */
char *
micro_codec_to_json (const ProtobufCMessage *message, gsize *ret_length, GError **error)
{
  MicroCodecPrinter printer = { 0 };
  gboolean ok;

  g_return_val_if_fail (message != NULL, NULL);

  printer.out = g_string_sized_new (256);
  printer.root = message->descriptor;
  printer.error = error;
  ok = micro_codec_print_message (&printer, message);
  if (ok && ret_length != NULL)
    *ret_length = printer.out->len;
  return g_string_free (printer.out, !ok);
}

static gboolean
parse_root (MicroCodecParser *parser, ProtobufCMessage *message)
{
  parser->reader.problem = NULL;
  while (parser->reader.cursor < parser->reader.end && g_ascii_isspace (*parser->reader.cursor))
    parser->reader.cursor++;
  if (parser->reader.cursor == parser->reader.end)
    return TRUE;
  return micro_codec_parse_message (parser, message)
         && (micro_codec_reader_end (&parser->reader) || micro_codec_fail_syntax (parser));
}

/**
 * micro_codec_from_json: (skip)
 * @descriptor: of the message
 * @json: (array length=length): the text, not NUL-terminated
 * @length: in bytes; the caller has limited it
 * @allocator: (nullable): where the message goes; %NULL: malloc()
 * @error: return location
 *
 * Reads a message in the proto3 JSON mapping; strictly, but with field names in either spelling.
 * Empty text is the empty message.
 *
 * Returns: (transfer full): to be freed with protobuf_c_message_free_unpacked(); or %NULL with
 *   %MICRO_STATUS_INVALID_ARGUMENT, naming the field or the line and column
 */
ProtobufCMessage *
micro_codec_from_json (const ProtobufCMessageDescriptor *descriptor,
                       const char *json,
                       gsize length,
                       ProtobufCAllocator *allocator,
                       GError **error)
{
  MicroCodecParser parser = { 0 };
  ProtobufCMessage *message = NULL;
  gboolean ok;

  g_return_val_if_fail (descriptor != NULL, NULL);
  g_return_val_if_fail (json != NULL || length == 0, NULL);

  parser.reader.start = json;
  parser.reader.cursor = json;
  parser.reader.end = json + length;
  parser.allocator = allocator;
  parser.root = descriptor;
  parser.error = error;
  if (length > 0 && !g_utf8_validate_len (json, length, &parser.reader.cursor))
    {
      parser.reader.problem = "the text is not UTF-8";
      micro_codec_fail_syntax (&parser);
      return NULL;
    }
  parser.reader.cursor = json;
  message = micro_codec_alloc (&parser, descriptor->sizeof_message);
  if (message == NULL)
    return NULL;
  micro_codec_init_message (descriptor, message);
  parser.reader.text = g_string_sized_new (64);
  ok = parse_root (&parser, message);
  g_string_free (parser.reader.text, TRUE);
  if (ok)
    return message;
  protobuf_c_message_free_unpacked (message, allocator);
  return NULL;
}
