/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The HTTP broker: what it registers, sends and takes, and what it says of peers that fail.
 */
#include <atomic>
#include <cstring>
#include <thread>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "../../tests/broker-test.h"
#include "../../tests/held-port.h"
#include "../../tests/registry-test.h"

extern "C" const MicroPluginInfo *micro_plugin_http_broker (void);

namespace
{
/* By its name, so that the broker knows it for one of this machine. */
MicroRegistry *
new_registry ()
{
  return MICRO_REGISTRY (
      g_object_new (micro_plugin_find (MICRO_PLUGIN_REGISTRY, "memory", nullptr), nullptr));
}

using Bodies = std::vector<std::string>;

/* A process: a broker with a registry on the test's thread. */
struct Process
{
  explicit Process (const char *address = nullptr, guint length = 4, guint timeout_ms = 600000)
      : registry (new_registry ()),
        broker (MICRO_BROKER (g_object_new (micro_plugin_http_broker ()->get_type (),
                                            "address",
                                            address,
                                            "queue-length",
                                            length,
                                            "max-bytes",
                                            100000,
                                            "timeout-ms",
                                            timeout_ms,
                                            nullptr)))
  {
    micro_broker_set_registry (broker, registry, g_main_context_default ());
  }
  ~Process ()
  {
    Close ();
    g_object_unref (broker);
    turn ();
    g_object_unref (registry);
  }

  void
  Connect ()
  {
    g_autoptr (GAsyncResult) result = nullptr;
    micro_broker_connect_async (broker, nullptr, Publisher::Keep, &result);
    ASSERT_TRUE (until ([&] { return result != nullptr; }));
    EXPECT_TRUE (micro_broker_connect_finish (broker, result, nullptr));
  }

  void
  Close ()
  {
    g_autoptr (GAsyncResult) result = nullptr;
    micro_broker_close_async (broker, nullptr, Publisher::Keep, &result);
    ASSERT_TRUE (until ([&] { return result != nullptr; }));
    EXPECT_TRUE (micro_broker_close_finish (broker, result, nullptr));
  }

  MicroRegistry *registry;
  MicroBroker *broker;
};

/* The records as JSON, with UUID and PORT for what differs from run to run. */
std::string
records ()
{
  RegistryUser user{ new_registry () };
  g_autoptr (GPtrArray) found = user.Get ("micro.http.broker");
  std::string all;

  for (guint i = 0; found != nullptr && i < found->len; i++)
    {
      g_autofree char *json
          = micro_service_to_json ((MicroService *) g_ptr_array_index (found, i), FALSE);
      all += json;
    }
  g_autoptr (GRegex) uuid = g_regex_new ("[0-9a-f]{8}-[0-9a-f-]{27}", GRegexCompileFlags (0),
                                         GRegexMatchFlags (0), nullptr);
  g_autoptr (GRegex) port
      = g_regex_new ("127.0.0.1:[0-9]+", GRegexCompileFlags (0), GRegexMatchFlags (0), nullptr);
  g_autofree char *plain
      = g_regex_replace_literal (uuid, all.c_str (), -1, 0, "UUID", GRegexMatchFlags (0), nullptr);
  g_autofree char *text
      = g_regex_replace_literal (port, plain, -1, 0, "HOST:PORT", GRegexMatchFlags (0), nullptr);
  return text;
}

/* ID and address of the first node. */
std::string
node (bool want_id)
{
  RegistryUser user{ new_registry () };
  g_autoptr (GPtrArray) found = user.Get ("micro.http.broker");
  MicroNode *first = (MicroNode *) g_ptr_array_index (
      micro_service_get_nodes ((MicroService *) g_ptr_array_index (found, 0)), 0);

  return want_id ? micro_node_get_id (first) : micro_node_get_address (first);
}

int
dial (int port)
{
  sockaddr_in address = {};
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_family = AF_INET;
  address.sin_port = htons (port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  EXPECT_EQ (connect (fd, (sockaddr *) &address, sizeof address), 0);
  return fd;
}

/* The answer to these bytes, as far as @end is in it. */
std::string
ask_until (const char *end, const std::string &request)
{
  int fd = dial (atoi (strrchr (node (false).c_str (), ':') + 1));
  std::string answer;
  char buffer[4096];
  ssize_t n;

  EXPECT_EQ (send (fd, request.data (), request.size (), MSG_NOSIGNAL), (ssize_t) request.size ());
  while (answer.find (end) == std::string::npos && (n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    answer.append (buffer, n);
  close (fd);
  return answer;
}

/* Its first line. */
std::string
ask (const std::string &request)
{
  std::string answer = ask_until ("\r\n\r\n", request);

  return answer.substr (0, answer.find ("\r\n"));
}

std::string
post (const std::string &body, const std::string &id)
{
  return ask ("POST /?id=" + id + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
              + std::to_string (body.size ()) + "\r\n\r\n" + body);
}

/* Listens, registers as a subscriber, reads @bytes of a request and says what it is told. */
struct FakePeer
{
  FakePeer (const char *topic, const char *version, std::string says, bool closes = true)
      : answer (says)
  {
    EXPECT_EQ (listen (held.fd, 16), 0);
    thread = std::thread ([this, closes] { Serve (closes); });
    Register (topic, version);
  }
  /* One that refuses, on a port that it keeps from others. */
  FakePeer (const char *topic, const char *version) { Register (topic, version); }
  ~FakePeer ()
  {
    shutdown (held.fd, SHUT_RDWR);
    stopping = true;
    if (thread.joinable ())
      thread.join ();
    user.Deregister (service);
    micro_service_unref (service);
  }

  void
  Register (const char *topic, const char *version)
  {
    g_autoptr (GPtrArray) nodes
        = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
    g_autoptr (MicroMetadata) metadata
        = micro_metadata_new ("broker", "http", "secure", "false", "topic", topic, nullptr);
    std::string id = std::string (topic) + "-" + std::to_string (held.port);

    g_ptr_array_add (nodes, micro_node_new (id.c_str (), held.address.c_str (), metadata));
    service = micro_service_new ("micro.http.broker", version, nullptr, nullptr, nodes);
    EXPECT_EQ (user.Register (service), "");
  }

  void
  Serve (bool closes)
  {
    while (!stopping)
      {
        int one = accept (held.fd, nullptr, nullptr);
        char buffer[65536];
        std::string request;

        if (one < 0)
          return;
        while (!stopping && request.find ("\r\n\r\n{") == std::string::npos)
          {
            ssize_t n = recv (one, buffer, sizeof buffer, MSG_DONTWAIT);
            if (n == 0)
              break;
            if (n > 0)
              request.append (buffer, n);
            else
              g_usleep (500);
          }
        requests++;
        last = request;
        send (one, answer.data (), answer.size (), MSG_NOSIGNAL);
        while (!closes && !stopping)
          g_usleep (1000);
        close (one);
      }
  }

  std::string answer, last;
  HeldPort held;
  std::atomic<int> requests{ 0 };
  std::atomic<bool> stopping{ false };
  std::thread thread;
  MicroService *service;
  RegistryUser user{ new_registry () };
};
}

TEST (HttpBroker, RegistersAllTopicsInOneRecordAsGoMicroDoes)
{
  Process process;
  Subscriber a (process.broker, "a");

  process.Connect ();
  EXPECT_EQ (records (), R"({"name":"micro.http.broker","version":"ff.http.broadcast",)"
                         R"("metadata":null,"endpoints":[],"nodes":[{"id":"a-UUID",)"
                         R"("address":"HOST:PORT","metadata":{"broker":"http",)"
                         R"("secure":"false","topic":"a"}}]})");
  Subscriber b (process.broker, "b"), again (process.broker, "a");
  process.Connect ();
  EXPECT_EQ (records ().find ("\"id\":\"a-UUID\",\"address\":\"HOST:PORT\""),
             records ().rfind ("\"id\":\"a-UUID\""));
  EXPECT_NE (records ().find ("\"id\":\"b-UUID\""), std::string::npos);
  a.Leave ();
  again.Leave ();
  process.Connect ();
  EXPECT_EQ (records ().find ("\"id\":\"a-UUID\""), std::string::npos);
  process.Close ();
  EXPECT_EQ (records (), "") << "it takes its record back";
}

TEST (HttpBroker, RegistersAQueueAsItsVersionAndSeveralInTheMetadata)
{
  Process process;
  Subscriber a (process.broker, "a", "workers");

  process.Connect ();
  EXPECT_NE (records ().find (R"("version":"workers","metadata":null,"endpoints":[],)"
                              R"("nodes":[{"id":"a-UUID.workers")"),
             std::string::npos)
      << records ();
  Subscriber b (process.broker, "b");
  process.Connect ();
  EXPECT_NE (records ().find (R"("version":"ff.http.broadcast")"), std::string::npos);
  EXPECT_EQ (records ().find (R"("version":"workers")"), std::string::npos) << records ();
  EXPECT_NE (records ().find (R"({"broker":"http-queue","queue":"workers","secure":"false",)"
                              R"("topic":"a"})"),
             std::string::npos)
      << records ();
}

TEST (HttpBroker, BringsMessagesFromProcessToProcess)
{
  Process one, two, sender;
  Publisher publisher (sender.broker);
  Subscriber a (one.broker, "orders"), b (two.broker, "orders"), other (two.broker, "other");
  Subscriber worker_a (one.broker, "orders", "workers"), worker_b (two.broker, "orders", "workers");
  g_autoptr (MicroMetadata) headers = micro_metadata_new ("Key", "é", nullptr);
  std::string bytes ("\0\xff\n", 3);

  one.Connect ();
  two.Connect ();
  EXPECT_EQ (publisher.Publish ("orders", bytes, headers), "");
  EXPECT_EQ (publisher.Publish ("orders", ""), "");
  ASSERT_TRUE (a.Waits (2) && b.Waits (2));
  ASSERT_TRUE (until ([&] { return worker_a.bodies.size () + worker_b.bodies.size () == 2; }));
  /* Whoever had got it twice would have it by now: the publisher was told of all. */
  turn ();
  EXPECT_EQ (worker_a.bodies.size () + worker_b.bodies.size (), 2u) << "one of the queue";
  EXPECT_EQ (a.bodies, (Bodies{ bytes, "" }));
  EXPECT_EQ (b.bodies, a.bodies);
  EXPECT_EQ (a.headers[0], "Key=é;Micro-Topic=orders;");
  EXPECT_TRUE (other.bodies.empty ());
}

TEST (HttpBroker, KeepsTheOrderAndOneConnection)
{
  Process receiver (nullptr, 1000), sender;
  Subscriber a (receiver.broker, "orders");
  int n_done = 0;

  receiver.Connect ();
  for (int i = 0; i < 200; i++)
    {
      std::string text = std::to_string (i);
      g_autoptr (GBytes) body = g_bytes_new (text.data (), text.size ());

      micro_broker_publish_async (
          sender.broker, "orders", nullptr, body, nullptr,
          [] (GObject *broker, GAsyncResult *result, gpointer data) {
            g_autoptr (GError) error = nullptr;

            micro_broker_publish_finish (MICRO_BROKER (broker), result, &error);
            EXPECT_STREQ (error != nullptr ? error->message : "", "");
            ++*static_cast<int *> (data);
          },
          &n_done);
    }
  ASSERT_TRUE (a.Waits (200));
  ASSERT_TRUE (until ([&] { return n_done == 200; }));
  for (int i = 0; i < 200; i++)
    EXPECT_EQ (a.bodies[i], std::to_string (i));
}

TEST (HttpBroker, FollowsWhoComesAndGoes)
{
  Process sender;
  Publisher publisher (sender.broker);

  EXPECT_EQ (publisher.Publish ("orders", "to nobody"), "");
  {
    Process receiver;
    Subscriber a (receiver.broker, "orders");

    receiver.Connect ();
    /* Once the sender has heard of it. */
    while (a.bodies.empty ())
      {
        EXPECT_EQ (publisher.Publish ("orders", "x"), "");
        turn ();
      }
    EXPECT_EQ (a.bodies, Bodies{ "x" });
  }
  EXPECT_TRUE (until ([&] { return publisher.Publish ("orders", "to nobody again") == ""; }));
}

TEST (HttpBroker, RefusesWhatASubscriberCannotTake)
{
  Process receiver, sender;
  Publisher publisher (sender.broker);
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  Subscriber blocked (receiver.broker, "orders");
  g_main_context_pop_thread_default (context);
  receiver.Connect ();
  for (int i = 0; i < 4; i++)
    EXPECT_EQ (publisher.Publish ("orders", "x"), "");
  EXPECT_EQ (publisher.Publish ("orders", "x"), "8 topic “orders”: the queue of the subscriber at "
                                                    + node (false)
                                                    + " is full; publish again later");
  EXPECT_EQ (publisher.Publish ("orders", std::string (100001, 'x')),
             "3 the message has 100001 bytes, and the broker takes 100000; see --help-broker");
  while (g_main_context_iteration (context, FALSE))
    ;
  EXPECT_EQ (publisher.Publish ("orders", std::string (100000, 'x')), "");
  blocked.Leave ();
  g_main_context_unref (context);
}

TEST (HttpBroker, GoesToAnotherMemberOfAQueue)
{
  Process receiver, sender;
  Publisher publisher (sender.broker);
  Subscriber a (receiver.broker, "orders", "workers");
  FakePeer full ("orders", "workers",
                 "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
  FakePeer gone ("orders", "workers");

  receiver.Connect ();
  for (size_t i = 1; i <= 12; i++)
    {
      EXPECT_EQ (publisher.Publish ("orders", "x"), "");
      ASSERT_TRUE (a.Waits (i));
    }
  EXPECT_EQ (a.bodies.size (), 12u);
}

TEST (HttpBroker, SaysWhoHasNotGotTheMessage)
{
  Process receiver (nullptr, 1000), sender;
  Publisher publisher (sender.broker);
  Subscriber a (receiver.broker, "orders");
  std::string failure;

  receiver.Connect ();
  {
    FakePeer gone ("orders", "ff.http.broadcast", "");
    failure = publisher.Publish ("orders", "x");
    EXPECT_EQ (failure.substr (0, 3), "14 ") << failure;
    EXPECT_NE (failure.find ("went away while it was sent the message, which it may have"),
               std::string::npos)
        << failure;
    EXPECT_NE (failure.find ("; 1 of 2 subscribers have the message"), std::string::npos);
    EXPECT_EQ (gone.requests, 1) << "never twice";
    EXPECT_NE (gone.last.find ("{\"Header\":{\"Micro-Topic\":\"orders\"},\"Body\":\"eA==\"}"),
               std::string::npos)
        << gone.last;
  }
  {
    FakePeer mute ("orders", "ff.http.broadcast", "", false);
    std::string expected;
    guint timeout_ms = 50;

    /* Where the machine is slow, the time may be over before anything is sent. */
    do
      {
        Process hurried (nullptr, 4, timeout_ms *= 2);

        failure = Publisher (hurried.broker).Publish ("orders", "x");
        EXPECT_EQ (failure.substr (0, 2), "4 ") << failure;
        expected = "has not taken the message within " + std::to_string (timeout_ms) + " ms";
        EXPECT_NE (failure.find (expected), std::string::npos) << failure;
      }
    while (failure.find (expected + "; it may have it") == std::string::npos);
  }
  {
    FakePeer other ("orders", "ff.http.broadcast",
                    "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    failure = publisher.Publish ("orders", "x");
    EXPECT_NE (failure.find ("does not take messages: it answers 403 (Forbidden)"),
               std::string::npos)
        << failure;
  }
  {
    FakePeer left ("orders", "ff.http.broadcast",
                   "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ (publisher.Publish ("orders", "x"), "") << "it has unsubscribed";
  }
  ASSERT_TRUE (a.Waits (4));
}

TEST (HttpBroker, IsNotTroubledByWhatIsNoMessage)
{
  Process receiver, sender;
  Publisher publisher (sender.broker);
  Subscriber a (receiver.broker, "orders");
  receiver.Connect ();
  std::string id = node (true);
  std::string fine = R"({"Header":{"Micro-Topic":"orders"},"Body":"eA=="})";

  EXPECT_EQ (post (fine, id), "HTTP/1.1 200 OK");
  EXPECT_EQ (post (fine, "other"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ (ask ("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 405 Method Not Allowed");
  for (const char *bad : { "", "x", "{}", "[1]", R"({"Header":{"Micro-Topic":""},"Body":"eA=="})",
                           R"({"Header":{"Micro-Topic":"orders"},"Body":"e"})" })
    EXPECT_EQ (post (bad, id), "HTTP/1.1 500 Internal Server Error") << bad;
  EXPECT_EQ (post (std::string (150000, '['), id), "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ (post (std::string (300000, 'x'), id), "HTTP/1.1 413 Request Entity Too Large");
  EXPECT_EQ (ask ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n"
                  + std::string (300000, 'x') + "\r\n0\r\n\r\n"),
             "HTTP/1.1 413 Request Entity Too Large");
  EXPECT_EQ (ask ("garbage\r\n\r\n").substr (8, 4), " 400");
  EXPECT_EQ (publisher.Publish ("orders", "y"), "");
  ASSERT_TRUE (a.Waits (2));
  EXPECT_EQ (a.bodies, (Bodies{ "x", "y" }));
}

/* By JSON's rules, also where there is something in it that is not ASCII. */
TEST (HttpBroker, RefusesInJson)
{
  Process receiver;
  Subscriber a (receiver.broker, "orders");
  receiver.Connect ();
  std::string other = R"({"Header":{"Micro-Topic":"oth\u00e9r \" \\ \n"},"Body":""})";
  auto refusal = [] (const std::string &body) {
    return ask_until ("\"}", "POST /?id=x HTTP/1.1\r\nHost: x\r\nContent-Length: "
                                 + std::to_string (body.size ()) + "\r\n\r\n" + body);
  };

  EXPECT_NE (refusal (other).find (R"(“othér \" \\ \u000a”)"), std::string::npos)
      << refusal (other);
}

TEST (HttpBroker, ClosesItsSideOfEndedConnections)
{
  Process receiver;
  Subscriber a (receiver.broker, "orders");
  auto count_fds = [] {
    g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, nullptr);
    int n = 0;

    while (folder != nullptr && g_dir_read_name (folder) != nullptr)
      n++;
    return n;
  };
  receiver.Connect ();
  int before = count_fds ();

  for (int i = 0; i < 50; i++)
    ask ("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE (until ([&] { return count_fds () <= before + 2; })) << count_fds () << " " << before;
}

TEST (HttpBroker, ListensWhereItIsToldOrSaysWhyNot)
{
  Process first ("127.0.0.1:0");
  Subscriber a (first.broker, "orders");
  first.Connect ();
  std::string taken = node (false);
  Process second (taken.c_str ());
  Subscriber b (second.broker, "orders");
  EXPECT_EQ (b.id, 0u);
  EXPECT_EQ (b.failure.find ("the broker cannot listen on " + taken + ": "), 0u) << b.failure;

  for (const char *bad : { "nonsense", "1.2.3.4", "::1:80", "host:70000", "[::1" })
    {
      Process wrong (bad);
      Subscriber c (wrong.broker, "orders");
      EXPECT_EQ (c.failure, std::string ("the broker cannot listen on “") + bad
                                + "”: write it as HOST:PORT, :PORT or [IPV6]:PORT");
    }
}

TEST (HttpBroker, EndsAPublicationThatIsCancelled)
{
  Process sender;
  Publisher publisher (sender.broker);
  FakePeer mute ("orders", "ff.http.broadcast", "", false);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  std::thread later ([&] {
    while (mute.requests == 0)
      g_usleep (1000);
    g_cancellable_cancel (cancellable);
  });

  EXPECT_EQ (publisher.Publish ("orders", "x", nullptr, cancellable).substr (0, 3),
             std::to_string (G_IO_ERROR_CANCELLED) + " ");
  later.join ();
}
