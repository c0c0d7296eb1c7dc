/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which messages are those of google.protobuf that JSON writes in a way of their own.
 */
#include "config.h"

#include <string.h>

#include "codec/descriptor.h"
#include "codec/wellknown.h"

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
well_known_fits (const ProtobufCMessageDescriptor *descriptor, const Shape *shape)
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
      return well_known_fits (descriptor, &shapes[i]) ? shapes[i].kind : MICRO_WELL_KNOWN_NONE;
  return MICRO_WELL_KNOWN_NONE;
}
