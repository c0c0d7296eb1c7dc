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

/* protobuf-c keeps no map_entry option: but protoc makes the name, <Parent>.<FieldCamel>Entry. */
gboolean
micro_codec_is_map (const ProtobufCMessageDescriptor *parent, const ProtobufCFieldDescriptor *field)
{
  const ProtobufCMessageDescriptor *entry = field->descriptor;
  const char *name;
  gsize length;
  gboolean upper = TRUE;

  if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE
      || entry->n_fields != 2 || entry->fields[0].id != 1 || entry->fields[1].id != 2
      || entry->name == NULL || parent->name == NULL)
    return FALSE;
  length = strlen (parent->name);
  if (strncmp (entry->name, parent->name, length) != 0 || entry->name[length] != '.')
    return FALSE;
  name = entry->name + length + 1;
  for (const char *c = field->name; *c != '\0'; c++)
    {
      if (*c == '_')
        upper = TRUE;
      else if (*name++ != (upper ? g_ascii_toupper (*c) : *c))
        return FALSE;
      else
        upper = FALSE;
    }
  return strcmp (name, "Entry") == 0 && g_strcmp0 (entry->fields[0].name, "key") == 0
         && g_strcmp0 (entry->fields[1].name, "value") == 0;
}

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

gboolean
micro_codec_is_null_value (const ProtobufCFieldDescriptor *field)
{
  const ProtobufCEnumDescriptor *descriptor = field->descriptor;

  return field->type == PROTOBUF_C_TYPE_ENUM
         && g_strcmp0 (descriptor->name, "google.protobuf.NullValue") == 0;
}

/* What protoc makes of a field's name for JSON: user_id → userId. */
static gboolean
is_camel_of (const char *camel, const char *name)
{
  gboolean upper = FALSE;

  for (; *name != '\0'; name++)
    {
      if (*name == '_')
        {
          upper = TRUE;
          continue;
        }
      if (*camel++ != (upper ? g_ascii_toupper (*name) : *name))
        return FALSE;
      upper = FALSE;
    }
  return *camel == '\0';
}

const ProtobufCFieldDescriptor *
micro_codec_find_field (const ProtobufCMessageDescriptor *descriptor, const char *name)
{
  const ProtobufCFieldDescriptor *camel = NULL;

  for (guint i = 0; i < descriptor->n_fields; i++)
    {
      const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

      if (strcmp (field->name, name) == 0)
        return field;
      if (camel == NULL && is_camel_of (name, field->name))
        camel = field;
    }
  return camel;
}

static const ProtobufCMessageDescriptor *
find_below (const ProtobufCMessageDescriptor *descriptor, GHashTable *seen, const char *name)
{
  const ProtobufCMessageDescriptor *found = NULL;

  if (g_strcmp0 (descriptor->name, name) == 0)
    return descriptor;
  if (!g_hash_table_add (seen, (gpointer) descriptor))
    return NULL;
  for (guint i = 0; found == NULL && i < descriptor->n_fields; i++)
    if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
      found = find_below (descriptor->fields[i].descriptor, seen, name);
  return found;
}

const ProtobufCMessageDescriptor *
micro_codec_find_type (const ProtobufCMessageDescriptor *root, const char *url)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  const char *slash = strrchr (url, '/');

  return find_below (root, seen, slash != NULL ? slash + 1 : url);
}

gsize
micro_codec_size_of (ProtobufCType type)
{
  switch (type)
    {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
      return 8;
    case PROTOBUF_C_TYPE_BOOL:
      return sizeof (protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
      return sizeof (gpointer);
    case PROTOBUF_C_TYPE_BYTES:
      return sizeof (ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
    default:
      return 4;
    }
}

/* A descriptor made at run time has no message_init. */
void
micro_codec_init_message (const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage *message)
{
  if (descriptor->message_init != NULL)
    {
      descriptor->message_init (message);
      return;
    }
  memset (message, 0, descriptor->sizeof_message);
  message->descriptor = descriptor;
  for (guint i = 0; i < descriptor->n_fields; i++)
    {
      const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
      gpointer member = &MICRO_CODEC_MEMBER (guint8, message, field->offset);

      if (field->default_value == NULL || field->label == PROTOBUF_C_LABEL_REPEATED
          || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        continue;
      if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
        *(gconstpointer *) member = field->default_value;
      else
        memcpy (member, field->default_value, micro_codec_size_of (field->type));
    }
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
