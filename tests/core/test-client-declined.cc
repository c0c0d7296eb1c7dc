/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls that a server has not looked at, since it drains or is full: another try costs nothing, and
 * its node stays in use.
 */
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "client-test.h"

namespace
{
enum How
{
  GO_AWAY,
  RESET,
  FAIL /* by a handler: UNAVAILABLE */
};

std::string
frame (int type, int flags, guint8 stream_id, const std::string &payload)
{
  const char head[]
      = { 0, 0, (char) payload.size (), (char) type, (char) flags, 0, 0, 0, (char) stream_id };

  return std::string (head, sizeof head) + payload;
}

/* A literal of HPACK (RFC 7541, 6.2.2). */
std::string
field (const std::string &name, const std::string &value)
{
  return std::string (1, '\0') + (char) name.size () + name + (char) value.size () + value;
}

/* A server that declines some calls, and answers the others. */
class Decliner
{
public:
  explicit Decliner (How how) : how (how)
  {
    EXPECT_EQ (listen (held.fd, 16), 0);
    address = held.address;
    thread = std::thread ([this] { Run (); });
  }

  ~Decliner ()
  {
    shutdown (held.fd, SHUT_RDWR);
    thread.join ();
    for (const auto &peer : peers)
      close (peer.first);
  }

  std::string address;
  std::atomic<int> to_decline{ 0 }, declined{ 0 }, answered{ 0 };

private:
  void
  Run ()
  {
    while (true)
      {
        std::vector<struct pollfd> waiting = { { held.fd, POLLIN, 0 } };

        for (const auto &peer : peers)
          waiting.push_back ({ peer.first, POLLIN, 0 });
        poll (waiting.data (), waiting.size (), -1);
        if (waiting[0].revents != 0)
          {
            int fd = accept4 (held.fd, NULL, NULL, SOCK_CLOEXEC);

            if (fd < 0)
              return;
            Say (fd, frame (4, 0, 0, ""));
            peers[fd] = "";
          }
        for (size_t i = 1; i < waiting.size (); i++)
          if (waiting[i].revents != 0)
            Read (waiting[i].fd);
      }
  }

  static void
  Say (int fd, const std::string &bytes)
  {
    (void) !send (fd, bytes.data (), bytes.size (), MSG_NOSIGNAL);
  }

  void
  Read (int fd)
  {
    const size_t preface = 24;
    char buffer[4096];
    ssize_t n = recv (fd, buffer, sizeof buffer, 0);
    std::string &text = peers[fd];

    if (n <= 0)
      {
        close (fd);
        peers.erase (fd);
        return;
      }
    text.append (buffer, n);
    if (text.size () < preface)
      return;
    /* The preface stays, so that it need not be remembered. */
    while (text.size () >= preface + 9)
      {
        const guint8 *head = (const guint8 *) text.data () + preface;
        size_t whole = 9 + (head[0] << 16 | head[1] << 8 | head[2]);

        if (text.size () < preface + whole)
          return;
        if (head[3] == 1)
          Take (fd, head[8]);
        text.erase (preface, whole);
      }
  }

  void
  Take (int fd, guint8 stream_id)
  {
    const std::string code ("\0\0\0\7", 4);

    if (to_decline > 0)
      {
        to_decline--;
        declined++;
        if (how == GO_AWAY)
          Say (fd, frame (7, 0, 0, std::string (8, '\0')));
        else if (how == RESET)
          Say (fd, frame (3, 0, stream_id, code));
        else
          Say (fd, frame (1, 5, stream_id,
                          "\x88" + field ("content-type", "application/grpc")
                              + field ("grpc-status", "14")));
        return;
      }
    answered++;
    Say (fd, frame (1, 4, stream_id, "\x88" + field ("content-type", "application/grpc"))
                 + frame (0, 0, stream_id, std::string ("\0\0\0\0\x0a\x0a\x08", 7) + "decliner")
                 + frame (1, 5, stream_id, field ("grpc-status", "0")));
  }

  How how;
  HeldPort held;
  std::thread thread;
  std::map<int, std::string> peers; /* what they have said and was not looked at */
};

class ClientDeclinedTest : public ClientTest
{
protected:
  void
  Only (const std::string &node)
  {
    g_ptr_array_set_size (selector->addresses, 0);
    g_ptr_array_add (selector->addresses, g_strdup (node.c_str ()));
  }

  void
  SetUp () override
  {
    ClientTest::SetUp ();
    options.retries = 0;
  }

  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
};
}

INSTANTIATE_TEST_SUITE_P (Transports,
                          ClientDeclinedTest,
                          testing::Values (kinds[0]),
                          [] (const testing::TestParamInfo<Kind> &info) {
                            return info.param.name;
                          });

TEST_P (ClientDeclinedTest, AskTheSameNodeAgainIfThereIsNoOther)
{
  for (How how : { GO_AWAY, RESET })
    {
      Decliner decliner (how);

      Only (decliner.address);
      for (int i = 1; i <= 20; i++)
        {
          decliner.to_decline = 1;
          ASSERT_EQ (Hello ("x", &options), "decliner") << how << " " << i;
          EXPECT_EQ (decliner.declined, i);
        }
    }
}

TEST_P (ClientDeclinedTest, AskAnAddressAgain)
{
  for (How how : { GO_AWAY, RESET })
    {
      Decliner decliner (how);

      decliner.to_decline = 1;
      options.address = decliner.address.c_str ();
      EXPECT_EQ (Hello ("x", &options), "decliner") << how;
    }
}

TEST_P (ClientDeclinedTest, LeaveTheNodeInUse)
{
  for (How how : { GO_AWAY, RESET })
    {
      Decliner decliner (how);

      Only (decliner.address);
      g_ptr_array_add (selector->addresses, g_strdup (address));
      decliner.to_decline = 1;
      for (int i = 0; i < 20; i++)
        EXPECT_NE (Hello ("x", &options), "UNAVAILABLE");
      EXPECT_EQ (decliner.declined, 1);
      EXPECT_GE (decliner.answered, 8) << how;
    }
}

TEST_P (ClientDeclinedTest, AreNotAskedForEver)
{
  for (How how : { GO_AWAY, RESET })
    {
      Decliner decliner (how);

      Only (decliner.address);
      decliner.to_decline = 1000;
      EXPECT_EQ (Hello ("x", &options), "UNAVAILABLE");
      EXPECT_EQ (decliner.declined, 2) << how;
    }
}

TEST_P (ClientDeclinedTest, StreamsStartAnew)
{
  for (How how : { GO_AWAY, RESET })
    {
      Decliner decliner (how);
      Events events = {};
      /* In one turn of the loop, so that all is said before the server answers. */
      std::function<void ()> speak = [&] {
        Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
        MicroStream *stream
            = greeter_say_chat_open (client, "greeter", NULL, &stream_events, &events);

        request.name = (char *) "x";
        micro_stream_send (stream, &request);
        micro_stream_end (stream);
        micro_stream_unref (stream);
      };

      Only (decliner.address);
      decliner.to_decline = 1;
      micro_loop_run_sync ((MicroLoop *) loops->pdata[0],
                           [] (gpointer data) { (*(std::function<void ()> *) data) (); }, &speak);
      EXPECT_TRUE (wait_until ([&] { return events.closes == 1; }));
      EXPECT_EQ (events.status, 0) << how;
      EXPECT_EQ (events.text, "decliner");
    }
}

/* What was paid for takes place: also on a node that has no other beside it. */
TEST_P (ClientDeclinedTest, RetriesAreAsManyAsWereAskedFor)
{
  options.retry_safe = TRUE;
  for (How how : { RESET, FAIL })
    {
      Decliner decliner (how);

      Only (decliner.address);
      decliner.to_decline = 1000;
      options.retries = how == RESET ? 1 : 2;
      EXPECT_EQ (Hello ("x", &options), "UNAVAILABLE");
      EXPECT_EQ (decliner.declined, 3) << how;
    }
}

/* A service in trouble is not called twice as often; once it is well again, it is. */
TEST_P (ClientDeclinedTest, ABudgetLimitsRetries)
{
  Decliner decliner (FAIL);

  Only (decliner.address);
  decliner.to_decline = 1000;
  options.retries = 1;
  options.retry_safe = TRUE;
  for (int i = 0; i < 20; i++)
    EXPECT_EQ (Hello ("x", &options), "UNAVAILABLE");
  EXPECT_GT (decliner.declined, 20);
  EXPECT_LE (decliner.declined, 20 + 5);
  decliner.to_decline = 0;
  for (int i = 0; i < 70; i++)
    EXPECT_EQ (Hello ("x", &options), "decliner");
  decliner.to_decline = 1;
  EXPECT_EQ (Hello ("x", &options), "decliner");
}

/* A drain is no trouble. */
TEST_P (ClientDeclinedTest, CostNothingOfTheBudget)
{
  Decliner decliner (GO_AWAY);

  Only (decliner.address);
  for (int i = 0; i < 20; i++)
    {
      decliner.to_decline = 1;
      EXPECT_EQ (Hello ("x", &options), "decliner");
    }
  options.retries = 1;
  decliner.to_decline = 2;
  EXPECT_EQ (Hello ("x", &options), "decliner");
}
