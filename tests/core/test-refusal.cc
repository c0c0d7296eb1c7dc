/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A served call that cannot go on: its handler is told, and keeps it until it has ended it.
 */
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "kitchen.pb-c.h"

namespace
{
struct Peer
{
  MicroCall head;
  int messages;
  int closes;
  MicroStatus status;
  std::string message;
};

guint8 space[256];

const MicroCallOps ops = {
  [] (MicroCall *, gsize) { return space; },
  [] (MicroCall *call) { ((Peer *) call)->messages++; },
  NULL,
  [] (MicroCall *call, MicroStatus status, const char *message, GBytes *) {
    Peer *peer = (Peer *) call;

    peer->closes++;
    peer->status = status;
    peer->message = message != NULL ? message : "";
  },
  NULL,
  [] (MicroCall *, const char *) { return (const char *) NULL; },
};

struct Handler
{
  MicroCall *call;
  int messages;
  int cancels;
};

const MicroStreamFuncs funcs = {
  [] (MicroCall *, gconstpointer, gpointer data) { ((Handler *) data)->messages++; },
  [] (MicroCall *, gpointer data) { ((Handler *) data)->messages += 100; },
  [] (MicroCall *, gpointer data) { ((Handler *) data)->messages += 1000; },
  [] (MicroCall *, gpointer data) { ((Handler *) data)->cancels++; },
  { NULL },
};

void
chat (MicroCall *call, gconstpointer, gpointer user_data)
{
  ((Handler *) user_data)->call = call;
  micro_call_stream (call, &funcs, user_data);
}

const MicroMethod methods[]
    = { { "greeter", "Say", "Chat", MICRO_METHOD_BIDI, &micro__test__v1__dish__descriptor,
          &micro__test__v1__dish__descriptor } };

class RefusalTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    const MicroServiceDescriptor say = { "greeter", "Say", 1, methods, NULL, 0 };
    const MicroHandler handlers[] = { chat };

    loop = micro_loop_new ("test");
    router = micro_router_new ();
    micro_router_add (router, &say, handlers, &handler, NULL);
    micro_call_init (&peer.head, NULL, 0);
    peer.head.ops = &ops;
    peer.head.loop = loop;
  }

  void
  TearDown () override
  {
    micro_call_clear (&peer.head, NULL);
    g_object_unref (router);
    micro_loop_free (loop);
  }

  void
  OnLoop (std::function<void ()> what)
  {
    micro_loop_run_sync (
        loop, [] (gpointer data) { (*(std::function<void ()> *) data) (); }, &what);
  }

  void
  Send (std::string bytes)
  {
    peer.head.events->message (&peer.head, (const guint8 *) bytes.data (), bytes.size ());
  }

  void
  Reply (gint64 seconds = 0)
  {
    Micro__Test__V1__Dish response = MICRO__TEST__V1__DISH__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    time.seconds = seconds;
    response.cooked_at = &time;
    micro_call_send (handler.call, &response);
  }

  MicroLoop *loop;
  MicroRouter *router;
  Peer peer = {};
  Handler handler = {};
};
}

TEST_F (RefusalTest, AHandlerKeepsACallWhoseMessagesDoNotParse)
{
  OnLoop ([this] {
    micro_router_dispatch (router, &peer.head, "/greeter.Say/Chat");
    Send ("");
    Send ("\x0a");
    EXPECT_EQ (handler.cancels, 1);
    EXPECT_EQ (peer.closes, 0);
    Send ("");
    Reply ();
    peer.head.events->half_closed (&peer.head);
    peer.head.events->writable (&peer.head);
    peer.head.events->closed (&peer.head, MICRO_STATUS_CANCELLED, NULL, NULL);
    EXPECT_EQ (handler.messages, 1);
    EXPECT_EQ (handler.cancels, 1);
    EXPECT_EQ (peer.messages, 0);
    EXPECT_TRUE (micro_call_is_cancelled (handler.call));
    micro_call_fail (handler.call, MICRO_STATUS_CANCELLED, "the caller has gone");
  });
  EXPECT_EQ (peer.closes, 1);
  EXPECT_EQ (peer.status, MICRO_STATUS_INVALID_ARGUMENT);
  EXPECT_NE (peer.message.find ("do not parse"), std::string::npos) << peer.message;
}

TEST_F (RefusalTest, AHandlerIsToldOnceThatTheCallerHasGone)
{
  OnLoop ([this] {
    micro_router_dispatch (router, &peer.head, "/greeter.Say/Chat");
    peer.head.events->closed (&peer.head, MICRO_STATUS_CANCELLED, NULL, NULL);
    peer.head.events->closed (&peer.head, MICRO_STATUS_CANCELLED, NULL, NULL);
    micro_call_refuse (&peer.head, MICRO_STATUS_INTERNAL, "too late");
    micro_call_fail (handler.call, MICRO_STATUS_ABORTED, "over");
  });
  EXPECT_EQ (handler.cancels, 1);
  EXPECT_EQ (peer.closes, 1);
  EXPECT_EQ (peer.status, MICRO_STATUS_ABORTED);
}

TEST_F (RefusalTest, AHandlerKeepsACallWhoseAnswerIsNoJson)
{
  auto check = [this] {
    EXPECT_EQ (peer.closes, 0);
    EXPECT_EQ (peer.messages, 1);
    Reply ();
    micro_call_end (handler.call);
  };

  OnLoop ([this] {
    peer.head.codec = MICRO_CODEC_JSON;
    micro_router_dispatch (router, &peer.head, "/greeter.Say/Chat");
    Reply ();
  });
  Reply (G_MAXINT64); /* no year that JSON has; from another thread */
  OnLoop (check);
  EXPECT_EQ (peer.messages, 1);
  EXPECT_EQ (peer.closes, 1);
  EXPECT_EQ (peer.status, MICRO_STATUS_INTERNAL);
}
