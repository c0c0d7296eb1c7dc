/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The static selector: from names to addresses.
 */
#include <string>

#include <gtest/gtest.h>

#include <micro/micro.h>

#include "../../tests/selector-test.h"

extern "C" const MicroPluginInfo *micro_plugin_static_selector (void);

namespace
{
struct Options
{
  const char *pattern, *name_space;
  gboolean dashes;
};

std::string
resolve (const char *name, const char *domain = nullptr, guint port = 8080, Options more = {})
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector = G_OBJECT (g_object_new (
      micro_plugin_static_selector ()->get_type (), "domain", domain, "port", port, "template",
      more.pattern, "namespace", more.name_space, "dashes", more.dashes, nullptr));
  g_autoptr (MicroService) service
      = micro_selector_resolve (MICRO_SELECTOR (selector), name, &error);
  g_autoptr (MicroNode) node = nullptr;

  if (service == nullptr)
    {
      if (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT))
        return "error";
      return error->message;
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

TEST (Static, FollowsATemplate)
{
  const char *usual = "{name}.{namespace}.svc:{port}";

  EXPECT_EQ (resolve ("greeter", nullptr, 90, { usual, "prod", FALSE }), "greeter.prod.svc:90");
  EXPECT_EQ (resolve ("greeter", "x.y", 90, { "{name}-v2.{domain}", nullptr, FALSE }),
             "greeter-v2.x.y:90");
  EXPECT_EQ (resolve ("greeter", nullptr, 90, { "proxy:1", nullptr, FALSE }), "proxy:1");
  EXPECT_EQ (resolve ("greeter:7", nullptr, 90, { usual, "prod", FALSE }), "greeter:7");
  EXPECT_EQ (resolve ("::1", nullptr, 90, { usual, "prod", FALSE }), "[::1]:90");
}

TEST (Static, SaysWhatIsWrongWithATemplate)
{
  EXPECT_EQ (resolve ("x", nullptr, 1, { "{nam}.svc", nullptr, FALSE }),
             "the template “{nam}.svc” has {nam}, which is none of {name}, {namespace}, {domain} "
             "and {port}; mend --selector-template");
  EXPECT_EQ (resolve ("x", nullptr, 1, { "{name}.{domain}", nullptr, FALSE }),
             "the template “{name}.{domain}” wants a domain, and there is none; give "
             "--selector-domain");
}

/* The name is fine, and what was made of it is not. */
TEST (Static, SaysWhatTheNameWasMade)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector = G_OBJECT (
      g_object_new (micro_plugin_static_selector ()->get_type (), "domain", ".prod", nullptr));

  EXPECT_EQ (micro_selector_resolve (MICRO_SELECTOR (selector), "greeter", &error), nullptr);
  EXPECT_STREQ (error->message, "“greeter” cannot be called at “greeter..prod”: a part of it is "
                                "empty; see the name, and what --selector-domain and "
                                "--selector-template add to it");
  EXPECT_EQ (resolve ("x", nullptr, 1, { "{name.svc", nullptr, FALSE }),
             "the template “{name.svc” has a { without its }; mend --selector-template");
}

TEST (Static, WritesDashesForDots)
{
  EXPECT_EQ (resolve ("go.micro.greeter", nullptr, 8080, { nullptr, nullptr, TRUE }),
             "go-micro-greeter:8080");
  EXPECT_EQ (resolve ("go.micro.greeter", "a.b", 8080, { nullptr, nullptr, TRUE }),
             "go-micro-greeter.a.b:8080");
  EXPECT_EQ (resolve ("10.0.0.1", nullptr, 8080, { nullptr, nullptr, TRUE }), "10.0.0.1:8080");
}

TEST (Static, KnowsHowLongNamesMayBe)
{
  std::string label (63, 'a'), longest = label + "." + label + "." + label;

  EXPECT_EQ (resolve (label.c_str ()), label + ":8080");
  EXPECT_EQ (resolve ((label + "a").c_str ()), "error");
  EXPECT_EQ (resolve (longest.c_str (), "b"), longest + ".b:8080");
  EXPECT_EQ (resolve ((longest + "." + label).c_str ()), "error");
}

TEST (Static, WritesInternationalNamesInAscii)
{
  EXPECT_EQ (resolve ("bücher"), "xn--bcher-kva:8080");
  EXPECT_EQ (resolve ("bücher:9", "x"), "xn--bcher-kva:9");
  EXPECT_EQ (resolve ("b\xff"), "error");
}

TEST (Static, RefusesWhatCannotBeAnAddress)
{
  for (const char *name : { "", ":80", "greeter:", "a:b:c", "[::1", "a b", "a/b", "a..b", ".",
                            "a:99999", "[x]:1", "[::1]x", "[::1]:x" })
    EXPECT_EQ (resolve (name), "error") << name;
}

TEST (Static, NeverPicksATriedNode)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector
      = G_OBJECT (g_object_new (micro_plugin_static_selector ()->get_type (), nullptr));
  g_autoptr (MicroService) service
      = micro_selector_resolve (MICRO_SELECTOR (selector), "x", &error);

  EXPECT_EQ (select_untried (MICRO_SELECTOR (selector), service, micro_service_get_nodes (service),
                             &error),
             nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE));
}
