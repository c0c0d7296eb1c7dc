/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The envelope of messages: go-micro's bytes written and read, and whatever else is said no to.
 */
#include <string>

#include <gtest/gtest.h>

#include <micro/micro.h>

extern "C"
{
#include "broker-envelope.h"
}

namespace
{
std::string
pack (const char *topic, MicroMetadata *headers, const std::string &text, gsize max = 1000)
{
  g_autoptr (GBytes) body = g_bytes_new (text.data (), text.size ());
  g_autoptr (GError) error = nullptr;
  g_autoptr (GBytes) packed = broker_envelope_pack (topic, headers, body, max, &error);
  gsize size;

  if (packed == nullptr)
    return std::string ("! ") + error->message;
  const char *data = static_cast<const char *> (g_bytes_get_data (packed, &size));
  return std::string (data, size);
}

/* "key=value;…|body", or "! " and what is wrong. */
std::string
unpack (const std::string &json)
{
  g_autoptr (MicroMetadata) headers = nullptr;
  g_autoptr (GError) error = nullptr;
  g_autoptr (GBytes) body = broker_envelope_unpack (json.data (), json.size (), &headers, &error);
  std::string text;
  gsize size;

  if (body == nullptr)
    return std::string ("! ") + error->message;
  for (guint i = 0; i < micro_metadata_get_length (headers); i++)
    text += std::string (micro_metadata_get_key (headers, i)) + "="
            + micro_metadata_get_value (headers, i) + ";";
  const char *data = static_cast<const char *> (g_bytes_get_data (body, &size));
  return text + "|" + std::string (data != nullptr ? data : "", size);
}
}

TEST (BrokerEnvelope, WritesWhatGoMicroWrites)
{
  g_autoptr (MicroMetadata) headers
      = micro_metadata_new ("Z", "\"q\" \\ \n é", "Content-Type", "application/json", nullptr);

  EXPECT_EQ (pack ("orders", nullptr, "hello"),
             R"({"Header":{"Micro-Topic":"orders"},"Body":"aGVsbG8="})");
  EXPECT_EQ (pack (nullptr, nullptr, ""), R"({"Header":{},"Body":""})");
  EXPECT_EQ (pack ("t", headers, "abc"),
             "{\"Header\":{\"Content-Type\":\"application/json\","
             "\"Micro-Topic\":\"t\",\"Z\":\"\\\"q\\\" \\\\ \\u000a é\"},"
             "\"Body\":\"YWJj\"}");
}

TEST (BrokerEnvelope, ReadsWhatItWritesWhateverTheBytes)
{
  g_autoptr (MicroMetadata) headers = micro_metadata_new ("K", "\t\"\\é😀", nullptr);
  std::string bytes;

  for (int i = 0; i < 256; i++)
    {
      bytes += static_cast<char> (i);
      EXPECT_EQ (unpack (pack (nullptr, headers, bytes)), "K=\t\"\\é😀;|" + bytes);
    }
}

TEST (BrokerEnvelope, ReadsWhatGoTakes)
{
  EXPECT_EQ (unpack (R"({"Header":null,"Body":null})"), "|");
  EXPECT_EQ (unpack ("{}"), "|");
  EXPECT_EQ (unpack (R"( {"body":"aGVsbG8=","header":{"a":"b","n":null},"more":[1,{}]} )"),
             "a=b;|hello");
  EXPECT_EQ (unpack (R"({"Header":{"a":"\u003c\ud83d\ude00"},"Body":"YQ=="})"), "a=<😀;|a");
}

TEST (BrokerEnvelope, SaysWhatIsWrong)
{
  const char *no_json = "! the message is not a JSON object";

  for (const std::string &bad :
       { std::string (""), std::string ("x"), std::string ("[]"), std::string ("null"),
         std::string ("{\"Body\":\"YQ==\""), std::string ("{\"Header\":{\"a\":\"\xff\"}}"),
         std::string (100000, '['), "{\"a\":" + std::string (100000, '['),
         std::string ("{}\0", 3) })
    EXPECT_EQ (unpack (bad).substr (0, strlen (no_json)), no_json) << bad.substr (0, 40);
  EXPECT_EQ (unpack (R"({"Header":[]})"), "! “Header” of the message is not an object");
  EXPECT_EQ (unpack (R"({"Header":{"a":1}})"), "! a header of the message is not a string");
  EXPECT_EQ (unpack (R"({"Body":1})"), "! “Body” of the message is not a string");
  for (const char *bad : { "YQ", "YQ=", "Y===", "====", "YQ==YQ==", "Y Q=", "YQ=-" })
    EXPECT_EQ (unpack (std::string ("{\"Body\":\"") + bad + "\"}"),
               "! “Body” of the message is not base64")
        << bad;
}

TEST (BrokerEnvelope, RefusesToWriteWhatNobodyReads)
{
  g_autoptr (MicroMetadata) latin = micro_metadata_new ("a", "\xe9", nullptr);
  g_autoptr (MicroMetadata) large
      = micro_metadata_new ("a", std::string (70000, 'x').c_str (), nullptr);

  EXPECT_EQ (pack ("t", nullptr, "12345", 4),
             "! the message has 5 bytes, and the broker takes 4; see --help-broker");
  EXPECT_EQ (pack ("t", latin, "x"),
             "! the header “a” is not UTF-8, which a message's headers must be");
  EXPECT_EQ (pack ("t", large, "x"), "! the headers of the message are longer than 65536 bytes");
  EXPECT_LE (pack ("t", nullptr, std::string (1000, 'x')).size (), broker_envelope_limit (1000));
}
