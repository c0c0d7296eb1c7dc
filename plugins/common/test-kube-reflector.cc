/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A mirror of a collection, through everything that an API server has been seen to do.
 */
#include <atomic>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "fake-api.h"

extern "C"
{
#include "kube-clock.h"
#include "kube-reflector.h"
#include "kube-scan.h"
}

namespace
{
std::string
capture (const char *name, const char *from)
{
  g_autofree char *path
      = g_build_filename (g_getenv ("abs_top_srcdir"), "plugins/common/captures", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  EXPECT_TRUE (g_file_get_contents (path, &text, NULL, &error)) << error->message;
  if (text == NULL || strstr (text, from) == NULL)
    return "";
  std::string body = strstr (text, from);
  /* What curl says of its connection came between. */
  size_t said = body.find ("* Connection #");

  if (said != std::string::npos)
    body.erase (said, body.find ('\n', said) + 1 - said);
  return body;
}

std::string
object (const char *name, int version)
{
  return std::string ("{\"metadata\":{\"name\":\"") + name + "\",\"resourceVersion\":\""
         + std::to_string (version) + "\"}}";
}

std::string
event (const char *type, const char *name, int version)
{
  return std::string ("{\"type\":\"") + type + "\",\"object\":" + object (name, version) + "}\n";
}

std::string
list (int version, const std::string &items, const char *more = "")
{
  return "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" + std::to_string (version)
         + "\",\"continue\":\"" + more + "\"},\"items\":[" + items + "]}";
}

std::string
status (int code, const char *reason, const char *message)
{
  return std::string ("{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"") + message
         + "\",\"reason\":\"" + reason + "\",\"code\":" + std::to_string (code) + "}";
}

const char too_old[] = "too old resource version: 1 (9)";

class KubeReflectorTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    kube_clock_set_virtual (TRUE);
  }

  void
  TearDown () override
  {
    kube_reflector_free (reflector);
    while (g_main_context_iteration (NULL, FALSE))
      ;
    g_clear_object (&client);
    kube_clock_set_virtual (FALSE);
  }

  void
  Start (FakeApi &api, guint idle_timeout_s = 0, bool stream_lists = false)
  {
    static const KubeReflectorFuncs funcs
        = { BeginList, Item, ItemGone, EndList, Event, Flush, Trouble, NULL };
    KubeConfig *config = kube_config_new ();
    g_autoptr (GError) error = NULL;

    config->source = g_strdup ("the test");
    config->namespace_ = g_strdup ("default");
    ASSERT_TRUE (kube_config_add_server (config, api.url.c_str (), &error));
    client = kube_client_new (config, &error);
    ASSERT_NE (client, nullptr);
    if (idle_timeout_s != 0)
      kube_client_set_idle_timeout (client, idle_timeout_s);
    kube_client_set_stream_lists (client, stream_lists);
    reflector = kube_reflector_new (client, "/pods", "labelSelector=a%3Db", &funcs, this);
    kube_reflector_start (reflector);
  }

  /* Until it is so; tests/limit ends who waits longer. */
  template <typename Condition>
  bool
  WaitFor (Condition condition)
  {
    gint64 end = g_get_monotonic_time () + 600 * (gint64) G_USEC_PER_SEC;

    while (!condition () && g_get_monotonic_time () < end)
      {
        if (!g_main_context_iteration (NULL, FALSE))
          g_usleep (1000);
      }
    return condition ();
  }

  std::string
  Known ()
  {
    std::string text;

    for (const auto &pair : known)
      text += (text.empty () ? "" : " ") + pair.first + "=" + pair.second;
    return text;
  }

  static void
  Read (const char *json, gsize length, std::string &ret_name, std::string &ret_version)
  {
    const char *name;
    gsize n;
    KubeScan scan;

    kube_scan_init (&scan, json, length);
    kube_scan_enter_object (&scan);
    while (kube_scan_next_member (&scan, &name, &n))
      if (kube_scan_is (name, n, "metadata") && kube_scan_enter_object (&scan))
        while (kube_scan_next_member (&scan, &name, &n))
          {
            g_autofree char *text = kube_scan_string (&scan);

            if (kube_scan_is (name, n, "name"))
              ret_name = text;
            else if (kube_scan_is (name, n, "resourceVersion"))
              ret_version = text;
          }
      else
        kube_scan_skip (&scan);
  }

  static void
  BeginList (gpointer user_data)
  {
    ((KubeReflectorTest *) user_data)->collected.clear ();
  }

  static void
  Item (const char *json, gsize length, gpointer user_data)
  {
    std::string name, version;

    Read (json, length, name, version);
    ((KubeReflectorTest *) user_data)->collected[name] = version;
  }

  static void
  ItemGone (const char *json, gsize length, gpointer user_data)
  {
    std::string name, version;

    Read (json, length, name, version);
    ((KubeReflectorTest *) user_data)->collected.erase (name);
  }

  static void
  EndList (gboolean complete, gpointer user_data)
  {
    KubeReflectorTest *self = (KubeReflectorTest *) user_data;

    if (complete)
      self->known = self->collected;
    self->n_lists += complete;
  }

  static void
  Event (KubeEventKind kind, const char *json, gsize length, gpointer user_data)
  {
    KubeReflectorTest *self = (KubeReflectorTest *) user_data;
    std::string name, version;

    Read (json, length, name, version);
    if (kind == KUBE_EVENT_DELETED)
      self->known.erase (name);
    else
      self->known[name] = version;
    self->n_events++;
  }

  static void
  Flush (gpointer user_data)
  {
    ((KubeReflectorTest *) user_data)->n_flushes++;
  }

  static void
  Trouble (const KubeReply *reply, const GError *error, gpointer user_data)
  {
    KubeReflectorTest *self = (KubeReflectorTest *) user_data;

    self->troubles += (reply != NULL ? std::to_string (reply->status) : "-") + ":"
                      + (reply != NULL   ? reply->message
                         : error != NULL ? error->message
                                         : "")
                      + "\n";
  }

  KubeClient *client = NULL;
  KubeReflector *reflector = NULL;
  std::map<std::string, std::string> known, collected;
  std::string troubles;
  int n_lists = 0, n_events = 0, n_flushes = 0;
};

TEST_F (KubeReflectorTest, ReplaysARecordedListAndWatch)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", capture ("30-list-labelselector.txt", "{\"kind\""));
    if (!r.Has ("resourceVersion=218"))
      return (void) c.StaysOpen ();
    c.StartStream ();
    c.Chunk (capture ("40-watch-added-modified-deleted-by-selector.txt", "{\"type\""));
    c.StaysOpen ();
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_events > 0; })) << troubles;
  EXPECT_EQ (api.Requests ()[0].path, "/pods?labelSelector=a%3Db&resourceVersion=0");
  EXPECT_NE (api.Requests ()[1].path.find ("&allowWatchBookmarks=true&timeoutSeconds="),
             std::string::npos);
  EXPECT_TRUE (kube_reflector_is_synced (reflector));
  EXPECT_TRUE (kube_reflector_is_live (reflector));
  EXPECT_EQ (n_lists, 1);
  EXPECT_GT (n_flushes, 0);
}

TEST_F (KubeReflectorTest, GoesOnFromTheLastEventOrBookmark)
{
  std::atomic<int> n_watches{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, object ("a", 3)));
    c.StartStream ();
    switch (n_watches++)
      {
      case 0:
        c.Chunk (event ("ADDED", "b", 7) + event ("STRANGE", "c", 8));
        return c.EndStream ();
      case 1:
        c.Chunk (event ("BOOKMARK", "", 9));
        return c.Close ();
      default:
        c.Chunk (event ("DELETED", "a", 10));
        c.StaysOpen ();
      }
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_events == 2; })) << troubles;
  auto watches = api.Requests ("watch=true");
  ASSERT_EQ (watches.size (), 3u);
  EXPECT_TRUE (watches[0].Has ("resourceVersion=5&"));
  EXPECT_TRUE (watches[1].Has ("resourceVersion=7&"));
  EXPECT_TRUE (watches[2].Has ("resourceVersion=9&"));
  EXPECT_EQ (Known (), "b=7");
  EXPECT_EQ (n_lists, 1);
  EXPECT_EQ (kube_reflector_get_stats (reflector)->n_strange_events, 1u);
  EXPECT_EQ (troubles, "");
}

TEST_F (KubeReflectorTest, ListsOnceMoreWhenItsVersionIsTooOld)
{
  std::atomic<int> n_watches{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", r.Has ("NotOlderThan") ? list (9, object ("b", 8))
                                                       : list (5, object ("a", 3)));
    c.StartStream ();
    if (n_watches++ == 0)
      {
        c.Chunk (capture ("78-watch-410-after-restart.txt", "{\"type\""));
        return c.EndStream ();
      }
    c.StaysOpen ();
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_watches == 2; })) << troubles;
  EXPECT_EQ (Known (), "b=8");
  auto lists = api.Requests ("resourceVersion=5&resourceVersionMatch=NotOlderThan");
  EXPECT_EQ (lists.size (), 1u);
  EXPECT_EQ (n_lists, 2);
}

/* Otherwise it would go round for ever: kubernetes/kubernetes#133810. */
TEST_F (KubeReflectorTest, AsksTheQuorumWhenAListBringsTheSameOldVersion)
{
  std::atomic<int> n_quorum{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has ("watch=true"))
      {
        c.StartStream ();
        if (n_quorum == 0)
          {
            c.Chunk ("{\"type\":\"ERROR\",\"object\":" + status (410, "Expired", too_old) + "}\n");
            return c.EndStream ();
          }
        c.StaysOpen ();
        return;
      }
    if (r.Has ("resourceVersion="))
      return c.Reply ("200 OK", list (5, object ("a", 3)));
    n_quorum++;
    c.Reply ("200 OK", list (50, object ("c", 40)));
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return Known () == "c=40"; })) << Known () << troubles;
  EXPECT_EQ (n_quorum, 1);
  EXPECT_EQ (api.Requests ("watch=true&resourceVersion=5&").size (), 1u);
  EXPECT_EQ (api.Requests ("limit=500").size (), 1u);
}

TEST_F (KubeReflectorTest, BeginsAgainWhenAListExpiresBetweenItsPages)
{
  std::atomic<int> n_continued{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has ("watch=true"))
      {
        c.StartStream ();
        c.StaysOpen ();
      }
    else if (r.Has ("resourceVersion=0"))
      c.Reply ("504 Gateway Timeout", "{\"message\":\"Too large resource version\",\"code\":504}",
               "Retry-After: 0\r\n");
    else if (!r.Has ("continue="))
      c.Reply ("200 OK", list (50, object ("a", 1) + "," + object ("b", 2), "tok"));
    else if (n_continued++ == 0)
      c.Reply ("410 Gone", capture ("74-list-410-expired-continue.txt", "{\"kind\""));
    else
      c.Reply ("200 OK", list (50, object ("c", 3)));
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_lists == 1; })) << troubles;
  EXPECT_EQ (Known (), "a=1 b=2 c=3");
  EXPECT_EQ (n_continued, 2);
  /* "Too large" was asked three times before the version was given up. */
  EXPECT_EQ (api.Requests ("resourceVersion=0").size (), 3u);
}

TEST_F (KubeReflectorTest, KeepsWhatItKnowsWhenAListIsCutShort)
{
  std::atomic<int> n_asked{ 0 }, n_watches{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has ("watch=true"))
      {
        c.StartStream ();
        if (n_watches++ == 0)
          {
            c.Chunk ("{\"type\":\"ERROR\",\"object\":" + status (410, "Gone", too_old) + "}\n");
            return c.EndStream ();
          }
        c.StaysOpen ();
        return;
      }
    if (n_asked++ == 1)
      {
        std::string half = list (6, object ("x", 1) + "," + object ("y", 1));

        c.StartStream ();
        c.Chunk (half.substr (0, half.size () - 5));
        return c.EndStream ();
      }
    c.Reply ("200 OK", list (5 + n_asked, object ("a", 3)));
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_asked >= 2 && troubles != ""; }));
  EXPECT_EQ (Known (), "a=3");
  ASSERT_TRUE (WaitFor ([&] { return n_watches == 2; }));
  EXPECT_EQ (Known (), "a=3");
  EXPECT_NE (troubles.find ("half of a list"), std::string::npos);
}

TEST_F (KubeReflectorTest, WaitsBetweenWatchesThatEndAtOnce)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, object ("a", 3)));
    c.StartStream ();
    c.EndStream ();
  });

  gint64 start = kube_clock_get_time ();
  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return api.Requests ("watch=true").size () >= 10; }));
  /* Ten of them wait 0.8+1.6+…+30+30+30 s at least. */
  EXPECT_GE (kube_clock_get_time () - start, 140400 * (gint64) 1000);
  EXPECT_EQ (n_lists, 1);
}

TEST_F (KubeReflectorTest, KeepsItsVersionWhenNobodyAnswers)
{
  std::atomic<int> n_watches{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, object ("a", 3)));
    if (n_watches++ < 3)
      return c.Close ();
    c.StartStream ();
    c.StaysOpen ();
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return kube_reflector_is_live (reflector); })) << troubles;
  EXPECT_EQ (n_lists, 1);
  EXPECT_EQ (Known (), "a=3");
}

TEST_F (KubeReflectorTest, WaitsAsLongAsTheServerAsks)
{
  std::atomic<int> n_asked{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has ("watch=true"))
      {
        c.StartStream ();
        c.StaysOpen ();
      }
    else if (n_asked++ == 0)
      c.Reply ("429 Too Many Requests", "Too many requests, please try again later.\n",
               "Retry-After: 60\r\n", "text/plain; charset=utf-8");
    else
      c.Reply ("200 OK", list (5, object ("a", 3)));
  });
  gint64 start = kube_clock_get_time ();

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_lists == 1; })) << troubles;
  EXPECT_GE (kube_clock_get_time () - start, 60 * G_USEC_PER_SEC);
  EXPECT_EQ (troubles, "429:Too many requests, please try again later.\n");
}

TEST_F (KubeReflectorTest, ListsAgainAfterThreeGarbledWatches)
{
  std::atomic<int> n_watches{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (r.Has ("limit=") ? 6 : 5, object ("a", 3)));
    c.StartStream ();
    if (n_watches++ < 3)
      c.Chunk ("garbage\n");
    c.StaysOpen ();
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_watches == 4; })) << troubles;
  EXPECT_EQ (n_lists, 2);
  EXPECT_EQ (api.Requests ("watch=true&resourceVersion=5").size (), 3u);
  EXPECT_EQ (api.Requests ("watch=true&resourceVersion=6").size (), 1u);
}

/* A version in the future, after etcd was restored from a backup, is answered with silence.  But an
 * idle server of today sends no bookmark either: that is looked into once, not every time. */
TEST_F (KubeReflectorTest, AsksTheQuorumAfterSilenceOnceAsLongAsNothingIsLost)
{
  std::atomic<int> n_trusted{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK",
                      r.Has ("limit=") ? list (2, object ("b", 1)) : list (500, object ("a", 3)));
    c.StartStream ();
    if (r.Has ("resourceVersion=2&") && ++n_trusted == 2)
      return c.EndStream ();
    c.StaysOpen ();
  });

  Start (api, 1);
  ASSERT_TRUE (WaitFor ([&] { return n_trusted == 2; })) << troubles;
  EXPECT_EQ (Known (), "b=1");
  EXPECT_EQ (api.Requests ("limit=").size (), 1u);
  /* The server may be another one since. */
  EXPECT_TRUE (WaitFor ([&] { return api.Requests ("limit=").size () == 2; })) << troubles;
}

/* It may have been away while its etcd was restored, and nothing else shows that. */
TEST_F (KubeReflectorTest, AsksTheQuorumAfterSilenceOfAServerThatDidNotAnswer)
{
  std::atomic<int> n_trusted{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK",
                      r.Has ("limit=") ? list (2, object ("b", 1)) : list (500, object ("a", 3)));
    if (r.Has ("resourceVersion=2&") && ++n_trusted == 2)
      return c.Close ();
    c.StartStream ();
    c.StaysOpen ();
  });

  Start (api, 1);
  ASSERT_TRUE (WaitFor ([&] { return n_trusted == 3; })) << troubles;
  EXPECT_EQ (api.Requests ("limit=").size (), 1u);
  EXPECT_TRUE (WaitFor ([&] { return api.Requests ("limit=").size () == 2; })) << troubles;
}

TEST_F (KubeReflectorTest, DoesWithoutAParameterThatTheServerDoesNotKnow)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, object ("a", 3)));
    if (r.Has ("allowWatchBookmarks"))
      return c.Reply ("400 Bad Request",
                      status (400, "BadRequest", "unknown parameter allowWatchBookmarks"));
    c.StartStream ();
    c.StaysOpen ();
  });

  Start (api);
  EXPECT_TRUE (WaitFor ([&] { return kube_reflector_is_live (reflector); })) << troubles;
}

TEST_F (KubeReflectorTest, TellsOfARefusalAndGoesOnTrying)
{
  std::atomic<bool> allowed{ false };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has ("watch=true"))
      {
        c.StartStream ();
        c.StaysOpen ();
      }
    else if (allowed)
      c.Reply ("200 OK", list (5, object ("a", 3)));
    else
      c.Reply ("403 Forbidden", capture ("21-403-list.txt", "{\"kind\""));
  });

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return troubles != ""; }));
  EXPECT_NE (troubles.find ("403:pods is forbidden: User"), std::string::npos);
  EXPECT_FALSE (kube_reflector_is_synced (reflector));
  allowed = true;
  EXPECT_TRUE (WaitFor ([&] { return n_lists == 1; }));
}

/* --- Lists as the beginning of a watch --- */

const char initial[] = "sendInitialEvents=true";

std::string
marker (int version)
{
  return "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\""
         + std::to_string (version)
         + "\",\"creationTimestamp\":null,\"annotations\":{\"k8s.io/"
           "initial-events-end\":\"true\"}}}}\n";
}

TEST_F (KubeReflectorTest, TakesAListThatIsTheBeginningOfAWatch)
{
  std::atomic<bool> more{ false }, over{ false };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    c.StartStream ();
    /* Versions are in no order, and one pod changes while another goes. */
    c.Chunk (event ("ADDED", "b", 4) + event ("ADDED", "a", 3) + event ("BOOKMARK", "", 4)
             + event ("STRANGE", "d", 1) + event ("ADDED", "c", 2) + event ("MODIFIED", "a", 5));
    c.Chunk (event ("DELETED", "c", 6));
    while (!more)
      if (!c.StaysOpen (20))
        return;
    c.Chunk (marker (7) + event ("MODIFIED", "b", 8));
    while (!over)
      if (!c.StaysOpen (20))
        return;
    c.EndStream ();
  });

  Start (api, 0, true);
  ASSERT_TRUE (WaitFor ([&] { return collected.size () == 2 && collected["a"] == "5"; }));
  EXPECT_EQ (Known (), "");
  EXPECT_FALSE (kube_reflector_is_synced (reflector));
  EXPECT_EQ (n_flushes, 0);
  more = true;
  ASSERT_TRUE (WaitFor ([&] { return n_events == 1; })) << troubles;
  EXPECT_EQ (Known (), "a=5 b=8");
  EXPECT_EQ (n_lists, 1);
  EXPECT_TRUE (kube_reflector_is_synced (reflector));
  EXPECT_TRUE (kube_reflector_is_live (reflector));
  ASSERT_EQ (api.Requests ().size (), 1u);
  EXPECT_TRUE (api.Requests ()[0].Has (initial));
  EXPECT_TRUE (api.Requests ()[0].Has ("resourceVersion=0&allowWatchBookmarks=true"));
  EXPECT_TRUE (api.Requests ()[0].Has ("&resourceVersionMatch=NotOlderThan"));
  /* It goes on as a watch does. */
  over = true;
  ASSERT_TRUE (WaitFor ([&] { return api.Requests ().size () == 2; }));
  EXPECT_TRUE (api.Requests ()[1].Has ("watch=true&resourceVersion=8&"));
  EXPECT_FALSE (api.Requests ()[1].Has (initial));
}

TEST_F (KubeReflectorTest, ListsPlainlyWhereListsAreNotStreamed)
{
  std::atomic<int> n_watches{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has (initial))
      return c.Reply ("422 Unprocessable Entity",
                      capture ("45-watch-sendInitialEvents.txt", "{\"kind\""));
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5 + n_watches, object ("a", 3)));
    c.StartStream ();
    if (n_watches++ > 0)
      return (void) c.StaysOpen ();
    c.Chunk ("{\"type\":\"ERROR\",\"object\":" + status (410, "Expired", too_old) + "}\n");
    c.EndStream ();
  });

  Start (api, 0, true);
  ASSERT_TRUE (WaitFor ([&] { return n_watches == 2; })) << troubles;
  EXPECT_EQ (Known (), "a=3");
  EXPECT_EQ (n_lists, 2);
  EXPECT_EQ (troubles, "");
  /* Asked once, and not with the second list. */
  EXPECT_EQ (api.Requests (initial).size (), 1u);
}

TEST_F (KubeReflectorTest, KeepsWhatItKnowsWhenAStreamedListHasNoEnd)
{
  std::atomic<int> n_initial{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (20, object ("z", 19)));
    c.StartStream ();
    if (!r.Has (initial))
      return (void) c.StaysOpen ();
    c.Chunk (event ("ADDED", "a", 3));
    if (n_initial++ == 0)
      c.Chunk (marker (5) + "{\"type\":\"ERROR\",\"object\":" + status (410, "Gone", too_old)
               + "}\n");
    else
      c.Chunk (event ("ADDED", "x", 9));
    c.EndStream ();
  });

  Start (api, 0, true);
  ASSERT_TRUE (WaitFor ([&] { return troubles != ""; }));
  EXPECT_EQ (Known (), "a=3");
  EXPECT_EQ (troubles, "-:the API server streamed a list and not its end\n");
  ASSERT_TRUE (WaitFor ([&] { return n_lists == 2; }));
  EXPECT_EQ (Known (), "z=19");
  EXPECT_EQ (n_initial, 2);
  EXPECT_TRUE (api.Requests (initial)[1].Has ("resourceVersion=5&"));
}

/* As an API server says it whose etcd is too old. */
TEST_F (KubeReflectorTest, ListsPlainlyWhereAnEventRefusesAStream)
{
  std::atomic<int> n_watches{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5 + n_watches, object ("a", 3)));
    c.StartStream ();
    if (r.Has (initial))
      {
        c.Chunk (capture ("45-watch-sendInitialEvents-old-etcd.txt", "{\"type\""));
        return c.EndStream ();
      }
    if (n_watches++ > 0)
      return (void) c.StaysOpen ();
    c.Chunk ("{\"type\":\"ERROR\",\"object\":" + status (410, "Expired", too_old) + "}\n");
    c.EndStream ();
  });

  Start (api, 0, true);
  ASSERT_TRUE (WaitFor ([&] { return n_watches == 2; })) << troubles;
  EXPECT_EQ (n_lists, 2);
  EXPECT_EQ (troubles, "");
  EXPECT_EQ (api.Requests (initial).size (), 1u);
  EXPECT_NE (api.Requests (initial)[0].head.find ("Accept-Encoding: identity"), std::string::npos);
}

TEST_F (KubeReflectorTest, TakesAnErrorInTheMidstOfAStreamedList)
{
  std::atomic<int> n_initial{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (20, object ("z", 19)));
    c.StartStream ();
    if (!r.Has (initial))
      return (void) c.StaysOpen ();
    n_initial++;
    c.Chunk (event ("ADDED", "a", 3) + "{\"type\":\"ERROR\",\"object\":"
             + status (500, "InternalError", "etcdserver: mvcc: required revision") + "}\n");
    c.EndStream ();
  });

  Start (api, 0, true);
  ASSERT_TRUE (WaitFor ([&] { return n_lists == 1; })) << troubles;
  EXPECT_EQ (Known (), "z=19");
  EXPECT_EQ (n_initial, 1);
  EXPECT_EQ (troubles, "200:etcdserver: mvcc: required revision\n");
}

int
count_descriptors ()
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  int n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

TEST_F (KubeReflectorTest, LeavesNothingBehindWhenWatchesEnd)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &r) {
    static std::atomic<int> version{ 5 };

    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, object ("a", 3)));
    c.StartStream ();
    c.Chunk (event ("MODIFIED", "a", ++version));
    if (version % 2 == 0)
      c.EndStream ();
    else
      c.Close ();
  });
  int before;

  Start (api);
  ASSERT_TRUE (WaitFor ([&] { return n_events >= 8; }));
  before = count_descriptors ();
  ASSERT_TRUE (WaitFor ([&] { return n_events >= 40; }));
  /* The server lets go of its side in its own time. */
  EXPECT_TRUE (WaitFor ([&] { return count_descriptors () <= before + 6; }));
}
} // namespace
