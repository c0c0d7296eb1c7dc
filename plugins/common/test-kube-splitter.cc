/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Streams of objects, cut where they should be, however they arrive.
 */
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C"
{
#include "kube-scan.h"
#include "kube-splitter.h"
}

namespace
{
struct Split
{
  std::vector<std::string> objects;
  std::string envelope;
  std::string error;
  bool complete;
};

gboolean
keep (const char *json, gsize length, gpointer user_data)
{
  ((std::vector<std::string> *) user_data)->push_back (std::string (json, length));
  return TRUE;
}

/* Feeds @text in two pieces, the first @cut bytes long. */
Split
split (bool list, const std::string &text, gsize cut)
{
  Split result;
  g_autoptr (KubeSplitter) splitter = list ? kube_splitter_new_list (keep, &result.objects)
                                           : kube_splitter_new_watch (keep, &result.objects);
  g_autoptr (GError) error = NULL;
  gsize length;
  const char *envelope;

  if (!kube_splitter_feed (splitter, text.data (), cut, &error)
      || !kube_splitter_feed (splitter, text.data () + cut, text.size () - cut, &error))
    result.error = error->message;
  result.complete = kube_splitter_is_complete (splitter);
  envelope = kube_splitter_get_envelope (splitter, &length);
  result.envelope = std::string (envelope, length);
  return result;
}

const char events[] = "{\"type\":\"ADDED\",\"object\":{\"a\":\"}\\\"]{\",\"b\":[1,{\"c\":null}]}}\n"
                      "\r\n\n{\"type\":\"x\\u00e9\\\\\"}{\"é\":\"\xf0\x9f\x98\x80\"}\n";
const char list[]
    = "{\"kind\":\"PodList\",\"x\":{\"items\":[{\"no\":1}]},\n \"items\" : [ {\"a\":[{}]} ,"
      "\n{\"items\":[{}]}],\"metadata\":{\"resourceVersion\":\"7\"}}\n";

TEST (KubeSplitter, CutsAWatchWhereverTheChunksEnd)
{
  std::string text = events;

  for (gsize cut = 0; cut <= text.size (); cut++)
    {
      Split result = split (false, text, cut);

      ASSERT_EQ (result.error, "") << cut;
      ASSERT_EQ (result.objects.size (), 3u) << cut;
      EXPECT_EQ (result.objects[0],
                 "{\"type\":\"ADDED\",\"object\":{\"a\":\"}\\\"]{\",\"b\":[1,{\"c\":null}]}}");
      EXPECT_EQ (result.objects[1], "{\"type\":\"x\\u00e9\\\\\"}");
      EXPECT_EQ (result.objects[2], "{\"é\":\"\xf0\x9f\x98\x80\"}");
      EXPECT_TRUE (result.complete);
    }
}

TEST (KubeSplitter, CutsAListWhereverTheChunksEnd)
{
  std::string text = list;

  for (gsize cut = 0; cut <= text.size (); cut++)
    {
      Split result = split (true, text, cut);

      ASSERT_EQ (result.error, "") << cut;
      ASSERT_EQ (result.objects.size (), 2u) << cut;
      EXPECT_EQ (result.objects[0], "{\"a\":[{}]}");
      EXPECT_EQ (result.objects[1], "{\"items\":[{}]}");
      EXPECT_EQ (result.envelope,
                 "{\"kind\":\"PodList\",\"x\":{\"items\":[{\"no\":1}]},\n \"items\" : []"
                 ",\"metadata\":{\"resourceVersion\":\"7\"}}");
      EXPECT_TRUE (result.complete);
    }
}

TEST (KubeSplitter, KnowsThatAListIsCutShort)
{
  std::string text = list;

  text.resize (text.rfind ('}')); /* the newline and the last brace */
  for (gsize length = 0; length <= text.size (); length++)
    EXPECT_FALSE (split (true, text.substr (0, length), 0).complete) << length;
  EXPECT_TRUE (split (true, "{\"items\":null}", 0).complete);
  EXPECT_FALSE (split (false, "{\"type\":", 0).complete);
}

TEST (KubeSplitter, RefusesWhatIsNoJson)
{
  for (const char *text : { "hello", "}", "[1]", "{}x", "\"\"", "{\"a\":1}}" })
    EXPECT_NE (split (false, text, 0).error, "") << text;
  for (const char *text : { "{\"items\":[1]}", "{\"items\":[]}x", "{\"items\":[]}{}",
                            "{\"items\":[\"a\"]}", "{\"items\":[[]]}" })
    {
      Split result = split (true, text, 0);

      EXPECT_TRUE (result.error != "" || !result.complete) << text;
    }
  EXPECT_NE (split (false, std::string ("{\"a\":\"\0\"}", 9), 0).error, "");
  EXPECT_NE (split (false, std::string (300, '{'), 0).error, "");
}

TEST (KubeSplitter, GivesUpAnObjectThatIsTooLong)
{
  std::string chunk (1024 * 1024, 'x');
  std::vector<std::string> objects;
  g_autoptr (KubeSplitter) splitter = kube_splitter_new_watch (keep, &objects);
  g_autoptr (GError) error = NULL;
  int fed = 0;

  ASSERT_TRUE (kube_splitter_feed (splitter, "{\"a\":\"", 6, &error));
  while (fed < 64 && kube_splitter_feed (splitter, chunk.data (), chunk.size (), &error))
    fed++;
  EXPECT_EQ (fed, 15);
  ASSERT_NE (error, nullptr);
}

TEST (KubeScan, TakesWhatIsWantedAndSkipsTheRest)
{
  const char *json = " {\"a\":{\"b\":[1,\"]\"]},\"s\":\"x\\\"\\u00e9\\ud83d\\ude00\\n\",\"n\":null,"
                     "\"i\":-12,\"t\":true,\"l\":[\"p\",\"q\"],\"wrong\":7}";
  KubeScan scan;
  const char *name;
  gsize length;
  std::string seen;

  kube_scan_init (&scan, json, strlen (json));
  ASSERT_TRUE (kube_scan_enter_object (&scan));
  while (kube_scan_next_member (&scan, &name, &length))
    {
      g_autofree char *text = NULL;

      seen += std::string (name, length) + ";";
      if (kube_scan_is (name, length, "s"))
        EXPECT_STREQ (text = kube_scan_string (&scan), "x\"é\xf0\x9f\x98\x80\n");
      else if (kube_scan_is (name, length, "n") || kube_scan_is (name, length, "wrong"))
        EXPECT_EQ (text = kube_scan_string (&scan), nullptr);
      else if (kube_scan_is (name, length, "i"))
        EXPECT_EQ (kube_scan_integer (&scan, 0), -12);
      else if (kube_scan_is (name, length, "t"))
        EXPECT_TRUE (kube_scan_boolean (&scan, FALSE));
      else if (kube_scan_is (name, length, "l"))
        {
          ASSERT_TRUE (kube_scan_enter_array (&scan));
          while (kube_scan_next_element (&scan))
            {
              g_autofree char *element = kube_scan_string (&scan);

              seen += std::string (element) + ",";
            }
        }
      else
        kube_scan_skip (&scan);
    }
  EXPECT_FALSE (scan.failed);
  EXPECT_EQ (seen, "a;s;n;i;t;l;p,q,wrong;");
}

/* Whatever stands there, it ends and says so. */
TEST (KubeScan, EndsOnEveryPrefixAndMutation)
{
  const std::string json
      = "{\"a\":{\"b\":[1,\"]\\u00e9\"]},\"l\":[{\"x\":true},2],\"s\":\"\\ud83d\\ude00\"}";

  for (gsize cut = 0; cut <= json.size (); cut++)
    for (char byte : { '\0', '"', '\\', '{', '}', '[', ']', ',', ':', 'u' })
      {
        std::string text
            = json.substr (0, cut) + byte + (cut < json.size () ? json.substr (cut + 1) : "");
        KubeScan scan;
        const char *name;
        gsize length;

        kube_scan_init (&scan, text.data (), text.size ());
        if (kube_scan_enter_object (&scan))
          while (kube_scan_next_member (&scan, &name, &length))
            g_free (kube_scan_string (&scan));
        EXPECT_LE (scan.at, scan.end);
      }
}
} // namespace
