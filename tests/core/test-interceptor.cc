/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interceptors: their order, what they see, and that each call ends once for each of them.
 */
#include <string>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "greeter.pb-c.h"

namespace
{
std::string seen;

struct Watched
{
  const char *name;
  bool refuses;
};

const MicroServerInterceptor interceptor = {
  [] (MicroCall *call, gpointer user_data) -> gpointer {
    Watched *self = (Watched *) user_data;

    seen += std::string (self->name) + "+ ";
    if (self->refuses)
      micro_call_fail (call, MICRO_STATUS_PERMISSION_DENIED, "%s says no", self->name);
    return user_data;
  },
  [] (MicroCall *, gboolean sent, gsize size, gpointer state, gpointer user_data) {
    EXPECT_EQ (state, user_data);
    seen
        += ((Watched *) state)->name + std::string (sent ? ">" : "<") + std::to_string (size) + " ";
  },
  [] (MicroCall *, MicroStatus status, const char *, gpointer state, gpointer user_data) {
    EXPECT_EQ (state, user_data);
    seen += ((Watched *) state)->name + std::string ("=") + std::to_string (status) + " ";
  },
  { NULL },
};

guint8 space[256];

class InterceptorTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    static const MicroHandler handlers[] = { [] (MicroCall *call, gconstpointer, gpointer data) {
      Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

      response.msg = (char *) "four";
      if (*(bool *) data)
        micro_call_reply (call, &response);
    } };

    ops.begin_message = [] (MicroCall *, gsize) { return space; };
    ops.end_message = [] (MicroCall *) {};
    ops.get_header = [] (MicroCall *, const char *) -> const char * { return NULL; };
    ops.finish = [] (MicroCall *, MicroStatus, const char *, GBytes *) { seen += "closed "; };
    seen.clear ();
    router = micro_router_new ();
    micro_router_add_interceptor (router, &interceptor, &outer, NULL);
    micro_router_add (router, &service, handlers, &answers, NULL);
    micro_router_add_internal (router, &internal, handlers, &answers, NULL);
    micro_router_add_interceptor (router, &interceptor, &inner, NULL);
    loop = micro_loop_new ("test");
    micro_call_init (&call, NULL, 0);
  }

  void
  TearDown () override
  {
    micro_call_clear (&call, NULL);
    micro_loop_free (loop);
    g_object_unref (router);
  }

  void
  Dispatch (const char *path)
  {
    call.ops = &ops;
    call.loop = loop;
    micro_loop_run_sync (
        loop,
        [] (gpointer data) {
          InterceptorTest *self = (InterceptorTest *) data;
          MicroCall *call = &self->call;

          micro_router_dispatch (self->router, call, self->path);
          if (call->state != MICRO_CALL_ENDED)
            call->events->message (call, NULL, 0);
          if (call->state != MICRO_CALL_ENDED)
            call->events->half_closed (call);
          if (call->state != MICRO_CALL_ENDED)
            call->events->closed (call, MICRO_STATUS_CANCELLED, NULL, NULL);
        },
        (this->path = path, this));
  }

  const MicroMethod method = { "one",
                               "Say",
                               "Hello",
                               MICRO_METHOD_UNARY,
                               &greeter__hello_request__descriptor,
                               &greeter__hello_response__descriptor };
  const MicroMethod hidden = { "one",
                               "Hidden",
                               "Hello",
                               MICRO_METHOD_UNARY,
                               &greeter__hello_request__descriptor,
                               &greeter__hello_response__descriptor };
  const MicroServiceDescriptor service = { "one", "Say", 1, &method, NULL, 0 };
  const MicroServiceDescriptor internal = { "one", "Hidden", 1, &hidden, NULL, 0 };
  Watched outer = { "a", false };
  Watched inner = { "b", false };
  bool answers = true;
  MicroRouter *router;
  MicroLoop *loop;
  const char *path;
  MicroCallOps ops = {};
  MicroCall call = {};
};
}

TEST_F (InterceptorTest, SeeACallFromOutsideInAndBack)
{
  Dispatch ("/Say/Hello");
  EXPECT_EQ (seen, "a+ b+ b<0 a<0 b>6 a>6 b=0 a=0 closed ");
}

TEST_F (InterceptorTest, TheOneThatRefusesIsTheLast)
{
  outer.refuses = true;
  Dispatch ("/Say/Hello");
  EXPECT_EQ (seen, "a+ closed ");
}

TEST_F (InterceptorTest, ThoseOutsideARefusalSeeItsStatus)
{
  inner.refuses = true;
  Dispatch ("/Say/Hello");
  EXPECT_EQ (seen, "a+ b+ a=7 closed ");
}

TEST_F (InterceptorTest, SeeACallerThatWentAndOnlyOneEnd)
{
  answers = false;
  Dispatch ("/Say/Hello");
  EXPECT_EQ (seen, "a+ b+ b<0 a<0 b=1 a=1 ");
  answers = true;
  micro_call_fail (&call, MICRO_STATUS_INTERNAL, "too late");
  while (seen.find ("closed") == std::string::npos)
    micro_loop_run_sync (
        loop, [] (gpointer) {}, NULL);
  EXPECT_EQ (seen, "a+ b+ b<0 a<0 b=1 a=1 closed ");
}

/* Or one that refuses strangers would let them look into the program. */
TEST_F (InterceptorTest, SeeWhatEveryServerHasButObserversAndTheRegistryDoNot)
{
  g_autoptr (GPtrArray) endpoints = micro_router_get_endpoints (router);
  Watched observer = { "o", false };

  micro_router_add_observer (router, &interceptor, &observer);
  Dispatch ("/Hidden/Hello");
  EXPECT_EQ (seen, "a+ b+ b<0 a<0 b>6 a>6 b=0 a=0 closed ");
  EXPECT_EQ (endpoints->len, 1u);
  EXPECT_EQ (micro_router_get_services (router)->len, 2u);
}
