/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The records: what is equal, and go-micro's JSON both ways.
 */
#include <thread>

#include <gtest/gtest.h>

#include "../registry-test.h"

namespace
{
/* As go-micro v2 writes registry.Service: every key, null for what is not there. */
const char *const greeter_json
    = "{\"name\":\"greeter\",\"version\":\"latest\",\"metadata\":null,\"endpoints\":[{"
      "\"name\":\"Say.Hello\",\"request\":{\"name\":\"Request\",\"type\":\"Request\",\"values\":[{"
      "\"name\":\"name\",\"type\":\"string\",\"values\":null}]},\"response\":{\"name\":"
      "\"Response\",\"type\":\"Response\",\"values\":[{\"name\":\"msg\",\"type\":\"string\","
      "\"values\":null}]},\"metadata\":{\"stream\":\"true\"}}],\"nodes\":[{\"id\":\"greeter-6f1e\","
      "\"address\":\"10.1.2.3:8080\",\"metadata\":{\"broker\":\"http\",\"protocol\":\"grpc\","
      "\"registry\":\"kubernetes\",\"server\":\"grpc\",\"transport\":\"grpc\"}}]}";

MicroService *
parse (const std::string &json)
{
  g_autoptr (GError) error = nullptr;
  MicroService *service = micro_service_from_json (json.c_str (), (gssize) json.size (), &error);

  EXPECT_TRUE ((service == nullptr) == (error != nullptr));
  return service;
}

std::string
why_not (const std::string &json)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (MicroService) service
      = micro_service_from_json (json.c_str (), (gssize) json.size (), &error);

  EXPECT_EQ (service, nullptr) << json.substr (0, 100);
  return error != nullptr ? error->message : "";
}

std::string
print (MicroService *service)
{
  g_autofree char *json = micro_service_to_json (service, FALSE);

  return json;
}

MicroNode *
first_node (MicroService *service)
{
  return (MicroNode *) g_ptr_array_index (micro_service_get_nodes (service), 0);
}

/* The address of the one node of a record, or "" if there is none. */
std::string
address_of (const std::string &node)
{
  g_autoptr (MicroService) service = parse ("{\"name\":\"x\",\"nodes\":[" + node + "]}");

  if (micro_service_get_nodes (service)->len == 0)
    return "";
  return micro_node_get_address (first_node (service));
}
}

TEST (Metadata, IsSortedAndTakesTheLastOfEqualKeys)
{
  const char *const pairs[] = { "b", "1", "a", "2", "b", "3", "", "4", "a", "5", nullptr };
  g_autoptr (MicroMetadata) metadata = micro_metadata_new_from_pairs (pairs);
  g_autoptr (MicroMetadata) same = micro_metadata_new ("", "4", "a", "5", "b", "3", nullptr);
  g_autoptr (MicroMetadata) other = micro_metadata_with (same, "b", "x");
  g_autoptr (MicroMetadata) longer = micro_metadata_with (same, "c", "x");

  ASSERT_EQ (micro_metadata_get_length (metadata), 3u);
  EXPECT_STREQ (micro_metadata_get_key (metadata, 0), "");
  EXPECT_STREQ (micro_metadata_lookup (metadata, "a"), "5");
  EXPECT_STREQ (micro_metadata_lookup (metadata, "b"), "3");
  EXPECT_EQ (micro_metadata_lookup (metadata, "c"), nullptr);
  EXPECT_TRUE (micro_metadata_equal (metadata, same));
  EXPECT_FALSE (micro_metadata_equal (same, other));
  EXPECT_FALSE (micro_metadata_equal (same, longer));
  EXPECT_FALSE (micro_metadata_equal (same, nullptr));
  EXPECT_STREQ (micro_metadata_lookup (same, "b"), "3") << "a record never changes";
}

TEST (Metadata, OfNothingIsNull)
{
  const char *const none[] = { nullptr };

  EXPECT_EQ (micro_metadata_new (nullptr, nullptr), nullptr);
  EXPECT_EQ (micro_metadata_new_from_pairs (none), nullptr);
  EXPECT_EQ (micro_metadata_new_from_pairs (nullptr), nullptr);
  EXPECT_EQ (micro_metadata_ref (nullptr), nullptr);
  EXPECT_EQ (micro_metadata_get_length (nullptr), 0u);
  EXPECT_TRUE (micro_metadata_equal (nullptr, nullptr));
}

TEST (Metadata, TakesAHundredThousandKeys)
{
  std::vector<std::string> keys;
  std::vector<const char *> pairs;

  for (int i = 0; i < 100000; i++)
    keys.push_back (std::to_string (i % 50000));
  for (const std::string &key : keys)
    pairs.insert (pairs.end (), { key.c_str (), "v" });
  pairs.push_back (nullptr);
  g_autoptr (MicroMetadata) metadata = micro_metadata_new_from_pairs (pairs.data ());
  EXPECT_EQ (micro_metadata_get_length (metadata), 50000u);
}

TEST (Node, IsEqualByIdAddressAndMetadata)
{
  g_autoptr (MicroMetadata) metadata = micro_metadata_new ("k", "v", nullptr);
  g_autoptr (MicroNode) node = micro_node_new ("a", "h:1", metadata);
  g_autoptr (MicroNode) same = micro_node_new ("a", "h:1", metadata);
  g_autoptr (MicroNode) id = micro_node_new ("b", "h:1", metadata);
  g_autoptr (MicroNode) address = micro_node_new ("a", "h:2", metadata);
  g_autoptr (MicroNode) plain = micro_node_new ("a", "h:1", nullptr);

  EXPECT_TRUE (micro_node_equal (node, same));
  EXPECT_EQ (micro_node_hash (node), micro_node_hash (same));
  EXPECT_FALSE (micro_node_equal (node, id));
  EXPECT_FALSE (micro_node_equal (node, address));
  EXPECT_FALSE (micro_node_equal (node, plain));
  EXPECT_NE (micro_node_hash (node), micro_node_hash (address));
}

TEST (Endpoint, IsEqualByNameShapesAndMetadata)
{
  g_autoptr (MicroValue) inner = micro_value_new ("name", "string", nullptr);
  g_autoptr (GPtrArray) fields = g_ptr_array_new ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (MicroMetadata) stream = micro_metadata_new ("stream", "true", nullptr);

  g_ptr_array_add (fields, inner);
  {
    g_autoptr (MicroValue) value = micro_value_new ("Request", "Request", fields);
    g_autoptr (MicroValue) same = micro_value_new ("Request", "Request", fields);
    g_autoptr (MicroValue) empty = micro_value_new ("Request", "Request", none);
    g_autoptr (MicroEndpoint) one = micro_endpoint_new ("Say.Hello", value, nullptr, nullptr);
    g_autoptr (MicroEndpoint) two = micro_endpoint_new ("Say.Hello", same, nullptr, nullptr);
    g_autoptr (MicroEndpoint) other = micro_endpoint_new ("Say.Hello", empty, nullptr, nullptr);
    g_autoptr (MicroEndpoint) three = micro_endpoint_new ("Say.Hello", value, nullptr, stream);
    g_autoptr (MicroEndpoint) four = micro_endpoint_new ("Say.Hello", value, value, nullptr);

    EXPECT_TRUE (micro_value_equal (value, same));
    EXPECT_FALSE (micro_value_equal (value, empty));
    EXPECT_EQ (micro_value_get_values (empty), nullptr);
    EXPECT_TRUE (micro_endpoint_equal (one, two));
    EXPECT_FALSE (micro_endpoint_equal (one, other));
    EXPECT_FALSE (micro_endpoint_equal (one, three));
    EXPECT_FALSE (micro_endpoint_equal (one, four));
  }
}

TEST (Service, NeverChanges)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_autoptr (MicroService) before = nullptr;
  g_autoptr (MicroService) after = nullptr;
  g_autoptr (MicroService) none = nullptr;

  g_ptr_array_add (nodes, micro_node_new ("a", "h:1", nullptr));
  before = micro_service_new ("x", nullptr, nullptr, nullptr, nodes);
  g_ptr_array_add (nodes, micro_node_new ("b", "h:2", nullptr));
  after = micro_service_with_nodes (before, nodes);
  none = micro_service_with_nodes (before, nullptr);
  EXPECT_EQ (describe (before), "x latest: a");
  EXPECT_EQ (describe (after), "x latest: a b");
  EXPECT_EQ (describe (none), "x latest:");
  EXPECT_FALSE (micro_service_equal (before, after));
  EXPECT_FALSE (micro_service_equal (before, none));
  EXPECT_TRUE (micro_service_equal (before, before));
}

TEST (Service, IsReferencedOnManyThreads)
{
  g_autoptr (MicroService) service = make_service ("shared", "1", { "a", "b" });
  std::vector<std::thread> threads;

  for (int t = 0; t < 4; t++)
    threads.emplace_back ([service] {
      for (int i = 0; i < 10000; i++)
        {
          g_autoptr (MicroService) mine = micro_service_ref (service);
          g_autoptr (MicroService) other = make_service ("shared", "1", { "a", "b" });

          if (!micro_service_equal (mine, other))
            ADD_FAILURE ();
        }
    });
  for (std::thread &thread : threads)
    thread.join ();
}

TEST (Event, IsASnapshotOrSaysThatThereIsNone)
{
  g_autoptr (GPtrArray) services
      = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_autoptr (GError) reason = g_error_new (MICRO_ERROR, MICRO_STATUS_NOT_FOUND, "none");
  g_autoptr (MicroEvent) event = nullptr;
  g_autoptr (MicroEvent) gone = micro_event_new_gone ("x", reason);

  g_ptr_array_add (services, make_service ("x", "1", { "a" }));
  event = micro_event_new_snapshot ("x", services);
  EXPECT_EQ (micro_event_get_kind (event), MICRO_EVENT_SNAPSHOT);
  EXPECT_STREQ (micro_event_get_name (event), "x");
  ASSERT_EQ (micro_event_get_services (event)->len, 1u);
  EXPECT_EQ (micro_event_get_services (event)->pdata[0], services->pdata[0]);
  EXPECT_EQ (micro_event_get_reason (event), nullptr);
  EXPECT_EQ (micro_event_get_kind (gone), MICRO_EVENT_GONE);
  EXPECT_EQ (micro_event_get_services (gone), nullptr);
  EXPECT_STREQ (micro_event_get_reason (gone)->message, "none");
}

TEST (Node, KnowsItsZoneWeightAndStateByItsMetadata)
{
  g_autoptr (MicroMetadata) metadata
      = micro_metadata_new ("zone", "eu-1", "weight", "7", "state", "draining", nullptr);
  g_autoptr (MicroMetadata) junk = micro_metadata_new ("weight", "-3", "state", "odd", nullptr);
  g_autoptr (MicroNode) node = micro_node_new ("a", "a:1", metadata);
  g_autoptr (MicroNode) plain = micro_node_new ("a", "a:1", nullptr);
  g_autoptr (MicroNode) strange = micro_node_new ("a", "a:1", junk);

  EXPECT_STREQ (micro_node_get_zone (node), "eu-1");
  EXPECT_EQ (micro_node_get_weight (node), 7u);
  EXPECT_EQ (micro_node_get_state (node), MICRO_NODE_DRAINING);
  EXPECT_EQ (micro_node_get_zone (plain), nullptr);
  EXPECT_EQ (micro_node_get_weight (plain), 1u);
  EXPECT_EQ (micro_node_get_state (plain), MICRO_NODE_READY);
  EXPECT_EQ (micro_node_get_weight (strange), 1u);
  EXPECT_EQ (micro_node_get_state (strange), MICRO_NODE_READY);
}

TEST (Json, IsGoMicrosByteForByte)
{
  g_autoptr (MicroService) service = parse (greeter_json);

  ASSERT_NE (service, nullptr);
  EXPECT_EQ (print (service), greeter_json);
}

TEST (Json, GivesBackWhatWasPutIn)
{
  g_autoptr (MicroMetadata) metadata
      = micro_metadata_new ("\"q\"", "\\ \n \t \x01 é 🦉", "<&>", "", nullptr);
  g_autoptr (MicroNode) node = micro_node_new ("", "[::1]:1", metadata);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (MicroEndpoint) endpoint = micro_endpoint_new ("a.b", nullptr, nullptr, metadata);
  g_autoptr (GPtrArray) endpoints = g_ptr_array_new ();
  g_autoptr (MicroService) service = nullptr;
  g_autoptr (MicroService) again = nullptr;
  g_autofree char *pretty = nullptr;

  g_ptr_array_add (nodes, node);
  g_ptr_array_add (endpoints, endpoint);
  service = micro_service_new ("größe/..", "1 2", metadata, endpoints, nodes);
  again = parse (print (service));
  EXPECT_TRUE (micro_service_equal (service, again)) << print (again);
  pretty = micro_service_to_json (service, TRUE);
  g_clear_pointer (&again, micro_service_unref);
  again = micro_service_from_json (pretty, -1, nullptr);
  EXPECT_TRUE (micro_service_equal (service, again)) << pretty;
}

TEST (Json, IsTheSameForEqualRecords)
{
  g_autoptr (MicroMetadata) one = micro_metadata_new ("b", "1", "a", "2", nullptr);
  g_autoptr (MicroMetadata) two = micro_metadata_new ("a", "2", "b", "1", nullptr);
  g_autoptr (MicroService) first = micro_service_new ("x", "1", one, nullptr, nullptr);
  g_autoptr (MicroService) second = micro_service_new ("x", "1", two, nullptr, nullptr);

  EXPECT_EQ (print (first), print (second));
}

TEST (Json, IsReadWithNullsMissingAndUnknownKeys)
{
  for (const char *json :
       { "{\"name\":\"x\"}",
         "{\"name\":\"x\",\"version\":null,\"metadata\":null,\"endpoints\":null,"
         "\"nodes\":null}",
         "{\"name\":\"x\",\"future\":{\"a\":[1,2]},\"metadata\":{},\"endpoints\":[],\"nodes\":[]}",
         "{\"name\":\"x\",\"version\":7,\"metadata\":[],\"endpoints\":{},\"nodes\":\"none\"}",
         "{\"name\":\"x\",\"endpoints\":[null,1,{},[]],\"nodes\":[null,\"n\",{},{\"id\":\"a\"},"
         "{\"address\":\"h:1\"},{\"id\":1,\"address\":2}]}" })
    {
      g_autoptr (MicroService) service = parse (json);

      ASSERT_NE (service, nullptr) << json;
      EXPECT_EQ (describe (service), "x latest:") << json;
      EXPECT_EQ (micro_service_get_endpoints (service)->len, 0u);
      EXPECT_EQ (micro_service_get_metadata (service), nullptr);
    }
}

TEST (Json, ReadsMetadataThatIsText)
{
  g_autoptr (MicroService) service = parse (
      "{\"name\":\"x\",\"metadata\":{\"a\":\"1\",\"b\":2,\"c\":null,\"d\":[],\"a\":\"3\"}}");

  EXPECT_EQ (micro_metadata_get_length (micro_service_get_metadata (service)), 1u);
  EXPECT_STREQ (micro_metadata_lookup (micro_service_get_metadata (service), "a"), "3");
}

TEST (Json, ReadsAPortThatStandsApart)
{
  EXPECT_EQ (address_of ("{\"id\":\"a\",\"address\":\"10.0.0.1\",\"port\":8080}"), "10.0.0.1:8080");
  EXPECT_EQ (address_of ("{\"id\":\"a\",\"address\":\"10.0.0.1:9\",\"port\":8080}"), "10.0.0.1:9");
  EXPECT_EQ (address_of ("{\"id\":\"a\",\"address\":\"fd00::1\",\"port\":8080}"), "[fd00::1]:8080");
  EXPECT_EQ (address_of ("{\"id\":\"a\",\"address\":\"[fd00::1]\",\"port\":8080}"),
             "[fd00::1]:8080");
  EXPECT_EQ (address_of ("{\"id\":\"a\",\"address\":\"[fd00::1]:9\",\"port\":8080}"),
             "[fd00::1]:9");
  for (const char *port : { "0", "-1", "65536", "1.5", "\"8080\"", "null", "{}", "[]", "true",
                            "99999999999999999999" })
    EXPECT_EQ (address_of (std::string ("{\"id\":\"a\",\"address\":\"h\",\"port\":") + port + "}"),
               "h")
        << port;
}

TEST (Json, ToleratesBracketsInText)
{
  std::string many (500, '[');
  g_autoptr (MicroService) service
      = parse ("{\"name\":\"x\",\"metadata\":{\"art\":\"\\\"" + many + "\"}}");

  ASSERT_NE (service, nullptr);
  EXPECT_EQ (std::string (micro_metadata_lookup (micro_service_get_metadata (service), "art")),
             "\"" + many);
}

TEST (Json, ReadsNoDeeperThanAnybodyWrites)
{
  std::string value = "{\"name\":\"v\",\"type\":\"t\",\"values\":null}";
  g_autoptr (MicroService) service = nullptr;
  std::string printed;

  for (int i = 0; i < 20; i++)
    value = "{\"name\":\"v\",\"type\":\"t\",\"values\":[" + value + "]}";
  service = parse ("{\"name\":\"x\",\"endpoints\":[{\"name\":\"e\",\"request\":" + value + "}]}");
  ASSERT_NE (service, nullptr);
  printed = print (service);
  EXPECT_EQ (std::count (printed.begin (), printed.end (), '['), 16 + 2);
}

TEST (Json, SaysWhatIsWrong)
{
  std::string deep = std::string (1000000, '[');
  std::string nested = "{\"a\":" + std::string (100, '{');

  for (const std::string &bad :
       { std::string (""), std::string ("null"), std::string ("[]"), std::string ("7"),
         std::string ("{}"), std::string ("{\"name\":null}"), std::string ("{\"name\":7}"),
         std::string ("{\"name\":\"x\""), std::string ("{\"name\":\"x\"}}"), std::string ("hello"),
         std::string ("\xff\xfe"), std::string ("{\"name\":\"\xff\"}"), std::string (100, '\0'),
         deep, nested })
    EXPECT_NE (why_not (bad), "") << bad.substr (0, 40);
  EXPECT_EQ (why_not (deep), "objects and arrays are nested too deeply (at byte 64)");
}

TEST (Json, SurvivesEveryCutOfARecordAndEveryByteChanged)
{
  std::string json = greeter_json;

  for (gsize i = 0; i < json.size (); i++)
    {
      g_autoptr (MicroService) cut = micro_service_from_json (json.c_str (), (gssize) i, nullptr);

      EXPECT_EQ (cut, nullptr) << i;
      for (char c : { '\0', '"', '{', ']', '9', '\xff', '\\' })
        {
          std::string changed = json;

          changed[i] = c;
          micro_service_unref (
              micro_service_from_json (changed.c_str (), (gssize) changed.size (), nullptr));
        }
    }
}

TEST (Records, MakeTheSameStringsInManyThreads)
{
  std::vector<std::thread> threads;

  for (int i = 0; i < 4; i++)
    threads.emplace_back ([] {
      for (int j = 0; j < 20000; j++)
        {
          g_autoptr (MicroMetadata) metadata
              = micro_metadata_new ("only in this test", "", nullptr);

          ASSERT_STREQ (micro_metadata_get_key (metadata, 0), "only in this test");
        }
    });
  for (std::thread &thread : threads)
    thread.join ();
}

/* --- Copies, for who keeps what lives only until a function returns --- */

TEST (Copies, OfAPickOwnAllItPointsTo)
{
  std::string method = "/greeter.Say/Hello", key = "Ada";
  const char *headers[] = { "x-head", "1", "x-tail", "2" };
  MicroPick pick = MICRO_PICK_INIT;
  g_autoptr (GPtrArray) tried = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_autoptr (MicroNode) other = micro_node_new ("b", "10.0.0.2:1", nullptr);
  g_autoptr (MicroNode) node = micro_node_new ("a", "10.0.0.1:1", nullptr);
  g_autoptr (MicroPick) copy = nullptr;

  g_ptr_array_add (tried, micro_node_ref (node));
  pick.method = method.c_str ();
  pick.hash_key = key.c_str ();
  pick.attempt = 2;
  pick.tried = tried;
  pick.headers = headers;
  pick.n_headers = 4;
  copy = (MicroPick *) g_boxed_copy (MICRO_TYPE_PICK, &pick);
  method[0] = key[0] = '-';
  headers[1] = headers[3] = nullptr;
  g_ptr_array_set_size (tried, 0);

  EXPECT_STREQ (copy->method, "/greeter.Say/Hello");
  EXPECT_STREQ (copy->hash_key, "Ada");
  EXPECT_EQ (copy->attempt, 2u);
  EXPECT_FALSE (micro_pick_may_use (copy, node));
  EXPECT_TRUE (micro_pick_may_use (copy, other));
  EXPECT_STREQ (micro_pick_get_header (copy, "X-Tail"), "2");
}

TEST (Copies, OfAnOlderPickKnowNoMoreThanIt)
{
  MicroPick pick = MICRO_PICK_INIT;
  g_autoptr (MicroPick) copy = nullptr;

  pick.size = offsetof (MicroPick, tried);
  pick.hash_key = "Ada";
  pick.tried = (GPtrArray *) &pick; /* what an older caller has there is something else */
  pick.headers = (const char *const *) &pick;
  copy = micro_pick_copy (&pick);
  EXPECT_EQ (copy->size, sizeof (MicroPick));
  EXPECT_STREQ (copy->hash_key, "Ada");
  EXPECT_EQ (copy->tried, nullptr);
  EXPECT_EQ (copy->headers, nullptr);
  EXPECT_EQ (copy->deadline_us, G_MAXINT64);
}

TEST (Copies, OfAnOutcomeAreTheSame)
{
  g_autoptr (MicroOutcome) well = micro_outcome_new ();
  MicroOutcome outcome = MICRO_OUTCOME_INIT;
  g_autoptr (MicroOutcome) copy = nullptr;

  EXPECT_EQ (well->size, outcome.size);
  EXPECT_EQ (well->status, MICRO_STATUS_OK);
  EXPECT_TRUE (well->sent);
  outcome.status = MICRO_STATUS_UNAVAILABLE;
  outcome.latency_us = 7;
  copy = (MicroOutcome *) g_boxed_copy (MICRO_TYPE_OUTCOME, &outcome);
  EXPECT_EQ (copy->status, MICRO_STATUS_UNAVAILABLE);
  EXPECT_TRUE (copy->sent);
  EXPECT_EQ (copy->latency_us, 7);
}

TEST (Copies, OfRecordsAreInASnapshot)
{
  g_autoptr (GPtrArray) services = g_ptr_array_new ();
  g_autoptr (MicroService) service = parse (greeter_json);
  g_autoptr (MicroEvent) event = nullptr;

  g_ptr_array_add (services, service);
  event = micro_event_new_snapshot ("greeter", services);
  g_ptr_array_set_size (services, 0);
  g_clear_pointer (&service, micro_service_unref);
  ASSERT_EQ (micro_event_get_services (event)->len, 1u);
  EXPECT_STREQ (
      micro_service_get_name ((MicroService *) micro_event_get_services (event)->pdata[0]),
      "greeter");
}
