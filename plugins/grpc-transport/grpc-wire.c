/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Text forms of gRPC over HTTP/2: timeouts, messages, content types, codes.
 */
#include "config.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-wire.h"

/* https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: at most eight digits, a unit. */
gboolean
grpc_timeout_parse (const char *text, gsize length, gint64 *ret_us)
{
  static const struct
  {
    char unit;
    gint64 ns;
  } units[] = { { 'H', 3600000000000 }, { 'M', 60000000000 }, { 'S', 1000000000 },
                { 'm', 1000000 },       { 'u', 1000 },        { 'n', 1 } };
  gint64 value = 0;

  if (length < 2 || length > 9)
    return FALSE;
  for (gsize i = 0; i + 1 < length; i++)
    {
      if (!g_ascii_isdigit (text[i]))
        return FALSE;
      value = value * 10 + (text[i] - '0');
    }
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (units[i].unit == text[length - 1])
      {
        /* 99999999 hours are 1.2e19 ns: go through µs where the unit is larger. */
        *ret_us = units[i].ns >= 1000 ? value * (units[i].ns / 1000) : (value + 999) / 1000;
        return TRUE;
      }
  return FALSE;
}

/* Up to four digits that count. Calls that were given the same time then say the same, and HPACK
 * makes one byte of it; the caller itself keeps to the exact time. */
static gint64
wire_round_up (gint64 us)
{
  gint64 unit = 1;

  while (us / unit >= 10000)
    unit *= 10;
  return (us + unit - 1) / unit * unit;
}

gsize
grpc_timeout_format (gint64 us, char buffer[GRPC_TIMEOUT_BYTES])
{
  static const struct
  {
    gint64 us;
    char unit;
  } steps[] = { { 1, 'u' },
                { 1000, 'm' },
                { 1000000, 'S' },
                { 60000000, 'M' },
                { G_GINT64_CONSTANT (3600000000), 'H' } };

  gsize i = 0;
  gint64 value;
  char digits[8];
  gsize n = sizeof digits;
  gsize length;

  us = wire_round_up (CLAMP (us, 1, G_MAXINT64 / 4));
  while (i < 2 && us % steps[i + 1].us == 0)
    i++;
  while (i + 1 < G_N_ELEMENTS (steps) && us / steps[i].us > 99999999)
    i++;
  value = MIN (us / steps[i].us, 99999999);
  /* Of every call, and printf() takes longer than finding its connection does. */
  do
    digits[--n] = (char) ('0' + value % 10);
  while ((value /= 10) > 0);
  length = sizeof digits - n;
  memcpy (buffer, digits + n, length);
  buffer[length] = steps[i].unit;
  buffer[length + 1] = '\0';
  return length + 1;
}

#define ELLIPSIS "%E2%80%A6"

/* A blank at either end would be no part of the value (RFC 9110, 5.5). */
static gboolean
wire_is_plain (const char *message, const char *at)
{
  return *at > 0x20 && *at <= 0x7e && *at != '%' ? TRUE
                                                 : *at == ' ' && at != message && at[1] != '\0';
}

static void
cut (GString *text, const char *message, gsize most)
{
  const char *at = message;
  gsize length = 0;

  most = most > strlen (ELLIPSIS) ? most - strlen (ELLIPSIS) : 0;
  while (*at != '\0')
    {
      const char *next = g_utf8_find_next_char (at, NULL);
      gsize more = wire_is_plain (message, at) ? 1 : 3 * (gsize) (next - at);

      if (length + more > most)
        break;
      length += more;
      at = next;
    }
  g_string_truncate (text, length);
  g_string_append (text, ELLIPSIS);
}

char *
grpc_message_escape (const char *message, gsize most)
{
  GString *text = g_string_sized_new (strlen (message) + 16);

  for (const char *at = message; *at != '\0'; at++)
    if (wire_is_plain (message, at))
      g_string_append_c (text, *at);
    else
      g_string_append_printf (text, "%%%02X", (guchar) *at);
  if (text->len > most)
    cut (text, message, most);
  return g_string_free (text, FALSE);
}

/* What is not a valid escape is kept as it is, and what is not UTF-8 is made so. */
char *
grpc_message_unescape (const char *text, gsize length)
{
  g_autoptr (GString) message = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == '%' && i + 2 < length && g_ascii_isxdigit (text[i + 1])
          && g_ascii_isxdigit (text[i + 2]))
        {
          g_string_append_c (message, g_ascii_xdigit_value (text[i + 1]) << 4
                                          | g_ascii_xdigit_value (text[i + 2]));
          i += 2;
        }
      else
        g_string_append_c (message, text[i]);
    }
  return g_utf8_make_valid (message->str, message->len);
}

/* Whether a comma-separated list such as grpc-accept-encoding has @item in it. */
gboolean
grpc_list_has (const char *list, const char *item)
{
  gsize length = strlen (item);

  while (list != NULL)
    {
      list += strspn (list, " \t,");
      if (strncmp (list, item, length) == 0 && strchr (" \t,", list[length]) != NULL)
        return TRUE;
      list = strchr (list, ',');
    }
  return FALSE;
}

/* go-micro's table (client/grpc, server/grpc): gRPC's own type and subtypes, and four without. */
gboolean
grpc_content_type_parse (const char *text, gsize length, MicroCodec *ret_codec)
{
  static const struct
  {
    const char *type;
    MicroCodec codec;
  } types[] = {
    { "application/grpc", MICRO_CODEC_PROTO },
    { "application/grpc+proto", MICRO_CODEC_PROTO },
    { "application/grpc+json", MICRO_CODEC_JSON },
    { "application/grpc+bytes", MICRO_CODEC_BYTES },
    { "application/json", MICRO_CODEC_JSON },
    { "application/proto", MICRO_CODEC_PROTO },
    { "application/protobuf", MICRO_CODEC_PROTO },
    { "application/octet-stream", MICRO_CODEC_PROTO },
  };
  const char *semicolon;

  /* What nearly every peer sends needs no search. */
  if (length == 22 && memcmp (text, "application/grpc+proto", 22) == 0)
    {
      *ret_codec = MICRO_CODEC_PROTO;
      return TRUE;
    }
  semicolon = memchr (text, ';', length);
  if (semicolon != NULL)
    length = semicolon - text;
  while (length > 0 && text[length - 1] == ' ')
    length--;
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (strlen (types[i].type) == length && g_ascii_strncasecmp (types[i].type, text, length) == 0)
      {
        *ret_codec = types[i].codec;
        return TRUE;
      }
  return FALSE;
}

/* PROTOCOL-HTTP2.md, "Errors" */
MicroStatus
grpc_status_from_http2 (guint32 code)
{
  switch (code)
    {
    case NGHTTP2_REFUSED_STREAM:
      return MICRO_STATUS_UNAVAILABLE;
    case NGHTTP2_CANCEL:
      return MICRO_STATUS_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return MICRO_STATUS_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
      return MICRO_STATUS_PERMISSION_DENIED;
    default:
      return MICRO_STATUS_INTERNAL;
    }
}
