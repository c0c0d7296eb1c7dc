/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * JSON into the messages of google.protobuf that it writes in a way of their own.
 */
#include "config.h"

#include <string.h>

#include "codec/descriptor.h"
#include "codec/parse.h"
#include "codec/parser.h"
#include "codec/reader.h"
#include "codec/time.h"
#include "codec/wellknown-parse.h"
#include "codec/wellknown.h"

static gboolean
parse_value (MicroCodecParser *self, ProtobufCMessage *message)
{
  const ProtobufCFieldDescriptor *fields = message->descriptor->fields;

  switch (micro_codec_reader_peek (&self->reader))
    {
    case MICRO_JSON_NULL:
      return micro_codec_parse_field (self, message, &fields[MICRO_VALUE_NULL]);
    case MICRO_JSON_NUMBER:
      return micro_codec_parse_field (self, message, &fields[MICRO_VALUE_NUMBER]);
    case MICRO_JSON_STRING:
      return micro_codec_parse_field (self, message, &fields[MICRO_VALUE_STRING]);
    case MICRO_JSON_TRUE:
    case MICRO_JSON_FALSE:
      return micro_codec_parse_field (self, message, &fields[MICRO_VALUE_BOOL]);
    case MICRO_JSON_OBJECT:
      return micro_codec_parse_field (self, message, &fields[MICRO_VALUE_STRUCT]);
    case MICRO_JSON_ARRAY:
      return micro_codec_parse_field (self, message, &fields[MICRO_VALUE_LIST]);
    case MICRO_JSON_BAD:
    default:
      return micro_codec_fail_syntax (self);
    }
}

/* The string that stands for @message, into the reader's text. */
static gboolean
parse_text (MicroCodecParser *self, const ProtobufCMessage *message)
{
  if (micro_codec_reader_peek (&self->reader) != MICRO_JSON_STRING)
    return micro_codec_fail (self, "a %s is written as a string",
                             message->descriptor->name + strlen ("google.protobuf."));
  return micro_codec_reader_string (&self->reader) || micro_codec_fail_syntax (self);
}

static gboolean
parse_time (MicroCodecParser *self,
            ProtobufCMessage *message,
            gboolean (*from_text) (const char *text, gint64 *ret_seconds, gint32 *ret_nanos),
            const char *what,
            const char *example)
{
  gint64 seconds = 0;
  gint32 nanos = 0;

  if (!parse_text (self, message))
    return FALSE;
  if (!from_text (self->reader.text->str, &seconds, &nanos))
    return micro_codec_fail (self, "“%s” is not a %s, such as “%s”",
                             micro_codec_quote (self, self->reader.text->str), what, example);
  MICRO_WELL_KNOWN_MEMBER (gint64, message, 0) = seconds;
  MICRO_WELL_KNOWN_MEMBER (gint32, message, 1) = nanos;
  return TRUE;
}

static gboolean
parse_timestamp (MicroCodecParser *self, ProtobufCMessage *message)
{
  return parse_time (self, message, micro_codec_timestamp_from_text, "timestamp",
                     "2030-01-31T12:00:00Z");
}

static gboolean
parse_duration (MicroCodecParser *self, ProtobufCMessage *message)
{
  return parse_time (self, message, micro_codec_duration_from_text, "duration", "1.5s");
}

/* A mask's paths are written lowerCamel: "user.displayName" → user.display_name. */
static gboolean
parse_mask (MicroCodecParser *self, ProtobufCMessage *message)
{
  g_auto (GStrv) paths = NULL;

  if (!parse_text (self, message))
    return FALSE;
  paths = g_strsplit (self->reader.text->str, ",", -1);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      GString *snake = g_string_new (NULL);
      gboolean ok;

      if (strchr (paths[i], '_') != NULL || *paths[i] == '\0')
        {
          g_string_free (snake, TRUE);
          return micro_codec_fail (self, "“%s” is not a path of a field mask",
                                   micro_codec_quote (self, paths[i]));
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
                                 micro_codec_quote (self, reader->text->str));
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
  ProtobufCBinaryData *value = &MICRO_WELL_KNOWN_MEMBER (ProtobufCBinaryData, message, 1);
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
  MICRO_WELL_KNOWN_MEMBER (char *, message, 0) = copy;
  descriptor = micro_codec_find_type (self->root, url);
  if (descriptor == NULL)
    return parse_any_value (self, message, NULL);
  return parse_known_any (self, message, descriptor);
}

/* A Struct's or ListValue's, and what a wrapper wraps. */
static gboolean
parse_only_field (MicroCodecParser *self, ProtobufCMessage *message)
{
  return micro_codec_parse_field (self, message, &message->descriptor->fields[0]);
}

const MicroWellKnownParse micro_codec_well_known_parse[MICRO_WELL_KNOWN_N] = {
  [MICRO_WELL_KNOWN_ANY] = parse_any,           [MICRO_WELL_KNOWN_TIMESTAMP] = parse_timestamp,
  [MICRO_WELL_KNOWN_DURATION] = parse_duration, [MICRO_WELL_KNOWN_FIELD_MASK] = parse_mask,
  [MICRO_WELL_KNOWN_STRUCT] = parse_only_field, [MICRO_WELL_KNOWN_VALUE] = parse_value,
  [MICRO_WELL_KNOWN_LIST] = parse_only_field,   [MICRO_WELL_KNOWN_WRAPPER] = parse_only_field,
};
