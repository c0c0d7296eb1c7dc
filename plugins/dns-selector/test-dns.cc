/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The dns selector without a DNS server: shares, names, and servers that are none.
 */
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include <glib-unix.h>
#include <gtest/gtest.h>

#include <netinet/in.h>

#include <micro/micro.h>

#include "../../tests/selector-test.h"

extern "C" const MicroPluginInfo *micro_plugin_dns_selector (void);

namespace
{
struct Record
{
  const char *address, *priority, *weight;
};

MicroService *
make_service (std::vector<Record> records)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  for (auto &record : records)
    {
      g_autoptr (MicroMetadata) metadata
          = record.priority != nullptr
                ? micro_metadata_new ("priority", record.priority, "weight", record.weight, nullptr)
                : nullptr;

      g_ptr_array_add (nodes, micro_node_new (record.address, record.address, metadata));
    }
  return micro_service_new ("x", "", nullptr, nullptr, nodes);
}

struct Dns : testing::Test
{
  MicroSelector *selector = nullptr;

  void
  TearDown () override
  {
    g_clear_object (&selector);
  }

  void
  make (const std::string &servers = "", guint timeout_ms = 10)
  {
    g_clear_object (&selector);
    selector = MICRO_SELECTOR (g_object_new (micro_plugin_dns_selector ()->get_type (), "servers",
                                             servers.c_str (), "timeout-ms", timeout_ms, nullptr));
  }

  std::map<std::string, int>
  pick (MicroService *service, int times, GPtrArray *tried = nullptr)
  {
    std::map<std::string, int> seen;

    for (int i = 0; i < times; i++)
      {
        g_autoptr (MicroNode) node = select_untried (selector, service, tried, nullptr);

        seen[node != nullptr ? micro_node_get_address (node) : "none"]++;
      }
    return seen;
  }

  /* The addresses that the selector's registry finds, or the error's status and text. */
  std::string
  get (const char *name)
  {
    struct Got
    {
      std::string text;
      bool done;
    } got = { "", false };

    micro_registry_get_service_async (
        micro_selector_get_registry (selector), name, nullptr,
        [] (GObject *source, GAsyncResult *result, gpointer user_data) {
          Got *into = (Got *) user_data;
          g_autoptr (GError) error = nullptr;
          g_autoptr (GPtrArray) services
              = micro_registry_get_service_finish (MICRO_REGISTRY (source), result, &error);

          if (services == nullptr)
            into->text = std::string (micro_status_to_string ((MicroStatus) error->code)) + ": "
                         + error->message;
          for (guint i = 0; services != nullptr && i < services->len; i++)
            {
              GPtrArray *nodes = micro_service_get_nodes ((MicroService *) services->pdata[i]);

              for (guint j = 0; j < nodes->len; j++)
                into->text
                    += std::string (micro_node_get_address ((MicroNode *) nodes->pdata[j])) + " ";
            }
          into->done = true;
        },
        &got);
    while (!got.done)
      g_main_context_iteration (nullptr, TRUE);
    return got.text;
  }
};

/* A UDP port on loopback that somebody has; it answers what answer() makes of a question. */
struct Port
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::string address;
  guint watch = 0;
  std::vector<std::string> answers;
  size_t turn = 0;

  Port ()
  {
    struct sockaddr_in in = {};
    socklen_t length = sizeof in;

    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    EXPECT_EQ (bind (fd, (struct sockaddr *) &in, sizeof in), 0);
    EXPECT_EQ (getsockname (fd, (struct sockaddr *) &in, &length), 0);
    address = "127.0.0.1:" + std::to_string (ntohs (in.sin_port));
  }

  ~Port ()
  {
    if (watch != 0)
      g_source_remove (watch);
    close (fd);
  }

  /* After the header and the question, which are the client's own, with so many answers. */
  void
  answer (std::vector<std::string> with)
  {
    answers = with;
    watch = g_unix_fd_add (
        fd, G_IO_IN,
        [] (int from, GIOCondition, gpointer user_data) -> gboolean {
          Port *self = (Port *) user_data;
          char data[512];
          struct sockaddr_in peer;
          socklen_t length = sizeof peer;
          ssize_t n = recvfrom (from, data, sizeof data, 0, (struct sockaddr *) &peer, &length);

          if (n < 12)
            return G_SOURCE_CONTINUE;
          data[2] = (char) 0x84;
          data[3] = 0;
          data[7] = 1;
          std::string text (data, (size_t) n);
          text += self->answers[self->turn++ % self->answers.size ()];
          sendto (from, text.data (), text.size (), 0, (struct sockaddr *) &peer, length);
          return G_SOURCE_CONTINUE;
        },
        this);
  }
};
}

TEST_F (Dns, SharesCallsByWeight)
{
  g_autoptr (MicroService) service = make_service (
      { { "a:1", "0", "10" }, { "b:1", "0", "30" }, { "c:1", "0", "60" }, { "d:1", "1", "99" } });

  make ();
  auto seen = pick (service, 10000);
  EXPECT_NEAR (seen["a:1"], 1000, 20);
  EXPECT_NEAR (seen["b:1"], 3000, 20);
  EXPECT_NEAR (seen["c:1"], 6000, 20);
  EXPECT_EQ (seen["d:1"], 0);
}

TEST_F (Dns, TakesNodesWithoutWeightAsEquals)
{
  g_autoptr (MicroService) service = make_service (
      { { "a:1", nullptr, nullptr }, { "b:1", nullptr, nullptr }, { "c:1", "0", "0" } });

  make ();
  for (auto &entry : pick (service, 300))
    EXPECT_NEAR (entry.second, 100, 5) << entry.first;
}

TEST_F (Dns, GivesWeightZeroAVerySmallChance)
{
  g_autoptr (MicroService) service = make_service ({ { "a:1", "0", "0" }, { "b:1", "0", "5" } });

  make ();
  auto seen = pick (service, 10000);
  EXPECT_GT (seen["a:1"], 0);
  EXPECT_LT (seen["a:1"], 100);
}

TEST_F (Dns, GoesToTheNextPriorityWhenNoneIsLeft)
{
  g_autoptr (MicroService) service
      = make_service ({ { "c:1", "7", "1" }, { "a:1", "0", "1" }, { "b:1", "0", "1" } });
  g_autoptr (GPtrArray) tried = g_ptr_array_new ();
  g_autoptr (GError) error = nullptr;
  GPtrArray *nodes = micro_service_get_nodes (service);

  make ();
  g_ptr_array_add (tried, nodes->pdata[1]);
  EXPECT_EQ (pick (service, 10, tried)["b:1"], 10);
  g_ptr_array_add (tried, nodes->pdata[2]);
  EXPECT_EQ (pick (service, 10, tried)["c:1"], 10);
  g_ptr_array_add (tried, nodes->pdata[0]);
  EXPECT_EQ (select_untried (selector, service, tried, &error), nullptr);
  EXPECT_STREQ (error->message, "no ready nodes for “x” (3 known, 3 tried)");
}

TEST_F (Dns, LooksUpNoAddresses)
{
  make ("127.0.0.1:1");
  EXPECT_EQ (get ("10.0.0.1"), "10.0.0.1:8080 ");
  EXPECT_EQ (get ("10.0.0.1:9"), "10.0.0.1:9 ");
  EXPECT_EQ (get ("::1"), "[::1]:8080 ");
  EXPECT_EQ (get ("unix:/run/x"), "unix:/run/x ");
}

TEST_F (Dns, RefusesWhatIsNoHost)
{
  make ("127.0.0.1:1");
  EXPECT_EQ (get ("a b").rfind ("INVALID_ARGUMENT: “a b” cannot be made an address", 0), 0u);
  EXPECT_EQ (get (std::string (64, 'a').c_str ()).rfind ("INVALID_ARGUMENT", 0), 0u);
}

TEST_F (Dns, SaysThatAServerIsSilent)
{
  Port port;
  std::string text;

  make (port.address);
  text = get ("greeter.test");
  EXPECT_EQ (text, "UNAVAILABLE: “greeter.test” cannot be found: DNS does not answer for "
                   "greeter.test (asked "
                       + port.address + "); is the server up?");
}

TEST_F (Dns, SaysThatAListOfServersIsNone)
{
  make ("x:y:z");
  EXPECT_EQ (get ("greeter").rfind ("FAILED_PRECONDITION: --selector-servers=x:y:z is no list", 0),
             0u);
}

/* Each is cut off or lies about a length; a real server does not send such things. */
TEST_F (Dns, SurvivesAnswersThatAreMalformed)
{
  const std::string name ("\xc0\x0c", 2), self_name ("\xc0\xff", 2);
  const std::string srv ("\0\x21\0\1\0\0\0\1", 8), a ("\0\1\0\1\0\0\0\1", 8);

  for (const std::string &answer :
       { std::string (), name, name + srv, name + srv + std::string ("\xff\xff", 2),
         name + srv + std::string ("\0\6\0\0\0\1\0\1", 8),
         name + srv + std::string ("\0\x08\0\0\0\1\0\1\xc0\xff", 10),
         name + srv + std::string ("\0\x08\0\0\0\1\0\1\x3fx", 10),
         name + a + std::string ("\0\x10\x7f\0\0\1", 6), name + a + std::string ("\0\1\x7f", 3),
         self_name + a + std::string ("\0\4\x7f\0\0\1", 6), std::string (400, '\xff') })
    {
      Port port;

      port.answer ({ answer });
      make (port.address, 20);
      EXPECT_EQ (get ("greeter.test").rfind ("127.", 0), std::string::npos) << answer.size ();
    }
}

TEST_F (Dns, CanBeStoppedWhileItAsks)
{
  Port port;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  int status = -1;

  make (port.address, 60000);
  micro_registry_get_service_async (
      micro_selector_get_registry (selector), "greeter.test", cancellable,
      [] (GObject *source, GAsyncResult *result, gpointer user_data) {
        g_autoptr (GError) error = nullptr;

        EXPECT_EQ (micro_registry_get_service_finish (MICRO_REGISTRY (source), result, &error),
                   nullptr);
        *(int *) user_data = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      },
      &status);
  g_cancellable_cancel (cancellable);
  while (status == -1)
    g_main_context_iteration (nullptr, TRUE);
  EXPECT_EQ (status, TRUE);
}
