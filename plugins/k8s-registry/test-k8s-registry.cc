/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry as services use it, against an API server that plays one pod.
 */
#include <atomic>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "../../tests/registry-test.h"
#include "../common/fake-api.h"

extern "C"
{
#include "../common/kube-clock.h"
  const MicroPluginInfo *micro_plugin_k8s_registry (void);
}

namespace
{
std::string
pod (const std::string &name,
     int version,
     const std::string &node,
     bool ready = true,
     const std::string &service = "greeter")
{
  return "{\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"prod\",\"uid\":\"uid-" + name
         + "\",\"resourceVersion\":\"" + std::to_string (version)
         + "\",\"labels\":{\"micro.mu/type\":\"service\"},\"annotations\":{\"micro.mu/"
           "service-greeter\":"
           "\"{\\\"name\\\":\\\""
         + service + "\\\",\\\"version\\\":\\\"1\\\",\\\"nodes\\\":[{\\\"id\\\":\\\"" + node
         + "\\\",\\\"address\\\":\\\":80\\\"}]}\"}},\"spec\":{},\"status\":{\"phase\":\"Running\","
           "\"podIP\":\"10.0.0."
         + std::to_string (version) + "\",\"conditions\":[{\"type\":\"Ready\",\"status\":\""
         + (ready ? "True" : "False") + "\"}]}}";
}

std::string
slice (const std::string &name, int version, const std::string &addresses)
{
  return "{\"metadata\":{\"name\":\"" + name + "\",\"namespace\":\"prod\",\"resourceVersion\":\""
         + std::to_string (version)
         + "\",\"labels\":{\"kubernetes.io/service-name\":\"legacy\"}},\"addressType\":\"IPv4\","
           "\"endpoints\":["
         + addresses
         + "],\"ports\":[{\"name\":\"web\",\"port\":80},{\"name\":\"grpc\",\"port\":90}]}";
}

std::string
list (int version, const std::string &items)
{
  return "{\"metadata\":{\"resourceVersion\":\"" + std::to_string (version) + "\"},\"items\":["
         + items + "]}";
}

std::string
event (const char *type, const std::string &object)
{
  return std::string ("{\"type\":\"") + type + "\",\"object\":" + object + "}\n";
}

template <typename... Options>
MicroRegistry *
make (const FakeApi &api, Options... options)
{
  return MICRO_REGISTRY (g_object_new (micro_plugin_k8s_registry ()->get_type (), "address",
                                       api.url.c_str (), "namespace", "prod", "pod-name", "me",
                                       options..., NULL));
}

class K8sRegistryTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    g_setenv ("POD_NAMESPACE", "prod", TRUE);
    kube_clock_set_virtual (TRUE);
  }

  void
  TearDown () override
  {
    while (g_main_context_iteration (NULL, FALSE))
      ;
    kube_clock_set_virtual (FALSE);
  }
};

TEST_F (K8sRegistryTest, FindsAServiceAndFollowsIt)
{
  std::atomic<int> step{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    EXPECT_TRUE (r.Has ("/api/v1/namespaces/prod/pods?labelSelector=micro.mu%2Fselector-greeter%3D"
                        "service"));
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, pod ("a", 1, "x") + "," + pod ("b", 2, "x", false)));
    c.StartStream ();
    while (step < 1 && c.StaysOpen (50))
      ;
    c.Chunk (event ("MODIFIED", pod ("b", 6, "x")) + event ("ADDED", pod ("c", 7, "x")));
    while (step < 2 && c.StaysOpen (50))
      ;
    c.Chunk (event ("DELETED", pod ("a", 8, "x")));
    c.StaysOpen ();
  });
  RegistryUser user (make (api));
  g_autoptr (MicroWatcher) watcher = NULL;

  EXPECT_EQ (user.Got ("greeter"), "greeter 1: greeter-a\n");
  EXPECT_EQ (user.Got ("greeter"), "greeter 1: greeter-a\n");
  watcher = user.Watch ("greeter");
  EXPECT_EQ (user.Next (watcher), "greeter 1: greeter-a");
  step = 1;
  EXPECT_EQ (user.Next (watcher), "greeter 1: greeter-a greeter-b greeter-c");
  step = 2;
  EXPECT_EQ (user.Next (watcher), "greeter 1: greeter-b greeter-c");
  EXPECT_EQ (user.Got ("greeter"), "greeter 1: greeter-b greeter-c\n");
  EXPECT_EQ (api.Requests ().size (), 2u) << "a lookup asks nothing once the list is there";
}

TEST_F (K8sRegistryTest, TellsNotThereFromNotReadyFromNotAllowed)
{
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has ("watch=true"))
      {
        c.StartStream ();
        c.StaysOpen ();
      }
    else if (r.Has ("selector-secret"))
      c.Reply (
          "403 Forbidden",
          "{\"message\":\"pods is forbidden: User \\\"system:serviceaccount:prod:web\\\" cannot "
          "list resource\",\"reason\":\"Forbidden\",\"code\":403}");
    else
      c.Reply ("200 OK", list (5, r.Has ("selector-greeter") ? pod ("b", 2, "x", false) : ""));
  });
  RegistryUser user (make (api));
  g_autoptr (GError) error = NULL;

  EXPECT_EQ (user.Got ("other"), "no service “other” in the namespace prod");
  EXPECT_EQ (
      user.Got ("greeter"),
      "none of the 1 instances of “greeter” in the namespace prod is ready; kubectl describe "
      "pod says why");
  EXPECT_EQ (user.Get ("secret", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_PERMISSION_DENIED));
  for (const char *part :
       { "list and watch", "namespace prod", "kind: Role\n", "verbs: [list, watch]", "name: web" })
    EXPECT_NE (strstr (error->message, part), nullptr) << part << ": " << error->message;
}

TEST_F (K8sRegistryTest, ListsWithOneWatchOfAll)
{
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK",
                      list (5, pod ("a", 1, "x") + "," + pod ("b", 2, "x", true, "other")));
    c.StartStream ();
    c.StaysOpen ();
  });
  RegistryUser user (make (api));

  EXPECT_EQ (user.Listed (), "greeter 1: greeter-a\nother 1: other-b\n");
  EXPECT_EQ (api.Requests ("micro.mu%2Ftype%3Dservice&resourceVersion=0").size (), 1u);
  EXPECT_EQ (user.Got ("other"), "other 1: other-b\n");
}

TEST_F (K8sRegistryTest, WatchesEverythingRatherThanTwentyServices)
{
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, r.Has ("micro.mu%2Ftype") || r.Has ("selector-greeter")
                                             ? pod ("a", 1, "x")
                                             : ""));
    c.StartStream ();
    c.StaysOpen ();
  });
  RegistryUser user (make (api));
  std::string name;

  for (int i = 0; i < 18; i++)
    user.Got ((name = "s" + std::to_string (i)).c_str ());
  EXPECT_EQ (user.Got ("greeter"), "greeter 1: greeter-a\n");
  EXPECT_EQ (api.Requests ("selector-greeter").size (), 0u);
  EXPECT_EQ (api.Requests ("micro.mu%2Ftype").size () > 0, true);
}

TEST_F (K8sRegistryTest, FindsServicesThatKnowNothingOfIt)
{
  const char *one = "{\"addresses\":[\"10.2.0.1\"]}", *two = "{\"addresses\":[\"10.2.0.2\"]}";
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (r.Has ("/v1/namespaces"))
      return c.Reply ("404 Not Found", "404 page not found\n", "", "text/plain");
    EXPECT_TRUE (
        r.Has ("/apis/discovery.k8s.io/v1beta1/namespaces/prod/endpointslices?labelSelector="
               "kubernetes.io%2Fservice-name%3Dlegacy"));
    if (!r.Has ("watch=true"))
      return c.Reply ("200 OK", list (5, slice ("s1", 3, one) + ","
                                             + slice ("s2", 4, std::string (one) + "," + two)));
    c.StartStream ();
    c.StaysOpen ();
  });
  RegistryUser user (make (api, "discovery", 1));

  EXPECT_EQ (user.Got ("legacy"), "legacy latest: 10.2.0.1:90 10.2.0.2:90\n");
  EXPECT_EQ (user.Got ("legacy:web"), "legacy:web latest: 10.2.0.1:80 10.2.0.2:80\n");
  EXPECT_EQ (user.Got ("legacy.prod:80"), "legacy.prod:80 latest: 10.2.0.1:80 10.2.0.2:80\n");
  EXPECT_EQ (user.Got ("legacy.dev"), "no service “legacy.dev” in the namespace prod");
}

TEST_F (K8sRegistryTest, KeepsWhatItKnowsWhenTheServerIsGone)
{
  std::atomic<int> n{ 0 };
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (n++ == 0)
      return c.Reply ("200 OK", list (5, pod ("a", 1, "x")));
    c.Close ();
  });
  RegistryUser user (make (api));

  EXPECT_EQ (user.Got ("greeter"), "greeter 1: greeter-a\n");
  EXPECT_TRUE (RegistryUser::Until ([&] { return n > 4; }));
  EXPECT_EQ (user.Got ("greeter"), "greeter 1: greeter-a\n");
}

/* --- Registering --- */

/* One pod, patched as the real server does. */
struct OnePod
{
  std::mutex mutex;
  std::map<std::string, std::string> keys; /* "labels" or "annotations", a blank, key → JSON */
  std::vector<std::string> patches;
  int version = 10;
  std::atomic<bool> changed{ false };
  std::atomic<bool> told{ false }; /* a watch has brought a change */

  std::string
  Json ()
  {
    std::string labels, annotations;

    for (const auto &pair : keys)
      {
        bool is_label = pair.first.compare (0, 7, "labels ") == 0;
        std::string &to = is_label ? labels : annotations;

        to += (to.empty () ? "\"" : ",\"") + pair.first.substr (pair.first.find (' ') + 1)
              + "\":" + pair.second;
      }
    return "{\"metadata\":{\"name\":\"me\",\"namespace\":\"prod\",\"uid\":\"u\","
           "\"resourceVersion\":\""
           + std::to_string (version) + "\",\"labels\":{" + labels + "},\"annotations\":{"
           + annotations + "}}}";
  }

  void
  Patch (const std::string &body)
  {
    for (const char *kind : { "labels", "annotations" })
      {
        size_t at = body.find (std::string ("\"") + kind + "\":{") + strlen (kind) + 4;

        while (body[at] == '"')
          {
            size_t end = body.find ('"', at + 1);
            std::string key = std::string (kind) + " " + body.substr (at + 1, end - at - 1);
            size_t value = end + 2;

            for (end = value + 1; body[value] == '"' && body[end] != '"'; end++)
              end += body[end] == '\\';
            if (body[value] == '"')
              {
                keys[key] = body.substr (value, end + 1 - value);
                at = end + 1;
              }
            else
              {
                EXPECT_EQ (body.substr (value, 4), "null");
                keys.erase (key);
                at = value + 4;
              }
            at += body[at] == ',';
          }
      }
    version++;
    patches.push_back (body);
    changed = true;
  }

  std::string
  Keys ()
  {
    std::lock_guard<std::mutex> lock (mutex);
    std::string all;

    for (const auto &pair : keys)
      all += pair.first + "\n";
    return all;
  }

  void
  operator() (FakeApi::Connection &c, const FakeApi::Request &r)
  {
    if (r.method == "PATCH")
      {
        std::lock_guard<std::mutex> lock (mutex);

        EXPECT_EQ (r.path, "/api/v1/namespaces/prod/pods/me");
        Patch (r.body);
        return c.Reply ("200 OK", Json ());
      }
    EXPECT_TRUE (r.Has ("/api/v1/namespaces/prod/pods?fieldSelector=metadata.name%3Dme"));
    if (!r.Has ("watch=true"))
      {
        std::lock_guard<std::mutex> lock (mutex);

        return c.Reply ("200 OK", list (version, Json ()));
      }
    c.StartStream ();
    while (c.StaysOpen (20))
      {
        if (changed.exchange (false))
          {
            std::lock_guard<std::mutex> lock (mutex);

            c.Chunk (event ("MODIFIED", Json ()));
            c.Arrives ();
            told = true;
          }
      }
  }
};

const char greeter_keys[] = "annotations micro.mu/service-greeter\n"
                            "labels micro.mu/selector-greeter\n"
                            "labels micro.mu/type\n";

TEST_F (K8sRegistryTest, WritesItsRecordAndTakesItBack)
{
  OnePod one;
  FakeApi api (std::ref (one));
  RegistryUser user (make (api));
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "g" });
  g_autoptr (MicroService) other = make_service ("other", "1", { "o" });

  one.keys["labels app"] = "\"mine\"";
  EXPECT_EQ (user.Register (greeter), "");
  EXPECT_EQ (one.Keys (), std::string (greeter_keys).insert (37, "labels app\n"));
  EXPECT_EQ (
      one.patches[0],
      "{\"metadata\":{\"labels\":{\"micro.mu/selector-greeter\":\"service\",\"micro.mu/type\":"
      "\"service\"},\"annotations\":{\"micro.mu/service-greeter\":\"{\\\"name\\\":"
      "\\\"greeter\\\",\\\"version\\\":\\\"1\\\",\\\"metadata\\\":null,\\\"endpoints\\\":[],"
      "\\\"nodes\\\":[{\\\"id\\\":\\\"g\\\",\\\"address\\\":\\\"g:1\\\",\\\"metadata\\\":null}]"
      "}\"}}}");
  EXPECT_EQ (user.Register (other), "");
  EXPECT_NE (one.patches[1].find ("\"uid\":\"u\""), std::string::npos);
  EXPECT_EQ (user.Deregister (other), "");
  EXPECT_EQ (one.Keys (), std::string (greeter_keys).insert (37, "labels app\n"));
  EXPECT_EQ (user.Deregister (greeter), "");
  EXPECT_EQ (one.Keys (), "labels app\n");
}

TEST_F (K8sRegistryTest, LeavesTheTypeToAnotherContainer)
{
  OnePod one;
  FakeApi api (std::ref (one));
  RegistryUser user (make (api, "container", "c1"));
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "g" });

  one.keys["annotations micro.mu/service-web"] = "\"{}\"";
  one.keys["labels micro.mu/type"] = "\"service\"";
  EXPECT_EQ (user.Register (greeter), "");
  EXPECT_NE (one.Keys ().find ("micro.mu/service-greeter.c1\n"), std::string::npos);
  EXPECT_EQ (user.Deregister (greeter), "");
  EXPECT_EQ (one.Keys (), "annotations micro.mu/service-web\nlabels micro.mu/type\n");
}

TEST_F (K8sRegistryTest, WritesNothingAgainWhileItStands)
{
  OnePod one;
  FakeApi api (std::ref (one));
  RegistryUser user (make (api));
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "g" });

  EXPECT_EQ (user.Register (greeter), "");
  EXPECT_TRUE (RegistryUser::Until ([&] { return api.Requests ("watch=true").size () > 0; }));
  EXPECT_TRUE (RegistryUser::Until ([&] { return one.told.load (); }));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (int i = 0; i < 5; i++)
    EXPECT_EQ (user.Register (greeter), "");
  EXPECT_EQ (one.patches.size (), 1u);
}

TEST_F (K8sRegistryTest, PutsBackWhatSomebodyRemoved)
{
  OnePod one;
  FakeApi api (std::ref (one));
  RegistryUser user (make (api));
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "g" });

  EXPECT_EQ (user.Register (greeter), "");
  EXPECT_TRUE (RegistryUser::Until ([&] { return api.Requests ("watch=true").size () > 0; }));
  {
    std::lock_guard<std::mutex> lock (one.mutex);

    one.keys.clear ();
    one.version++;
    one.changed = true;
  }
  EXPECT_TRUE (RegistryUser::Until ([&] { return one.Keys () == greeter_keys; }));
}

TEST_F (K8sRegistryTest, SaysWhatItMayNotAndDoesNotStorm)
{
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &) {
    c.Reply (
        "403 Forbidden",
        "{\"message\":\"pods \\\"me\\\" is forbidden: User \\\"system:serviceaccount:prod:web\\\" "
        "cannot patch resource\",\"reason\":\"Forbidden\",\"code\":403}");
  });
  RegistryUser user (make (api));
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "g" });
  std::string error = user.Register (greeter);

  for (const char *part : { "get and patch pods", "namespace prod", "verbs: [get, patch]",
                            "name: web, namespace: prod" })
    EXPECT_NE (error.find (part), std::string::npos) << part << ": " << error;
  for (int i = 0; i < 5; i++)
    EXPECT_EQ (user.Register (greeter), error);
  EXPECT_EQ (api.Requests ().size (), 1u);
}

TEST_F (K8sRegistryTest, PrintsTheTemplateOfAStaticRecord)
{
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    EXPECT_EQ (r.method, "GET");
    c.Reply ("200 OK", "{\"metadata\":{\"name\":\"me\",\"namespace\":\"prod\",\"uid\":\"u\"}}");
  });
  RegistryUser user (make (api, "register", 1));
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "g" });
  std::string error = user.Register (greeter);

  EXPECT_NE (error.find ("    micro.mu/selector-greeter: service\n    micro.mu/type: service\n"),
             std::string::npos)
      << error;
  EXPECT_NE (error.find ("\"nodes\":[{\"id\":\"greeter\",\"address\":\":1\""), std::string::npos);
}

TEST_F (K8sRegistryTest, SaysThatNoClusterIsConfigured)
{
  RegistryUser user (
      MICRO_REGISTRY (g_object_new (micro_plugin_k8s_registry ()->get_type (), NULL)));

  g_unsetenv ("KUBECONFIG");
  g_unsetenv ("KUBERNETES_SERVICE_HOST");
  EXPECT_NE (user.Got ("greeter").find ("no Kubernetes cluster is configured"), std::string::npos);
}
} // namespace
