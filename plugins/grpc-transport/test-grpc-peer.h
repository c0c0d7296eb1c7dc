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

extern "C" const MicroPluginInfo *micro_plugin_grpc_transport (void);

/* As good as for ever: tests/limit ends who waits longer. */
const gint64 PATIENCE_US = 600 * (gint64) G_USEC_PER_SEC;
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

/* --- Single frames --- */

struct Frame
{
  int type; /* -1: the other side has closed; -2: nothing came in time */
  int flags;
  guint32 stream_id;
  std::string payload;

  guint32
  Number (size_t at) const
  {
    guint32 number = 0;

    for (size_t i = 0; i < 4; i++)
      number = number << 8 | (guint8) payload.at (at + i);
    return number;
  }
};

/* One end of a TCP connection, as the test likes to use it. */
class RawPeer
{
public:
  explicit RawPeer (int descriptor) : fd (descriptor) {}

  RawPeer (const RawPeer &) = delete;
  RawPeer &operator= (const RawPeer &) = delete;

  ~RawPeer () { close (fd); }

  void
  Send (const std::string &bytes)
  {
    /* The other side may have closed: that shows when reading. */
    (void) !send (fd, bytes.data (), bytes.size (), MSG_NOSIGNAL);
  }

  void
  SendFrame (int type, int flags, guint32 stream_id, const std::string &payload = "")
  {
    std::string head;
    gsize n = payload.size ();

    for (gsize byte : { n >> 16, n >> 8, n, (gsize) type, (gsize) flags, (gsize) stream_id >> 24,
                        (gsize) stream_id >> 16, (gsize) stream_id >> 8, (gsize) stream_id })
      head += (char) byte;
    Send (head + payload);
  }

  void
  Greet ()
  {
    Send ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    SendFrame (NGHTTP2_SETTINGS, 0, 0);
  }

  /* Everything that was sent before has been read. */
  void
  Settle ()
  {
    Frame frame;

    SendFrame (NGHTTP2_PING, 0, 0, "settled?");
    do
      frame = Next ();
    while (frame.type >= 0
           && !(frame.type == NGHTTP2_PING && (frame.flags & NGHTTP2_FLAG_ACK) != 0));
    EXPECT_EQ (frame.type, NGHTTP2_PING);
  }

  /* Calls the greeter; the header fields are literals (RFC 7541, 6.2.2). */
  void
  Ask (guint32 stream_id, const std::string &name, int flags = NGHTTP2_FLAG_END_STREAM)
  {
    std::string text = std::string ("\x0a") + (char) name.size () + name;

    Begin (stream_id, std::string (4, '\0') + (char) text.size () + text, flags);
  }

  void
  Begin (guint32 stream_id, const std::string &body, int flags = 0)
  {
    static const char *const fields[]
        = { ":path", "/greeter.Say/Hello", ":authority",   "test",
            "te",    "trailers",           "content-type", "application/grpc" };
    std::string headers = "\x83\x86"; /* :method POST, :scheme http */

    for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
      headers += (i % 2 == 0 ? std::string (1, '\0') : "") + (char) strlen (fields[i]) + fields[i];
    SendFrame (NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream_id, headers);
    SendFrame (NGHTTP2_DATA, flags, stream_id, body);
  }

  /* As a server. */
  void
  TakePreface ()
  {
    std::string preface;

    EXPECT_TRUE (Read (NGHTTP2_CLIENT_MAGIC_LEN, PATIENCE_US / 1000, preface));
  }

  Frame
  Next (int timeout_ms = PATIENCE_US / 1000)
  {
    Frame frame = { -2, 0, 0, "" };
    std::string head;

    if (!Read (9, timeout_ms, head))
      frame.type = closed ? -1 : -2;
    else
      {
        gsize length = (guint8) head[0] << 16 | (guint8) head[1] << 8 | (guint8) head[2];

        frame.type = head[3];
        frame.flags = (guint8) head[4];
        memcpy (&frame.stream_id, head.data () + 5, 4);
        frame.stream_id = ntohl (frame.stream_id);
        Read (length, timeout_ms, frame.payload);
      }
    return frame;
  }

  /* The next frame of @type that is no acknowledgement, or what ended the wait for it. */
  Frame
  NextOf (int type)
  {
    const bool has_ack = type == NGHTTP2_PING || type == NGHTTP2_SETTINGS;

    while (true)
      {
        Frame frame = Next ();

        if (frame.type < 0
            || (frame.type == type && !(has_ack && (frame.flags & NGHTTP2_FLAG_ACK) != 0)))
          return frame;
      }
  }

private:
  bool
  Read (size_t n, int timeout_ms, std::string &into)
  {
    while (into.size () < n)
      {
        struct pollfd waiting = { fd, POLLIN, 0 };
        char buffer[4096];
        ssize_t got;

        if (poll (&waiting, 1, timeout_ms) <= 0)
          return false;
        got = recv (fd, buffer, MIN (sizeof buffer, n - into.size ()), 0);
        closed = got <= 0;
        if (closed)
          return false;
        into.append (buffer, got);
      }
    return true;
  }

  int fd;
  bool closed = false;
};

/* --- Calls --- */

struct Outcome
{
  std::atomic<bool> done;
  MicroStatus status;
  std::string message;
  std::string reply;
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

  (void) details;
  outcome->status = status;
  outcome->message = message != NULL ? message : "";
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

/* "wait" is answered when it is released, everybody else at once. */
inline void
peer_hello (MicroCall *call, gconstpointer request, gpointer user_data)
{
  const char *name = ((const Greeter__HelloRequest *) request)->name;
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  (void) user_data;
  served = ((GrpcCall *) call)->connection;
  if (strcmp (name, "wait") == 0)
    {
      waiting.n++;
      g_thread_unref (g_thread_new ("wait", answer_when_released, call));
      return;
    }
  response.msg = micro_call_printf (call, "Hello %s", name);
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

  /* A peer of the server. */
  int
  Connect ()
  {
    struct sockaddr_in to = {};
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

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
    start.deadline_us = G_MAXINT64;
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
