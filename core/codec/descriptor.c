/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a message's descriptor tells: of its fields, of their types, of what is set.
 */
#include "config.h"

#include <string.h>

#include "codec/descriptor.h"

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

static gboolean
is_zero (ProtobufCType type, gconstpointer member)
{
  static const guint8 zeros[8] = { 0 };
  const char *text;

  switch (type)
    {
    case PROTOBUF_C_TYPE_STRING:
      text = *(char *const *) member;
      return text == NULL || *text == '\0';
    case PROTOBUF_C_TYPE_BYTES:
      return ((const ProtobufCBinaryData *) member)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE:
      return *(gpointer const *) member == NULL;
    case PROTOBUF_C_TYPE_FLOAT:
      return *(const float *) member == 0;
    case PROTOBUF_C_TYPE_DOUBLE:
      return *(const double *) member == 0;
    default:
      return memcmp (member, zeros, micro_codec_size_of (type)) == 0;
    }
}

gboolean
micro_codec_is_set (const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
  gconstpointer member = &MICRO_CODEC_MEMBER (guint8, message, field->offset);

  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    return MICRO_CODEC_MEMBER (gsize, message, field->quantifier_offset) > 0;
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
    return MICRO_CODEC_MEMBER (guint32, message, field->quantifier_offset) == field->id;
  if (field->label == PROTOBUF_C_LABEL_NONE)
    return !is_zero (field->type, member);
  if (field->label == PROTOBUF_C_LABEL_REQUIRED)
    return TRUE;
  if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
    return *(gconstpointer const *) member != NULL
           && *(gconstpointer const *) member != field->default_value;
  return MICRO_CODEC_MEMBER (protobuf_c_boolean, message, field->quantifier_offset);
}
