/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The http health endpoint: what it answers to whom, and that no client disturbs another.
 */
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <micro/micro.h>

extern "C" const MicroPluginInfo *micro_plugin_http_health (void);

namespace
{
/* A client of the bare socket. */
struct Client
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  explicit Client (int port)
  {
    struct sockaddr_in address = {};

    address.sin_family = AF_INET;
    address.sin_port = htons (port);
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
      ADD_FAILURE () << "cannot connect";
  }
  ~Client () { close (fd); }

  void
  send (const std::string &text)
  {
    (void) !::send (fd, text.data (), text.size (), MSG_NOSIGNAL);
  }

  /* Until the text is there, or the end of the connection. */
  std::string
  read_until (const std::string &end)
  {
    struct pollfd waiting = { fd, POLLIN, 0 };
    std::string text;
    char buffer[4096];

    while (end.empty () || text.find (end) == std::string::npos)
      {
        if (poll (&waiting, 1, -1) <= 0)
          return text + "(nothing more)";
        ssize_t n = recv (fd, buffer, sizeof buffer, 0);
        if (n <= 0)
          return text;
        text.append (buffer, n);
      }
    return text;
  }
};

struct Http : testing::Test
{
  MicroHealth *health = nullptr;
  MicroChecks *checks = micro_checks_new ();
  int port = 0;

  /* Which port it is, only the log tells. */
  static void
  read_port (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
  {
    const char *at = strstr (message, "http://127.0.0.1:");

    if (at != nullptr)
      *(int *) user_data = atoi (at + strlen ("http://127.0.0.1:"));
    else
      g_log_default_handler (domain, level, message, nullptr);
  }

  void
  start ()
  {
    GLogFunc before = g_log_set_default_handler (read_port, &port);
    g_autoptr (GError) error = nullptr;

    health = MICRO_HEALTH (
        g_object_new (micro_plugin_http_health ()->get_type (), "address", "127.0.0.1:0", nullptr));
    micro_health_set_checks (health, checks);
    EXPECT_TRUE (micro_health_start (health, &error)) << error->message;
    g_log_set_default_handler (before, nullptr);
    ASSERT_NE (port, 0);
  }

  void
  SetUp () override
  {
    start ();
  }

  ~Http ()
  {
    micro_health_stop (health);
    g_object_unref (health);
    micro_checks_unref (checks);
  }

  std::string
  ask (const std::string &request)
  {
    Client client (port);

    client.send (request);
    return client.read_until ("");
  }

  std::string
  get (const std::string &target)
  {
    return ask ("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
};

bool
begins (const std::string &text, const std::string &with)
{
  return text.compare (0, with.size (), with) == 0;
}

std::string
body (const std::string &answer)
{
  return answer.substr (answer.find ("\r\n\r\n") + 4);
}
}

TEST_F (Http, AnswersAsTheOriginalDoes)
{
  std::string answer = get ("/health");

  EXPECT_TRUE (begins (answer, "HTTP/1.1 500 ")) << answer;
  EXPECT_EQ (body (answer), "NOT_HEALTHY");
  micro_health_set_ready (health, TRUE, nullptr);
  answer = get ("/health");
  EXPECT_TRUE (begins (answer, "HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ (body (answer), "OK");
  EXPECT_TRUE (
      begins (ask ("POST /health HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), "HTTP/1.1 200 "));
}

TEST_F (Http, WhatIsNotReadyMayLive)
{
  micro_health_set_ready (health, FALSE, "it starts");
  EXPECT_TRUE (begins (get ("/health/live"), "HTTP/1.1 200 "));
  EXPECT_TRUE (begins (get ("/health/ready"), "HTTP/1.1 500 "));
  micro_health_set_ready (health, TRUE, nullptr);
  micro_checks_set (checks, "loops", MICRO_CHECK_LIVE, "stuck");
  EXPECT_TRUE (begins (get ("/health/live"), "HTTP/1.1 500 "));
  EXPECT_TRUE (begins (get ("/health/ready"), "HTTP/1.1 500 "));
}

TEST_F (Http, TellsEachCheckWhenAsked)
{
  micro_checks_set (checks, "listening", MICRO_CHECK_CRITICAL, nullptr);
  micro_checks_set (checks, "database", MICRO_CHECK_CRITICAL, "it\r\nrefuses");
  micro_checks_set (checks, "cache", MICRO_CHECK_NONE, "it is cold");
  micro_checks_set (checks, "loops", MICRO_CHECK_LIVE, nullptr);
  EXPECT_EQ (body (get ("/health?verbose")),
             "+ listening\n- database: it  refuses\n! cache: it is cold (not critical)\n+ loops\n"
             "NOT_HEALTHY\n");
  EXPECT_EQ (body (get ("/health/live?verbose=1")), "+ loops\nOK\n");
  EXPECT_EQ (body (get ("/health/live?verbosely")), "OK");
}

TEST_F (Http, KnowsNoOtherPath)
{
  for (const char *path : { "/", "/healthy", "/health/live/", "/health/../health", "*" })
    EXPECT_TRUE (begins (get (path), "HTTP/1.1 404 ")) << path;
}

TEST_F (Http, RefusesWhatIsNoRequest)
{
  EXPECT_TRUE (begins (ask ("GET /health\r\n\r\n"), "HTTP/1.1 400 "));
  EXPECT_TRUE (begins (ask ("GET health HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 "));
  EXPECT_TRUE (begins (ask ("GET /health HTTP/1.1\r\nno colon\r\n\r\n"), "HTTP/1.1 400 "));
  EXPECT_TRUE (begins (ask ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/1.1 505 "));
  EXPECT_TRUE (begins (ask ("\x16\x03\x01\x02"), "HTTP/1.1 400 ")); /* TLS */
  EXPECT_TRUE (
      begins (ask (std::string ("GET /health HTTP/1.1\r\nx: \0\r\n\r\n", 30)), "HTTP/1.1 400 "));
  EXPECT_TRUE (begins (ask ("GET /" + std::string (9000, 'x')), "HTTP/1.1 431 "));
}

TEST_F (Http, KeepsAConnectionForManyRequests)
{
  Client client (port);
  std::string both;

  for (int i = 0; i < 3; i++)
    {
      client.send ("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
      EXPECT_TRUE (begins (client.read_until ("\r\n\r\nOK"), "HTTP/1.1 200 "));
    }
  client.send ("HEAD /health/live HTTP/1.1\r\n\r\nGET /health/live HTTP/1.0\r\n\r\n");
  both = client.read_until ("");
  EXPECT_NE (both.find ("\r\n\r\nHTTP/1.1 200 "), std::string::npos) << both; /* no body */
  EXPECT_NE (both.find ("Connection: close"), std::string::npos) << both;
}

TEST_F (Http, ClientsThatAreSlowDisturbNobody)
{
  std::vector<std::unique_ptr<Client>> slow;

  for (int i = 0; i < 400; i++)
    {
      slow.push_back (std::make_unique<Client> (port));
      slow.back ()->send (i % 2 ? "GET /heal" : "");
      if (i % 100 == 99)
        EXPECT_TRUE (begins (get ("/health/live"), "HTTP/1.1 200 "));
    }
  /* There is no place for all: the first had to go. */
  EXPECT_EQ (slow[0]->read_until (""), "");
  slow.back ()->send ("th/live HTTP/1.0\r\n\r\n");
  EXPECT_TRUE (begins (slow.back ()->read_until (""), "HTTP/1.1 200 "));
}

TEST (HttpOptions, RefusesWhatIsNoCheck)
{
  static const struct
  {
    const char *property, *text, *message;
  } cases[] = {
    { "tcp", "db=localhost", "--health-tcp: “db=localhost” is not NAME=HOST:PORT" },
    { "tcp", "=localhost:1", "is not NAME=HOST:PORT" },
    { "http", "x=ftp://localhost/", "is not NAME=URL" },
    { "http", "x=localhost:80", "is not NAME=URL" },
    { "optional", "nobody", "--health-optional: no check is called “nobody”" },
  };

  for (auto &one : cases)
    {
      const char *list[] = { one.text, nullptr };
      g_autoptr (GError) error = nullptr;
      gpointer object = g_initable_new (micro_plugin_http_health ()->get_type (), nullptr, &error,
                                        one.property, list, nullptr);

      EXPECT_EQ (object, nullptr) << one.text;
      ASSERT_NE (error, nullptr);
      EXPECT_NE (std::string (error->message).find (one.message), std::string::npos)
          << error->message;
    }
}

TEST (HttpOptions, RefusesTwoChecksOfOneName)
{
  const char *tcp[] = { "a=localhost:1", nullptr };
  const char *http[] = { "a=http://localhost/", nullptr };
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (g_initable_new (micro_plugin_http_health ()->get_type (), nullptr, &error, "tcp", tcp,
                             "http", http, nullptr),
             nullptr);
  EXPECT_STREQ (error->message, "two checks are called “a”; give each a name of its own");
}
