/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages into JSON.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "codec/depth.h"
#include "codec/descriptor.h"
#include "codec/print.h"
#include "codec/wellknown.h"
#include <micro/micro-error.h>

void
micro_codec_print_string (GString *out, const char *text)
{
  static const char from[] = "\"\\\b\f\n\r\t";
  static const char to[] = "\"\\bfnrt";
  g_autofree char *valid = NULL;

  if (!g_utf8_validate (text, -1, NULL))
    text = valid = g_utf8_make_valid (text, -1);
  g_string_append_c (out, '"');
  while (*text != '\0')
    {
      const char *run = text;

      while ((guchar) *text >= 0x20 && *text != '"' && *text != '\\')
        text++;
      g_string_append_len (out, run, text - run);
      if (*text == '\0')
        break;
      if (strchr (from, *text) != NULL)
        {
          g_string_append_c (out, '\\');
          g_string_append_c (out, to[strchr (from, *text) - from]);
        }
      else
        g_string_append_printf (out, "\\u%04x", (guint) (guchar) *text);
      text++;
    }
  g_string_append_c (out, '"');
}

void
micro_codec_print_bytes (GString *out, const ProtobufCBinaryData *bytes)
{
  g_autofree char *text = g_base64_encode (bytes->data, bytes->len);

  g_string_append_printf (out, "\"%s\"", text);
}

/* The fewest digits that read back as the same number. */
static void
print_real (GString *out, double value, gboolean is_float)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    {
      g_string_append (out, "\"NaN\"");
      return;
    }
  if (isinf (value))
    {
      g_string_append (out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
      return;
    }
  for (int digits = is_float ? 6 : 15; digits <= 17; digits++)
    {
      char format[8];
      double back;

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      back = g_ascii_strtod (g_ascii_formatd (text, sizeof text, format, value), NULL);
      if (is_float ? (float) back == (float) value : back == value)
        break;
    }
  g_string_append (out, text);
}

static void
print_enum (GString *out, const ProtobufCFieldDescriptor *field, int number)
{
  const ProtobufCEnumValue *value
      = protobuf_c_enum_descriptor_get_value (field->descriptor, number);

  if (micro_codec_is_null_value (field))
    g_string_append (out, "null");
  else if (value != NULL && value->name != NULL)
    micro_codec_print_string (out, value->name);
  else
    g_string_append_printf (out, "%d", number);
}

/* The value of a map's entry that has none: of a well-known type not always "{}". */
static gboolean
print_empty (MicroCodecPrinter *self, const ProtobufCMessageDescriptor *type)
{
  g_autofree ProtobufCMessage *empty = g_malloc0 (type->sizeof_message);

  protobuf_c_message_init (type, empty);
  return micro_codec_print_message (self, empty);
}

gboolean
micro_codec_print_value (MicroCodecPrinter *self,
                         const ProtobufCFieldDescriptor *field,
                         gconstpointer value)
{
  GString *out = self->out;

  switch (field->type)
    {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
      g_string_append_printf (out, "%d", *(const gint32 *) value);
      break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
      g_string_append_printf (out, "%u", *(const guint32 *) value);
      break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
      g_string_append_printf (out, "\"%" G_GINT64_FORMAT "\"", *(const gint64 *) value);
      break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
      g_string_append_printf (out, "\"%" G_GUINT64_FORMAT "\"", *(const guint64 *) value);
      break;
    case PROTOBUF_C_TYPE_FLOAT:
      print_real (out, *(const float *) value, TRUE);
      break;
    case PROTOBUF_C_TYPE_DOUBLE:
      print_real (out, *(const double *) value, FALSE);
      break;
    case PROTOBUF_C_TYPE_BOOL:
      g_string_append (out, *(const protobuf_c_boolean *) value ? "true" : "false");
      break;
    case PROTOBUF_C_TYPE_ENUM:
      print_enum (out, field, *(const int *) value);
      break;
    case PROTOBUF_C_TYPE_STRING:
      micro_codec_print_string (out, *(char *const *) value != NULL ? *(char *const *) value : "");
      break;
    case PROTOBUF_C_TYPE_BYTES:
      micro_codec_print_bytes (out, value);
      break;
    case PROTOBUF_C_TYPE_MESSAGE:
    default:
      if (*(ProtobufCMessage *const *) value == NULL)
        return print_empty (self, field->descriptor);
      return micro_codec_print_message (self, *(ProtobufCMessage *const *) value);
    }
  return TRUE;
}

static gboolean
print_entry (MicroCodecPrinter *self, const ProtobufCMessage *entry)
{
  const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];
  const ProtobufCFieldDescriptor *value = &entry->descriptor->fields[1];
  gsize start = self->out->len;

  if (!micro_codec_print_value (self, key, &MICRO_CODEC_MEMBER (guint8, entry, key->offset)))
    return FALSE;
  if (self->out->str[start] != '"')
    {
      g_string_insert_c (self->out, start, '"');
      g_string_append_c (self->out, '"');
    }
  g_string_append_c (self->out, ':');
  return micro_codec_print_value (self, value, &MICRO_CODEC_MEMBER (guint8, entry, value->offset));
}

/* (nullable): the entries whose key comes again; on the wire it may, and the last counts. */
static GHashTable *
find_overruled (MicroCodecPrinter *self, ProtobufCMessage *const *entries, gsize n)
{
  g_autoptr (GHashTable) keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTable *overruled = NULL;
  gsize start = self->out->len;

  for (gsize i = n; i > 0; i--)
    {
      const ProtobufCMessage *entry = entries[i - 1];
      const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];

      micro_codec_print_value (self, key, &MICRO_CODEC_MEMBER (guint8, entry, key->offset));
      if (!g_hash_table_add (keys, g_strdup (self->out->str + start)))
        {
          if (overruled == NULL)
            overruled = g_hash_table_new (NULL, NULL);
          g_hash_table_add (overruled, (gpointer) entry);
        }
      g_string_truncate (self->out, start);
    }
  return overruled;
}

static gboolean
codec_print_map (MicroCodecPrinter *self, ProtobufCMessage *const *entries, gsize n)
{
  g_autoptr (GHashTable) overruled = n > 1 ? find_overruled (self, entries, n) : NULL;
  gboolean first = TRUE;

  g_string_append_c (self->out, '{');
  for (gsize i = 0; i < n; i++)
    {
      if (overruled != NULL && g_hash_table_contains (overruled, entries[i]))
        continue;
      if (!first)
        g_string_append_c (self->out, ',');
      first = FALSE;
      if (!print_entry (self, entries[i]))
        return FALSE;
    }
  g_string_append_c (self->out, '}');
  return TRUE;
}

gboolean
micro_codec_print_field (MicroCodecPrinter *self,
                         const ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *field)
{
  const guint8 *elements;
  gsize n;

  if (field->label != PROTOBUF_C_LABEL_REPEATED)
    return micro_codec_print_value (self, field,
                                    &MICRO_CODEC_MEMBER (guint8, message, field->offset));
  elements = MICRO_CODEC_MEMBER (const guint8 *, message, field->offset);
  n = MICRO_CODEC_MEMBER (gsize, message, field->quantifier_offset);
  if (micro_codec_is_map (message->descriptor, field))
    return codec_print_map (self, (ProtobufCMessage *const *) (gconstpointer) elements, n);
  g_string_append_c (self->out, '[');
  for (gsize i = 0; i < n; i++)
    {
      gconstpointer element = elements + i * micro_codec_size_of (field->type);

      if (i > 0)
        g_string_append_c (self->out, ',');
      if (!micro_codec_print_value (self, field, element))
        return FALSE;
    }
  g_string_append_c (self->out, ']');
  return TRUE;
}

gboolean
micro_codec_print_fields (MicroCodecPrinter *self, const ProtobufCMessage *message, gboolean first)
{
  const ProtobufCMessageDescriptor *descriptor = message->descriptor;

  if (descriptor->n_fields > 0 && descriptor->fields[0].name == NULL)
    {
      g_set_error (self->error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "%s has no field names, because its .proto says optimize_for = CODE_SIZE: "
                   "remove that to use JSON",
                   descriptor->name);
      return FALSE;
    }
  for (guint i = 0; i < descriptor->n_fields; i++)
    {
      const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

      if (!micro_codec_is_set (message, field))
        continue;
      g_string_append_printf (self->out, "%s\"%s\":", first ? "" : ",", field->name);
      first = FALSE;
      if (!micro_codec_print_field (self, message, field))
        return FALSE;
    }
  return TRUE;
}

gboolean
micro_codec_print_message (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  MicroWellKnown kind = micro_codec_well_known (message->descriptor);
  gboolean ok;

  /* A Value is no level in JSON, its Struct or ListValue is. */
  self->depth += kind != MICRO_WELL_KNOWN_VALUE;
  if (self->depth > MICRO_CODEC_MAX_DEPTH)
    {
      g_set_error (self->error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "%s is nested more than %d deep", self->root->name, MICRO_CODEC_MAX_DEPTH);
      return FALSE;
    }
  if (kind != MICRO_WELL_KNOWN_NONE)
    ok = self->well_known[kind](self, message);
  else
    {
      g_string_append_c (self->out, '{');
      ok = micro_codec_print_fields (self, message, TRUE);
      g_string_append_c (self->out, '}');
    }
  self->depth -= kind != MICRO_WELL_KNOWN_VALUE;
  return ok;
}
