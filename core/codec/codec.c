/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The JSON codec: its two functions, and the well-known types for the parser and the printer.
 */
#include "config.h"

#include "codec/depth.h"
#include "codec/descriptor.h"
#include "codec/parse.h"
#include "codec/parser.h"
#include "codec/print.h"
#include "codec/reader.h"
#include "codec/wellknown-parse.h"
#include "codec/wellknown-print.h"
#include <micro/micro-codec.h>

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

  printer.well_known = micro_codec_well_known_print;
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
    return micro_codec_check_required (parser, message->descriptor, NULL);
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

  parser.well_known = micro_codec_well_known_parse;
  parser.reader.start = json;
  parser.reader.cursor = json;
  parser.reader.end = json + length;
  parser.reader.max_depth = MICRO_CODEC_MAX_DEPTH;
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
  g_free (parser.quoted);
  if (ok)
    return message;
  protobuf_c_message_free_unpacked (message, allocator);
  return NULL;
}
