/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON into messages: objects, fields, lists, maps, oneofs.
 */
#include "config.h"

#include <string.h>

#include "codec/descriptor.h"
#include "codec/parse.h"
#include "codec/parser.h"
#include "codec/reader.h"
#include "codec/scalar.h"
#include "codec/wellknown.h"

static gboolean
parse_null (MicroCodecParser *self)
{
  return micro_codec_reader_literal (&self->reader) || micro_codec_fail_syntax (self);
}

static gboolean
parse_submessage (MicroCodecParser *self, const ProtobufCFieldDescriptor *field, gpointer target)
{
  const ProtobufCMessageDescriptor *descriptor = field->descriptor;
  ProtobufCMessage *message = micro_codec_alloc (self, descriptor->sizeof_message);

  if (message == NULL)
    return FALSE;
  micro_codec_init_message (descriptor, message);
  if (micro_codec_parse_message (self, message))
    {
      *(ProtobufCMessage **) target = message;
      return TRUE;
    }
  protobuf_c_message_free_unpacked (message, self->allocator);
  return FALSE;
}

/* One value that is no list; @target is written only on success. */
static gboolean
parse_single (MicroCodecParser *self, const ProtobufCFieldDescriptor *field, gpointer target)
{
  MicroCodecReader *reader = &self->reader;
  MicroJsonKind kind;
  gboolean ok;

  if (field->type == PROTOBUF_C_TYPE_MESSAGE)
    return parse_submessage (self, field, target);
  kind = micro_codec_reader_peek (reader);
  switch (kind)
    {
    case MICRO_JSON_STRING:
      ok = micro_codec_reader_string (reader);
      break;
    case MICRO_JSON_NUMBER:
      ok = micro_codec_reader_number (reader);
      break;
    case MICRO_JSON_TRUE:
    case MICRO_JSON_FALSE:
    case MICRO_JSON_NULL:
      ok = micro_codec_reader_literal (reader);
      g_string_assign (reader->text, kind == MICRO_JSON_TRUE    ? "true"
                                     : kind == MICRO_JSON_FALSE ? "false"
                                                                : "null");
      break;
    case MICRO_JSON_OBJECT:
      return micro_codec_fail (self, "an object is not what belongs here");
    case MICRO_JSON_ARRAY:
      return micro_codec_fail (self, "a list is not what belongs here");
    case MICRO_JSON_BAD:
    default:
      ok = FALSE;
      break;
    }
  if (!ok)
    return micro_codec_fail_syntax (self);
  return micro_codec_parse_scalar (self, field, kind, reader->text->str, target);
}

/* Room for one more element; lengths double, so that growing costs no more than filling. */
static gpointer
next_element (MicroCodecParser *self,
              const ProtobufCFieldDescriptor *field,
              ProtobufCMessage *message)
{
  gsize *n = &MICRO_CODEC_MEMBER (gsize, message, field->quantifier_offset);
  guint8 **elements = &MICRO_CODEC_MEMBER (guint8 *, message, field->offset);
  gsize size = micro_codec_size_of (field->type);
  guint8 *larger;

  if (*n == 0 || (*n >= 4 && (*n & (*n - 1)) == 0))
    {
      larger = micro_codec_alloc (self, (*n == 0 ? 4 : *n * 2) * size);
      if (larger == NULL)
        return NULL;
      if (*n > 0)
        memcpy (larger, *elements, *n * size);
      micro_codec_free (self, *elements);
      *elements = larger;
    }
  return *elements + *n * size;
}

gboolean
micro_codec_append_string (MicroCodecParser *self,
                           ProtobufCMessage *message,
                           const ProtobufCFieldDescriptor *field,
                           const char *text)
{
  char **element = next_element (self, field, message);

  if (element == NULL)
    return FALSE;
  *element = micro_codec_dup (self, text, strlen (text));
  if (*element == NULL)
    return FALSE;
  MICRO_CODEC_MEMBER (gsize, message, field->quantifier_offset)++;
  return TRUE;
}

static gboolean
null_is_value (const ProtobufCFieldDescriptor *field)
{
  return micro_codec_is_null_value (field)
         || (field->type == PROTOBUF_C_TYPE_MESSAGE
             && micro_codec_well_known (field->descriptor) == MICRO_WELL_KNOWN_VALUE);
}

static gboolean
parse_list (MicroCodecParser *self,
            ProtobufCMessage *message,
            const ProtobufCFieldDescriptor *field)
{
  MicroCodecPath here = { self->path, NULL, 0 };
  gboolean more = FALSE;

  if (micro_codec_reader_peek (&self->reader) != MICRO_JSON_ARRAY)
    return self->reader.problem != NULL ? micro_codec_fail_syntax (self)
                                        : micro_codec_fail (self, "a list belongs here");
  if (!micro_codec_reader_enter (&self->reader))
    return micro_codec_fail_syntax (self);
  for (gboolean first = TRUE; micro_codec_reader_next (&self->reader, ']', first, &more);
       first = FALSE)
    {
      gpointer element;

      if (!more)
        return TRUE;
      self->path = &here;
      if (micro_codec_reader_peek (&self->reader) == MICRO_JSON_NULL && !null_is_value (field))
        return micro_codec_fail (self, "null cannot be part of a list");
      element = next_element (self, field, message);
      if (element == NULL || !parse_single (self, field, element))
        return FALSE;
      MICRO_CODEC_MEMBER (gsize, message, field->quantifier_offset)++;
      here.index++;
      self->path = here.parent;
    }
  return micro_codec_fail_syntax (self);
}

/* @entry is in the list already, so that it is freed with it. */
static gboolean
parse_entry (MicroCodecParser *self, GHashTable *keys, ProtobufCMessage *entry)
{
  const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];
  const ProtobufCFieldDescriptor *value = &entry->descriptor->fields[1];
  g_autofree char *name = NULL;
  MicroCodecPath here = { self->path, NULL, 0 };

  if (!micro_codec_reader_key (&self->reader))
    return micro_codec_fail_syntax (self);
  name = g_strdup (self->reader.text->str);
  here.name = name;
  self->path = &here;
  if (!micro_codec_parse_scalar (self, key, MICRO_JSON_STRING, name,
                                 &MICRO_CODEC_MEMBER (guint8, entry, key->offset)))
    return FALSE;
  if (!g_hash_table_add (keys, g_strdup (name)))
    return micro_codec_fail (self, "it is given twice");
  if (micro_codec_reader_peek (&self->reader) == MICRO_JSON_NULL && !null_is_value (value))
    return micro_codec_fail (self, "null cannot be a value of a map");
  if (!parse_single (self, value, &MICRO_CODEC_MEMBER (guint8, entry, value->offset)))
    return FALSE;
  self->path = here.parent;
  return TRUE;
}

static gboolean
parse_map (MicroCodecParser *self, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
  const ProtobufCMessageDescriptor *descriptor = field->descriptor;
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gboolean more = FALSE;

  if (micro_codec_reader_peek (&self->reader) != MICRO_JSON_OBJECT)
    return self->reader.problem != NULL ? micro_codec_fail_syntax (self)
                                        : micro_codec_fail (self, "an object belongs here");
  if (!micro_codec_reader_enter (&self->reader))
    return micro_codec_fail_syntax (self);
  for (gboolean first = TRUE; micro_codec_reader_next (&self->reader, '}', first, &more);
       first = FALSE)
    {
      ProtobufCMessage **element;

      if (!more)
        return TRUE;
      element = next_element (self, field, message);
      if (element == NULL)
        return FALSE;
      *element = micro_codec_alloc (self, descriptor->sizeof_message);
      if (*element == NULL)
        return FALSE;
      micro_codec_init_message (descriptor, *element);
      MICRO_CODEC_MEMBER (gsize, message, field->quantifier_offset)++;
      if (!parse_entry (self, keys, *element))
        return FALSE;
    }
  return micro_codec_fail_syntax (self);
}

static gboolean
check_oneof (MicroCodecParser *self,
             ProtobufCMessage *message,
             const ProtobufCFieldDescriptor *field)
{
  guint32 set = MICRO_CODEC_MEMBER (guint32, message, field->quantifier_offset);
  const ProtobufCFieldDescriptor *other;

  if (set == 0)
    return TRUE;
  other = protobuf_c_message_descriptor_get_field (message->descriptor, set);
  return micro_codec_fail (self, "“%s” is set too, and only one of them can be",
                           other != NULL ? other->name : "another");
}

gboolean
micro_codec_parse_field (MicroCodecParser *self,
                         ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *field)
{
  gboolean oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;

  if (micro_codec_reader_peek (&self->reader) == MICRO_JSON_NULL
      && (field->label == PROTOBUF_C_LABEL_REPEATED || !null_is_value (field)))
    return parse_null (self);
  if (micro_codec_is_map (message->descriptor, field))
    return parse_map (self, message, field);
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    return parse_list (self, message, field);
  if (oneof && !check_oneof (self, message, field))
    return FALSE;
  if (!parse_single (self, field, &MICRO_CODEC_MEMBER (guint8, message, field->offset)))
    return FALSE;
  if (oneof)
    MICRO_CODEC_MEMBER (guint32, message, field->quantifier_offset) = field->id;
  else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING
           && field->type != PROTOBUF_C_TYPE_MESSAGE)
    MICRO_CODEC_MEMBER (protobuf_c_boolean, message, field->quantifier_offset) = TRUE;
  return TRUE;
}

static gboolean
parse_member (MicroCodecParser *self, ProtobufCMessage *message, guint8 *seen, gboolean type_key)
{
  const ProtobufCMessageDescriptor *descriptor = message->descriptor;
  const ProtobufCFieldDescriptor *field;
  MicroCodecPath here = { self->path, NULL, 0 };
  guint8 *mark;

  if (!micro_codec_reader_key (&self->reader))
    return micro_codec_fail_syntax (self);
  if (type_key && strcmp (self->reader.text->str, "@type") == 0)
    return micro_codec_reader_skip (&self->reader) || micro_codec_fail_syntax (self);
  field = micro_codec_find_field (descriptor, self->reader.text->str);
  if (field == NULL)
    return micro_codec_fail (self, "%s has no field “%s”", descriptor->name,
                             micro_codec_quote (self, self->reader.text->str));
  here.name = field->name;
  self->path = &here;
  mark = &seen[field - descriptor->fields];
  if (*mark)
    return micro_codec_fail (self, "it is given twice");
  *mark = TRUE;
  if (field->label == PROTOBUF_C_LABEL_REQUIRED
      && micro_codec_reader_peek (&self->reader) == MICRO_JSON_NULL && !null_is_value (field))
    return micro_codec_fail (self, "it is required, and null is no value");
  if (!micro_codec_parse_field (self, message, field))
    return FALSE;
  self->path = here.parent;
  return TRUE;
}

gboolean
micro_codec_check_required (MicroCodecParser *self,
                            const ProtobufCMessageDescriptor *descriptor,
                            const guint8 *seen)
{
  for (guint i = 0; i < descriptor->n_fields; i++)
    if (descriptor->fields[i].label == PROTOBUF_C_LABEL_REQUIRED && (seen == NULL || !seen[i]))
      return micro_codec_fail (self, "%s requires “%s”", descriptor->name,
                               descriptor->fields[i].name != NULL ? descriptor->fields[i].name
                                                                  : "another field");
  return TRUE;
}

gboolean
micro_codec_parse_fields (MicroCodecParser *self, ProtobufCMessage *message, gboolean type_key)
{
  guint8 small[64] = { 0 };
  guint n_fields = message->descriptor->n_fields;
  g_autofree guint8 *large = n_fields > sizeof small ? g_malloc0 (n_fields) : NULL;
  guint8 *seen = large != NULL ? large : small;
  gboolean more = FALSE;

  if (n_fields > 0 && message->descriptor->fields[0].name == NULL)
    return micro_codec_fail (self,
                             "%s has no field names, because its .proto says "
                             "optimize_for = CODE_SIZE: remove that to use JSON",
                             message->descriptor->name);
  if (micro_codec_reader_peek (&self->reader) != MICRO_JSON_OBJECT)
    return self->reader.problem != NULL ? micro_codec_fail_syntax (self)
                                        : micro_codec_fail (self, "an object belongs here");
  if (!micro_codec_reader_enter (&self->reader))
    return micro_codec_fail_syntax (self);
  for (gboolean first = TRUE; micro_codec_reader_next (&self->reader, '}', first, &more);
       first = FALSE)
    {
      if (!more)
        return micro_codec_check_required (self, message->descriptor, seen);
      if (!parse_member (self, message, seen, type_key))
        return FALSE;
    }
  return micro_codec_fail_syntax (self);
}

gboolean
micro_codec_parse_message (MicroCodecParser *self, ProtobufCMessage *message)
{
  MicroWellKnown kind = micro_codec_well_known (message->descriptor);

  if (kind != MICRO_WELL_KNOWN_NONE)
    return self->well_known[kind](self, message);
  return micro_codec_parse_fields (self, message, FALSE);
}
