/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The text forms of the protocol, the framer and addresses.
 */
#include <string.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "grpc-address.h"
#include "grpc-connection.h"
#include "grpc-wire.h"

static gint64
timeout (const char *text)
{
  gint64 us = -1;

  return grpc_timeout_parse (text, strlen (text), &us) ? us : -1;
}

TEST (GrpcTimeout, ReadsEveryUnit)
{
  EXPECT_EQ (timeout ("1H"), 3600000000);
  EXPECT_EQ (timeout ("2M"), 120000000);
  EXPECT_EQ (timeout ("3S"), 3000000);
  EXPECT_EQ (timeout ("4m"), 4000);
  EXPECT_EQ (timeout ("5u"), 5);
  EXPECT_EQ (timeout ("1n"), 1);
  EXPECT_EQ (timeout ("99999999H"), 99999999 * G_GINT64_CONSTANT (3600000000));
}

TEST (GrpcTimeout, RefusesWhatTheProtocolDoesNotAllow)
{
  for (const char *text : { "", "1", "S", "-1S", "1.5S", "1s", "123456789S", " 1S", "1S ", "0x1S" })
    EXPECT_EQ (timeout (text), -1) << text;
}

TEST (GrpcTimeout, WritesWhatItReads)
{
  for (gint64 us : { G_GINT64_CONSTANT (1), G_GINT64_CONSTANT (5000000),
                     G_GINT64_CONSTANT (86400000000), G_GINT64_CONSTANT (31536000000000) })
    {
      char text[12];

      grpc_timeout_format (us, text);
      EXPECT_LE (strlen (text), 9u);
      EXPECT_GE (timeout (text), us);
      EXPECT_LE (timeout (text), us + us / 1000);
    }
}

TEST (GrpcTimeout, IsRoundedUpSoThatManyCallsSayTheSame)
{
  char text[12];

  grpc_timeout_format (4999951, text);
  EXPECT_STREQ (text, "5S");
  grpc_timeout_format (1233991, text);
  EXPECT_STREQ (text, "1234m");
  grpc_timeout_format (12341, text);
  EXPECT_STREQ (text, "12350u");
  grpc_timeout_format (0, text);
  EXPECT_STREQ (text, "1u");
  grpc_timeout_format (G_MAXINT64, text);
  EXPECT_STREQ (text, "99999999H");
}

TEST (GrpcMessage, SurvivesTheRoundTrip)
{
  for (const char *message : { "", "plain", "100 % sure", "line\nbreak\ttab", "Größe ☃", "%41" })
    {
      g_autofree char *escaped = grpc_message_escape (message, G_MAXSIZE);
      g_autofree char *back = grpc_message_unescape (escaped, strlen (escaped));

      EXPECT_STREQ (back, message);
      for (const char *at = escaped; *at != '\0'; at++)
        EXPECT_TRUE (*at >= 0x20 && *at <= 0x7e);
    }
}

TEST (GrpcMessage, IsCutAtACharacter)
{
  const struct
  {
    const char *message;
    gsize most;
    const char *escaped;
  } cases[] = {
    { " a b ", 100, "%20a b%20" },
    { " ", 100, "%20" },
    { "abcdefghijklmnop", 16, "abcdefghijklmnop" },
    { "abcdefghijklmnop", 15, "abcdef%E2%80%A6" },
    { "\u00e9\u00e9\u00e9\u00e9", 24, "%C3%A9%C3%A9%C3%A9%C3%A9" },
    { "\u00e9\u00e9\u00e9\u00e9", 23, "%C3%A9%C3%A9%E2%80%A6" },
    { "\u00e9\u00e9\u00e9\u00e9", 20, "%C3%A9%E2%80%A6" },
    { "abc", 2, "%E2%80%A6" },
  };

  for (const auto &one : cases)
    {
      g_autofree char *escaped = grpc_message_escape (one.message, one.most);

      EXPECT_STREQ (escaped, one.escaped) << one.message << " in " << one.most;
    }
}

TEST (GrpcMessage, KeepsBrokenEscapesAndMakesUtf8Valid)
{
  g_autofree char *broken = grpc_message_unescape ("50%, %zz %4", 11);
  g_autofree char *invalid = grpc_message_unescape ("%FF", 3);

  EXPECT_STREQ (broken, "50%, %zz %4");
  EXPECT_TRUE (g_utf8_validate (invalid, -1, NULL));
}

TEST (GrpcContentType, KnowsGoMicrosTable)
{
  MicroCodec codec;

  ASSERT_TRUE (grpc_content_type_parse ("application/grpc", 16, &codec));
  EXPECT_EQ (codec, MICRO_CODEC_PROTO);
  ASSERT_TRUE (grpc_content_type_parse ("application/grpc+json; charset=utf-8", 36, &codec));
  EXPECT_EQ (codec, MICRO_CODEC_JSON);
  EXPECT_FALSE (grpc_content_type_parse ("text/html", 9, &codec));
  EXPECT_FALSE (grpc_content_type_parse ("application/grpcx", 17, &codec));
}

static std::vector<std::string> messages;

static gboolean
keep_message (gpointer, gboolean compressed, const guint8 *data, gsize length)
{
  EXPECT_FALSE (compressed);
  messages.emplace_back ((const char *) data, length);
  return messages.back () != "stop";
}

TEST (GrpcFramer, FindsMessagesHoweverTheyAreCut)
{
  std::string wire = std::string ("\0\0\0\0\3abc\0\0\0\0\0\0\0\0\0\1x", 19);

  for (gsize step = 1; step <= wire.size (); step++)
    {
      GrpcFramer framer = {};
      MicroStatus status;
      const char *why;
      gsize used;

      messages.clear ();
      for (gsize at = 0; at < wire.size (); at += step)
        ASSERT_TRUE (grpc_framer_feed (&framer, (const guint8 *) wire.data () + at,
                                       MIN (step, wire.size () - at), 100, keep_message, NULL,
                                       &used, &status, &why));
      EXPECT_TRUE (grpc_framer_is_whole (&framer));
      EXPECT_EQ (messages, (std::vector<std::string>{ "abc", "", "x" })) << step;
      grpc_framer_clear (&framer);
    }
}

TEST (GrpcFramer, StopsWhereItIsTold)
{
  GrpcFramer framer = {};
  MicroStatus status;
  const char *why;
  gsize used;

  messages.clear ();
  ASSERT_TRUE (grpc_framer_feed (&framer, (const guint8 *) "\0\0\0\0\4stop\0\0\0\0\1x", 15, 100,
                                 keep_message, NULL, &used, &status, &why));
  EXPECT_EQ (used, 9u);
  EXPECT_EQ (messages.size (), 1u);
}

TEST (GrpcFramer, RefusesALengthBeforeItTakesMemory)
{
  GrpcFramer framer = {};
  MicroStatus status = MICRO_STATUS_OK;
  const char *why;
  gsize used;

  EXPECT_FALSE (grpc_framer_feed (&framer, (const guint8 *) "\0\377\377\377\377", 5, 4194304,
                                  keep_message, NULL, &used, &status, &why));
  EXPECT_EQ (status, MICRO_STATUS_RESOURCE_EXHAUSTED);
  EXPECT_EQ (framer.partial, nullptr);
}

TEST (GrpcAddress, SplitsHostsAndPorts)
{
  g_autofree char *host = NULL;
  g_autofree char *literal = NULL;
  guint16 port;

  ASSERT_TRUE (grpc_address_split ("greeter:8080", &host, &port, NULL));
  EXPECT_STREQ (host, "greeter");
  EXPECT_EQ (port, 8080);
  ASSERT_TRUE (grpc_address_split ("[::1]:9", &literal, &port, NULL));
  EXPECT_STREQ (literal, "::1");
}

TEST (GrpcAddress, SaysWhatIsWrong)
{
  static const struct
  {
    const char *address;
    const char *why;
  } cases[] = { { "", "is empty: write host:port" },
                { "greeter", "“greeter” has no port" },
                { "greeter:", "“greeter:” has no port" },
                { "[::1]", "“[::1]” has no port" },
                { "greeter:x", "port “x” of address “greeter:x” is not a number" },
                { "greeter:-1", "port “-1” of address “greeter:-1” is not a number" },
                { "greeter:65536", "port 65536 of address “greeter:65536” is out of range" },
                { "::1:80", "write an IPv6 address as [::1]:80" },
                { "[::1", "“[::1” begins like an IPv6 address" },
                { "[::1]80", "“[::1]80” begins like an IPv6 address" },
                { "http://127.0.0.1:1", "is a URL, not an address" } };

  for (const auto &[address, why] : cases)
    {
      g_autofree char *host = NULL;
      g_autoptr (GError) error = NULL;
      guint16 port;

      EXPECT_FALSE (grpc_address_split (address, &host, &port, &error)) << address;
      ASSERT_NE (error, nullptr);
      EXPECT_NE (strstr (error->message, why), nullptr) << error->message;
      EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT));
    }
}

TEST (GrpcAddress, CannotBeCalledAtPortZero)
{
  g_autoptr (GError) error = NULL;

  EXPECT_TRUE (grpc_address_check ("127.0.0.1:1", NULL));
  EXPECT_TRUE (grpc_address_check ("unix:/tmp/socket", NULL));
  EXPECT_FALSE (grpc_address_check ("unix:", NULL));
  EXPECT_FALSE (grpc_address_check ("127.0.0.1:0", &error));
  EXPECT_NE (strstr (error->message, "is for listening"), nullptr) << error->message;
}

/* Frame headers with a payload of @length zeros. */
static void
put_frame (
    std::vector<guint8> &bytes, guint8 type, guint8 flags, gint32 stream_id, guint8 length = 0)
{
  bytes.insert (bytes.end (), { 0, 0, length, type, flags, 0, 0, 0, (guint8) stream_id });
  bytes.insert (bytes.end (), length, 0);
}

/* What grpc_frames_take() says of them, byte by byte and frame by frame too. */
static guint32
refused (const std::vector<guint8> &bytes)
{
  GrpcConnection whole = {}, pieces = {}, frames = {};

  guint32 code = 0, code_of_pieces = 0, code_of_frames = 0;

  whole.server = pieces.server = frames.server = TRUE;
  grpc_frames_take (&whole, bytes.data (), bytes.size (), G_MAXUINT, &code);
  for (gsize i = 0; i < bytes.size () && code_of_pieces == 0; i++)
    grpc_frames_take (&pieces, &bytes[i], 1, 8, &code_of_pieces);
  EXPECT_EQ (code, code_of_pieces);
  for (gsize i = 0; i < bytes.size () && code_of_frames == 0;)
    i += grpc_frames_take (&frames, &bytes[i], bytes.size () - i, 1, &code_of_frames);
  EXPECT_EQ (code, code_of_frames);
  return code;
}

TEST (GrpcFrames, AreRefusedOnStreamsThatTheClientHasEnded)
{
  std::vector<guint8> bytes;

  put_frame (bytes, NGHTTP2_SETTINGS, 0, 0, 6);
  put_frame (bytes, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, 20);
  put_frame (bytes, NGHTTP2_DATA, 0, 1, 200);
  put_frame (bytes, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1);
  put_frame (bytes, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 3);
  put_frame (bytes, NGHTTP2_HEADERS, 0, 5);
  put_frame (bytes, NGHTTP2_RST_STREAM, 0, 5, 4);
  put_frame (bytes, NGHTTP2_WINDOW_UPDATE, 0, 1, 4);
  put_frame (bytes, NGHTTP2_PRIORITY, 0, 3, 5);
  EXPECT_EQ (refused (bytes), (guint32) NGHTTP2_NO_ERROR);
  for (gint32 stream_id : { 1, 3, 5 })
    {
      std::vector<guint8> more = bytes;

      put_frame (more, NGHTTP2_DATA, 0, stream_id);
      EXPECT_EQ (refused (more), (guint32) NGHTTP2_STREAM_CLOSED) << stream_id;
    }
}

TEST (GrpcFrames, AreRefusedOnStreamsThatTheClientHasLeftOut)
{
  std::vector<guint8> bytes;

  put_frame (bytes, NGHTTP2_HEADERS, 0, 1);
  put_frame (bytes, NGHTTP2_HEADERS, 0, 7);
  put_frame (bytes, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1);
  EXPECT_EQ (refused (bytes), (guint32) NGHTTP2_NO_ERROR);
  put_frame (bytes, NGHTTP2_HEADERS, 0, 5);
  EXPECT_EQ (refused (bytes), (guint32) NGHTTP2_PROTOCOL_ERROR);
}

TEST (GrpcFrames, ArePassedOnInWholeOnes)
{
  GrpcConnection connection = {};
  std::vector<guint8> bytes;
  guint32 code;

  put_frame (bytes, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, 20);
  put_frame (bytes, NGHTTP2_DATA, 0, 1, 7);
  put_frame (bytes, NGHTTP2_DATA, 0, 1);
  EXPECT_EQ (grpc_frames_take (&connection, bytes.data (), bytes.size (), 2, &code),
             9u + 20 + 9 + 7);
  EXPECT_EQ (grpc_frames_take (&connection, &bytes[45], 9, 2, &code), 9u);
}
