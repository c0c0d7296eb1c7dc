/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A client and a greeter in one process, over each transport.
 */
#pragma once

#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "../held-port.h"
#include "greeter.micro.h"
#include "no-registry.h"

extern "C" const MicroPluginInfo *micro_plugin_grpc_transport (void);
extern "C" const MicroPluginInfo *micro_plugin_memory_transport (void);

/* --- A selector that knows its nodes, and a registry that is never asked --- */

typedef struct
{
  GObject parent;
  GPtrArray *addresses;
  int turn;
  int picked, told;
} TestSelector;
typedef GObjectClass TestSelectorClass;

static MicroNode *
test_select (MicroSelector *selector, MicroService *service, const MicroPick *pick, GError **error)
{
  TestSelector *self = (TestSelector *) selector;
  GPtrArray *nodes = micro_service_get_nodes (service);
  guint turn = (guint) g_atomic_int_add (&self->turn, 1);

  for (guint i = 0; i < nodes->len; i++)
    {
      MicroNode *node = (MicroNode *) nodes->pdata[(turn + i) % nodes->len];

      if (micro_pick_may_use (pick, node))
        {
          g_atomic_int_inc (&self->picked);
          return micro_node_ref (node);
        }
    }
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "no node is left");
  return NULL;
}

static void
test_done (MicroSelector *selector,
           MicroService *service,
           MicroNode *node,
           const MicroOutcome *outcome)
{
  (void) service;
  (void) node;
  (void) outcome;
  g_atomic_int_inc (&((TestSelector *) selector)->told);
}

static MicroService *
test_resolve (MicroSelector *selector, const char *name, GError **error)
{
  GPtrArray *addresses = ((TestSelector *) selector)->addresses;
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  (void) error;
  for (guint i = 0; i < addresses->len; i++)
    g_ptr_array_add (
        nodes, micro_node_new ((char *) addresses->pdata[i], (char *) addresses->pdata[i], NULL));
  return micro_service_new (name, "1", NULL, NULL, nodes);
}

static void
test_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = test_select;
  iface->done = test_done;
  iface->resolve = test_resolve;
}

G_DEFINE_TYPE_WITH_CODE (TestSelector,
                         test_selector,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, test_selector_iface_init))

static void
test_selector_finalize (GObject *object)
{
  g_ptr_array_unref (((TestSelector *) object)->addresses);
  G_OBJECT_CLASS (test_selector_parent_class)->finalize (object);
}

static void
test_selector_class_init (TestSelectorClass *klass)
{
  klass->finalize = test_selector_finalize;
}

static void
test_selector_init (TestSelector *self)
{
  self->addresses = g_ptr_array_new_with_free_func (g_free);
}

namespace
{
/* For ever if need be: tests/limit says what hangs. */
bool
wait_until (const std::function<bool ()> &condition)
{
  while (!condition ())
    g_usleep (100);
  return true;
}

/* --- The service --- */

struct Say
{
  MicroClient *client;
  std::atomic<int> sent, blocked, taken, calls, chats, cancelled;
  std::atomic<MicroCall *> held, waiting;
  std::atomic<int> inner_status;
};
Say say;

void
inner_done (gconstpointer response, const GError *error, gpointer user_data)
{
  MicroCall *call = (MicroCall *) user_data;

  say.inner_status = error != NULL ? (int) error->code : 0;
  if (error != NULL)
    micro_call_fail_error (call, error);
  else
    micro_call_reply (call, response);
}

gint64
left_ms (MicroCall *call)
{
  gint64 deadline_us = micro_call_get_deadline (call);

  return deadline_us == G_MAXINT64 ? -1 : (deadline_us - g_get_monotonic_time ()) / 1000;
}

/* The name says what to do: answer, pass it on ("via:NAME"), or wait. */
void
hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  (void) user_data;
  say.calls++;
  if (g_str_has_prefix (request->name, "via:"))
    {
      Greeter__HelloRequest inner = GREETER__HELLO_REQUEST__INIT;

      inner.name = request->name + 4;
      greeter_say_hello (say.client, "greeter", &inner, NULL, inner_done, call);
    }
  else if (g_str_equal (request->name, "wait"))
    say.waiting = call;
  else if (g_str_equal (request->name, "left"))
    {
      response.msg = micro_call_printf (call, "%d", (int) left_ms (call));
      micro_call_reply (call, &response);
    }
  else if (g_str_equal (request->name, "code"))
    micro_call_fail_with_code (call, "go.micro.srv.greeter", 404, "no such “%s”", "user");
  else if (g_str_equal (request->name, "fail"))
    micro_call_fail (call, MICRO_STATUS_FAILED_PRECONDITION, "not \"now\"");
  else
    {
      const char *value = micro_call_get_header (call, request->name);

      response.msg = micro_call_printf (call, "%s", value != NULL ? value : "none");
      micro_call_reply (call, &response);
    }
}

void
repeat_more (MicroCall *call, gpointer user_data)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;
  int *left = (int *) user_data;
  std::string text (4000, 'r');

  response.msg = (char *) text.c_str ();
  while (*left > 0)
    {
      --*left;
      say.sent++;
      if (!greeter_say_repeat_send (call, &response))
        {
          say.blocked++;
          break;
        }
    }
  if (*left == 0)
    {
      micro_call_add_trailer (call, "x-tail", "end");
      micro_call_end (call);
    }
}

void
gone (MicroCall *call, gpointer user_data)
{
  (void) user_data;
  say.cancelled++;
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "gone");
}

const MicroStreamFuncs repeat_funcs = { NULL, NULL, repeat_more, gone, { NULL } };

void
repeat (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  int *left = (int *) micro_call_alloc (call, sizeof *left);

  (void) user_data;
  *left = atoi (request->name);
  micro_call_stream (call, &repeat_funcs, left);
  repeat_more (call, left);
}

void
collect_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  (void) user_data;
  say.taken++;
  if (g_str_has_prefix (((const Greeter__HelloRequest *) message)->name, "hold"))
    {
      micro_call_hold (call);
      say.held = call;
    }
}

void
collect_ended (MicroCall *call, gpointer user_data)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  (void) user_data;
  response.msg = micro_call_printf (call, "%d", say.taken.load ());
  micro_call_reply (call, &response);
}

const MicroStreamFuncs collect_funcs = { collect_message, collect_ended, NULL, gone, { NULL } };

void
collect (MicroCall *call, gconstpointer, gpointer)
{
  micro_call_stream (call, &collect_funcs, NULL);
}

void
chat_message (MicroCall *call, gconstpointer message, gpointer)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = ((Greeter__HelloRequest *) message)->name;
  micro_call_set_compress (call, micro_call_is_compressed (call));
  micro_call_send (call, &response);
}

void
chat_ended (MicroCall *call, gpointer)
{
  micro_call_end (call);
}

const MicroStreamFuncs chat_funcs = { chat_message, chat_ended, NULL, gone, { NULL } };

void
chat (MicroCall *call, gconstpointer, gpointer)
{
  say.chats++;
  micro_call_add_header (call, "x-head", "begin");
  micro_call_stream (call, &chat_funcs, NULL);
}

/* --- The caller --- */

struct Events
{
  std::atomic<int> headers, messages, closes;
  std::string text;
  int status = -1;
  std::string trailer, header;
};

const MicroStreamEvents stream_events = {
  [] (MicroStream *stream, gpointer user_data) {
    Events *self = (Events *) user_data;
    const char *value = micro_stream_get_header (stream, "x-head");

    self->header = value != NULL ? value : "";
    self->headers++;
  },
  [] (MicroStream *stream, gconstpointer message, gpointer user_data) {
    Events *self = (Events *) user_data;

    self->text += micro_stream_is_compressed (stream) ? "+" : "";
    self->text += ((const Greeter__HelloResponse *) message)->msg;
    self->messages++;
  },
  NULL,
  [] (MicroStream *stream, const GError *error, gpointer user_data) {
    Events *self = (Events *) user_data;
    const char *value = micro_stream_get_header (stream, "x-tail");

    self->trailer = value != NULL ? value : "";
    self->status = error != NULL ? error->code : 0;
    self->closes++;
  },
  { NULL },
};

struct Kind
{
  const char *name;
  const MicroPluginInfo *(*plugin) (void);
  const char *address;
  const char *dead; /* NULL: a held port */
};

class ClientTest : public testing::TestWithParam<Kind>
{
protected:
  void
  SetUp () override
  {
    static const GreeterSayHandlers handlers = { hello, repeat, collect, chat };

    loops = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_loop_free);
    g_ptr_array_add (loops, micro_loop_new ("one"));
    g_ptr_array_add (loops, micro_loop_new ("two"));
    router = micro_router_new ();
    greeter_say_add_handlers (router, &handlers, NULL, NULL);
    transport = (MicroTransport *) g_object_new (GetParam ().plugin ()->get_type (), NULL);
    Listen (GetParam ().address);
    selector = (TestSelector *) g_object_new (test_selector_get_type (), NULL);
    registry = (MicroRegistry *) g_object_new (no_registry_get_type (), NULL);
    g_ptr_array_add (selector->addresses, g_strdup (address));
    cache = micro_cache_new (registry, NULL, (MicroLoop *) loops->pdata[0]);
    client = micro_client_new (cache, (MicroSelector *) selector, transport, loops);
    micro_client_set_name (client, "tester");
    micro_client_set_defaults (client, 100000, -1);
    say.client = client;
    say.sent = say.blocked = say.taken = say.calls = say.chats = say.cancelled = 0;
    say.held = say.waiting = NULL;
    say.inner_status = -1;
  }

  void
  Listen (const char *wanted)
  {
    g_autoptr (GError) error = NULL;

    address = micro_transport_listen (transport, wanted, router, loops, &error);
    ASSERT_NE (address, nullptr) << error->message;
  }

  void
  TearDown () override
  {
    /* However the calls of a test ended: the selector has heard of each node it gave. */
    EXPECT_TRUE (wait_until ([this] { return selector->told == selector->picked; }))
        << selector->told << " of " << selector->picked;
    micro_transport_close (transport);
    g_object_unref (client);
    micro_cache_unref (cache);
    g_object_unref (transport);
    g_object_unref (selector);
    g_object_unref (registry);
    g_ptr_array_unref (loops);
    g_object_unref (router);
    g_free (address);
  }

  std::string
  Hello (const char *name, const MicroCallOptions *options = NULL)
  {
    Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
    g_autoptr (GError) error = NULL;
    g_autoptr (Greeter__HelloResponse) response = NULL;

    request.name = (char *) name;
    response = greeter_say_hello_sync (client, "greeter", &request, options, &error);
    return response != NULL ? response->msg : micro_status_to_string ((MicroStatus) error->code);
  }

  /* Where nobody serves. */
  char *
  Dead ()
  {
    return g_strdup (GetParam ().dead != NULL ? GetParam ().dead : held.address.c_str ());
  }

  HeldPort held;
  GPtrArray *loops;
  MicroRouter *router;
  MicroTransport *transport;
  TestSelector *selector;
  MicroRegistry *registry;
  MicroCache *cache;
  MicroClient *client;
  char *address;
};

const Kind kinds[] = {
  { "grpc", micro_plugin_grpc_transport, "127.0.0.1:0", NULL },
  { "memory", micro_plugin_memory_transport, "memory:0", "memory:nobody" },
};
}
