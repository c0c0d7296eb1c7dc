/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * go-micro's error record: the bytes that its own services send, as tests/gomicro/run compares
 * them.
 */
#include <string>

#include <gtest/gtest.h>

#include <micro/micro.h>

extern "C"
{
#include "base/error.h"
}

namespace
{
std::string
Json (const char *id, int code, const char *detail)
{
  g_autofree char *json = NULL;
  g_autoptr (GBytes) details
      = micro_error_record_encode (MICRO_STATUS_UNKNOWN, id, code, detail, &json);

  EXPECT_NE (details, nullptr);
  return json;
}

TEST (ErrorRecordTest, IsTheJsonOfGo)
{
  EXPECT_EQ (Json ("go.micro.srv.greeter", 404, "no such user"),
             "{\"id\":\"go.micro.srv.greeter\",\"code\":404,\"detail\":\"no such user\","
             "\"status\":\"Not Found\"}");
  EXPECT_EQ (Json ("a", 418, NULL), "{\"id\":\"a\",\"code\":418,\"status\":\"I'm a teapot\"}");
  EXPECT_EQ (Json ("", 0, ""), "{}");
  EXPECT_EQ (
      Json ("", 12345, "<a> & \"b\" \\\n\r\t\x01\x7f \u2028\u2029 ☺"),
      "{\"code\":12345,\"detail\":\"\\u003ca\\u003e \\u0026 \\\"b\\\" \\\\\\n\\r\\t\\u0001\x7f "
      "\\u2028\\u2029 ☺\"}");
}

TEST (ErrorRecordTest, ReadsWhatItWrites)
{
  const char *detail = "<a> & \"b\" \\\n\r\t\x01\x7f \u2028\u2029 ☺";
  g_autofree char *json = NULL;
  g_autoptr (GBytes) details
      = micro_error_record_encode (MICRO_STATUS_NOT_FOUND, "an id", 404, detail, &json);
  MicroErrorRecord record;

  ASSERT_TRUE (micro_error_record_decode (NULL, details, &record));
  EXPECT_STREQ (record.detail, detail);
  micro_error_record_clear (&record);
  ASSERT_TRUE (micro_error_record_decode (json, NULL, &record));
  EXPECT_STREQ (record.id, "an id");
  EXPECT_EQ (record.code, 404);
  EXPECT_STREQ (record.detail, detail);
  micro_error_record_clear (&record);
}

TEST (ErrorRecordTest, WhatIsNotUtf8SpoilsNothingElse)
{
  EXPECT_EQ (Json ("i\xff", 500, "a\xc3z"),
             "{\"id\":\"i\uFFFD\",\"code\":500,\"detail\":\"a\uFFFDz\","
             "\"status\":\"Internal Server Error\"}");
}
} // namespace
