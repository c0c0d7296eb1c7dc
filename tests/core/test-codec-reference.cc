/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The JSON codec against protobuf's own: same texts taken, same messages, same texts written.
 */
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <micro/micro.h>

#include "kitchen.pb-c.h"
#include "kitchen.pb.h"

using google::protobuf::util::MessageDifferencer;

namespace
{
const ProtobufCMessageDescriptor *const dish = &micro__test__v1__dish__descriptor;

bool
ours_from_json (const std::string &json, std::string *ret_bytes)
{
  ProtobufCMessage *message = micro_codec_from_json (dish, json.data (), json.size (), NULL, NULL);

  if (message == NULL)
    return false;
  ret_bytes->resize (protobuf_c_message_get_packed_size (message));
  protobuf_c_message_pack (message, (uint8_t *) &(*ret_bytes)[0]);
  protobuf_c_message_free_unpacked (message, NULL);
  return true;
}

std::string
ours_to_json (const std::string &bytes)
{
  ProtobufCMessage *message
      = protobuf_c_message_unpack (dish, NULL, bytes.size (), (const uint8_t *) bytes.data ());

  if (message == NULL)
    return "cannot unpack";
  g_autofree char *json = micro_codec_to_json (message, NULL, NULL);
  protobuf_c_message_free_unpacked (message, NULL);
  return json != NULL ? json : "cannot write";
}

std::string
theirs_to_json (const micro::test::v1::Dish &message)
{
  google::protobuf::util::JsonPrintOptions options;
  std::string json;

  options.preserve_proto_field_names = true;
  EXPECT_TRUE (google::protobuf::util::MessageToJsonString (message, &json, options).ok ());
  return json;
}

const char *const taken[] = {
  R"({})",
  R"({"a_double":1.5,"a_float":0.1,"an_int32":-2147483648,"an_int64":"-9223372036854775808"})",
  R"({"aUint32":4294967295,"a_uint64":"18446744073709551615","a_sint32":-1,"a_sint64":-1})",
  R"({"a_fixed32":1,"a_fixed64":"1","a_sfixed32":-1,"a_sfixed64":"-1","a_bool":true})",
  R"({"a_double":0.30000000000000004,"a_float":16777216,"doubles":[1e300,1e-300,1.7976931348623157e308]})",
  R"({"doubles":["NaN","Infinity","-Infinity",1e15,1e16,123456789012345680,0.0001,0.00001,1e21]})",
  R"({"a_string":"ü😀\ud83d\ude00\"\\\/\b\f\n\r\t\u0001","some_bytes":"AAEC/w==","blobs":["","-_8"]})",
  R"({"heat":"HEAT_HIGH","course":1,"heats":["HEAT_NONE",-1,99]})",
  R"({"side":{"name":"rice","sauce":{"name":"soy"},"course":"MAIN"},"next":{"next":{"a_string":"d"}}})",
  R"({"labels":{"a":"1"},"sides_by_number":{"-1":{"name":"x"}},"heat_by_flag":{"true":"HEAT_LOW"}})",
  R"({"labels":{"a":"1","":"","b":"2","c":"3"},"blob_by_id":{"18446744073709551615":"AA=="}})",
  R"({"an_int32":"7","a_double":"1.25","an_int64":9223372036854775807,"numbers":[1.0,1.5e1]})",
  R"({"choice_number":0})",
  R"({"choice_text":""})",
  R"({"choice_side":{}})",
  R"({"maybe_number":0,"maybe_text":"","maybe_side":{},"maybe_flag":false})",
  R"({"an_int32":null,"side":null,"names":null,"labels":null,"choice_text":null,"boxed_int64":null})",
  R"({"cooked_at":"1972-01-01T10:00:20.021Z","cooking_time":"-1.000000001s"})",
  R"({"cooked_at":"0001-01-01T00:00:00Z","cooking_time":"315576000000s"})",
  R"({"cooked_at":"2000-02-29T23:30:00.5+01:30","times":["9999-12-31T23:59:59.999999999Z"]})",
  R"({"attributes":{"a":1},"value":[1,{},null,true,"x"],"list":[1,"a",[2]]})",
  R"({"attributes":{"a":{"b":{"c":[]}}},"value":null,"values":[null,1.5]})",
  R"({"mask":"user.displayName,photo","nothing":{}})",
  R"({"boxed_int64":"0","boxed_string":"","boxed_bool":false,"boxed_double":0,"boxed_bytes":"AA=="})",
  R"({"boxed_uint64":"1","boxed_float":"NaN","boxed_int32":1,"boxed_uint32":2})",
  R"({"durations":{"a":"0s"},"cooking_time":"0.5s"})",
  R"({"extra":{"@type":"type.googleapis.com/micro.test.v1.shelf.Jar","grams":5}})",
  R"({"extra":{"grams":5,"@type":"type.googleapis.com/micro.test.v1.shelf.Jar"}})",
  R"({"extra":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}})",
  R"({"class":"a","int":1,"new":true,"namespace":"b"})",
};

/* Protobuf 3.21 also takes "yes" for a bool, and one value or null in a list: we do not. */
const char *const refused[] = {
  R"({"an_int32":2147483648})",
  R"({"an_int32":1.5})",
  R"({"an_int32":"x"})",
  R"({"an_int32":" 1"})",
  R"({"a_uint32":-1})",
  R"({"an_int64":"9223372036854775808"})",
  R"({"a_float":1e39})",
  R"({"some_bytes":"!"})",
  R"({"heat":"HOT"})",
  R"({"side":"a"})",
  R"({"salt":1})",
  R"({"choice_text":"a","choice_number":1})",
  R"({"cooked_at":"2001-02-29T00:00:00Z"})",
  R"({"cooked_at":"2000-01-01T00:00:00"})",
  R"({"cooking_time":"1"})",
  R"({"cooking_time":"315576000001s"})",
  R"({"sides_by_number":{"x":{}}})",
  R"({"extra":{"grams":5}})",
  R"({"an_int32":1)",
};
}

TEST (CodecReference, TakesWhatProtobufTakes)
{
  for (const char *json : taken)
    {
      micro::test::v1::Dish theirs;
      micro::test::v1::Dish ours;
      std::string bytes;

      ASSERT_TRUE (google::protobuf::util::JsonStringToMessage (json, &theirs).ok ()) << json;
      ASSERT_TRUE (ours_from_json (json, &bytes)) << json;
      ASSERT_TRUE (ours.ParseFromString (bytes)) << json;
      EXPECT_EQ (ours.DebugString (), theirs.DebugString ()) << json;
    }
}

TEST (CodecReference, WritesWhatProtobufWrites)
{
  for (const char *json : taken)
    {
      micro::test::v1::Dish message;
      micro::test::v1::Dish back;

      ASSERT_TRUE (google::protobuf::util::JsonStringToMessage (json, &message).ok ()) << json;
      std::string ours = ours_to_json (message.SerializeAsString ());
      EXPECT_EQ (ours, theirs_to_json (message));
      ASSERT_TRUE (google::protobuf::util::JsonStringToMessage (ours, &back).ok ()) << ours;
      EXPECT_EQ (back.DebugString (), message.DebugString ()) << ours;
    }
}

TEST (CodecReference, RefusesWhatProtobufRefuses)
{
  for (const char *json : refused)
    {
      micro::test::v1::Dish theirs;
      std::string bytes;

      EXPECT_FALSE (google::protobuf::util::JsonStringToMessage (json, &theirs).ok ()) << json;
      EXPECT_FALSE (ours_from_json (json, &bytes)) << json;
    }
}

/* Any double and float comes back bit for bit, through both. */
TEST (CodecReference, NumbersSurvive)
{
  std::mt19937_64 random (1);

  for (int i = 0; i < 20000; i++)
    {
      guint64 bits = random ();
      double number;
      float small;
      micro::test::v1::Dish message;
      micro::test::v1::Dish back;
      std::string bytes;

      memcpy (&number, &bits, sizeof number);
      memcpy (&small, &bits, sizeof small);
      if (number != number || small != small)
        continue;
      message.set_a_double (number);
      message.set_a_float (small);
      message.set_a_uint64 (bits);
      message.set_an_int64 ((gint64) bits);
      std::string json = ours_to_json (message.SerializeAsString ());
      ASSERT_TRUE (google::protobuf::util::JsonStringToMessage (json, &back).ok ()) << json;
      ASSERT_TRUE (MessageDifferencer::Equals (back, message)) << json;
      ASSERT_TRUE (ours_from_json (json, &bytes)) << json;
      ASSERT_TRUE (back.ParseFromString (bytes));
      ASSERT_TRUE (MessageDifferencer::Equals (back, message)) << json;
    }
}
