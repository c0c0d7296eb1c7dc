/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What every server has: grpc.health.v1, reflection, Debug.
 */
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

extern "C"
{
#include "app/services.h"
}

#include "greeter.micro.h"
#include "grpc/health/v1/health.micro.h"
#include "grpc/reflection/v1/reflection.micro.h"
#include "grpc/reflection/v1alpha/reflection.micro.h"
#include "micro/debug.micro.h"
#include "no-registry.h"

extern "C" const MicroPluginInfo *micro_plugin_memory_transport (void);
extern "C" const MicroPluginInfo *micro_plugin_static_selector (void);

namespace
{
void
hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = request->name;
  if (request->name[0] == '!')
    micro_call_fail (call, MICRO_STATUS_ABORTED, "as you wish");
  else
    micro_call_reply (call, &response);
}

class ServicesTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    const GreeterSayHandlers handlers = { hello, NULL, NULL, NULL };
    NoRegistry *registry = (NoRegistry *) g_object_new (no_registry_get_type (), NULL);
    gpointer selector = g_object_new (micro_plugin_static_selector ()->get_type (), NULL);

    loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);
    g_ptr_array_add (loops, micro_loop_new ("one"));
    g_ptr_array_add (loops, micro_loop_new ("two"));
    router = micro_router_new ();
    greeter_say_add_handlers (router, &handlers, NULL, NULL);
    transport
        = (MicroTransport *) g_object_new (micro_plugin_memory_transport ()->get_type (), NULL);
    cache = micro_cache_new ((MicroRegistry *) registry, NULL, (MicroLoop *) loops->pdata[0]);
    client = micro_client_new (cache, (MicroSelector *) selector, transport, loops);
    micro_client_set_defaults (client, 100000, -1);
    services = micro_services_new (router, client, "greeter");
    options.address = address = micro_transport_listen (transport, "memory:0", router, loops, NULL);
    g_object_unref (registry);
    g_object_unref (selector);
  }

  void
  TearDown () override
  {
    micro_transport_close (transport);
    g_object_unref (client);
    micro_cache_unref (cache);
    g_object_unref (transport);
    g_ptr_array_unref (loops);
    micro_services_free (services);
    g_object_unref (router);
    g_free (address);
  }

  void
  SetReady (bool ready)
  {
    micro_health_set_ready (micro_services_get_health (services), ready, NULL);
  }

  /* The status, or minus the error's code. */
  int
  Check (const char *service)
  {
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    g_autoptr (GError) error = NULL;
    g_autoptr (Grpc__Health__V1__HealthCheckResponse) response = NULL;

    request.service = (char *) service;
    response = grpc_health_v1_health_check_sync (client, "greeter", &request, &options, &error);
    return response != NULL ? (int) response->status : -error->code;
  }

  std::string
  Hello (const char *name)
  {
    Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
    g_autoptr (GError) error = NULL;
    g_autoptr (Greeter__HelloResponse) response = NULL;

    request.name = (char *) name;
    response = greeter_say_hello_sync (client, "greeter", &request, &options, &error);
    return response != NULL ? response->msg : error->message;
  }

  GPtrArray *loops;
  MicroRouter *router;
  MicroServices *services;
  MicroTransport *transport;
  MicroCache *cache;
  MicroClient *client;
  char *address;
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
};

const int SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
const int NOT_SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
const int SERVICE_UNKNOWN
    = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
}

/* --- Health --- */

TEST_F (ServicesTest, HealthFollowsReadiness)
{
  EXPECT_EQ (Check (""), NOT_SERVING);
  SetReady (true);
  for (const char *name : { "", "greeter", "greeter.Say", "grpc.health.v1.Health", "Debug" })
    EXPECT_EQ (Check (name), SERVING) << name;
  EXPECT_EQ (Check ("greeter.Shout"), -MICRO_STATUS_NOT_FOUND);
  SetReady (false);
  EXPECT_EQ (Check ("greeter.Say"), NOT_SERVING);
}

TEST_F (ServicesTest, HealthListsAll)
{
  Grpc__Health__V1__HealthListRequest request = GRPC__HEALTH__V1__HEALTH_LIST_REQUEST__INIT;
  g_autoptr (Grpc__Health__V1__HealthListResponse) response = NULL;
  std::map<std::string, int> all;

  SetReady (true);
  response = grpc_health_v1_health_list_sync (client, "greeter", &request, &options, NULL);
  ASSERT_NE (response, nullptr);
  for (size_t i = 0; i < response->n_statuses; i++)
    all[response->statuses[i]->key] = response->statuses[i]->value->status;
  EXPECT_EQ (all[""], SERVING);
  EXPECT_EQ (all["greeter.Say"], SERVING);
  EXPECT_EQ (all.size (), 6u);
}

TEST_F (ServicesTest, HealthIsWatchedAndTheWatchEndsWithTheServer)
{
  Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
  g_autoptr (GError) error = NULL;
  std::vector<int> seen;
  MicroStream *stream, *other;
  auto next = [&error] (MicroStream *from) {
    g_autoptr (Grpc__Health__V1__HealthCheckResponse) response
        = grpc_health_v1_health_watch_stream_receive_sync (from, &error);

    return response != NULL ? (int) response->status : -1;
  };

  request.service = (char *) "greeter.Say";
  stream = grpc_health_v1_health_watch_open (client, "greeter", &request, &options, NULL, NULL);
  EXPECT_EQ (next (stream), NOT_SERVING);
  SetReady (true);
  EXPECT_EQ (next (stream), SERVING);
  SetReady (true);
  SetReady (false);
  EXPECT_EQ (next (stream), NOT_SERVING);
  request.service = (char *) "nobody";
  other = grpc_health_v1_health_watch_open (client, "greeter", &request, &options, NULL, NULL);
  EXPECT_EQ (next (other), SERVICE_UNKNOWN);
  micro_services_stop (services);
  EXPECT_EQ (next (stream), -1);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE));
  g_clear_error (&error);
  EXPECT_EQ (next (other), -1);
  g_clear_error (&error);
  micro_stream_unref (stream);
  micro_stream_unref (other);
  stream = grpc_health_v1_health_watch_open (client, "greeter", &request, &options, NULL, NULL);
  EXPECT_EQ (next (stream), SERVICE_UNKNOWN);
  EXPECT_EQ (next (stream), -1) << "it has stopped already";
  micro_stream_unref (stream);
}

TEST_F (ServicesTest, AWatcherMayLeave)
{
  Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;

  for (int i = 0; i < 20; i++)
    {
      MicroStream *stream
          = grpc_health_v1_health_watch_open (client, "greeter", &request, &options, NULL, NULL);

      grpc__health__v1__health_check_response__free_unpacked (
          grpc_health_v1_health_watch_stream_receive_sync (stream, NULL), NULL);
      SetReady (i % 2 == 0);
      micro_stream_cancel (stream);
      SetReady (i % 2 == 1);
      micro_stream_unref (stream);
    }
}

/* --- Debug --- */

TEST_F (ServicesTest, DebugCountsWhatIsServedButNotItself)
{
  HealthRequest health = HEALTH_REQUEST__INIT;
  StatsRequest request = STATS_REQUEST__INIT;
  g_autoptr (HealthResponse) well = debug_health_sync (client, "greeter", &health, &options, NULL);
  g_autoptr (StatsResponse) stats = NULL;

  ASSERT_NE (well, nullptr);
  EXPECT_STREQ (well->status, "ok");
  EXPECT_EQ (Hello ("a"), "a");
  EXPECT_EQ (Hello ("!"), "as you wish");
  stats = debug_stats_sync (client, "greeter", &request, &options, NULL);
  ASSERT_NE (stats, nullptr);
  EXPECT_EQ (stats->requests, 2u);
  EXPECT_EQ (stats->errors, 1u);
  EXPECT_GT (stats->memory, 1000000u);
  EXPECT_GE (stats->threads, 3u);
  EXPECT_LE (stats->timestamp - stats->started, stats->uptime + 1);
}

TEST_F (ServicesTest, DebugShowsTheLogAndFollowsIt)
{
  LogRequest request = LOG_REQUEST__INIT;
  g_autoptr (MicroStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  std::string seen;

  g_message ("one");
  g_message ("two");
  request.count = 1;
  request.stream = TRUE;
  stream = debug_log_open (client, "greeter", &request, &options, NULL, NULL);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (Record) record = debug_log_stream_receive_sync (stream, &error);

      ASSERT_NE (record, nullptr);
      seen += record->message + std::string (" ");
      EXPECT_STREQ (record->metadata[0]->key, "level");
      EXPECT_STREQ (record->metadata[0]->value, "info");
      EXPECT_GT (record->timestamp, 1600000000);
      if (i == 0)
        g_message ("three");
    }
  EXPECT_EQ (seen, "two three ");
  micro_services_stop (services);
  EXPECT_EQ (debug_log_stream_receive_sync (stream, &error), nullptr);
  EXPECT_EQ (error, nullptr);
}

TEST_F (ServicesTest, DebugRemembersTracedCalls)
{
  const char *w3c[]
      = { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL };
  const char *micro[] = { "Micro-Trace-Id", "t", "Micro-Span-Id", "s", NULL };
  const char *junk[] = { "traceparent", "junk", NULL };
  TraceRequest request = TRACE_REQUEST__INIT;
  g_autoptr (TraceResponse) response = NULL;
  g_autoptr (TraceResponse) one = NULL;

  for (const char **headers : { w3c, micro, junk })
    {
      options.headers = headers;
      Hello (headers == micro ? "!" : "a");
    }
  options.headers = NULL;
  Hello ("untraced");
  response = debug_trace_sync (client, "greeter", &request, &options, NULL);
  ASSERT_NE (response, nullptr);
  /* The service ends first, and its parent is the span of the call that was made to it. */
  ASSERT_EQ (response->n_spans, 4u);
  Span *in = response->spans[0], *out = response->spans[1];
  EXPECT_STREQ (in->trace, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_STREQ (out->trace, in->trace);
  EXPECT_STREQ (in->parent, out->id);
  EXPECT_STREQ (out->parent, "b7ad6b7169203331");
  EXPECT_STREQ (in->name, "Say.Hello");
  EXPECT_STREQ (out->name, "greeter.Say.Hello");
  EXPECT_EQ (in->type, SPAN_TYPE__INBOUND);
  EXPECT_EQ (out->type, SPAN_TYPE__OUTBOUND);
  EXPECT_EQ (in->n_metadata, 0u);
  EXPECT_LT (in->duration, 30000000000u);
  EXPECT_STREQ (response->spans[2]->trace, "t");
  EXPECT_STREQ (response->spans[2]->parent, response->spans[3]->id);
  EXPECT_STREQ (response->spans[3]->parent, "s");
  EXPECT_STREQ (response->spans[2]->metadata[0]->value, "ABORTED: as you wish");
  EXPECT_STREQ (response->spans[3]->metadata[0]->value, "ABORTED: as you wish");
  request.id = (char *) "t";
  one = debug_trace_sync (client, "greeter", &request, &options, NULL);
  ASSERT_EQ (one->n_spans, 2u);
}

/* --- Reflection --- */

template <typename Set>
std::string
ask (MicroStream *stream, const Set &set)
{
  Grpc__Reflection__V1__ServerReflectionRequest request
      = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
  g_autoptr (GError) error = NULL;
  std::string result;

  set (&request);
  grpc_reflection_v1_server_reflection_server_reflection_info_stream_send (stream, &request);
  Grpc__Reflection__V1__ServerReflectionResponse *response
      = grpc_reflection_v1_server_reflection_server_reflection_info_stream_receive_sync (stream,
                                                                                         &error);
  if (response == NULL)
    return error->message;
  if (response->message_response_case
      == GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE)
    result = response->error_response->error_message;
  else if (
      response->message_response_case
      == GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE)
    for (size_t i = 0; i < response->file_descriptor_response->n_file_descriptor_proto; i++)
      {
        const ProtobufCBinaryData *file
            = &response->file_descriptor_response->file_descriptor_proto[i];

        /* Its field 1 is its name. */
        result += std::string ((char *) file->data + 2, file->data[1]) + " ";
      }
  else
    for (size_t i = 0; i < response->list_services_response->n_service; i++)
      result += response->list_services_response->service[i]->name + std::string (" ");
  grpc__reflection__v1__server_reflection_response__free_unpacked (response, NULL);
  return result;
}

TEST_F (ServicesTest, ReflectionTellsServicesFilesAndSymbols)
{
  typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
  g_autoptr (MicroStream) stream
      = grpc_reflection_v1_server_reflection_server_reflection_info_open (client, "greeter",
                                                                          &options, NULL, NULL);
  auto symbol = [&] (const char *name) {
    return ask (stream, [name] (Request *request) {
      request->message_request_case
          = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL;
      request->file_containing_symbol = (char *) name;
    });
  };
  auto file = [&] (const char *name) {
    return ask (stream, [name] (Request *request) {
      request->message_request_case
          = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME;
      request->file_by_filename = (char *) name;
    });
  };

  EXPECT_EQ (
      ask (stream,
           [] (Request *request) {
             request->message_request_case
                 = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES;
             request->list_services = (char *) "";
           }),
      "greeter.Say grpc.health.v1.Health Debug grpc.reflection.v1.ServerReflection "
      "grpc.reflection.v1alpha.ServerReflection ");
  for (const char *name : { "greeter.Say", "greeter.Say.Hello", "greeter.HelloRequest",
                            ".greeter.HelloRequest", "greeter.HelloRequest.name" })
    EXPECT_EQ (symbol (name), "greeter.proto ") << name;
  EXPECT_EQ (symbol ("grpc.health.v1.HealthCheckResponse.ServingStatus"),
             "grpc/health/v1/health.proto ");
  EXPECT_EQ (symbol ("greeter.Nobody"), "no symbol “greeter.Nobody” here");
  EXPECT_EQ (file ("greeter.proto"), "greeter.proto ");
  EXPECT_EQ (file ("no.proto"), "no file “no.proto” here");
  EXPECT_EQ (ask (stream, [] (Request *) {}), "the request asks for nothing");
}

TEST_F (ServicesTest, ReflectionAnswersToItsOldName)
{
  Grpc__Reflection__V1alpha__ServerReflectionRequest request
      = GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__INIT;
  g_autoptr (MicroStream) stream
      = grpc_reflection_v1alpha_server_reflection_server_reflection_info_open (
          client, "greeter", &options, NULL, NULL);
  g_autoptr (Grpc__Reflection__V1alpha__ServerReflectionResponse) response = NULL;

  request.message_request_case
      = GRPC__REFLECTION__V1ALPHA__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES;
  request.list_services = (char *) "*";
  grpc_reflection_v1alpha_server_reflection_server_reflection_info_stream_send (stream, &request);
  micro_stream_end (stream);
  response = grpc_reflection_v1alpha_server_reflection_server_reflection_info_stream_receive_sync (
      stream, NULL);
  ASSERT_NE (response, nullptr);
  EXPECT_EQ (response->list_services_response->n_service, 5u);
  EXPECT_STREQ (response->original_request->list_services, "*");
}
