/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The router: which handler a path finds, and what an unknown one is told.
 */
#include <string>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "greeter.pb-c.h"

namespace
{
struct Answer
{
  MicroCall head;
  bool closed;
  MicroStatus status;
  std::string message;
};

guint8 space[256];

const MicroCallOps ops = {
  [] (MicroCall *, gsize) { return space; },
  [] (MicroCall *) {},
  NULL,
  [] (MicroCall *call, MicroStatus status, const char *message, GBytes *) {
    Answer *answer = (Answer *) call;

    answer->closed = true;
    answer->status = status;
    answer->message = message != NULL ? message : "";
  },
  NULL,
  [] (MicroCall *, const char *) { return (const char *) NULL; },
};

void
handle (MicroCall *call, gconstpointer request, gpointer user_data)
{
  (void) request;
  (*(int *) user_data)++;
  micro_call_fail (call, MICRO_STATUS_ABORTED, "%s", micro_call_get_method (call)->package);
}

MicroServiceDescriptor
describe (const MicroMethod *methods)
{
  return { methods[0].package, methods[0].service, 1, methods, NULL, 0 };
}

const MicroMethod first[]
    = { { "one", "Say", "Hello", MICRO_METHOD_UNARY, &greeter__hello_request__descriptor,
          &greeter__hello_response__descriptor } };
const MicroMethod second[]
    = { { "two", "Say", "Hello", MICRO_METHOD_UNARY, &greeter__hello_request__descriptor,
          &greeter__hello_response__descriptor } };

struct Job
{
  MicroRouter *router;
  const char *path;
  bool with_message;
  Answer answer;
};

void
RunJob (gpointer data)
{
  Job *job = (Job *) data;
  Answer *answer = &job->answer;

  micro_call_init (&answer->head, NULL, 0);
  micro_router_dispatch (job->router, &answer->head, job->path);
  if (!answer->closed && job->with_message)
    answer->head.events->message (&answer->head, NULL, 0);
  if (!answer->closed)
    answer->head.events->half_closed (&answer->head);
  micro_call_clear (&answer->head, NULL);
}

class RouterTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    const MicroServiceDescriptor one = describe (first);
    const MicroServiceDescriptor two = describe (second);
    const MicroHandler handlers[] = { handle };

    loop = micro_loop_new ("test");
    router = micro_router_new ();
    micro_router_add (router, &one, handlers, &calls, NULL);
    micro_router_add (router, &two, handlers, &calls, NULL);
  }

  void
  TearDown () override
  {
    g_object_unref (router);
    micro_loop_free (loop);
  }

  Answer
  Dispatch (const char *path, bool with_message = true)
  {
    Job job = { router, path, with_message, {} };

    job.answer.head.ops = &ops;
    job.answer.head.loop = loop;
    micro_loop_run_sync (loop, RunJob, &job);
    return job.answer;
  }

  MicroLoop *loop;
  MicroRouter *router;
  int calls = 0;
};
}

TEST_F (RouterTest, FindsAMethodUnderAnyPrefix)
{
  for (const char *path :
       { "/greeter.Say/Hello", "/Say/Hello", "/a.b.c.Say/Hello", "/a/b.Say/Hello" })
    EXPECT_EQ (Dispatch (path).message, "one") << path;
  EXPECT_EQ (calls, 4);
}

TEST_F (RouterTest, TellsPackagesApart)
{
  EXPECT_EQ (Dispatch ("/one.Say/Hello").message, "one");
  EXPECT_EQ (Dispatch ("/two.Say/Hello").message, "two");
}

TEST_F (RouterTest, SaysWhatItDoesNotKnow)
{
  EXPECT_EQ (Dispatch ("/x.Say/Bye").message, "unknown method Bye of service Say");
  EXPECT_EQ (Dispatch ("/x.Shout/Hello").message, "unknown service Shout");
  for (const char *path : { "", "/", "Say/Hello", "/Say", "//", "/./x", "/Say/" })
    EXPECT_EQ (Dispatch (path).status, MICRO_STATUS_UNIMPLEMENTED) << path;
  EXPECT_EQ (calls, 0);
}

TEST_F (RouterTest, WantsExactlyOneMessageOfAUnaryCall)
{
  Answer none = Dispatch ("/one.Say/Hello", false);

  EXPECT_EQ (none.status, MICRO_STATUS_UNIMPLEMENTED);
  EXPECT_EQ (none.message, "Say/Hello takes one request message, and none came");
  EXPECT_EQ (calls, 0);
}

TEST_F (RouterTest, DescribesItsEndpoints)
{
  g_autoptr (GPtrArray) endpoints = micro_router_get_endpoints (router);
  MicroEndpoint *endpoint = (MicroEndpoint *) g_ptr_array_index (endpoints, 0);
  MicroValue *request = micro_endpoint_get_request (endpoint);
  MicroValue *field = (MicroValue *) g_ptr_array_index (micro_value_get_values (request), 0);

  EXPECT_EQ (endpoints->len, 2u);
  EXPECT_STREQ (micro_endpoint_get_name (endpoint), "Say.Hello");
  EXPECT_STREQ (micro_value_get_name (field), "name");
  EXPECT_STREQ (micro_value_get_value_type (field), "string");
}
