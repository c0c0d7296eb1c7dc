/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The messages of google.protobuf that JSON writes in a way of their own.
 */
#include "config.h"

#include <math.h>

#include "codec/descriptor.h"
#include "codec/print.h"
#include "codec/time.h"
#include "codec/unpack.h"
#include "codec/wellknown-print.h"
#include "codec/wellknown.h"
#include <micro/micro-error.h>

static gboolean
wellknown_fail (MicroCodecPrinter *self, const ProtobufCMessage *message, const char *why)
{
  g_set_error (self->error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "a %s of %s cannot be JSON: %s", message->descriptor->name, self->root->name, why);
  return FALSE;
}

static gboolean
print_time (MicroCodecPrinter *self,
            const ProtobufCMessage *message,
            char *(*to_text) (gint64 seconds, gint32 nanos))
{
  g_autofree char *text = to_text (MICRO_WELL_KNOWN_MEMBER (const gint64, message, 0),
                                   MICRO_WELL_KNOWN_MEMBER (const gint32, message, 1));

  if (text == NULL)
    return wellknown_fail (self, message, "it is out of range");
  micro_codec_print_string (self->out, text);
  return TRUE;
}

static gboolean
print_timestamp (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  return print_time (self, message, micro_codec_timestamp_to_text);
}

static gboolean
print_duration (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  return print_time (self, message, micro_codec_duration_to_text);
}

static gboolean
print_mask (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  gsize n = MICRO_CODEC_MEMBER (gsize, message, message->descriptor->fields[0].quantifier_offset);
  char **paths = MICRO_WELL_KNOWN_MEMBER (char **, message, 0);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    {
      gboolean upper = FALSE;

      g_string_append (text, i > 0 ? "," : "");
      for (const char *c = paths[i]; *c != '\0'; c++)
        {
          if (*c != '_')
            g_string_append_c (text, upper ? g_ascii_toupper (*c) : *c);
          upper = *c == '_';
        }
    }
  micro_codec_print_string (self->out, text->str);
  g_string_free (text, TRUE);
  return TRUE;
}

static gboolean
print_value (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  const ProtobufCFieldDescriptor *fields = message->descriptor->fields;

  for (guint i = MICRO_VALUE_NUMBER; i <= MICRO_VALUE_LIST; i++)
    {
      if (!micro_codec_is_set (message, &fields[i]))
        continue;
      if (i == MICRO_VALUE_NUMBER && !isfinite (MICRO_WELL_KNOWN_MEMBER (double, message, i)))
        return wellknown_fail (self, message, "its number is infinite or none at all");
      return micro_codec_print_field (self, message, &fields[i]);
    }
  g_string_append (self->out, "null");
  return TRUE;
}

static gboolean
print_content (MicroCodecPrinter *self, const ProtobufCMessage *content)
{
  if (micro_codec_well_known (content->descriptor) == MICRO_WELL_KNOWN_NONE)
    return micro_codec_print_fields (self, content, FALSE);
  g_string_append (self->out, ",\"value\":");
  return micro_codec_print_message (self, content);
}

static gboolean
wellknown_print_any (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  const char *url = MICRO_WELL_KNOWN_MEMBER (const char *, message, 0);
  const ProtobufCBinaryData *value
      = &MICRO_WELL_KNOWN_MEMBER (const ProtobufCBinaryData, message, 1);
  const ProtobufCMessageDescriptor *descriptor;
  ProtobufCMessage *content;
  gboolean ok;

  g_string_append_c (self->out, '{');
  if (url != NULL && *url != '\0')
    {
      g_string_append (self->out, "\"@type\":");
      micro_codec_print_string (self->out, url);
      descriptor = micro_codec_find_type (self->root, url);
      if (descriptor != NULL)
        {
          content = micro_unpack (descriptor, NULL, value->len, value->data);
          if (content == NULL)
            return wellknown_fail (self, message, "its value is not of the type it names");
          ok = print_content (self, content);
          protobuf_c_message_free_unpacked (content, NULL);
          if (!ok)
            return FALSE;
        }
      else
        {
          g_string_append (self->out, ",\"value\":");
          micro_codec_print_bytes (self->out, value);
        }
    }
  g_string_append_c (self->out, '}');
  return TRUE;
}

/* A Struct's or ListValue's, and what a wrapper wraps. */
static gboolean
print_only_field (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  return micro_codec_print_field (self, message, &message->descriptor->fields[0]);
}

const MicroWellKnownPrint micro_codec_well_known_print[MICRO_WELL_KNOWN_N] = {
  [MICRO_WELL_KNOWN_ANY] = wellknown_print_any, [MICRO_WELL_KNOWN_TIMESTAMP] = print_timestamp,
  [MICRO_WELL_KNOWN_DURATION] = print_duration, [MICRO_WELL_KNOWN_FIELD_MASK] = print_mask,
  [MICRO_WELL_KNOWN_STRUCT] = print_only_field, [MICRO_WELL_KNOWN_VALUE] = print_value,
  [MICRO_WELL_KNOWN_LIST] = print_only_field,   [MICRO_WELL_KNOWN_WRAPPER] = print_only_field,
};
