/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * For tests of connections: a greeter, its caller, and a peer that speaks in single frames.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <protobuf-c/protobuf-c.h>

#include "../../tests/held-port.h"
#include "greeter.pb-c.h"
#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-thread.h"
#include "test-grpc-raw.h"

extern "C" const MicroPluginInfo *micro_plugin_grpc_transport (void);

const gint64 HOUR_US = 3600 * (gint64) G_USEC_PER_SEC;
const guint HOUR_MS = 3600 * 1000;

inline bool
wait_until (const std::function<bool ()> &condition)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_US;

  while (!condition ())
    {
      if (g_get_monotonic_time () > end)
        return false;
      g_usleep (1000);
    }
  return true;
}

/* --- Calls --- */

struct Outcome
{
  std::atomic<bool> done;
  MicroStatus status;
  std::string message;
  std::string reply;
  MicroCallProgress progress; /* at the end */
  gsize details;              /* bytes */
  std::atomic<int> closes;
};

inline void
outcome_message (MicroCall *call, const guint8 *data, gsize length)
{
  Outcome *outcome = (Outcome *) call->user_data;
  Greeter__HelloResponse *reply = greeter__hello_response__unpack (NULL, length, data);

  outcome->reply = reply->msg;
  greeter__hello_response__free_unpacked (reply, NULL);
}

inline void
outcome_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  Outcome *outcome = (Outcome *) call->user_data;

  outcome->status = status;
  outcome->message = message != NULL ? message : "";
  outcome->progress = call->progress;
  outcome->details = details != NULL ? g_bytes_get_size (details) : 0;
  outcome->closes++;
  outcome->done = true;
}

/* Calls that wait until Release(). */
struct Waiting
{
  std::atomic<int> n;
  std::atomic<bool> released;
};
inline Waiting waiting;
/* The connection of the call that came last: for its loop. */
inline std::atomic<GrpcConnection *> served;

inline gpointer
answer_when_released (gpointer data)
{
  MicroCall *call = (MicroCall *) data;
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  while (!waiting.released)
    g_usleep (1000);
  response.msg = (char *) "released";
  micro_call_reply (call, &response);
  waiting.n--;
  return NULL;
}

const gsize LARGE = 400000;

/* What "fail" is answered with. */
struct Failure
{
  std::string message;
  std::string trailer, header; /* their values; "": none */
  gsize details;               /* bytes; 0: none */
};
inline Failure failure;

inline void
fail_as_told (MicroCall *call)
{
  g_autofree guint8 *zeros = (guint8 *) g_malloc0 (failure.details + 1);
  g_autoptr (GBytes) details
      = failure.details != 0 ? g_bytes_new (zeros, failure.details) : nullptr;

  if (!failure.header.empty ())
    micro_call_add_header (call, "x-header", failure.header.c_str ());
  if (!failure.trailer.empty ())
    micro_call_add_trailer (call, "x-trailer", failure.trailer.c_str ());
  micro_call_fail_with_details (call, MICRO_STATUS_ABORTED, failure.message.c_str (), details);
}

/* "wait" is answered when it is released, everybody else at once, "large" at length. */
inline void
peer_hello (MicroCall *call, gconstpointer request, gpointer user_data)
{
  const char *name = ((const Greeter__HelloRequest *) request)->name;
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  (void) user_data;
  served = ((GrpcCall *) call)->connection;
  if (strcmp (name, "fail") == 0)
    {
      fail_as_told (call);
      return;
    }
  if (strcmp (name, "wait") == 0)
    {
      waiting.n++;
      g_thread_unref (g_thread_new ("wait", answer_when_released, call));
      return;
    }
  response.msg
      = micro_call_printf (call, "Hello %*s", strcmp (name, "large") == 0 ? (int) LARGE : 0, name);
  micro_call_reply (call, &response);
}

inline const MicroMethod peer_methods[]
    = { { "greeter", "Say", "Hello", MICRO_METHOD_UNARY, &greeter__hello_request__descriptor,
          &greeter__hello_response__descriptor } };
inline const MicroServiceDescriptor peer_say = { "greeter", "Say", 1, peer_methods, NULL, 0 };

class GrpcPeerTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    MicroHandler handlers[] = { peer_hello };

    waiting.n = 0;
    waiting.released = false;
    served = nullptr;
    grpc_end_notice_ms = HOUR_MS;
    router = micro_router_new ();
    micro_router_add (router, &peer_say, handlers, NULL, NULL);
    loops = g_ptr_array_new ();
    g_ptr_array_add (loops, micro_loop_new ("server"));
    client_loop = micro_loop_new ("client");
  }

  void
  TearDown () override
  {
    Release ();
    for (MicroTransport *transport : { client, server })
      if (transport != nullptr)
        micro_transport_close (transport);
    micro_loop_free ((MicroLoop *) g_ptr_array_index (loops, 0));
    micro_loop_free (client_loop);
    g_ptr_array_unref (loops);
    g_clear_object (&client);
    g_clear_object (&server);
    g_object_unref (router);
  }

  /* @options are names and numbers. */
  template <typename... Options>
  void
  Serve (const char *where, Options... options)
  {
    g_autoptr (GError) error = NULL;
    g_autofree char *bound = NULL;

    server = New (options...);
    bound = micro_transport_listen (server, where, router, loops, &error);
    ASSERT_NE (bound, nullptr) << error->message;
    address = bound;
  }

  template <typename... Options>
  MicroTransport *
  New (Options... options)
  {
    return (MicroTransport *) g_object_new (micro_plugin_grpc_transport ()->get_type (), options...,
                                            NULL);
  }

  template <typename... Options>
  void
  Caller (Options... options)
  {
    client = New (options...);
  }

  /* A peer of the server.  @buffer: what its kernel holds for it, in bytes; 0: as usual. */
  int
  Connect (int buffer = 0)
  {
    struct sockaddr_in to = {};
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (buffer != 0)
      setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);

    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    to.sin_port = htons (atoi (address.c_str () + address.rfind (':') + 1));
    EXPECT_EQ (connect (fd, (struct sockaddr *) &to, sizeof to), 0);
    return fd;
  }

  /* Calls go to a socket of ours. */
  void
  ListenRaw ()
  {
    held = std::make_unique<HeldPort> ();
    ASSERT_EQ (listen (held->fd, 16), 0);
    address = held->address;
  }

  int
  Accept ()
  {
    struct pollfd waiting_for = { held->fd, POLLIN, 0 };

    EXPECT_EQ (poll (&waiting_for, 1, PATIENCE_US / 1000), 1);
    return accept4 (held->fd, NULL, NULL, SOCK_CLOEXEC);
  }

  void
  On (MicroLoop *loop, std::function<void ()> function)
  {
    micro_loop_run_sync (
        loop, [] (gpointer data) { (*(std::function<void ()> *) data) (); }, &function);
  }

  void
  OnServer (std::function<void ()> function)
  {
    On ((MicroLoop *) g_ptr_array_index (loops, 0), function);
  }

  void
  Begin (Outcome *outcome, const char *name = "John")
  {
    Job job = { this, name, outcome };

    micro_loop_run_sync (client_loop, Start, &job);
  }

  void
  Call (Outcome *outcome, const char *name = "John")
  {
    Begin (outcome, name);
    EXPECT_TRUE (wait_until ([outcome] { return outcome->done.load (); }));
  }

  void
  Release ()
  {
    waiting.released = true;
    EXPECT_TRUE (wait_until ([] { return waiting.n == 0; }));
  }

  MicroTransport *server = nullptr;
  MicroTransport *client = nullptr;
  MicroRouter *router;
  GPtrArray *loops;
  MicroLoop *client_loop;
  std::string address;
  std::unique_ptr<HeldPort> held;
  Outcome unfinished = {};             /* of a call that outlives its test */
  GrpcCall *begun = nullptr;           /* last, on client_loop */
  GrpcThread *client_thread = nullptr; /* of client_loop, once a call was begun */
  gint64 deadline_us = G_MAXINT64;     /* of the calls that are begun */

private:
  struct Job
  {
    GrpcPeerTest *test;
    const char *name;
    Outcome *outcome;
  };

  static void
  Start (gpointer data)
  {
    static const MicroCallEvents events
        = { outcome_message, nullptr, outcome_closed, nullptr, nullptr, { nullptr } };
    Job *job = (Job *) data;
    MicroCallStart start = {};
    Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
    MicroCall *call;

    start.address = job->test->address.c_str ();
    start.path = "/greeter.Say/Hello";
    start.deadline_us = job->test->deadline_us;
    call = micro_transport_open (job->test->client, job->test->client_loop, &start, &events,
                                 job->outcome);
    job->test->begun = (GrpcCall *) call;
    job->test->client_thread = job->test->begun->thread;
    request.name = (char *) job->name;
    greeter__hello_request__pack (
        &request,
        call->ops->begin_message (call, greeter__hello_request__get_packed_size (&request)));
    call->ops->end_message (call);
    call->ops->half_close (call);
  }
};
