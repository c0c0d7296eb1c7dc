/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Requests to an API server that answers as none should, and as some do.
 */
#include <string>

#include <gtest/gtest.h>

#include <glib/gstdio.h>

#include "../../tests/held-port.h"
#include "fake-api.h"

extern "C"
{
#include "kube-client.h"
}

namespace
{
struct Answer
{
  KubeReply *reply = NULL;
  GError *error = NULL;
  bool done = false;

  ~Answer ()
  {
    kube_reply_free (reply);
    g_clear_error (&error);
  }
};

void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = (Answer *) user_data;

  answer->reply = kube_client_request_finish (KUBE_CLIENT (source), result, &answer->error);
  answer->done = true;
}

void
wait_for (Answer &answer)
{
  while (!answer.done)
    g_main_context_iteration (NULL, TRUE);
}

class KubeClientTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    folder = g_dir_make_tmp ("micro-kube-XXXXXX", NULL);
    config = kube_config_new ();
    config->source = g_strdup ("the test");
    config->namespace_ = g_strdup ("default");
  }

  void
  TearDown () override
  {
    g_clear_object (&client);
    for (const std::string &path : written)
      g_unlink (path.c_str ());
    g_rmdir (folder);
    g_free (folder);
  }

  std::string
  Write (const char *name, const std::string &text, int mode = 0600)
  {
    std::string path = std::string (folder) + "/" + name;

    EXPECT_TRUE (g_file_set_contents (path.c_str (), text.c_str (), text.size (), NULL));
    g_chmod (path.c_str (), mode);
    written.push_back (path);
    return path;
  }

  void
  Start (const std::string &url)
  {
    g_autoptr (GError) error = NULL;

    ASSERT_TRUE (kube_config_add_server (config, url.c_str (), &error)) << error->message;
    client = kube_client_new (config, &error);
    ASSERT_NE (client, nullptr) << error->message;
  }

  void
  Get (const char *path, Answer &answer)
  {
    kube_client_request_async (client, "GET", path, NULL, NULL, NULL, on_answer, &answer);
    wait_for (answer);
  }

  char *folder;
  std::vector<std::string> written;
  KubeConfig *config;
  KubeClient *client = NULL;
};

std::string
token_of (const FakeApi::Request &request)
{
  size_t at = request.head.find ("Authorization: Bearer ");

  return at == std::string::npos
             ? ""
             : request.head.substr (at + 22, request.head.find ('\r', at) - at - 22);
}

const char unauthorized[]
    = "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"Unauthorized\","
      "\"reason\":\"Unauthorized\",\"code\":401}";

TEST_F (KubeClientTest, SendsABodyAndReadsAnAnswer)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &r) {
    EXPECT_EQ (r.method, "PATCH");
    EXPECT_NE (r.head.find ("Content-Type: application/merge-patch+json\r\n"), std::string::npos);
    EXPECT_NE (r.head.find ("User-Agent: micro/"), std::string::npos);
    c.Reply ("200 OK", "{\"echo\":" + r.body + "}");
  });
  Answer answer;

  Start (api.url);
  kube_client_request_async (client, "PATCH", "/x?y=z", "application/merge-patch+json", "{\"a\":1}",
                             NULL, on_answer, &answer);
  wait_for (answer);
  ASSERT_NE (answer.reply, nullptr);
  EXPECT_EQ (answer.reply->status, 200u);
  EXPECT_STREQ (answer.reply->body, "{\"echo\":{\"a\":1}}");
  EXPECT_EQ (api.Requests ()[0].path, "/x?y=z");
}

TEST_F (KubeClientTest, ReachesAnIpv6Address)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &) { c.Reply ("200 OK", "{}"); },
               true);
  Answer answer;

  if (api.port == 0)
    GTEST_SKIP () << "no IPv6 here";
  Start (api.url);
  Get ("/", answer);
  EXPECT_NE (answer.reply, nullptr);
}

TEST_F (KubeClientTest, ReadsTheTokenAgainOn401)
{
  std::string path = Write ("token", "old\n");
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (token_of (r) == "new")
      return c.Reply ("200 OK", "{}");
    Write ("token", "new\n");
    c.Reply ("401 Unauthorized", unauthorized);
  });
  Answer answer;

  config->token_file = g_strdup (path.c_str ());
  Start (api.url);
  Get ("/", answer);
  ASSERT_NE (answer.reply, nullptr);
  EXPECT_EQ (answer.reply->status, 200u);
  EXPECT_EQ (api.Requests ().size (), 2u);
}

TEST_F (KubeClientTest, DoesNotRepeatATokenThatWasRefused)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &) {
    c.Reply ("401 Unauthorized", unauthorized, "WWW-Authenticate: Basic realm=\"x\"\r\n");
  });
  Answer answer;

  config->token_file = g_strdup (Write ("token", "bad").c_str ());
  Start (api.url);
  Get ("/", answer);
  ASSERT_NE (answer.reply, nullptr);
  EXPECT_EQ (answer.reply->status, 401u);
  EXPECT_STREQ (answer.reply->reason, "Unauthorized");
  EXPECT_EQ (api.Requests ().size (), 1u);
}

TEST_F (KubeClientTest, KeepsTheTokenWhenTheFileIsEmpty)
{
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    EXPECT_EQ (token_of (r), "good");
    c.Reply ("401 Unauthorized", unauthorized);
  });
  Answer first, second;

  config->token_file = g_strdup (Write ("token", "good").c_str ());
  Start (api.url);
  Get ("/", first);
  Write ("token", "");
  Get ("/", second);
  EXPECT_EQ (api.Requests ().size (), 2u);
}

TEST_F (KubeClientTest, SaysThatThereIsNoToken)
{
  Answer answer;

  config->token_file = g_strdup ("/nonexistent/token");
  Start ("http://127.0.0.1:1");
  Get ("/", answer);
  ASSERT_NE (answer.error, nullptr);
  EXPECT_NE (strstr (answer.error->message, "/nonexistent/token"), nullptr);
}

TEST_F (KubeClientTest, RunsTheCredentialPluginOnceForMany)
{
  std::string script = Write ("plugin",
                              "#!/bin/sh\necho run >>\"$LOG\"\n"
                              "case $KUBERNETES_EXEC_INFO in *v1beta1*) ;; *) exit 1 ;; esac\n"
                              "echo '{\"status\":{\"token\":\"from-'$1'\"}}'\n",
                              0700);
  std::string log = Write ("log", "");
  FakeApi api ([&] (FakeApi::Connection &c, const FakeApi::Request &r) {
    EXPECT_EQ (token_of (r), "from-me");
    c.Reply ("200 OK", "{}");
  });
  Answer answers[3];
  g_autofree char *runs = NULL;

  config->exec = g_new0 (KubeExec, 1);
  config->exec->api_version = g_strdup ("client.authentication.k8s.io/v1beta1");
  config->exec->argv = g_strsplit ((script + " me").c_str (), " ", -1);
  config->exec->environment = g_strsplit (("LOG=" + log).c_str (), " ", -1);
  Start (api.url);
  for (Answer &answer : answers)
    kube_client_request_async (client, "GET", "/", NULL, NULL, NULL, on_answer, &answer);
  for (Answer &answer : answers)
    {
      wait_for (answer);
      EXPECT_NE (answer.reply, nullptr) << answer.error->message;
    }
  ASSERT_TRUE (g_file_get_contents (log.c_str (), &runs, NULL, NULL));
  EXPECT_STREQ (runs, "run\n");
}

TEST_F (KubeClientTest, SaysWhatIsWrongWithTheCredentialPlugin)
{
  Answer answer;

  config->exec = g_new0 (KubeExec, 1);
  config->exec->api_version = g_strdup ("client.authentication.k8s.io/v1");
  config->exec->argv = g_strsplit ("micro-no-such-plugin", " ", -1);
  config->exec->environment = g_new0 (char *, 1);
  config->exec->install_hint = g_strdup ("get it\nfrom there");
  Start ("http://127.0.0.1:1");
  Get ("/", answer);
  ASSERT_NE (answer.error, nullptr);
  EXPECT_NE (strstr (answer.error->message, "micro-no-such-plugin"), nullptr);
  EXPECT_NE (strstr (answer.error->message, "get it from there"), nullptr);
}

TEST_F (KubeClientTest, ReadsARefusalInPlainText)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &) {
    c.Reply ("429 Too Many Requests", "Too many requests, please try again later.\n",
             "Retry-After: 1\r\n", "text/plain; charset=utf-8");
  });
  Answer answer;

  Start (api.url);
  Get ("/", answer);
  ASSERT_NE (answer.reply, nullptr);
  EXPECT_EQ (answer.reply->status, 429u);
  EXPECT_EQ (answer.reply->retry_after_ms, 1000u);
  EXPECT_STREQ (answer.reply->message, "Too many requests, please try again later.");
  EXPECT_EQ (answer.reply->reason, nullptr);
}

TEST_F (KubeClientTest, ReadsAStatusWithItsCause)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &) {
    c.Reply (
        "504 Gateway Timeout",
        "{\"kind\":\"Status\",\"metadata\":{},\"message\":\"Timeout: Too large resource version\","
        "\"reason\":\"Timeout\",\"details\":{\"causes\":[{\"reason\":\"ResourceVersionTooLarge\","
        "\"message\":\"m\"}],\"retryAfterSeconds\":1},\"code\":504}");
  });
  Answer answer;

  Start (api.url);
  Get ("/", answer);
  ASSERT_NE (answer.reply, nullptr);
  EXPECT_STREQ (answer.reply->reason, "Timeout");
  EXPECT_STREQ (answer.reply->cause, "ResourceVersionTooLarge");
}

TEST_F (KubeClientTest, FollowsNoRedirect)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &) {
    c.Reply ("302 Found", "", "Location: http://127.0.0.1:1/\r\n");
  });
  Answer answer;

  config->token = g_strdup ("secret");
  Start (api.url);
  Get ("/", answer);
  ASSERT_NE (answer.reply, nullptr);
  EXPECT_EQ (answer.reply->status, 302u);
}

TEST_F (KubeClientTest, GoesToTheNextServer)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &) { c.Reply ("200 OK", "{}"); });
  HeldPort closed;
  std::string refuses = "http://" + closed.address;
  Answer first, second;

  ASSERT_TRUE (kube_config_add_server (config, refuses.c_str (), NULL));
  Start (api.url);
  Get ("/", first);
  ASSERT_NE (first.error, nullptr);
  EXPECT_NE (strstr (first.error->message, refuses.c_str ()), nullptr);
  Get ("/", second);
  EXPECT_NE (second.reply, nullptr);
}

TEST_F (KubeClientTest, HasRoomForARequestBesideManyWatches)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &r) {
    if (!r.Has ("watch"))
      return c.Reply ("200 OK", "{}");
    c.StartStream ();
    c.StaysOpen ();
  });
  Answer watches[6], answer;

  Start (api.url);
  for (Answer &watch : watches)
    {
      kube_client_open_async (client, "/?watch=true", TRUE, NULL, on_answer, &watch);
      wait_for (watch);
      ASSERT_NE (watch.reply, nullptr);
      EXPECT_NE (watch.reply->stream, nullptr);
    }
  Get ("/", answer);
  EXPECT_NE (answer.reply, nullptr);
}

TEST_F (KubeClientTest, CanBeCancelled)
{
  FakeApi api ([] (FakeApi::Connection &c, const FakeApi::Request &) { c.StaysOpen (); });
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Answer answer;

  Start (api.url);
  kube_client_request_async (client, "GET", "/", NULL, NULL, cancellable, on_answer, &answer);
  while (api.Requests ().empty ())
    g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  wait_for (answer);
  EXPECT_TRUE (g_error_matches (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

TEST_F (KubeClientTest, RefusesAnAuthorityThatIsNone)
{
  g_autoptr (GError) error = NULL;

  config->ca_file = g_strdup (Write ("ca.crt", "hello").c_str ());
  ASSERT_TRUE (kube_config_add_server (config, "https://127.0.0.1:1", NULL));
  client = kube_client_new (config, &error);
  EXPECT_EQ (client, nullptr);
  ASSERT_NE (error, nullptr);
  EXPECT_NE (strstr (error->message, "ca.crt"), nullptr);
}
} // namespace
