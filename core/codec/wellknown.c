/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The messages of google.protobuf that JSON writes in a way of their own.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/time.h"
#include "codec/unpack.h"

#define FIELD_MEMBER(type, message, i)                                                             \
  MICRO_CODEC_MEMBER (type, message, (message)->descriptor->fields[i].offset)

/* The fields of google.protobuf.Value, in order. */
enum
{
  VALUE_NULL,
  VALUE_NUMBER,
  VALUE_STRING,
  VALUE_BOOL,
  VALUE_STRUCT,
  VALUE_LIST
};

static gboolean
parse_value (MicroCodecParser *self, ProtobufCMessage *message)
{
  const ProtobufCFieldDescriptor *fields = message->descriptor->fields;

  switch (micro_codec_reader_peek (&self->reader))
    {
    case MICRO_JSON_NULL:
      return micro_codec_parse_field (self, message, &fields[VALUE_NULL]);
    case MICRO_JSON_NUMBER:
      return micro_codec_parse_field (self, message, &fields[VALUE_NUMBER]);
    case MICRO_JSON_STRING:
      return micro_codec_parse_field (self, message, &fields[VALUE_STRING]);
    case MICRO_JSON_TRUE:
    case MICRO_JSON_FALSE:
      return micro_codec_parse_field (self, message, &fields[VALUE_BOOL]);
    case MICRO_JSON_OBJECT:
      return micro_codec_parse_field (self, message, &fields[VALUE_STRUCT]);
    case MICRO_JSON_ARRAY:
      return micro_codec_parse_field (self, message, &fields[VALUE_LIST]);
    case MICRO_JSON_BAD:
    default:
      return micro_codec_fail_syntax (self);
    }
}

/* A mask's paths are written lowerCamel: "user.displayName" → user.display_name. */
static gboolean
parse_mask (MicroCodecParser *self, ProtobufCMessage *message, const char *text)
{
  g_auto (GStrv) paths = g_strsplit (text, ",", -1);

  for (guint i = 0; paths[i] != NULL; i++)
    {
      GString *snake = g_string_new (NULL);
      gboolean ok;

      if (strchr (paths[i], '_') != NULL || *paths[i] == '\0')
        {
          g_string_free (snake, TRUE);
          return micro_codec_fail (self, "“%.64s” is not a path of a field mask", paths[i]);
        }
      for (const char *c = paths[i]; *c != '\0'; c++)
        {
          if (g_ascii_isupper (*c))
            g_string_append_c (snake, '_');
          g_string_append_c (snake, g_ascii_tolower (*c));
        }
      ok = micro_codec_append_string (self, message, &message->descriptor->fields[0], snake->str);
      g_string_free (snake, TRUE);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
parse_text (MicroCodecParser *self, MicroWellKnown kind, ProtobufCMessage *message)
{
  g_autofree char *text = NULL;
  gint64 seconds = 0;
  gint32 nanos = 0;
  gboolean timestamp = kind == MICRO_WELL_KNOWN_TIMESTAMP;

  if (micro_codec_reader_peek (&self->reader) != MICRO_JSON_STRING)
    return micro_codec_fail (self, "a %s is written as a string",
                             message->descriptor->name + strlen ("google.protobuf."));
  if (!micro_codec_reader_string (&self->reader))
    return micro_codec_fail_syntax (self);
  text = g_strdup (self->reader.text->str);
  if (kind == MICRO_WELL_KNOWN_FIELD_MASK)
    return *text == '\0' || parse_mask (self, message, text);
  if (timestamp ? !micro_codec_timestamp_from_text (text, &seconds, &nanos)
                : !micro_codec_duration_from_text (text, &seconds, &nanos))
    return micro_codec_fail (self, "“%.64s” is not a %s, such as “%s”", text,
                             timestamp ? "timestamp" : "duration",
                             timestamp ? "2030-01-31T12:00:00Z" : "1.5s");
  FIELD_MEMBER (gint64, message, 0) = seconds;
  FIELD_MEMBER (gint32, message, 1) = nanos;
  return TRUE;
}

/* Looks ahead: “@type” need not be the first member. */
static gboolean
find_url (MicroCodecParser *self, char **ret_url, gboolean *ret_empty)
{
  MicroCodecReader *reader = &self->reader;
  const char *start = reader->cursor;
  g_autofree char *url = NULL;
  gboolean more = FALSE;
  gboolean first = TRUE;

  if (!micro_codec_reader_enter (reader))
    return micro_codec_fail_syntax (self);
  for (; micro_codec_reader_next (reader, '}', first, &more) && more; first = FALSE)
    {
      gboolean is_url;

      if (!micro_codec_reader_key (reader))
        return micro_codec_fail_syntax (self);
      is_url = strcmp (reader->text->str, "@type") == 0;
      if (is_url && url != NULL)
        return micro_codec_fail (self, "“@type” is given twice");
      if (is_url && micro_codec_reader_peek (reader) != MICRO_JSON_STRING)
        return micro_codec_fail (self, "“@type” is not a string");
      if (!micro_codec_reader_skip (reader))
        return micro_codec_fail_syntax (self);
      if (is_url)
        url = g_strdup (reader->text->str);
    }
  if (reader->problem != NULL)
    return micro_codec_fail_syntax (self);
  *ret_empty = first;
  if (!first)
    {
      reader->cursor = start;
      *ret_url = g_steal_pointer (&url);
    }
  return TRUE;
}

/* {"@type": …, "value": …}: into @content, or when that is %NULL as base64 into @message. */
static gboolean
parse_any_value (MicroCodecParser *self, ProtobufCMessage *message, ProtobufCMessage *content)
{
  MicroCodecReader *reader = &self->reader;
  gboolean seen = FALSE;
  gboolean more = FALSE;

  if (!micro_codec_reader_enter (reader))
    return micro_codec_fail_syntax (self);
  for (gboolean first = TRUE; micro_codec_reader_next (reader, '}', first, &more) && more;
       first = FALSE)
    {
      gboolean ok;

      if (!micro_codec_reader_key (reader))
        return micro_codec_fail_syntax (self);
      if (strcmp (reader->text->str, "@type") == 0)
        {
          micro_codec_reader_skip (reader);
          continue;
        }
      if (strcmp (reader->text->str, "value") != 0 || seen)
        return micro_codec_fail (self,
                                 content != NULL
                                     ? "this type has “@type” and one “value”, not “%s”"
                                     : "this type is not known here, so “value” as base64 "
                                       "is all it can have, not “%s”",
                                 reader->text->str);
      seen = TRUE;
      ok = content != NULL
               ? micro_codec_parse_message (self, content)
               : micro_codec_parse_field (self, message, &message->descriptor->fields[1]);
      if (!ok)
        return FALSE;
    }
  return reader->problem == NULL || micro_codec_fail_syntax (self);
}

static gboolean
parse_content (MicroCodecParser *self, ProtobufCMessage *content)
{
  if (micro_codec_well_known (content->descriptor) != MICRO_WELL_KNOWN_NONE)
    return parse_any_value (self, NULL, content);
  return micro_codec_parse_fields (self, content, TRUE);
}

static gboolean
parse_known_any (MicroCodecParser *self,
                 ProtobufCMessage *message,
                 const ProtobufCMessageDescriptor *descriptor)
{
  ProtobufCAllocator *allocator = self->allocator;
  ProtobufCBinaryData *value = &FIELD_MEMBER (ProtobufCBinaryData, message, 1);
  ProtobufCMessage *content;
  gboolean ok;

  self->allocator = NULL;
  content = micro_codec_alloc (self, descriptor->sizeof_message);
  if (content != NULL)
    micro_codec_init_message (descriptor, content);
  ok = content != NULL && parse_content (self, content);
  self->allocator = allocator;
  if (ok)
    {
      gsize length = protobuf_c_message_get_packed_size (content);
      guint8 *bytes = length > 0 ? micro_codec_alloc (self, length) : NULL;

      ok = bytes != NULL || length == 0;
      if (bytes != NULL)
        {
          value->len = protobuf_c_message_pack (content, bytes);
          value->data = bytes;
        }
    }
  protobuf_c_message_free_unpacked (content, NULL);
  return ok;
}

static gboolean
parse_any (MicroCodecParser *self, ProtobufCMessage *message)
{
  const ProtobufCMessageDescriptor *descriptor;
  g_autofree char *url = NULL;
  guint depth = self->reader.depth;
  gboolean empty = FALSE;
  char *copy;

  if (micro_codec_reader_peek (&self->reader) != MICRO_JSON_OBJECT)
    return self->reader.problem != NULL ? micro_codec_fail_syntax (self)
                                        : micro_codec_fail (self, "an object belongs here");
  if (!find_url (self, &url, &empty))
    return FALSE;
  if (empty)
    return TRUE;
  if (url == NULL || *url == '\0')
    return micro_codec_fail (self, "an Any needs “@type”, such as "
                                   "“type.googleapis.com/package.Message”");
  self->reader.depth = depth;
  copy = micro_codec_dup (self, url, strlen (url));
  if (copy == NULL)
    return FALSE;
  FIELD_MEMBER (char *, message, 0) = copy;
  descriptor = micro_codec_find_type (self->root, url);
  if (descriptor == NULL)
    return parse_any_value (self, message, NULL);
  return parse_known_any (self, message, descriptor);
}

gboolean
micro_codec_parse_well_known (MicroCodecParser *self,
                              MicroWellKnown kind,
                              ProtobufCMessage *message)
{
  switch (kind)
    {
    case MICRO_WELL_KNOWN_ANY:
      return parse_any (self, message);
    case MICRO_WELL_KNOWN_TIMESTAMP:
    case MICRO_WELL_KNOWN_DURATION:
    case MICRO_WELL_KNOWN_FIELD_MASK:
      return parse_text (self, kind, message);
    case MICRO_WELL_KNOWN_VALUE:
      return parse_value (self, message);
    case MICRO_WELL_KNOWN_STRUCT:
    case MICRO_WELL_KNOWN_LIST:
    case MICRO_WELL_KNOWN_WRAPPER:
    case MICRO_WELL_KNOWN_NONE:
    default:
      return micro_codec_parse_field (self, message, &message->descriptor->fields[0]);
    }
}

static gboolean
wellknown_fail (MicroCodecPrinter *self, const ProtobufCMessage *message, const char *why)
{
  g_set_error (self->error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "a %s of %s cannot be JSON: %s", message->descriptor->name, self->root->name, why);
  return FALSE;
}

static gboolean
print_text (MicroCodecPrinter *self, MicroWellKnown kind, const ProtobufCMessage *message)
{
  gint64 seconds = FIELD_MEMBER (const gint64, message, 0);
  gint32 nanos = FIELD_MEMBER (const gint32, message, 1);
  g_autofree char *text = kind == MICRO_WELL_KNOWN_TIMESTAMP
                              ? micro_codec_timestamp_to_text (seconds, nanos)
                              : micro_codec_duration_to_text (seconds, nanos);

  if (text == NULL)
    return wellknown_fail (self, message, "it is out of range");
  micro_codec_print_string (self->out, text);
  return TRUE;
}

static void
print_mask (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  gsize n = MICRO_CODEC_MEMBER (gsize, message, message->descriptor->fields[0].quantifier_offset);
  char **paths = FIELD_MEMBER (char **, message, 0);
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
}

static gboolean
print_value (MicroCodecPrinter *self, const ProtobufCMessage *message)
{
  const ProtobufCFieldDescriptor *fields = message->descriptor->fields;

  for (guint i = VALUE_NUMBER; i <= VALUE_LIST; i++)
    {
      if (!micro_codec_is_set (message, &fields[i]))
        continue;
      if (i == VALUE_NUMBER && !isfinite (FIELD_MEMBER (double, message, i)))
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
  const char *url = FIELD_MEMBER (const char *, message, 0);
  const ProtobufCBinaryData *value = &FIELD_MEMBER (const ProtobufCBinaryData, message, 1);
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

gboolean
micro_codec_print_well_known (MicroCodecPrinter *self,
                              MicroWellKnown kind,
                              const ProtobufCMessage *message)
{
  switch (kind)
    {
    case MICRO_WELL_KNOWN_ANY:
      return wellknown_print_any (self, message);
    case MICRO_WELL_KNOWN_TIMESTAMP:
    case MICRO_WELL_KNOWN_DURATION:
      return print_text (self, kind, message);
    case MICRO_WELL_KNOWN_FIELD_MASK:
      print_mask (self, message);
      return TRUE;
    case MICRO_WELL_KNOWN_VALUE:
      return print_value (self, message);
    case MICRO_WELL_KNOWN_STRUCT:
    case MICRO_WELL_KNOWN_LIST:
    case MICRO_WELL_KNOWN_WRAPPER:
    case MICRO_WELL_KNOWN_NONE:
    default:
      return micro_codec_print_field (self, message, &message->descriptor->fields[0]);
    }
}
