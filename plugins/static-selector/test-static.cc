/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The static selector: from names to addresses.
 */
#include <string>

#include <gtest/gtest.h>

#include <micro/micro.h>

extern "C" const MicroPluginInfo *micro_plugin_static_selector (void);

namespace
{
std::string
resolve (const char *name, const char *domain = nullptr, guint port = 8080)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector = G_OBJECT (g_object_new (
      micro_plugin_static_selector ()->get_type (), "domain", domain, "port", port, nullptr));
  g_autoptr (MicroService) service
      = micro_selector_resolve (MICRO_SELECTOR (selector), name, &error);
  g_autoptr (MicroNode) node = nullptr;

  if (service == nullptr)
    {
      EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT));
      return "error";
    }
  EXPECT_STREQ (micro_service_get_name (service), name);
  node = micro_selector_select (MICRO_SELECTOR (selector), service, nullptr, &error);
  EXPECT_STREQ (micro_node_get_id (node), name);
  return micro_node_get_address (node);
}
}

TEST (Static, AppendsDomainAndPort)
{
  EXPECT_EQ (resolve ("greeter"), "greeter:8080");
  EXPECT_EQ (resolve ("go.micro.srv.greeter"), "go.micro.srv.greeter:8080");
  EXPECT_EQ (resolve ("greeter", "prod.svc.cluster.local", 9090),
             "greeter.prod.svc.cluster.local:9090");
  EXPECT_EQ (resolve ("greeter", ""), "greeter:8080");
}

TEST (Static, LeavesANameWithAPortAlone)
{
  EXPECT_EQ (resolve ("greeter:1"), "greeter:1");
  EXPECT_EQ (resolve ("greeter:1", "prod"), "greeter:1");
  EXPECT_EQ (resolve ("[::1]:9"), "[::1]:9");
  EXPECT_EQ (resolve ("unix:/run/x"), "unix:/run/x");
}

TEST (Static, GivesAddressesThePortOnly)
{
  EXPECT_EQ (resolve ("::1"), "[::1]:8080");
  EXPECT_EQ (resolve ("[::1]"), "[::1]:8080");
  EXPECT_EQ (resolve ("fe80::1", "prod"), "[fe80::1]:8080");
  EXPECT_EQ (resolve ("10.0.0.1", "prod"), "10.0.0.1:8080");
}

TEST (Static, RefusesWhatCannotBeAnAddress)
{
  for (const char *name : { "", ":80", "greeter:", "a:b:c", "[::1", "a b", "a/b" })
    EXPECT_EQ (resolve (name), "error") << name;
}

TEST (Static, NeverPicksATriedNode)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector
      = G_OBJECT (g_object_new (micro_plugin_static_selector ()->get_type (), nullptr));
  g_autoptr (MicroService) service
      = micro_selector_resolve (MICRO_SELECTOR (selector), "x", &error);

  EXPECT_EQ (micro_selector_select (MICRO_SELECTOR (selector), service,
                                    micro_service_get_nodes (service), &error),
             nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE));
}
