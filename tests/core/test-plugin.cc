/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Finding plugins by name.  Links libmicro-1 itself, as it opens files that do.
 */
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include <micro/micro.h>

namespace
{
typedef GObject MineSelector;
typedef GObjectClass MineSelectorClass;

MicroNode *
mine_select (MicroSelector *, MicroService *, const MicroPick *, GError **)
{
  return nullptr;
}

void
mine_iface_init (gpointer iface, gpointer)
{
  ((MicroSelectorInterface *) iface)->select = mine_select;
}

GType
mine_get_type ()
{
  static GType type = [] {
    const GInterfaceInfo info = { mine_iface_init, nullptr, nullptr };
    GType made
        = g_type_register_static_simple (G_TYPE_OBJECT, "MineSelector", sizeof (GObjectClass),
                                         nullptr, sizeof (GObject), nullptr, (GTypeFlags) 0);

    g_type_add_interface_static (made, MICRO_TYPE_SELECTOR, &info);
    return made;
  }();

  return type;
}

std::string
message (MicroPluginKind kind, const char *name, int code)
{
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (micro_plugin_find (kind, name, &error), G_TYPE_INVALID) << name;
  EXPECT_TRUE (g_error_matches (error, MICRO_PLUGIN_ERROR, code)) << error->message;
  return error->message;
}
}

/* A selector that gives the first node whether it may or not. */
typedef GObject Again;
typedef GObjectClass AgainClass;
static std::string again_done;

static void
again_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = [] (MicroSelector *, MicroService *service, const MicroPick *, GError **) {
    return micro_node_ref ((MicroNode *) micro_service_get_nodes (service)->pdata[0]);
  };
  iface->done = [] (MicroSelector *, MicroService *, MicroNode *, const MicroOutcome *outcome) {
    again_done += std::string (micro_status_to_string (outcome->status))
                  + (outcome->sent ? ", sent; " : ", not sent; ");
  };
}

G_DEFINE_TYPE_WITH_CODE (Again,
                         again,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, again_selector_iface_init))

static void
again_class_init (AgainClass *)
{
}

static void
again_init (Again *)
{
}

TEST (Plugin, KnowsItsKinds)
{
  EXPECT_STREQ (micro_plugin_kind_to_string (MICRO_PLUGIN_REGISTRY), "registry");
  EXPECT_STREQ (micro_plugin_kind_to_string (MICRO_PLUGIN_BROKER), "broker");
  EXPECT_EQ (micro_plugin_kind_get_interface (MICRO_PLUGIN_SELECTOR), MICRO_TYPE_SELECTOR);
}

TEST (Plugin, FindsTheSameTypeTwice)
{
  GType type = micro_plugin_find (MICRO_PLUGIN_SELECTOR, "random", nullptr);

  ASSERT_NE (type, G_TYPE_INVALID);
  EXPECT_TRUE (g_type_is_a (type, MICRO_TYPE_SELECTOR));
  EXPECT_EQ (micro_plugin_find (MICRO_PLUGIN_SELECTOR, "random", nullptr), type);
  ASSERT_NE (micro_plugin_get_info (type), nullptr);
  EXPECT_STREQ (micro_plugin_get_info (type)->name, "random");
}

TEST (Plugin, LeavesSignalHandlersAsTheyWere)
{
  struct sigaction mine = {}, now = {}, former = {};

  mine.sa_handler = SIG_IGN;
  ASSERT_EQ (sigaction (SIGBUS, &mine, &former), 0);
  EXPECT_NE (micro_plugin_find (MICRO_PLUGIN_SELECTOR, "static", nullptr), G_TYPE_INVALID);
  EXPECT_EQ (micro_plugin_find (MICRO_PLUGIN_SELECTOR, "null", nullptr), G_TYPE_INVALID);
  ASSERT_EQ (sigaction (SIGBUS, &former, &now), 0);
  EXPECT_EQ (now.sa_handler, SIG_IGN);
}

TEST (Plugin, TakesWhatTheProgramOffers)
{
  g_autoptr (GError) error = nullptr;

  message (MICRO_PLUGIN_SELECTOR, "mine", MICRO_PLUGIN_ERROR_NOT_FOUND);
  ASSERT_NE (g_io_extension_point_implement ("micro-selector", mine_get_type (), "mine", 0),
             nullptr);
  EXPECT_EQ (micro_plugin_find (MICRO_PLUGIN_SELECTOR, "mine", &error), mine_get_type ());
  EXPECT_EQ (micro_plugin_get_info (mine_get_type ()), nullptr);
  EXPECT_STREQ (g_quark_to_string (MICRO_PLUGIN_ERROR), "micro-plugin-error-quark");
}

TEST (Plugin, HoldsSelectorsToTheirContract)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector = G_OBJECT (g_object_new (mine_get_type (), nullptr));
  g_autoptr (MicroService) service = micro_service_new ("x", "1", nullptr, nullptr, nullptr);

  EXPECT_EQ (micro_selector_select (MICRO_SELECTOR (selector), service, nullptr, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INTERNAL));
  EXPECT_FALSE (micro_selector_can_resolve (MICRO_SELECTOR (selector)));
  g_clear_error (&error);
  EXPECT_EQ (micro_selector_resolve (MICRO_SELECTOR (selector), "x", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
}

TEST (Plugin, TellsASelectorOfTheNodeThatWasRefused)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (GObject) selector = G_OBJECT (g_object_new (again_get_type (), nullptr));
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_autoptr (MicroService) service = nullptr;
  MicroPick pick = MICRO_PICK_INIT;

  g_ptr_array_add (nodes, micro_node_new ("a", "a:1", nullptr));
  service = micro_service_new ("x", "1", nullptr, nullptr, nodes);
  pick.tried = nodes;
  EXPECT_EQ (micro_selector_select (MICRO_SELECTOR (selector), service, &pick, &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE));
  EXPECT_EQ (again_done, "CANCELLED, not sent; ");
}

TEST (Plugin, SaysWhatItLookedFor)
{
  std::string text = message (MICRO_PLUGIN_SELECTOR, "roundrobn", MICRO_PLUGIN_ERROR_NOT_FOUND);

  EXPECT_NE (text.find ("no selector named “roundrobn”"), std::string::npos) << text;
  EXPECT_NE (text.find ("did you mean “roundrobin”?"), std::string::npos) << text;
  message (MICRO_PLUGIN_SELECTOR, "", MICRO_PLUGIN_ERROR_NOT_FOUND);
  message (MICRO_PLUGIN_SELECTOR, "No_Name", MICRO_PLUGIN_ERROR_NOT_FOUND);
  message (MICRO_PLUGIN_REGISTRY, "roundrobin", MICRO_PLUGIN_ERROR_NOT_FOUND);
}

TEST (Plugin, FollowsAnotherNameOfAFile)
{
  g_autofree char *dir = g_dir_make_tmp ("micro-plugin-XXXXXX", nullptr);
  g_autofree char *alias = g_build_filename (dir, "other-selector.so", nullptr);
  const char *plugins = g_getenv ("MICRO_PLUGIN_PATH");
  g_autofree char *file
      = g_build_filename (plugins != nullptr ? plugins : "/nowhere", "static-selector.so", nullptr);
  g_autofree char *path = g_strjoin (":", dir, plugins, nullptr);
  g_autofree char *saved = g_strdup (plugins);
  g_autoptr (GError) error = nullptr;
  g_autoptr (GFile) link = g_file_new_for_path (alias);
  g_autoptr (GFile) folder = g_file_new_for_path (dir);

  if (!g_file_test (file, G_FILE_TEST_EXISTS))
    GTEST_SKIP () << "no plugin files";
  ASSERT_TRUE (g_file_make_symbolic_link (link, file, nullptr, &error));
  g_setenv ("MICRO_PLUGIN_PATH", path, TRUE);
  GType type = micro_plugin_find (MICRO_PLUGIN_SELECTOR, "static", &error);
  EXPECT_NE (type, G_TYPE_INVALID);
  EXPECT_EQ (micro_plugin_find (MICRO_PLUGIN_SELECTOR, "other", &error), type);
  EXPECT_TRUE (micro_plugin_load ("static-selector", &error));
  g_setenv ("MICRO_PLUGIN_PATH", saved, TRUE);
  g_file_delete (link, nullptr, nullptr);
  g_file_delete (folder, nullptr, nullptr);
}
