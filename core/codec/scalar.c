/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON into one scalar value: numbers exactly, base64, enums.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "codec/descriptor.h"
#include "codec/parser.h"
#include "codec/reader.h"
#include "codec/scalar.h"

#define MAX_DIGITS 20 /* of 2^64 */

/* JSON's grammar for a number, for numbers in strings. */
static gboolean
scalar_is_number (const char *text)
{
  MicroCodecReader reader = { 0 };
  gboolean ok;

  if (*text != '-' && !g_ascii_isdigit (*text))
    return FALSE;
  reader.cursor = text;
  reader.end = text + strlen (text);
  reader.text = g_string_new (NULL);
  ok = micro_codec_reader_number (&reader) && reader.cursor == reader.end;
  g_string_free (reader.text, TRUE);
  return ok;
}

/* 1.5e3 → "1500"; no double between, which would lose the end of a 64-bit number. */
static gboolean
expand_integer (const char *text, gboolean *ret_negative, char ret_digits[MAX_DIGITS + 1])
{
  const char *exponent_text = strpbrk (text, "eE");
  gint64 exponent = exponent_text != NULL ? g_ascii_strtoll (exponent_text + 1, NULL, 10) : 0;
  GString *digits = g_string_new (NULL);
  gboolean fraction = FALSE;
  gboolean ok;

  *ret_negative = *text == '-';
  exponent = CLAMP (exponent, -G_MAXINT32, G_MAXINT32);
  for (const char *c = text; *c != '\0' && c != exponent_text; c++)
    {
      if (*c == '.')
        fraction = TRUE;
      if (!g_ascii_isdigit (*c))
        continue;
      exponent -= fraction;
      if (digits->len > 0 || *c != '0')
        g_string_append_c (digits, *c);
    }
  for (; digits->len > 0 && digits->str[digits->len - 1] == '0'; exponent++)
    g_string_truncate (digits, digits->len - 1);
  if (digits->len == 0)
    exponent = 0;
  ok = exponent >= 0 && (gint64) digits->len + exponent <= MAX_DIGITS;
  for (; ok && exponent > 0; exponent--)
    g_string_append_c (digits, '0');
  if (ok)
    g_strlcpy (ret_digits, digits->len > 0 ? digits->str : "0", MAX_DIGITS + 1);
  g_string_free (digits, TRUE);
  return ok;
}

static gboolean
read_integer (const char *text, gint64 minimum, guint64 maximum, guint64 *ret_value)
{
  char digits[MAX_DIGITS + 1];
  gboolean negative;
  guint64 value;

  if (!scalar_is_number (text) || !expand_integer (text, &negative, digits))
    return FALSE;
  errno = 0;
  value = g_ascii_strtoull (digits, NULL, 10);
  if (errno != 0 || (negative ? value > (guint64) 0 - (guint64) minimum : value > maximum))
    return FALSE;
  *ret_value = negative ? (guint64) 0 - value : value;
  return TRUE;
}

static gboolean
parse_integer (MicroCodecParser *self,
               const char *type,
               gint64 minimum,
               guint64 maximum,
               gsize size,
               const char *text,
               gpointer target)
{
  guint64 value;

  if (!read_integer (text, minimum, maximum, &value))
    return micro_codec_fail (self, "“%s” is not an %s", micro_codec_quote (self, text), type);
  if (size == 4)
    *(guint32 *) target = (guint32) value;
  else
    *(guint64 *) target = value;
  return TRUE;
}

static gboolean
parse_real (
    MicroCodecParser *self, gboolean is_float, gboolean quoted, const char *text, gpointer target)
{
  double value = 0;

  if (quoted && strcmp (text, "NaN") == 0)
    value = NAN;
  else if (quoted && strcmp (text, "Infinity") == 0)
    value = INFINITY;
  else if (quoted && strcmp (text, "-Infinity") == 0)
    value = -INFINITY;
  else
    {
      if (!scalar_is_number (text))
        return micro_codec_fail (self, "“%s” is not a number", micro_codec_quote (self, text));
      value = g_ascii_strtod (text, NULL);
      if (isinf (value) || (is_float && isinf ((float) value)))
        return micro_codec_fail (self, "%s is too large for a %s", micro_codec_quote (self, text),
                                 is_float ? "float" : "double");
    }
  if (is_float)
    *(float *) target = (float) value;
  else
    *(double *) target = value;
  return TRUE;
}

static gboolean
parse_enum (MicroCodecParser *self,
            const ProtobufCFieldDescriptor *field,
            MicroJsonKind kind,
            const char *text,
            gpointer target)
{
  const ProtobufCEnumDescriptor *descriptor = field->descriptor;
  const ProtobufCEnumValue *value = NULL;

  if (kind == MICRO_JSON_NUMBER)
    return parse_integer (self, "int32", G_MININT32, G_MAXINT32, 4, text, target);
  if (kind == MICRO_JSON_NULL && micro_codec_is_null_value (field))
    {
      *(gint32 *) target = 0;
      return TRUE;
    }
  if (kind == MICRO_JSON_STRING && descriptor->values_by_name != NULL)
    value = protobuf_c_enum_descriptor_get_value_by_name (descriptor, text);
  if (value == NULL)
    return micro_codec_fail (self, "“%s” is not a value of %s", micro_codec_quote (self, text),
                             descriptor->name);
  *(gint32 *) target = value->value;
  return TRUE;
}

/* Standard and URL alphabet alike, with or without padding. */
static guint8 *
decode_base64 (MicroCodecParser *self, const char *text, gsize *ret_length)
{
  gsize length = strlen (text);
  gsize n = length;
  guint8 *bytes;
  guint8 *out;
  guint32 bits = 0;

  while (n > 0 && length - n < 2 && text[n - 1] == '=')
    n--;
  if (n % 4 == 1 || (n < length && length % 4 != 0))
    {
      micro_codec_fail (self, "“%s” is not base64: its length is wrong",
                        micro_codec_quote (self, text));
      return NULL;
    }
  bytes = micro_codec_alloc (self, n / 4 * 3 + 3);
  if (bytes == NULL)
    return NULL;
  out = bytes;
  for (gsize i = 0; i < n; i++)
    {
      char c = text[i];
      int value = g_ascii_isupper (c)      ? c - 'A'
                  : g_ascii_islower (c)    ? c - 'a' + 26
                  : g_ascii_isdigit (c)    ? c - '0' + 52
                  : (c == '+' || c == '-') ? 62
                  : (c == '/' || c == '_') ? 63
                                           : -1;

      if (value < 0)
        {
          micro_codec_free (self, bytes);
          micro_codec_fail (self, "“%s” is not base64", micro_codec_quote (self, text));
          return NULL;
        }
      bits = bits << 6 | value;
      if (i % 4 == 1)
        *out++ = bits >> 4;
      else if (i % 4 == 2)
        *out++ = bits >> 2;
      else if (i % 4 == 3)
        *out++ = bits;
    }
  *ret_length = out - bytes;
  return bytes;
}

static gboolean
parse_bytes (MicroCodecParser *self, const char *text, ProtobufCBinaryData *target)
{
  gsize length = 0;
  guint8 *bytes = decode_base64 (self, text, &length);

  if (bytes == NULL)
    return FALSE;
  target->data = bytes;
  target->len = length;
  return TRUE;
}

static gboolean
parse_string (MicroCodecParser *self, const char *text, char **target)
{
  char *copy = micro_codec_dup (self, text, strlen (text));

  if (copy == NULL)
    return FALSE;
  *target = copy;
  return TRUE;
}

static gboolean
wants_text (ProtobufCType type)
{
  return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_BYTES;
}

gboolean
micro_codec_parse_scalar (MicroCodecParser *self,
                          const ProtobufCFieldDescriptor *field,
                          MicroJsonKind kind,
                          const char *text,
                          gpointer target)
{
  if (wants_text (field->type) && kind != MICRO_JSON_STRING)
    return micro_codec_fail (self, "%s is not a string", micro_codec_quote (self, text));
  switch (field->type)
    {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
      return parse_integer (self, "int32", G_MININT32, G_MAXINT32, 4, text, target);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
      return parse_integer (self, "uint32", 0, G_MAXUINT32, 4, text, target);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
      return parse_integer (self, "int64", G_MININT64, G_MAXINT64, 8, text, target);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
      return parse_integer (self, "uint64", 0, G_MAXUINT64, 8, text, target);
    case PROTOBUF_C_TYPE_FLOAT:
      return parse_real (self, TRUE, kind == MICRO_JSON_STRING, text, target);
    case PROTOBUF_C_TYPE_DOUBLE:
      return parse_real (self, FALSE, kind == MICRO_JSON_STRING, text, target);
    case PROTOBUF_C_TYPE_ENUM:
      return parse_enum (self, field, kind, text, target);
    case PROTOBUF_C_TYPE_STRING:
      return parse_string (self, text, target);
    case PROTOBUF_C_TYPE_BYTES:
      return parse_bytes (self, text, target);
    case PROTOBUF_C_TYPE_BOOL:
      if (strcmp (text, "true") != 0 && strcmp (text, "false") != 0)
        return micro_codec_fail (self, "“%s” is not a bool", micro_codec_quote (self, text));
      *(protobuf_c_boolean *) target = *text == 't';
      return TRUE;
    case PROTOBUF_C_TYPE_MESSAGE:
    default:
      return micro_codec_fail (self, "a message cannot be a key");
    }
}
