/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Where the API server is: service accounts, kubeconfig files, flags.
 */
#include <string>

#include <gtest/gtest.h>

#include <glib/gstdio.h>

extern "C"
{
#include "kube-config.h"
#include "kube-yaml.h"
}

namespace
{
const char pem_base64[]
    = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="; /* -----BEGIN CERTIFICATE----- */

class KubeConfigTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    folder = g_dir_make_tmp ("micro-kube-XXXXXX", NULL);
    for (const char *name : { "KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT" })
      g_unsetenv (name);
  }

  void
  TearDown () override
  {
    for (const std::string &path : written)
      g_unlink (path.c_str ());
    g_rmdir (folder);
    g_free (folder);
  }

  std::string
  Write (const char *name, const std::string &text)
  {
    std::string path = std::string (folder) + "/" + name;

    EXPECT_TRUE (g_file_set_contents (path.c_str (), text.c_str (), text.size (), NULL));
    written.push_back (path);
    return path;
  }

  void
  MountServiceAccount ()
  {
    Write ("token", "abc\n");
    Write ("ca.crt", "-----BEGIN CERTIFICATE-----\n");
    Write ("namespace", "prod\n");
  }

  std::string
  Error (const KubeConfigOptions &options)
  {
    g_autoptr (GError) error = NULL;
    g_autoptr (KubeConfig) config = kube_config_load (&options, &error);

    EXPECT_EQ (config, nullptr);
    return error != NULL ? error->message : "";
  }

  char *folder;
  std::vector<std::string> written;
};

#define LOAD(options)                                                                              \
  g_autoptr (GError) error = NULL;                                                                 \
  g_autoptr (KubeConfig) config = kube_config_load (&options, &error);                             \
  ASSERT_NE (config, nullptr) << error->message

TEST_F (KubeConfigTest, TakesThePodsServiceAccount)
{
  KubeConfigOptions options = {};

  MountServiceAccount ();
  options.service_account_dir = folder;
  g_setenv ("KUBERNETES_SERVICE_HOST", "10.96.0.1", TRUE);
  g_setenv ("KUBERNETES_SERVICE_PORT", "443", TRUE);
  LOAD (options);
  EXPECT_STREQ (config->servers[0], "https://10.96.0.1:443");
  EXPECT_STREQ (config->namespace_, "prod");
  EXPECT_EQ (std::string (config->token_file), std::string (folder) + "/token");
  EXPECT_EQ (std::string (config->ca_file), std::string (folder) + "/ca.crt");
  EXPECT_TRUE (config->in_cluster);
  EXPECT_FALSE (config->insecure);
}

TEST_F (KubeConfigTest, BracketsAnIpv6Host)
{
  KubeConfigOptions options = {};

  MountServiceAccount ();
  options.service_account_dir = folder;
  g_setenv ("KUBERNETES_SERVICE_HOST", "fd00:10:96::1", TRUE);
  g_setenv ("KUBERNETES_SERVICE_PORT", "443", TRUE);
  LOAD (options);
  EXPECT_STREQ (config->servers[0], "https://[fd00:10:96::1]:443");
}

TEST_F (KubeConfigTest, RefusesAPodWithoutAnAuthority)
{
  KubeConfigOptions options = {};

  Write ("token", "abc");
  options.service_account_dir = folder;
  g_setenv ("KUBERNETES_SERVICE_HOST", "10.96.0.1", TRUE);
  g_setenv ("KUBERNETES_SERVICE_PORT", "443", TRUE);
  EXPECT_NE (Error (options).find ("ca.crt is missing"), std::string::npos);
}

TEST_F (KubeConfigTest, SaysWhatItTried)
{
  KubeConfigOptions options = {};
  std::string message;

  options.service_account_dir = folder;
  message = Error (options);
  for (const char *tried :
       { "--registry-address", "KUBECONFIG", "KUBERNETES_SERVICE_HOST is not set",
         (const char *) folder, "/.kube/config", "kubectl proxy" })
    EXPECT_NE (message.find (tried), std::string::npos) << tried << ": " << message;
  EXPECT_NE (message.find ("token is not there"), std::string::npos) << message;
  Write ("token", "abc");
  message = Error (options);
  EXPECT_NE (message.find ("token is there"), std::string::npos) << message;
}

TEST_F (KubeConfigTest, TakesAddressesThatWereGiven)
{
  KubeConfigOptions options = {};

  MountServiceAccount ();
  g_setenv ("KUBERNETES_SERVICE_HOST", "10.96.0.1", TRUE);
  g_setenv ("KUBERNETES_SERVICE_PORT", "443", TRUE);
  options.service_account_dir = folder;
  options.address = "http://127.0.0.1:8001/, [::1]:6443/prefix";
  LOAD (options);
  EXPECT_STREQ (config->servers[0], "http://127.0.0.1:8001");
  EXPECT_STREQ (config->servers[1], "https://[::1]:6443/prefix");
  EXPECT_EQ (config->servers[2], nullptr);
  EXPECT_EQ (config->token_file, nullptr); /* the pod's token goes to the pod's API server only */
  EXPECT_FALSE (config->insecure);
}

TEST_F (KubeConfigTest, RefusesAnAddressThatIsNone)
{
  for (const char *address : { "ftp://x", "http://", "https://h:99999", ",", "https://h/?a=b" })
    {
      KubeConfigOptions options = {};

      options.address = address;
      EXPECT_NE (Error (options), "") << address;
    }
}

const char first_file[]
    = "apiVersion: v1\n"
      "kind: Config\n"
      "current-context: dev\n"
      "clusters:\n"
      "- name: dev\n"
      "  cluster: {server: 'https://dev:6443', certificate-authority: pki/ca.crt,\n"
      "            tls-server-name: kubernetes, proxy-url: 'http://proxy:3128'}\n"
      "users:\n"
      "- name: dev\n"
      "  user:\n"
      "    client-certificate: pki/me.crt\n"
      "    client-key: /etc/me.key\n"
      "contexts:\n"
      "- name: dev\n"
      "  context: {cluster: dev, user: dev, namespace: team}\n"
      "- name: torn\n"
      "  context: {cluster: nowhere, user: dev}\n";

TEST_F (KubeConfigTest, ReadsAContext)
{
  KubeConfigOptions options = {};
  std::string path = Write ("config", first_file);

  options.kubeconfig = path.c_str ();
  LOAD (options);
  EXPECT_STREQ (config->servers[0], "https://dev:6443");
  EXPECT_STREQ (config->namespace_, "team");
  EXPECT_EQ (std::string (config->ca_file), std::string (folder) + "/pki/ca.crt");
  EXPECT_EQ (std::string (config->cert_file), std::string (folder) + "/pki/me.crt");
  EXPECT_STREQ (config->key_file, "/etc/me.key");
  EXPECT_STREQ (config->server_name, "kubernetes");
  EXPECT_STREQ (config->proxy, "http://proxy:3128");
}

TEST_F (KubeConfigTest, MergesFilesFirstOneWins)
{
  KubeConfigOptions options = {};
  std::string first = Write ("a", first_file);
  std::string second = Write (
      "b", std::string ("{\n\t\"current-context\": \"other\",\n"
                        "\t\"clusters\": [\n"
                        "\t\t{\"name\": \"dev\", \"cluster\": {\"server\": \"https://no\"}},\n"
                        "\t\t{\"name\": \"b\", \"cluster\": {\"server\": \"https://b\", "
                        "\"insecure-skip-tls-verify\": true, "
                        "\"certificate-authority-data\": \"")
               + pem_base64
               + "\"}}],\n"
                 "\t\"users\": [{\"name\": \"b\", \"user\": {\"token\": \"t0\"}}],\n"
                 "\t\"contexts\": [{\"name\": \"b\", \"context\": {\"cluster\": \"b\", "
                 "\"user\": \"b\"}}]\n}\n");
  std::string list = std::string (folder) + "/absent:" + first + ":" + second;

  options.kubeconfig = list.c_str ();
  {
    LOAD (options);
    EXPECT_STREQ (config->servers[0], "https://dev:6443");
  }
  options.context = "b";
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeConfig) config = NULL;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*is not verified*");
  config = kube_config_load (&options, &error);
  g_test_assert_expected_messages ();
  ASSERT_NE (config, nullptr) << error->message;
  EXPECT_STREQ (config->servers[0], "https://b");
  EXPECT_STREQ (config->token, "t0");
  EXPECT_STREQ (config->ca_data, "-----BEGIN CERTIFICATE-----\n");
  EXPECT_STREQ (config->namespace_, "default");
  EXPECT_TRUE (config->insecure);
}

TEST_F (KubeConfigTest, SaysWhatIsWrongWithAFile)
{
  struct
  {
    const char *text;
    const char *context;
    const char *message;
  } cases[] = {
    { first_file, "nosuch", "no context “nosuch”" },
    { first_file, "torn", "cluster “nowhere”" },
    { "a: [", NULL, "not a kubeconfig: line" },
    { "", NULL, "the file is empty" },
    { "- list", NULL, "is not a kubeconfig" },
    { "a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
      "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
      "f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
      NULL, "too large" },
    { "kind: Config", NULL, "no current-context" },
    { "current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\n"
      "clusters: [{name: a, cluster: {}}]",
      NULL, "no server" },
    { "current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\n"
      "clusters: [{name: a, cluster: {server: 'https://a', certificate-authority-data: 'eA=='}}]",
      NULL, "not a PEM file" },
    { "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
      "clusters: [{name: a, cluster: {server: 'https://a'}}]\n"
      "users: [{name: a, user: {auth-provider: {name: gcp}}}]",
      NULL, "“gcp” was removed" },
    { "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
      "clusters: [{name: a, cluster: {server: 'https://a'}}]\n"
      "users: [{name: a, user: {exec: {command: x, apiVersion: "
      "client.authentication.k8s.io/v1alpha1}}}]",
      NULL, "“x” speaks client.authentication.k8s.io/v1alpha1" },
  };

  for (const auto &wrong : cases)
    {
      KubeConfigOptions options = {};
      std::string path = Write ("config", wrong.text);

      options.kubeconfig = path.c_str ();
      options.context = wrong.context;
      EXPECT_NE (Error (options).find (wrong.message), std::string::npos)
          << wrong.message << ": " << Error (options);
    }
}

TEST_F (KubeConfigTest, ReadsAnExecPlugin)
{
  KubeConfigOptions options = {};
  std::string path = Write (
      "config", "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
                "clusters: [{name: a, cluster: {server: 'https://a'}}]\n"
                "users:\n- name: a\n  user:\n    exec:\n"
                "      apiVersion: client.authentication.k8s.io/v1beta1\n"
                "      command: ./get-token\n      args: [--for, \"1\"]\n"
                "      env: [{name: REGION, value: north}]\n"
                "      installHint: install it\n");

  options.kubeconfig = path.c_str ();
  LOAD (options);
  ASSERT_NE (config->exec, nullptr);
  EXPECT_EQ (std::string (config->exec->argv[0]), std::string (folder) + "/./get-token");
  EXPECT_STREQ (config->exec->argv[1], "--for");
  EXPECT_STREQ (config->exec->argv[2], "1");
  EXPECT_EQ (config->exec->argv[3], nullptr);
  EXPECT_STREQ (config->exec->environment[0], "REGION=north");
  EXPECT_STREQ (config->exec->install_hint, "install it");
}

TEST_F (KubeConfigTest, LetsFlagsOverrideFiles)
{
  KubeConfigOptions options = {};
  std::string path = Write ("config", first_file);

  options.kubeconfig = path.c_str ();
  options.ca_file = "/other/ca.crt";
  options.token_file = "/other/token";
  LOAD (options);
  EXPECT_STREQ (config->ca_file, "/other/ca.crt");
  EXPECT_STREQ (config->token_file, "/other/token");
}
} // namespace
