/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The JSON codec: what it reads, what it writes, what it refuses.
 */
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "kitchen.micro.h"
#include "parcel.micro.h"

namespace
{
const ProtobufCMessageDescriptor *const dish = &micro__test__v1__dish__descriptor;

/* Reads and writes again; "error: …" when reading fails. */
std::string
read_as (const ProtobufCMessageDescriptor *descriptor, const std::string &json)
{
  g_autoptr (GError) error = NULL;
  ProtobufCMessage *message
      = micro_codec_from_json (descriptor, json.data (), json.size (), NULL, &error);
  std::string result;

  if (message == NULL)
    {
      EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT));
      return std::string ("error: ") + error->message;
    }
  EXPECT_EQ (error, nullptr);
  gsize length = 0;
  g_autofree char *text = micro_codec_to_json (message, &length, &error);
  protobuf_c_message_free_unpacked (message, NULL);
  if (text == NULL)
    return std::string ("unwritable: ") + error->message;
  EXPECT_EQ (strlen (text), length);
  return text;
}

std::string
again (const std::string &json)
{
  return read_as (dish, json);
}

/* What is written is what was read. */
void
expect_same (const std::string &json)
{
  EXPECT_EQ (again (json), json);
}

void
expect_error (const std::string &json, const std::string &part)
{
  std::string result = again (json);

  EXPECT_EQ (result.substr (0, 7), "error: ") << json;
  EXPECT_NE (result.find (part), std::string::npos) << json << " → " << result;
}
}

TEST (Codec, EmptyTextIsTheEmptyMessage)
{
  EXPECT_EQ (again (""), "{}");
  EXPECT_EQ (again (" \n\t"), "{}");
  EXPECT_EQ (again ("{}"), "{}");
}

TEST (Codec, KeepsScalars)
{
  expect_same (R"({"a_double":1.5,"a_float":0.1,"an_int32":-2147483648,)"
               R"("an_int64":"-9223372036854775808","a_uint32":4294967295,)"
               R"("a_uint64":"18446744073709551615","a_sint32":-1,"a_sint64":"-1","a_fixed32":1,)"
               R"("a_fixed64":"1","a_sfixed32":-1,"a_sfixed64":"-1","a_bool":true,"a_string":"x",)"
               R"("some_bytes":"AAEC/w=="})");
}

TEST (Codec, LeavesZeroValuesOut)
{
  EXPECT_EQ (again (R"({"a_double":0,"an_int32":0,"a_bool":false,"a_string":"","some_bytes":"",)"
                    R"("heat":"HEAT_NONE","names":[],"labels":{},"an_int64":"0"})"),
             "{}");
}

TEST (Codec, TakesBothSpellingsOfNames)
{
  EXPECT_EQ (again (R"({"anInt32":1,"a_string":"x","sidesByNumber":{}})"),
             R"({"an_int32":1,"a_string":"x"})");
  expect_error (R"({"anInt32":1,"an_int32":1})", "field “an_int32”: it is given twice");
}

TEST (Codec, ReadsIntegersExactly)
{
  EXPECT_EQ (again (R"({"an_int64":9223372036854775807})"),
             R"({"an_int64":"9223372036854775807"})");
  EXPECT_EQ (again (R"({"a_uint64":18446744073709551615})"),
             R"({"a_uint64":"18446744073709551615"})");
  EXPECT_EQ (again (R"({"an_int32":"7"})"), R"({"an_int32":7})");
  EXPECT_EQ (again (R"({"an_int32":1.5e1})"), R"({"an_int32":15})");
  EXPECT_EQ (again (R"({"an_int32":100e-2})"), R"({"an_int32":1})");
  EXPECT_EQ (again (R"({"an_int64":9007199254740993.0})"), R"({"an_int64":"9007199254740993"})");
  EXPECT_EQ (again (R"({"a_uint32":-0})"), "{}");
  expect_error (R"({"an_int32":"x"})", "field “an_int32”: “x” is not an int32");
  for (const char *bad : { "2147483648", "1.5", "1e10", "\"\"", "\" 1\"", "\"0x1\"", "true",
                           "\"1 \"", "1e99999999999999999999", "{}", "[]" })
    expect_error (std::string (R"({"an_int32":)") + bad + "}", "field “an_int32”: ");
  expect_error (R"({"a_uint32":-1})", "is not an uint32");
  expect_error (R"({"an_int64":9223372036854775808})", "is not an int64");
  expect_error (R"({"a_uint64":18446744073709551616})", "is not an uint64");
}

TEST (Codec, ReadsRealNumbers)
{
  expect_same (R"({"a_double":"NaN","a_float":"-Infinity"})");
  expect_same (R"({"a_double":"Infinity"})");
  expect_same (R"({"a_double":0.1})");
  expect_same (R"({"a_double":1e+300})");
  expect_same (R"({"a_double":0.30000000000000004})");
  expect_same (R"({"a_float":16777216})");
  EXPECT_EQ (again (R"({"a_double":"1.25"})"), R"({"a_double":1.25})");
  expect_error (R"({"a_double":1e999})", "too large for a double");
  expect_error (R"({"a_float":1e39})", "too large for a float");
  expect_error (R"({"a_double":"nan"})", "is not a number");
  expect_error (R"({"a_double":"1,5"})", "is not a number");
}

TEST (Codec, ReadsBothBase64Alphabets)
{
  EXPECT_EQ (again (R"({"some_bytes":"-_8"})"), R"({"some_bytes":"+/8="})");
  EXPECT_EQ (again (R"({"some_bytes":"+/8="})"), R"({"some_bytes":"+/8="})");
  for (const char *bad : { "A", "AA=", "A===", "AA!=", "====", "AAA=A" })
    expect_error (std::string (R"({"some_bytes":")") + bad + "\"}", "is not base64");
  expect_error (R"({"some_bytes":1})", "is not a string");
}

TEST (Codec, ReadsEnumsByNameOrNumber)
{
  expect_same (R"({"heat":"HEAT_HIGH","course":"MAIN"})");
  EXPECT_EQ (again (R"({"heat":-1})"), R"({"heat":"HEAT_NEGATIVE"})");
  EXPECT_EQ (again (R"({"heat":99})"), R"({"heat":99})");
  expect_error (R"({"heat":"HOT"})", "field “heat”: “HOT” is not a value of micro.test.v1.Heat");
  expect_error (R"({"heat":true})", "is not a value of");
}

TEST (Codec, NullIsUnset)
{
  EXPECT_EQ (again (R"({"an_int32":null,"side":null,"names":null,"labels":null,"choice_text":null,)"
                    R"("maybe_number":null,"boxed_int64":null,"cooked_at":null})"),
             "{}");
  expect_error (R"({"names":["a",null]})", "field “names[1]”: null");
  expect_error (R"({"labels":{"a":null}})", "field “labels.a”: null");
}

TEST (Codec, KeepsListsMapsAndMessages)
{
  expect_same (R"({"side":{"name":"rice","sauce":{"name":"soy"},"course":"MAIN"},)"
               R"("next":{"next":{"a_string":"deep"}},"jar":{"content":"salt","grams":5},)"
               R"("doubles":[1,2.5],"numbers":[1,2,3,4,5,6,7,8,9],"large_numbers":["1"],)"
               R"("names":["a","","c"],"blobs":["","AA=="],"heats":["HEAT_NONE","HEAT_LOW"],)"
               R"("sides":[{},{"name":"x"}],"flags":[true,false]})");
  expect_same (R"({"labels":{"a":"1","":"","b":"2"},"sides_by_number":{"-1":{"name":"x"},"0":{}},)"
               R"("heat_by_flag":{"true":"HEAT_LOW","false":"HEAT_NONE"},)"
               R"("blob_by_id":{"18446744073709551615":"AA=="}})");
  expect_same (R"({"class":"a","int":1,"new":true,"namespace":"b"})");
}

TEST (Codec, NamesThePathOfAnError)
{
  expect_error (R"({"side":{"sauce":{"name":1}}})", "field “side.sauce.name”: 1 is not a string");
  expect_error (R"({"sides":[{},{"course":"X"}]})", "field “sides[1].course”: ");
  expect_error (R"({"sides_by_number":{"7":{"name":[]}}})",
                "field “sides_by_number.7.name”: a list");
  expect_error (R"({"sides_by_number":{"x":{}}})",
                "field “sides_by_number.x”: “x” is not an int32");
  expect_error (R"({"side":{"salt":1}})",
                "field “side”: micro.test.v1.Dish.Side has no field “salt”");
  expect_error (R"({"salt":1})", "micro.test.v1.Dish has no field “salt”");
  expect_error (R"({"labels":{"a":"1","a":"2"}})", "field “labels.a”: it is given twice");
  expect_error (R"({"names":"a"})", "field “names”: a list belongs here");
  expect_error (R"({"side":"a"})", "field “side”: an object belongs here");
  expect_error (R"({"heat_by_flag":{"yes":0}})", "“yes” is not a bool");
}

TEST (Codec, KnowsWhichMemberOfAOneofIsSet)
{
  expect_same (R"({"choice_number":0})");
  expect_same (R"({"choice_text":""})");
  expect_same (R"({"choice_side":{}})");
  expect_same (R"({"choice_bytes":""})");
  expect_same (R"({"choice_null":null})");
  EXPECT_EQ (again (R"({"choice_text":"a","choice_side":null})"), R"({"choice_text":"a"})");
  expect_error (R"({"choice_text":"a","choice_number":1})",
                "field “choice_number”: “choice_text” is set too");
  expect_error (R"({"choice_side":{"name":1}})", "field “choice_side.name”");
}

TEST (Codec, KnowsWhichOptionalFieldsAreSet)
{
  expect_same (R"({"maybe_number":0,"maybe_text":"","maybe_side":{},"maybe_flag":false})");
}

TEST (Codec, ReadsWellKnownTypes)
{
  expect_same (R"({"cooked_at":"1972-01-01T10:00:20.021Z","cooking_time":"-1.000000001s"})");
  expect_same (
      R"({"attributes":{"a":1,"b":[true,null,"x",{"c":{}}]},"value":[1,{}],"list":[1,"a"]})");
  expect_same (R"({"value":null})");
  expect_same (R"({"mask":"user.displayName,photo","nothing":{}})");
  expect_same (R"({"boxed_int64":"0","boxed_string":"","boxed_bool":false,"boxed_double":0,)"
               R"("boxed_bytes":"AA==","boxed_uint64":"1","boxed_float":"NaN","boxed_int32":1,)"
               R"("boxed_uint32":2,"times":["1970-01-01T00:00:00Z"],"values":[null,1],)"
               R"("durations":{"a":"0s"}})");
  EXPECT_EQ (again (R"({"cooked_at":"2000-02-29T23:30:00.5+01:30"})"),
             R"({"cooked_at":"2000-02-29T22:00:00.500Z"})");
  expect_same (R"({"cooked_at":"0001-01-01T00:00:00Z"})");
  expect_same (R"({"cooked_at":"9999-12-31T23:59:59.999999999Z"})");
  for (const char *bad :
       { "2001-02-29T00:00:00Z", "2000-01-01T24:00:00Z", "2000-01-01T00:00:00",
         "2000-01-01 00:00:00Z", "2000-01-01T00:00:00.Z", "0001-01-01T00:00:00+00:01",
         "0000-01-01T00:00:00Z", "2000-01-01T00:00:00.1234567890Z", "" })
    expect_error (std::string (R"({"cooked_at":")") + bad + "\"}", "is not a timestamp");
  for (const char *bad :
       { "1", "s", "-s", "+1s", "1.s", ".5s", "315576000001s", "1.0000000001s", "1 s" })
    expect_error (std::string (R"({"cooking_time":")") + bad + "\"}", "is not a duration");
  expect_error (R"({"cooked_at":1})", "field “cooked_at”: a Timestamp is written as a string");
  expect_error (R"({"mask":"a_b"})", "is not a path");
  expect_error (R"({"attributes":{"a":1,"a":2}})", "given twice");
  expect_error (R"({"attributes":[]})", "an object belongs here");
  expect_error (R"({"boxed_int32":"x"})", "is not an int32");
}

TEST (Codec, ReadsAny)
{
  expect_same (R"({"extra":{"@type":"type.googleapis.com/micro.test.v1.shelf.Jar","grams":5}})");
  expect_same (
      R"({"extra":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}})");
  expect_same (R"({"extra":{"@type":"example.com/unknown.Type","value":"AA=="}})");
  expect_same (R"({"extra":{}})");
  EXPECT_EQ (again (R"({"extra":{"grams":5,"@type":"x/micro.test.v1.shelf.Jar"}})"),
             R"({"extra":{"@type":"x/micro.test.v1.shelf.Jar","grams":5}})");
  expect_error (R"({"extra":{"grams":5}})", "field “extra”: an Any needs “@type”");
  expect_error (R"({"extra":{"@type":"x/y.Z","grams":5}})",
                "field “extra”: this type is not known");
  expect_error (R"({"extra":{"@type":"a/b","@type":"a/b"}})", "given twice");
  expect_error (R"({"extra":{"@type":"x/micro.test.v1.shelf.Jar","grams":"x"}})",
                "field “extra.grams”: ");
}

TEST (Codec, RefusesWhatIsNotJson)
{
  for (const char *bad : { "{",
                           "}",
                           "[]",
                           "1",
                           "\"a\"",
                           "null",
                           "{}x",
                           "{} {}",
                           "{,}",
                           R"({"a_bool":true,})",
                           R"({'a_bool':true})",
                           R"({a_bool:true})",
                           R"({"a_bool" true})",
                           R"({"a_bool":True})",
                           R"({"a_bool":truex})",
                           "{} // comment",
                           "/* comment */ {}",
                           R"({"an_int32":01})",
                           R"({"an_int32":+1})",
                           R"({"an_int32":.5})",
                           R"({"an_int32":1.})",
                           R"({"an_int32":0x1})",
                           R"({"a_double":NaN})",
                           R"({"a_string":"a)",
                           R"({"a_string":"\x"})",
                           R"({"a_string":"\u12"})",
                           R"({"a_string":"\ud800"})",
                           R"({"a_string":"\udc00"})",
                           R"({"a_string":"\ud800\u0041"})",
                           R"({"a_string":"\u0000"})",
                           "{\"a_string\":\"\n\"}",
                           "{\"a_string\":\"\xff\"}",
                           R"({"numbers":[1 2]})",
                           R"({"numbers":[1,]})",
                           R"({"numbers":[1})",
                           "\xef\xbb\xbf{}",
                           ";" })
    EXPECT_EQ (again (bad).substr (0, 7), "error: ") << bad;
  expect_error ("{\n  \"a_bool\": oops}", "line 2, column 13: a value is expected here");
  expect_error (std::string ("{}\0", 3), "not UTF-8");
}

TEST (Codec, RefusesDeepNesting)
{
  std::string inner = "{}";

  for (int i = 0; i < 99; i++)
    inner = R"({"next":)" + inner + "}";
  expect_same (inner);
  expect_error (R"({"next":)" + inner + "}", "nested too deeply");
  expect_error (R"({"value":)" + std::string (1000000, '['), "nested too deeply");
  expect_error (R"({"extra":{"a":)" + std::string (1000000, '['), "nested too deeply");
}

TEST (Codec, RefusesToWriteWhatIsTooDeep)
{
  Micro__Test__V1__Dish dishes[101];
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 101; i++)
    {
      micro__test__v1__dish__init (&dishes[i]);
      dishes[i].next = i < 100 ? &dishes[i + 1] : NULL;
    }
  EXPECT_EQ (micro_codec_to_json (&dishes[0].base, NULL, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT));
}

TEST (Codec, WritesValidText)
{
  Micro__Test__V1__Dish message = MICRO__TEST__V1__DISH__INIT;
  char text[] = "\"\\\b\f\n\r\t\x01/ü\xff";

  message.a_string = text;
  g_autofree char *json = micro_codec_to_json (&message.base, NULL, NULL);
  EXPECT_STREQ (json, R"({"a_string":"\"\\\b\f\n\r\t\u0001/ü�"})");
  expect_same (R"({"a_string":"😀"})");
  EXPECT_EQ (again (R"({"a_string":"\ud83d\ude00\/"})"), R"({"a_string":"😀/"})");
}

TEST (Codec, UsesTheAllocatorItIsGiven)
{
  MicroCall call = {};
  ProtobufCAllocator allocator = {
    [] (void *data, size_t size) { return micro_call_alloc ((MicroCall *) data, size); },
    [] (void *, void *) {},
    &call,
  };
  const char good[] = R"({"names":["a","b","c","d","e"],"side":{"name":"x"},"labels":{"a":"b"}})";
  const char bad[] = R"({"names":["a","b","c","d","e"],"side":{"name":"x"},"labels":{"a":1}})";
  g_autoptr (GError) error = NULL;
  ProtobufCMessage *message;

  message = micro_codec_from_json (dish, good, strlen (good), &allocator, &error);
  ASSERT_NE (message, nullptr);
  EXPECT_STREQ (((Micro__Test__V1__Dish *) message)->names[4], "e");
  EXPECT_EQ (micro_codec_from_json (dish, bad, strlen (bad), &allocator, &error), nullptr);
  EXPECT_NE (error, nullptr);
  micro_call_clear (&call, NULL);
}

/* Cut anywhere, a text is an error and nothing leaks. */
TEST (Codec, SurvivesEveryPrefix)
{
  const std::string json
      = R"({"side":{"sauce":{"name":"soy"}},"names":["a","b"],"labels":{"a":"b"},"blobs":["AA=="],)"
        R"("choice_side":{"name":"a"},"attributes":{"a":[1,{"b":null}]},"boxed_string":"x",)"
        R"("extra":{"@type":"x/micro.test.v1.shelf.Jar","content":"salt"},"times":["1970-01-01T00:00:00Z"]})";

  EXPECT_NE (again (json).substr (0, 7), "error: ");
  for (size_t i = 1; i < json.size (); i++)
    EXPECT_EQ (again (json.substr (0, i)).substr (0, 7), "error: ") << i;
}

/* --- proto2 --- */

static std::string
parcel (const std::string &json)
{
  return read_as (&micro__test__v2__parcel__descriptor, json);
}

TEST (Codec, TakesNoMessageWithoutWhatItRequires)
{
  const std::string address = R"({"street":"Elm"})", rest = R"("grams":1})";
  const std::string whole = R"({"to":)" + address + "," + rest;
  const struct
  {
    std::string json, part;
  } bad[] = {
    { "", "requires “to”" },
    { "{}", "requires “to”" },
    { R"({"to":)" + address + "}", "requires “grams”" },
    { "{" + rest, "requires “to”" },
    { R"({"to":null,)" + rest, "field “to”: it is required" },
    { R"({"to":)" + address + R"(,"grams":null})", "field “grams”: it is required" },
    { R"({"to":{},)" + rest, "field “to”: micro.test.v2.Address requires “street”" },
    { R"({"to":{"city":"Ulm"},)" + rest, "requires “street”" },
    { R"({"from":{},"to":)" + address + "," + rest, "field “from”" },
    { R"({"stops":[)" + address + R"(,{}],"to":)" + address + "," + rest, "field “stops[1]”" },
    { R"({"others":{"a":{}},"to":)" + address + "," + rest, "field “others.a”" },
    { R"({"gift":{},"to":)" + address + "," + rest, "field “gift”" },
    { R"({"content":{"@type":"type.googleapis.com/micro.test.v2.Address"},"to":)" + address + ","
          + rest,
      "field “content”" },
  };

  EXPECT_EQ (parcel (whole), R"({"to":{"street":"Elm"},"grams":1})");
  for (const auto &one : bad)
    {
      std::string result = parcel (one.json);

      EXPECT_EQ (result.compare (0, 7, "error: "), 0) << one.json << " gives " << result;
      EXPECT_NE (result.find (one.part), std::string::npos) << one.json << " gives " << result;
    }
}

/* --- Before others parse it --- */

TEST (JsonCheck, TakesJsonAndNothingElse)
{
  const char *const good[] = { "{}", " [1, -2.5e3, \"\\u00e9\\n\", true, false, null] ", "\"{[\"",
                               "0", R"({"a":{"b":[{}]}})" };
  const char *const bad[]
      = { "",          " ",  "{",   "[1,]",     "{\"a\":1,}", "{'a':1}", "/* */ {}", "{} {}",
          "{\"a\" 1}", "01", "nul", "\"\x01\"", "[1] //",     R"("\x")", "{a:1}" };

  for (const char *text : good)
    {
      g_autoptr (GError) error = nullptr;

      EXPECT_TRUE (micro_json_check (text, strlen (text), 4, &error)) << text;
    }
  for (const char *text : bad)
    {
      g_autoptr (GError) error = nullptr;

      EXPECT_FALSE (micro_json_check (text, strlen (text), 4, &error)) << text;
      EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT)) << text;
    }
}

TEST (JsonCheck, CountsTheDepthWhateverStandsBetween)
{
  std::string fooled = R"({'"':)" + std::string (250000, '[');
  std::string in_string = "[\"" + std::string (250000, '[') + "\"]";

  EXPECT_TRUE (micro_json_check ("[[[[]]]]", 8, 4, nullptr));
  EXPECT_FALSE (micro_json_check ("[[[[[]]]]]", 10, 4, nullptr));
  EXPECT_TRUE (micro_json_check ("[[],[],[],[],[[[]]]]", 20, 4, nullptr));
  EXPECT_FALSE (micro_json_check (fooled.data (), fooled.size (), 100, nullptr));
  EXPECT_TRUE (micro_json_check (in_string.data (), in_string.size (), 1, nullptr));
}
