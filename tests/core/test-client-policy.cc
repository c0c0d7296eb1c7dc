/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a selector is told of each attempt, and the policies under which attempts are made.
 */
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "../clock-test.h"
#include "greeter.micro.h"
#include "no-registry.h"

extern "C" const MicroPluginInfo *micro_plugin_memory_transport (void);

/* --- A selector that takes the first node it may, and remembers all --- */

namespace
{
struct Seen
{
  std::string method, key, header, picked, outcome;
  guint attempt, n_tried;
  gint64 deadline_us;
};

struct Memory
{
  std::mutex mutex;
  std::vector<Seen> seen;
  std::vector<std::string> addresses;
  std::atomic<int> n_done{ 0 };
};
Memory *memory;
}

typedef GObject FirstSelector;
typedef GObjectClass FirstSelectorClass;

static MicroNode *
first_select (MicroSelector *, MicroService *service, const MicroPick *pick, GError **error)
{
  GPtrArray *nodes = micro_service_get_nodes (service);
  const char *header = micro_pick_get_header (pick, "X-Head");
  std::lock_guard<std::mutex> lock (memory->mutex);

  for (guint i = 0; i < nodes->len; i++)
    if (micro_pick_may_use (pick, (MicroNode *) nodes->pdata[i]))
      {
        memory->seen.push_back (
            { pick->method, pick->hash_key != NULL ? pick->hash_key : "",
              header != NULL ? header : "", micro_node_get_address ((MicroNode *) nodes->pdata[i]),
              "", pick->attempt, pick->tried != NULL ? pick->tried->len : 0, pick->deadline_us });
        return micro_node_ref ((MicroNode *) nodes->pdata[i]);
      }
  micro_pick_fail (pick, service, error);
  return NULL;
}

static void
first_done (MicroSelector *, MicroService *service, MicroNode *node, const MicroOutcome *outcome)
{
  std::lock_guard<std::mutex> lock (memory->mutex);

  EXPECT_STREQ (micro_service_get_version (service), "1");
  EXPECT_GE (outcome->latency_us, 0);
  for (Seen &seen : memory->seen)
    if (seen.picked == micro_node_get_address (node) && seen.outcome.empty ())
      {
        seen.outcome = micro_status_to_string (outcome->status);
        seen.outcome += outcome->sent ? ", sent" : "";
        break;
      }
  memory->n_done++;
}

static MicroService *
first_resolve (MicroSelector *, const char *name, GError **)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  for (const std::string &address : memory->addresses)
    g_ptr_array_add (nodes, micro_node_new (address.c_str (), address.c_str (), NULL));
  return micro_service_new (name, "1", NULL, NULL, nodes);
}

static void
first_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = first_select;
  iface->done = first_done;
  iface->resolve = first_resolve;
}

G_DEFINE_TYPE_WITH_CODE (FirstSelector,
                         first_selector,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, first_selector_iface_init))

static void
first_selector_class_init (FirstSelectorClass *)
{
}

static void
first_selector_init (FirstSelector *)
{
}

namespace
{
/* For ever if need be: tests/limit says what hangs. */
void
wait_until (const std::function<bool ()> &condition)
{
  while (!condition ())
    g_usleep (100);
}

/* --- Servers --- */

struct Server
{
  char *address;
  MicroStatus fails = MICRO_STATUS_OK; /* with this */
  bool waits = false;
  std::atomic<int> calls{ 0 };
  std::atomic<MicroCall *> held{ NULL };
};

void
hello (MicroCall *call, const Greeter__HelloRequest *, gpointer user_data)
{
  Server *server = (Server *) user_data;
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  server->calls++;
  if (server->waits)
    server->held = call;
  else if (server->fails != MICRO_STATUS_OK)
    micro_call_fail (call, server->fails, "it was asked to");
  else
    {
      response.msg = server->address;
      micro_call_reply (call, &response);
    }
}

const GreeterSayHandlers handlers = { hello, NULL, NULL, NULL };

class PolicyTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    memory = &remembered;
    loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);
    g_ptr_array_add (loops, micro_loop_new ("one"));
    transport
        = (MicroTransport *) g_object_new (micro_plugin_memory_transport ()->get_type (), NULL);
    for (Server &server : servers)
      {
        g_autoptr (MicroRouter) router = micro_router_new ();

        greeter_say_add_handlers (router, &handlers, &server, NULL);
        server.address = micro_transport_listen (transport, "memory:0", router, loops, NULL);
        remembered.addresses.push_back (server.address);
      }
    selector = (MicroSelector *) g_object_new (first_selector_get_type (), NULL);
    registry = (MicroRegistry *) g_object_new (no_registry_get_type (), NULL);
    cache = micro_cache_new (registry, NULL, (MicroLoop *) loops->pdata[0]);
    client = micro_client_new (cache, selector, transport, loops);
    micro_client_set_defaults (client, 100000, 1);
  }

  void
  TearDown () override
  {
    wait_until ([this] { return remembered.n_done == (int) remembered.seen.size (); });
    for (Server &server : servers)
      if (server.held != NULL)
        micro_call_fail (server.held, MICRO_STATUS_ABORTED, "the test is over");
    micro_transport_close (transport);
    g_object_unref (client);
    micro_cache_unref (cache);
    g_object_unref (transport);
    g_object_unref (selector);
    g_object_unref (registry);
    g_ptr_array_unref (loops);
    for (Server &server : servers)
      g_free (server.address);
  }

  std::string
  Hello (const MicroCallOptions *options = NULL, const char *service = "greeter")
  {
    Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
    g_autoptr (GError) error = NULL;
    g_autoptr (Greeter__HelloResponse) response = NULL;

    request.name = (char *) "x";
    response = greeter_say_hello_sync (client, service, &request, options, &error);
    return response != NULL ? response->msg : micro_status_to_string ((MicroStatus) error->code);
  }

  Server servers[2];
  Memory remembered;
  GPtrArray *loops;
  MicroTransport *transport;
  MicroSelector *selector;
  MicroRegistry *registry;
  MicroCache *cache;
  MicroClient *client;
};

TEST_F (PolicyTest, ASelectorSeesTheCall)
{
  const char *headers[] = { "x-head", "value", NULL };
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  gint64 before_us = g_get_monotonic_time ();

  options.hash_key = "user-7";
  options.headers = headers;
  EXPECT_EQ (Hello (&options), servers[0].address);
  ASSERT_EQ (remembered.seen.size (), 1u);
  EXPECT_EQ (remembered.seen[0].method, "/greeter.Say/Hello");
  EXPECT_EQ (remembered.seen[0].key, "user-7");
  EXPECT_EQ (remembered.seen[0].header, "value");
  EXPECT_EQ (remembered.seen[0].attempt, 0u);
  EXPECT_EQ (remembered.seen[0].n_tried, 0u);
  EXPECT_GE (remembered.seen[0].deadline_us, before_us + 100000 * G_TIME_SPAN_MILLISECOND);
  EXPECT_EQ (remembered.seen[0].outcome, "OK, sent");
}

TEST_F (PolicyTest, ASelectorIsToldOfEveryAttempt)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;

  remembered.addresses.insert (remembered.addresses.begin (), "memory:nobody");
  servers[0].fails = MICRO_STATUS_ABORTED;
  options.retry_safe = TRUE;
  EXPECT_EQ (Hello (&options), servers[1].address);
  ASSERT_EQ (remembered.seen.size (), 3u);
  EXPECT_EQ (remembered.seen[0].outcome, "UNAVAILABLE");
  EXPECT_EQ (remembered.seen[1].outcome, "ABORTED, sent");
  EXPECT_EQ (remembered.seen[2].outcome, "OK, sent");
  EXPECT_EQ (remembered.seen[1].n_tried, 1u);
  EXPECT_EQ (remembered.seen[2].attempt, 2u);
}

TEST_F (PolicyTest, ASelectorIsToldOfACallThatIsGivenUp)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;

  servers[0].waits = true;
  options.timeout_ms = 1;
  EXPECT_EQ (Hello (&options), "DEADLINE_EXCEEDED");
  ASSERT_EQ (remembered.seen.size (), 1u);
  EXPECT_EQ (remembered.seen[0].outcome.substr (0, 17), "DEADLINE_EXCEEDED");
}

/* The one that had to wait is not to be taken for the one that failed. */
TEST_F (PolicyTest, ASelectorIsToldThatAHedgeWasGivenUp)
{
  MicroPolicy policy = MICRO_POLICY_INIT;

  servers[0].waits = true;
  servers[1].fails = MICRO_STATUS_INTERNAL;
  policy.hedging_delay_ms = 1;
  micro_client_set_policy (client, "greeter", NULL, &policy);
  EXPECT_EQ (Hello (), "INTERNAL");
  wait_until ([this] { return remembered.n_done == 2; });
  EXPECT_EQ (remembered.seen[0].outcome, "CANCELLED, sent");
  EXPECT_EQ (remembered.seen[1].outcome, "INTERNAL, sent");
}

TEST_F (PolicyTest, ANodeThatIsBackIsCalledWhateverItAnswers)
{
  StoppedClock clock;
  Server late;
  g_autoptr (MicroRouter) router = micro_router_new ();

  remembered.addresses.insert (remembered.addresses.begin (), "memory:late");
  EXPECT_EQ (Hello (), servers[0].address) << "nobody is there, and it is set aside";
  late.fails = MICRO_STATUS_NOT_FOUND;
  greeter_say_add_handlers (router, &handlers, &late, NULL);
  g_free (micro_transport_listen (transport, "memory:late", router, loops, NULL));
  EXPECT_EQ (Hello (), servers[0].address);
  advance_clock_ms (1300);
  EXPECT_EQ (Hello (), "NOT_FOUND");
  EXPECT_EQ (Hello (), "NOT_FOUND") << "it has been reached";
}

TEST_F (PolicyTest, SaysWhatIsTriedAgain)
{
  MicroPolicy policy = MICRO_POLICY_INIT;

  servers[0].fails = MICRO_STATUS_INTERNAL;
  policy.retryable = MICRO_POLICY_STATUS (MICRO_STATUS_INTERNAL);
  policy.backoff_ms = 1;
  micro_client_set_policy (client, "greeter", "Say.Hello", &policy);
  policy.retryable = 0;
  micro_client_set_policy (client, "greeter", NULL, &policy);
  EXPECT_EQ (Hello (), servers[1].address) << "the policy of the method goes first";
  EXPECT_EQ (servers[0].calls, 1);
  EXPECT_EQ (Hello (NULL, "other"), "INTERNAL") << "it has no policy";
}

TEST_F (PolicyTest, OfAnOlderProgramKeepsTheNewDefaults)
{
  MicroPolicy policy = MICRO_POLICY_INIT;

  servers[0].fails = MICRO_STATUS_UNAVAILABLE;
  policy.size = G_STRUCT_OFFSET (MicroPolicy, retryable);
  policy.retryable = MICRO_POLICY_STATUS (MICRO_STATUS_UNAVAILABLE); /* not there */
  micro_client_set_policy (client, "greeter", NULL, &policy);
  EXPECT_EQ (Hello (), "UNAVAILABLE");
}

TEST_F (PolicyTest, CountsTheRetriesOfEachServiceForItself)
{
  MicroPolicy policy = MICRO_POLICY_INIT;
  int calls;

  policy.retryable = MICRO_POLICY_STATUS (MICRO_STATUS_UNAVAILABLE);
  policy.backoff_ms = 1;
  micro_client_set_policy (client, NULL, NULL, &policy);
  servers[0].fails = servers[1].fails = MICRO_STATUS_UNAVAILABLE;
  for (int i = 0; i < 20; i++)
    EXPECT_EQ (Hello (NULL, "troubled"), "UNAVAILABLE");
  calls = servers[0].calls + servers[1].calls;
  EXPECT_LT (calls, 40) << "its budget is used up";
  EXPECT_EQ (Hello (NULL, "troubled"), "UNAVAILABLE");
  EXPECT_EQ (servers[0].calls + servers[1].calls, calls + 1);
  servers[1].fails = MICRO_STATUS_OK;
  EXPECT_EQ (Hello (NULL, "well"), servers[1].address) << "that of another service is not";
}

TEST_F (PolicyTest, HedgesWhatTakesLong)
{
  MicroPolicy policy = MICRO_POLICY_INIT;

  servers[0].waits = true;
  policy.hedging_delay_ms = 1;
  micro_client_set_policy (client, "greeter", NULL, &policy);
  EXPECT_EQ (Hello (), servers[1].address);
  wait_until ([this] { return remembered.n_done == 2; });
  ASSERT_EQ (remembered.seen.size (), 2u);
  EXPECT_EQ (remembered.seen[0].outcome, "CANCELLED, sent");
  EXPECT_EQ (remembered.seen[1].outcome, "OK, sent");
  EXPECT_EQ (remembered.seen[1].n_tried, 1u);
}

TEST_F (PolicyTest, HedgesWithinTheRetriesOfACall)
{
  MicroPolicy policy = MICRO_POLICY_INIT;
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;

  servers[0].waits = servers[1].waits = true;
  policy.hedging_delay_ms = 1;
  policy.retries = 0;
  micro_client_set_policy (client, "greeter", NULL, &policy);
  options.timeout_ms = 50;
  EXPECT_EQ (Hello (&options), "DEADLINE_EXCEEDED");
  EXPECT_EQ (remembered.seen.size (), 1u);
}

TEST_F (PolicyTest, TheFailureOfOneHedgeWaitsForTheOther)
{
  MicroPolicy policy = MICRO_POLICY_INIT;
  std::atomic<bool> done{ false };
  std::string said;
  std::thread caller;

  servers[0].waits = true;
  servers[1].fails = MICRO_STATUS_ABORTED;
  policy.hedging_delay_ms = 1;
  policy.retryable = MICRO_POLICY_STATUS (MICRO_STATUS_ABORTED);
  micro_client_set_policy (client, "greeter", NULL, &policy);
  caller = std::thread ([&] {
    said = Hello ();
    done = true;
  });
  wait_until ([this] { return remembered.n_done == 1; });
  EXPECT_FALSE (done);
  {
    Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

    response.msg = (char *) "late";
    micro_call_reply (servers[0].held.exchange (NULL), &response);
  }
  caller.join ();
  EXPECT_EQ (said, "late");
}
/* --- For other languages --- */

TEST (Boxed, OptionsOwnTheirTexts)
{
  g_autoptr (MicroCallOptions) options = micro_call_options_new (), copy = NULL;
  const char *headers[] = { "x-head", "1", NULL };
  std::string text = "127.0.0.1:1";

  EXPECT_EQ (options->retries, -1);
  micro_call_options_set_address (options, text.c_str ());
  micro_call_options_set_version (options, text.c_str ());
  micro_call_options_set_hash_key (options, text.c_str ());
  micro_call_options_set_headers (options, headers);
  micro_call_options_set_address (options, options->version);
  text = "gone";
  headers[0] = NULL;
  copy = (MicroCallOptions *) g_boxed_copy (MICRO_TYPE_CALL_OPTIONS, options);
  micro_call_options_set_address (options, NULL);
  g_clear_pointer (&options, micro_call_options_free);
  EXPECT_STREQ (copy->address, "127.0.0.1:1");
  EXPECT_STREQ (copy->version, "127.0.0.1:1");
  EXPECT_STREQ (copy->hash_key, "127.0.0.1:1");
  EXPECT_STREQ (copy->headers[0], "x-head");
  EXPECT_STREQ (copy->headers[1], "1");
  EXPECT_EQ (copy->headers[2], nullptr);
}

TEST (Boxed, PoliciesOfAnOlderSizeHaveTheDefaultsBeyond)
{
  g_autoptr (MicroPolicy) policy = micro_policy_new (), copy = NULL;

  EXPECT_EQ (policy->size, sizeof (MicroPolicy));
  EXPECT_EQ (policy->retries, -1);
  policy->timeout_ms = 7;
  policy->retries = 3;
  policy->size = offsetof (MicroPolicy, retries);
  copy = (MicroPolicy *) g_boxed_copy (MICRO_TYPE_POLICY, policy);
  EXPECT_EQ (copy->size, sizeof (MicroPolicy));
  EXPECT_EQ (copy->timeout_ms, 7u);
  EXPECT_EQ (copy->retries, -1);
}
}
