/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What pods and slices are read as; some of them recorded from a real API server.
 */
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C"
{
#include "../common/kube-splitter.h"
#include "kube-map.h"
}

namespace
{
const char ready[] = "{\"type\":\"Ready\",\"status\":\"True\"}";

std::string
escape (const std::string &text)
{
  std::string escaped;

  for (char c : text)
    escaped += c == '"' || c == '\\' ? std::string ("\\") + c : std::string (1, c);
  return escaped;
}

/* A pod as the API server writes it, with @record as its annotation. */
std::string
pod (const std::string &record,
     const std::string &conditions = ready,
     const std::string &status = "\"phase\":\"Running\",\"podIP\":\"10.1.0.1\",\"podIPs\":"
                                 "[{\"ip\":\"10.1.0.1\"},{\"ip\":\"fd00::1\"}]",
     const std::string &metadata = "",
     const std::string &spec = "")
{
  return "{\"metadata\":{\"name\":\"p\",\"namespace\":\"prod\",\"uid\":\"u1\","
         "\"creationTimestamp\":\"2026-11-23T04:48:53Z\","
         + metadata + "\"annotations\":{\"other\":\"{\",\"micro.mu/service-x\":\"" + escape (record)
         + "\"}},\"spec\":{" + spec + "\"containers\":[]},\"status\":{" + status
         + ",\"conditions\":[{\"type\":\"Initialized\",\"status\":\"True\"}," + conditions + "]}}";
}

std::string
greeter (const std::string &address)
{
  return "{\"name\":\"greeter\",\"version\":\"1\",\"nodes\":[{\"id\":\"g-1\",\"address\":\""
         + address + "\"}]}";
}

std::string
show (KubeEntry *entry)
{
  std::string text;

  if (entry == NULL)
    return "none";
  for (guint i = 0; i < entry->offers->len; i++)
    {
      KubeOffer *offer = &g_array_index (entry->offers, KubeOffer, i);
      static const char *const states[] = { "up", "not-ready", "draining" };

      text += std::string (text.empty () ? "" : " ") + micro_service_get_name (offer->shape) + "@"
              + micro_service_get_version (offer->shape) + "/" + micro_node_get_id (offer->node)
              + "=" + micro_node_get_address (offer->node) + ":" + states[offer->state];
    }
  return text;
}

class KubeMapTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    map = kube_map_new ();
  }

  void
  TearDown () override
  {
    kube_map_free (map);
  }

  std::string
  Pod (const std::string &json)
  {
    g_autoptr (KubeEntry) entry = kube_map_pod (map, json.data (), json.size ());

    return show (entry);
  }

  std::string
  Slice (const std::string &json)
  {
    g_autoptr (KubeEntry) entry = kube_map_slice (map, json.data (), json.size ());

    return show (entry);
  }

  KubeMap *map;
};

/* The body of a recorded answer: from the first brace at the beginning of a line. */
std::string
recorded_body (const char *name)
{
  g_autofree char *path
      = g_build_filename (g_getenv ("abs_top_srcdir"), "plugins/common/captures", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  EXPECT_TRUE (g_file_get_contents (path, &text, NULL, &error)) << error->message;
  return text != NULL ? std::string (strstr (text, "\n{") + 1) : "";
}

gboolean
keep (const char *json, gsize length, gpointer user_data)
{
  ((std::vector<std::string> *) user_data)->push_back (std::string (json, length));
  return TRUE;
}

std::vector<std::string>
recorded_list (const char *name)
{
  std::vector<std::string> objects;
  g_autoptr (KubeSplitter) splitter = kube_splitter_new_list (keep, &objects);
  std::string body = recorded_body (name);

  EXPECT_TRUE (kube_splitter_feed (splitter, body.data (), body.size (), NULL));
  EXPECT_TRUE (kube_splitter_is_complete (splitter));
  return objects;
}

/* Its one offer. */
KubeOffer *
only (KubeEntry *entry)
{
  return entry != NULL && entry->offers->len == 1 ? &g_array_index (entry->offers, KubeOffer, 0)
                                                  : NULL;
}

TEST_F (KubeMapTest, KeepsOnceWhatReplicasSayAlike)
{
  const std::string before
      = "{\"name\":\"greeter\",\"endpoints\":[{\"name\":\"Say.Hello\"}],\"nodes\":[{\"id\":\"";
  const std::string after
      = "\",\"address\":\":80\",\"metadata\":{\"protocol\":\"grpc\"}}],\"version\":\"";
  std::string texts[] = { pod (before + "a" + after + "1\"}"), pod (before + "b" + after + "1\"}"),
                          pod (before + "b" + after + "2\"}") };
  g_autoptr (KubeEntry) a = kube_map_pod (map, texts[0].data (), texts[0].size ());
  g_autoptr (KubeEntry) b = kube_map_pod (map, texts[1].data (), texts[1].size ());
  g_autoptr (KubeEntry) other = kube_map_pod (map, texts[2].data (), texts[2].size ());

  ASSERT_TRUE (only (a) != NULL && only (b) != NULL && only (other) != NULL);
  EXPECT_EQ (only (a)->shape, only (b)->shape);
  EXPECT_EQ (micro_service_get_endpoints (only (a)->shape)->len, 1u);
  EXPECT_NE (only (a)->shape, only (other)->shape);
  EXPECT_EQ (micro_node_get_metadata (only (a)->node),
             micro_node_get_metadata (only (other)->node));
  EXPECT_STREQ (micro_metadata_lookup (micro_node_get_metadata (only (a)->node), "protocol"),
                "grpc");
}

/* Each record is read as it was when there was only the one way to read it. */
TEST_F (KubeMapTest, ReadsNodesWhereverTheyStand)
{
  const std::string node = "[{\"id\":\"n\",\"address\":\":80\"}]";

  for (int again = 0; again < 2; again++)
    {
      EXPECT_EQ (Pod (pod ("{\"nodes\":" + node + ",\"name\":\"x\"}")),
                 "x@latest/x-p=10.1.0.1:80:up");
      EXPECT_EQ (Pod (pod ("{\"nodes\":" + node + ",\"name\":\"x\",\"nodes\":null}")), "");
      EXPECT_EQ (Pod (pod ("{\"nodes\":[],\"name\":\"x\",\"nodes\":" + node + "}")),
                 "x@latest/x-p=10.1.0.1:80:up");
      EXPECT_EQ (
          Pod (pod ("{\"name\":\"x\",\"metadata\":{\"nodes\":\"y\"},\"nodes\" : " + node + " }")),
          "x@latest/x-p=10.1.0.1:80:up");
      EXPECT_EQ (Pod (pod ("{\"name\":\"x\",\"nodes\":{}}")), "");
    }
  EXPECT_EQ (map->n_bad_records, 0u);
  for (const char *bad :
       { "{\"nodes\":[]}", "{\"name\":\"x\",\"nodes\":[}]}", "{\"name\":\"x\",\"nodes\":[]}}",
         "{\"name\":\"x\",\"nodes\":[1 2]}", "{\"name\":\"x\" \"nodes\":[]}",
         "{\"name\":\"x\",\"nodes\":", "{\"name\":\"x\",\"nodes\":[],}" })
    EXPECT_EQ (Pod (pod (bad)), "") << bad;
  EXPECT_EQ (map->n_bad_records, 7u);
}

/* Records that differ every time are not kept for ever. */
TEST_F (KubeMapTest, ForgetsWhatIsNoLongerSaid)
{
  for (int i = 0; i < 10000; i++)
    {
      std::string text
          = pod ("{\"name\":\"x\",\"version\":\"" + std::to_string (i)
                 + "\",\"nodes\":[{\"id\":\"n\",\"address\":\":80\",\"metadata\":{\"i\":\""
                 + std::to_string (i) + "\"}}]}");
      g_autoptr (KubeEntry) entry = kube_map_pod (map, text.data (), text.size ());

      ASSERT_TRUE (only (entry) != NULL);
    }
  EXPECT_LE (g_hash_table_size (map->shapes), 4096u);
  EXPECT_LE (g_hash_table_size (map->shapes_by_text), 4096u);
  EXPECT_LE (g_hash_table_size (map->metadata), 4096u);
}

TEST_F (KubeMapTest, ReadsRecordedPods)
{
  std::vector<std::string> pods = recorded_list ("30-list-labelselector.txt");

  ASSERT_EQ (pods.size (), 3u);
  EXPECT_EQ (Pod (pods[0]), "greeter@1.0.0/greeter-1=10.1.0.1:9090:up");
  EXPECT_EQ (g_hash_table_size (map->shapes), 1u);
}

TEST_F (KubeMapTest, ReadsRecordedSlices)
{
  std::vector<std::string> slices = recorded_list ("50-endpointslices-v1beta1.txt");
  g_autoptr (KubeEntry) entry = NULL;
  KubeOffer *offer;

  ASSERT_EQ (slices.size (), 2u);
  EXPECT_EQ (Slice (slices[0]), "legacy@latest/10.2.0.1:9090=10.2.0.1:9090:up "
                                "legacy@latest/10.2.0.2:9090=10.2.0.2:9090:not-ready");
  EXPECT_EQ (Slice (slices[1]), "legacy@latest/[fd00:2::1]:9090=[fd00:2::1]:9090:up");
  entry = kube_map_slice (map, slices[0].data (), slices[0].size ());
  offer = &g_array_index (entry->offers, KubeOffer, 0);
  EXPECT_STREQ (micro_metadata_lookup (micro_node_get_metadata (offer->node), "zone"), "a");
  EXPECT_STREQ (offer->port_name, "grpc");
  EXPECT_EQ (offer->family, 4);
}

TEST_F (KubeMapTest, JudgesAPodByItsConditionAndDeletion)
{
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1:80"))), "greeter@1/g-1=10.1.0.1:80:up");
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1:80"), "{\"type\":\"Ready\",\"status\":\"False\"}")),
             "greeter@1/g-1=10.1.0.1:80:not-ready");
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1:80"), "{\"status\":\"Unknown\",\"type\":\"Ready\"}")),
             "greeter@1/g-1=10.1.0.1:80:not-ready");
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1:80"), ready, "\"phase\":\"Pending\"")),
             "greeter@1/g-1=10.1.0.1:80:not-ready");
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1:80"), ready, "\"phase\":\"Running\"",
                       "\"deletionTimestamp\":\"2026-11-23T04:49:53Z\",")),
             "greeter@1/g-1=10.1.0.1:80:draining");
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1:80"), ready, "\"phase\":\"Failed\"")), "");
  map->ready_when_running = TRUE;
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1:80"), "{\"type\":\"Ready\",\"status\":\"False\"}")),
             "greeter@1/g-1=10.1.0.1:80:up");
}

TEST_F (KubeMapTest, BelievesAnAddressOnlyIfItIsThePods)
{
  const char *host
      = "\"phase\":\"Running\",\"hostIP\":\"192.0.2.7\",\"podIPs\":[{\"ip\":\"10.1.0.1\"}]";

  EXPECT_EQ (Pod (pod (greeter ("[fd00::1]:80"))), "greeter@1/g-1=[fd00::1]:80:up");
  EXPECT_EQ (Pod (pod (greeter ("10.9.9.9:80"))), "");
  EXPECT_EQ (map->n_stale_records, 1u);
  EXPECT_EQ (Pod (pod (greeter ("192.0.2.7:80"), ready, host)), "");
  EXPECT_EQ (Pod (pod (greeter ("192.0.2.7:80"), ready, host, "", "\"hostNetwork\":true,")),
             "greeter@1/g-1=192.0.2.7:80:up");
  EXPECT_EQ (Pod (pod (greeter ("greeter-0.greeter:80"))), "greeter@1/g-1=greeter-0.greeter:80:up");
}

TEST_F (KubeMapTest, PutsThePodsAddressWhereTheTemplateHasNone)
{
  for (const char *address : { ":80", "0.0.0.0:80", "[::]:80" })
    EXPECT_EQ (Pod (pod (greeter (address))), "greeter@1/greeter-p=10.1.0.1:80:up");
  map->family = 6;
  EXPECT_EQ (Pod (pod (greeter (":80"))), "greeter@1/greeter-p=[fd00::1]:80:up");
}

TEST_F (KubeMapTest, ReadsWhatGoMicroWrites)
{
  EXPECT_EQ (Pod (pod ("{\"name\":\"a/b\",\"version\":null,\"metadata\":null,\"endpoints\":null,"
                       "\"nodes\":[{\"id\":\"n\",\"address\":\"10.1.0.1\",\"port\":8080,"
                       "\"metadata\":null,\"junk\":[1]},null,7]}")),
             "a/b@latest/n=10.1.0.1:8080:up");
  EXPECT_EQ (Pod (pod ("{\"name\":\"a\",\"nodes\":null}")), "");
}

TEST_F (KubeMapTest, SkipsABadRecordAlone)
{
  std::string good = escape (greeter ("10.1.0.1:80"));
  std::string json = pod ("{\"nam");

  json.replace (json.find ("\"other\""), 7, "\"micro.mu/service-g\":\"" + good + "\",\"other\"");
  EXPECT_EQ (Pod (json), "greeter@1/g-1=10.1.0.1:80:up");
  EXPECT_EQ (map->n_bad_records, 1u);
  EXPECT_EQ (Pod (pod (greeter ("10.1.0.1"))), "");
  EXPECT_EQ (Pod ("{\"metadata\":{\"name\":\"p\",\"annotations\":null},\"status\":null}"), "");
  EXPECT_EQ (Pod ("{\"metadata\":{\"name\":\"p\",\"annot"), "none");
  EXPECT_EQ (Pod ("{}"), "none");
  EXPECT_EQ (Pod ("[]"), "none");
}

std::string
slice (const std::string &endpoints, const std::string &ports, const char *type = "IPv4")
{
  return std::string ("{\"metadata\":{\"name\":\"s-1\",\"namespace\":\"prod\",\"labels\":{"
                      "\"kubernetes.io/service-name\":\"s\",\"app.kubernetes.io/version\":\"2\"}},"
                      "\"addressType\":\"")
         + type + "\",\"endpoints\":" + endpoints + ",\"ports\":" + ports + "}";
}

const char grpc_port[] = "[{\"name\":\"grpc\",\"port\":90,\"protocol\":\"TCP\"}]";

TEST_F (KubeMapTest, ReadsTheConditionsOfEndpoints)
{
  struct
  {
    const char *conditions;
    const char *state;
  } cases[] = { { "{\"ready\":true}", "up" },
                { "{\"ready\":null}", "up" },
                { "{}", "up" },
                { "null", "up" },
                { "{\"ready\":false}", "not-ready" },
                { "{\"ready\":false,\"serving\":true,\"terminating\":true}", "draining" },
                { "{\"ready\":false,\"serving\":false,\"terminating\":true}", "draining" },
                /* publishNotReadyAddresses */
                { "{\"ready\":true,\"serving\":false,\"terminating\":true}", "up" } };

  for (const auto &one : cases)
    EXPECT_EQ (Slice (slice (std::string ("[{\"addresses\":[\"10.2.0.1\"],\"targetRef\":{\"kind\":"
                                          "\"Pod\",\"name\":\"s-abc\"},\"conditions\":")
                                 + one.conditions + "}]",
                             grpc_port)),
               std::string ("s@2/s-abc=10.2.0.1:90:") + one.state)
        << one.conditions;
}

TEST_F (KubeMapTest, TakesSlicesWithNulls)
{
  EXPECT_EQ (Slice (slice ("null", grpc_port)), "");
  EXPECT_EQ (Slice (slice ("[{\"addresses\":[\"10.2.0.1\"]}]", "null")), "");
  EXPECT_EQ (Slice (slice ("[{\"addresses\":null},{\"addresses\":[]}]", grpc_port)), "");
  EXPECT_EQ (Slice (slice ("[{\"addresses\":[\"10.2.0.1\"]}]", "[{\"port\":null}]")), "");
  EXPECT_EQ (Slice (slice ("[{\"addresses\":[\"example.org\"]}]", grpc_port, "FQDN")), "");
}

TEST_F (KubeMapTest, PrefersThePortThatSpeaksGrpc)
{
  const char *endpoint
      = "[{\"addresses\":[\"10.2.0.1\"],\"zone\":\"z\",\"nodeName\":\"n\",\"hints\":"
        "{\"forZones\":[{\"name\":\"z\"},{\"name\":\"y\"}]}}]";
  struct
  {
    const char *ports;
    guint16 preferred;
  } cases[] = {
    { "[{\"name\":\"metrics\",\"port\":1},{\"name\":\"grpc\",\"port\":2}]", 2 },
    { "[{\"name\":\"a\",\"port\":1},{\"name\":\"b\",\"port\":2,\"appProtocol\":\"grpc\"}]", 2 },
    { "[{\"name\":\"a\",\"port\":1},{\"name\":\"b\",\"port\":2,\"appProtocol\":"
      "\"kubernetes.io/h2c\"}]",
      2 },
    { "[{\"name\":\"grpc\",\"port\":1,\"appProtocol\":\"http\"},{\"name\":\"grpc-web\",\"port\":2}"
      "]",
      2 },
    { "[{\"name\":\"a\",\"port\":1},{\"name\":\"b\",\"port\":2}]", 1 },
    { "[{\"name\":\"grpc\",\"port\":1,\"protocol\":\"UDP\"},{\"name\":\"b\",\"port\":2}]", 2 },
  };

  for (const auto &one : cases)
    {
      std::string json = slice (endpoint, one.ports);
      g_autoptr (KubeEntry) entry = kube_map_slice (map, json.data (), json.size ());

      for (guint i = 0; i < entry->offers->len; i++)
        {
          KubeOffer *offer = &g_array_index (entry->offers, KubeOffer, i);

          EXPECT_EQ (offer->preferred, offer->port == one.preferred) << one.ports;
          EXPECT_STREQ (offer->hints, "z,y");
          EXPECT_STREQ (micro_metadata_lookup (micro_node_get_metadata (offer->node), "node"), "n");
        }
    }
}

TEST_F (KubeMapTest, MakesALabelOfEveryName)
{
  struct
  {
    const char *name;
    const char *key;
  } cases[] = { { "greeter", "greeter" },
                { "go.micro.srv.x", "go.micro.srv.x" },
                { "topic:foo", "topic_foo" },
                { "a/b", "a_b" } };
  std::string long_name (55, 'a');

  for (const auto &one : cases)
    {
      g_autofree char *key = kube_map_key_of_name (one.name);

      EXPECT_STREQ (key, one.key);
    }
  for (const std::string &name :
       { long_name, std::string ("a-"), std::string ("-a"), std::string ("é") })
    {
      g_autofree char *key = kube_map_key_of_name (name.c_str ());

      EXPECT_EQ (strlen (key), 34u);
      EXPECT_EQ (strncmp (key, "h-", 2), 0);
    }
}
} // namespace
