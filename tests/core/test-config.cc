/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Settings: keys, types, what wins, and directories that change as kubelet changes them.
 */
#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include <glib/gstdio.h>
#include <gtest/gtest.h>
#include <micro/micro.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C"
{
#include "config/files.h"
}

namespace
{

/* A directory as kubelet mounts a ConfigMap: links through ..data, which is swapped. */
class Mount
{
public:
  Mount () : path (g_dir_make_tmp ("micro-config-XXXXXX", nullptr)) {}
  ~Mount ()
  {
    std::filesystem::remove_all (path);
    g_free (path);
  }
  std::string
  In (const std::string &name) const
  {
    return std::string (path) + "/" + name;
  }
  void
  Write (const std::string &name, const std::string &text) const
  {
    g_file_set_contents (In (name).c_str (), text.data (), (gssize) text.size (), nullptr);
  }
  /* For what nobody reads yet, as it is not there at once. */
  void
  Prepare (const std::string &name, const std::string &text) const
  {
    std::ofstream (In (name), std::ios::binary) << text;
  }
  /* All of @files (name, text, …) at once. */
  void
  Swap (std::initializer_list<std::pair<const char *, std::string>> files)
  {
    std::string generation = "..gen" + std::to_string (++n_generations);

    g_mkdir (In (generation).c_str (), 0700);
    for (const auto &file : files)
      {
        Prepare (generation + "/" + file.first, file.second);
        (void) symlink ((std::string ("..data/") + file.first).c_str (), In (file.first).c_str ());
      }
    (void) symlink (generation.c_str (), In ("..data_tmp").c_str ());
    g_rename (In ("..data_tmp").c_str (), In ("..data").c_str ());
    if (n_generations > 1)
      std::filesystem::remove_all (In ("..gen" + std::to_string (n_generations - 1)));
  }
  char *path;

private:
  int n_generations = 0;
};

/* What was warned of, on whichever thread. */
std::mutex warnings_lock;
std::vector<std::string> warnings;

GLogWriterOutput
keep_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer)
{
  if ((level & G_LOG_LEVEL_WARNING) == 0)
    return g_log_writer_default (level, fields, n_fields, nullptr);
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      {
        std::lock_guard<std::mutex> locked (warnings_lock);

        warnings.push_back ((const char *) fields[i].value);
      }
  return G_LOG_WRITER_HANDLED;
}

/* Sources live on a loop's thread, as in a program. */
class Settings : public testing::Test
{
protected:
  static void
  SetUpTestSuite ()
  {
    static bool set;

    /* Warnings are looked at here, not died of. */
    g_log_set_always_fatal ((GLogLevelFlags) (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL));
    if (!set)
      g_log_set_writer_func (keep_warnings, nullptr, nullptr);
    set = true;
  }
  void
  SetUp () override
  {
    warnings.clear ();
    loop = micro_loop_new ("config");
    config = micro_config_new ();
    g_signal_connect (config, "changed", G_CALLBACK (OnChanged), this);
  }
  void
  TearDown () override
  {
    micro_loop_run_sync (
        loop, [] (gpointer data) { g_object_unref (data); }, config);
    micro_loop_free (loop);
    EXPECT_EQ (n_expected, warnings.size ()) << (warnings.empty () ? "" : warnings.back ());
  }
  /* The next warning, which is waited for, has these words. */
  void
  ExpectWarning (const std::string &words)
  {
    auto n = [] {
      std::lock_guard<std::mutex> locked (warnings_lock);

      return warnings.size ();
    };
    while (n () <= n_expected)
      g_usleep (1000);
    std::lock_guard<std::mutex> locked (warnings_lock);
    EXPECT_NE (warnings[n_expected].find (words), std::string::npos) << warnings[n_expected];
    n_expected++;
  }
  void
  AddDirectory (const std::string &path)
  {
    MicroConfigSource *source = micro_config_directory_new (path.c_str ());

    micro_config_directory_set_retry_ms (source, 20);
    Add (source);
  }
  /* Takes @source. */
  void
  Add (MicroConfigSource *source)
  {
    struct
    {
      MicroConfig *config;
      MicroConfigSource *source;
    } pair = { config, source };

    micro_loop_run_sync (
        loop,
        [] (gpointer data) {
          auto *it = (decltype (pair) *) data;
          micro_config_add (it->config, it->source);
        },
        &pair);
    micro_loop_run_sync (
        loop, [] (gpointer data) { g_object_unref (data); }, source);
    EXPECT_TRUE (micro_config_wait (config, 100000));
  }
  std::string
  Get (const char *key)
  {
    g_autoptr (MicroSettings) now = micro_config_get (config);

    return micro_settings_get_string (now, key, "(none)", nullptr);
  }
  /* What it becomes, when all have been told of it. */
  std::string
  Await (const char *key, const std::string &value)
  {
    while (Get (key) != value)
      g_usleep (1000);
    micro_loop_run_sync (
        loop, [] (gpointer) {}, nullptr);
    return Get (key);
  }
  static void
  OnChanged (MicroConfig *, MicroSettings *, gpointer data)
  {
    g_atomic_int_inc (&((Settings *) data)->n_changes);
  }

  Mount mount; /* outlives what reads it */
  MicroLoop *loop;
  MicroConfig *config;
  int n_changes = 0; /* atomic */
  size_t n_expected = 0;
};

TEST_F (Settings, HaveOneSpelling)
{
  mount.Write ("Database_HOST", "db\n");
  AddDirectory (mount.path);
  EXPECT_EQ (Get ("database.host"), "db");
  EXPECT_EQ (Get ("DATABASE_HOST"), "db");
  EXPECT_EQ (Get ("database/host"), "db");
  EXPECT_EQ (Get ("database"), "(none)");
}

TEST_F (Settings, TheLaterSourceWins)
{
  g_autoptr (MicroSettings) now = nullptr;

  g_setenv ("MICROTEST_DATABASE_HOST", "from the environment", TRUE);
  g_setenv ("MICROTEST_DATABASE_USER", "ada", TRUE);
  mount.Write ("database.host", "from the file\n");
  Add (micro_config_environment_new ("MICROTEST_"));
  EXPECT_EQ (Get ("database.host"), "from the environment");
  AddDirectory (mount.path);
  EXPECT_EQ (Get ("database.host"), "from the file");
  EXPECT_EQ (Get ("database.user"), "ada");
  now = micro_config_get (config);
  EXPECT_EQ (micro_settings_get_origin (now, "database.host"), mount.In ("database.host"));
  EXPECT_STREQ (micro_settings_get_origin (now, "database.user"), "$MICROTEST_DATABASE_USER");
  g_unsetenv ("MICROTEST_DATABASE_HOST");
  g_unsetenv ("MICROTEST_DATABASE_USER");
}

TEST_F (Settings, LinesAndJson)
{
  g_autoptr (MicroSettings) now = nullptr;
  g_auto (GStrv) list = nullptr;
  g_auto (GStrv) elements = nullptr;

  mount.Write ("mongodb", "# as go-micro's\nhost = m.example\nport=27017\n\nquery=a=b\n");
  mount.Write ("app.json",
               R"({"cache": {"size": 3, "on": true}, "names": ["a", "b,c"], "no": null})");
  mount.Write ("list", "x, y,\n z ,,\n");
  mount.Write ("key.pem", "-----BEGIN-----\nabc==\n-----END-----\n");
  mount.Write ("broken.json", "{\"a\": ");
  AddDirectory (mount.path);
  EXPECT_EQ (Get ("mongodb.host"), "m.example");
  EXPECT_EQ (Get ("mongodb.query"), "a=b");
  EXPECT_EQ (Get ("app.cache.size"), "3");
  EXPECT_EQ (Get ("app.no"), "(none)");
  EXPECT_EQ (Get ("key.pem.abc"), "(none)");
  EXPECT_EQ (Get ("broken.json"), "{\"a\": ");
  ExpectWarning ("broken.json is not JSON");
  now = micro_config_get (config);
  EXPECT_EQ (micro_settings_get_int (now, "mongodb.port", 1, nullptr), 27017);
  EXPECT_TRUE (micro_settings_get_boolean (now, "app.cache.on", FALSE, nullptr));
  list = micro_settings_get_list (now, "list", nullptr);
  EXPECT_EQ (g_strv_length (list), 3u);
  EXPECT_STREQ (list[2], "z");
  elements = micro_settings_get_list (now, "app.names", nullptr);
  EXPECT_EQ (g_strv_length (elements), 2u);
  EXPECT_STREQ (elements[1], "b,c");
}

TEST_F (Settings, TypesAndWhatIsNone)
{
  g_autoptr (MicroSettings) now = nullptr;
  g_autoptr (GError) error = nullptr;

  mount.Write ("whole", "-42\n");
  mount.Write ("half", "0.5");
  mount.Write ("pause", "1m30s\n");
  mount.Write ("word", "soon");
  mount.Write ("empty", "");
  mount.Write ("bytes", std::string ("\xff\x00z", 3));
  AddDirectory (mount.path);
  now = micro_config_get (config);
  EXPECT_EQ (micro_settings_get_int (now, "whole", 0, &error), -42);
  EXPECT_EQ (micro_settings_get_double (now, "half", 0, &error), 0.5);
  EXPECT_EQ (micro_settings_get_duration (now, "pause", 0, &error), 90000u);
  EXPECT_EQ (micro_settings_get_int (now, "not-there", 7, &error), 7);
  EXPECT_STREQ (micro_settings_get_string (now, "empty", "x", &error), "");
  ASSERT_EQ (error, nullptr);

  EXPECT_EQ (micro_settings_get_int (now, "word", 7, &error), 7);
  ASSERT_NE (error, nullptr);
  EXPECT_EQ (micro_error_get_status (error), MICRO_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ (std::string (error->message),
             "word (from " + mount.In ("word")
                 + "): “soon” is not a whole number of 64 bits, such as 42");
  g_clear_error (&error);
  for (const char *key : { "half", "empty", "bytes" })
    {
      EXPECT_EQ (micro_settings_get_int (now, key, 7, &error), 7) << key;
      EXPECT_NE (error, nullptr) << key;
      g_clear_error (&error);
    }
  EXPECT_TRUE (micro_settings_get_boolean (now, "word", TRUE, &error));
  g_clear_error (&error);
  EXPECT_EQ (micro_settings_get_double (now, "pause", 1, &error), 1);
  g_clear_error (&error);
  EXPECT_EQ (micro_settings_get_duration (now, "word", 1, &error), 1u);
  g_clear_error (&error);
  EXPECT_STREQ (micro_settings_get_string (now, "bytes", "x", &error), "x");
  EXPECT_NE (error, nullptr);
  EXPECT_EQ (g_bytes_get_size (micro_settings_get_bytes (now, "bytes")), 3u);
  EXPECT_EQ (g_bytes_get_size (micro_settings_get_bytes (now, "pause")), 6u);
}

/* Nothing at all is text too, wherever it is said. */
TEST_F (Settings, WhatIsEmptyIsText)
{
  g_autoptr (MicroSettings) now = nullptr;
  g_autoptr (GError) error = nullptr;

  g_setenv ("MICROTEST_NOTHING", "", TRUE);
  mount.Write ("database", "host=db\npassword=\n");
  mount.Write ("more.json", R"({"user": ""})");
  Add (micro_config_environment_new ("MICROTEST_"));
  AddDirectory (mount.path);
  now = micro_config_get (config);
  for (const char *key : { "nothing", "database.password", "more.user" })
    {
      EXPECT_STREQ (micro_settings_get_string (now, key, "x", &error), "") << key;
      ASSERT_EQ (error, nullptr) << error->message;
    }
  g_unsetenv ("MICROTEST_NOTHING");
}

TEST_F (Settings, AMalformedValueIsWarnedOfOnce)
{
  g_autoptr (MicroSettings) now = nullptr;

  mount.Write ("size", "big");
  AddDirectory (mount.path);
  now = micro_config_get (config);
  EXPECT_EQ (micro_settings_get_int (now, "size", 3, nullptr), 3);
  EXPECT_EQ (micro_settings_get_int (now, "size", 3, nullptr), 3);
  ExpectWarning ("is not a whole number");
}

TEST_F (Settings, ASwapIsSeen)
{
  g_autoptr (MicroSettings) before = nullptr;

  mount.Swap ({ { "a", "1" }, { "b", "1" } });
  AddDirectory (mount.path);
  EXPECT_EQ (Get ("a"), "1");
  before = micro_config_get (config);
  mount.Swap ({ { "a", "2" } });
  EXPECT_EQ (Await ("a", "2"), "2");
  EXPECT_EQ (Get ("b"), "(none)");
  EXPECT_STREQ (micro_settings_get_string (before, "b", nullptr, nullptr), "1");
  EXPECT_EQ (g_atomic_int_get (&n_changes), 2);
}

TEST_F (Settings, AFileOfAPlainDirectoryIsSeen)
{
  mount.Write ("a", "1");
  AddDirectory (mount.path);
  mount.Write ("a", "2");
  EXPECT_EQ (Await ("a", "2"), "2");
  mount.Write ("sub.key", "3");
  EXPECT_EQ (Await ("sub.key", "3"), "3");
  g_unlink (mount.In ("sub.key").c_str ());
  EXPECT_EQ (Await ("sub.key", "(none)"), "(none)");
}

/* What cannot be read keeps all as it was, and is read once it can be. */
TEST_F (Settings, SurviveWhatIsNoConfigMap)
{
  mount.Swap ({ { "a", "1" }, { "b", "1" } });
  AddDirectory (mount.path);
  mount.Swap ({ { "a", "2" }, { "b", std::string (10 * 1024 * 1024, 'x') } });
  ExpectWarning ("b has 10485760 bytes; a value has 1048576 at most; what was read before stays");
  EXPECT_EQ (Get ("a"), "1");
  EXPECT_EQ (Get ("b"), "1");
  mount.Swap ({ { "a", "3" }, { "b", "3" } });
  EXPECT_EQ (Await ("b", "3"), "3");
  EXPECT_EQ (Get ("a"), "3");

  mount.Swap ({ { "a", "4" }, { "b", std::string ("\x00\xff", 2) } });
  EXPECT_EQ (Await ("a", "4"), "4");
}

TEST_F (Settings, AFifoDoesNotStopUs)
{
  ASSERT_EQ (mkfifo (mount.In ("pipe").c_str (), 0600), 0);
  mount.Write ("a", "1");
  AddDirectory (mount.path);
  EXPECT_EQ (Get ("a"), "(none)");
  ExpectWarning ("pipe is no file; it is tried again");
  g_unlink (mount.In ("pipe").c_str ());
  EXPECT_EQ (Await ("a", "1"), "1");
}

TEST_F (Settings, ALinkToNowhereIsSaid)
{
  (void) symlink ("nowhere", mount.In ("link").c_str ());
  mount.Write ("a", "1");
  AddDirectory (mount.path);
  EXPECT_EQ (Get ("a"), "(none)");
  ExpectWarning ("cannot open link: No such file or directory; it is tried again");
  mount.Write ("nowhere", "2");
  EXPECT_EQ (Await ("link", "2"), "2");
  EXPECT_EQ (Get ("a"), "1");
}

TEST_F (Settings, ADirectoryThatGoesAndComesBack)
{
  std::string inner = mount.In ("inner");
  std::string file = inner + "/a";

  AddDirectory (inner);
  EXPECT_EQ (Get ("a"), "(none)");
  ExpectWarning ("inner: No such file or directory; it is tried again");
  g_mkdir (inner.c_str (), 0700);
  g_file_set_contents (file.c_str (), "1", 1, nullptr);
  EXPECT_EQ (Await ("a", "1"), "1");
  g_unlink (file.c_str ());
  EXPECT_EQ (Await ("a", "(none)"), "(none)");
  g_file_set_contents (file.c_str (), "2", 1, nullptr);
  EXPECT_EQ (Await ("a", "2"), "2");

  std::string away = mount.In ("away");
  g_rename (inner.c_str (), away.c_str ());
  ExpectWarning ("inner: No such file or directory; what was read before stays");
  EXPECT_EQ (Get ("a"), "2");
  g_mkdir (inner.c_str (), 0700);
  g_file_set_contents (file.c_str (), "3", 1, nullptr);
  EXPECT_EQ (Await ("a", "3"), "3");
}

/* All of a snapshot is from one side of a swap, whoever looks and whenever. */
TEST_F (Settings, AreNeverHalfRead)
{
  int done = FALSE;
  struct Reader
  {
    MicroConfig *config;
    int *done;
    int n_mixed = 0;
    std::atomic<int> n_seen{ 0 };
  } reader{ config, &done };

  mount.Swap ({ { "a", "0" }, { "b", "x=0" }, { "c", "0" } });
  AddDirectory (mount.path);
  GThread *thread = g_thread_new (
      "reader",
      [] (gpointer data) -> gpointer {
        auto *self = (Reader *) data;
        std::string last;

        while (!g_atomic_int_get (self->done))
          {
            g_autoptr (MicroSettings) now = micro_config_get (self->config);
            std::string a = micro_settings_get_string (now, "a", "", nullptr);

            if (a != micro_settings_get_string (now, "b.x", "", nullptr)
                || a != micro_settings_get_string (now, "c", "", nullptr))
              self->n_mixed++;
            self->n_seen += a != last;
            last = a;
            g_usleep (100); /* valgrind gives a turn to who asks for it */
          }
        return nullptr;
      },
      &reader);
  std::string n;
  for (int i = 1; i <= 300 || reader.n_seen <= 1; i++)
    {
      n = std::to_string (i);
      mount.Swap ({ { "a", n }, { "b", "x=" + n }, { "c", n } });
    }
  EXPECT_EQ (Await ("a", n), n);
  g_atomic_int_set (&done, TRUE);
  g_thread_join (thread);
  EXPECT_EQ (reader.n_mixed, 0);
}

TEST_F (Settings, HundredsOfKeys)
{
  g_auto (GStrv) keys = nullptr;

  for (int i = 0; i < 300; i++)
    mount.Prepare ("key" + std::to_string (i), std::to_string (i));
  AddDirectory (mount.path);
  EXPECT_EQ (Get ("key299"), "299");
  g_autoptr (MicroSettings) now = micro_config_get (config);
  keys = micro_settings_list_keys (now);
  EXPECT_EQ (g_strv_length (keys), 300u);
}

TEST (Config, OfAProgram)
{
  Mount mount;
  std::string flag = std::string ("--config-directory=") + mount.path;
  g_autoptr (MicroApp) app = micro_app_new ("test", "1");
  const char *arguments[]
      = { "test", "--registry=memory", "--transport=memory", flag.c_str (), nullptr };
  char **argv = (char **) arguments;
  int argc = 4;
  g_autoptr (GError) error = nullptr;

  mount.Write ("greeting", "hi\n");
  ASSERT_TRUE (micro_app_init (app, &argc, &argv, &error)) << error->message;
  g_autoptr (MicroSettings) now = micro_config_get (micro_app_get_config (app));
  EXPECT_STREQ (micro_settings_get_string (now, "greeting", nullptr, nullptr), "hi");
  EXPECT_TRUE (micro_settings_has (now, "path"));
}

TEST (Config, ADirectoryThatIsNone)
{
  g_autoptr (MicroApp) app = micro_app_new ("test", "1");
  const char *arguments[] = { "test", "--registry=memory", "--transport=memory",
                              "--config-directory=/not/there", nullptr };
  char **argv = (char **) arguments;
  int argc = 4;
  g_autoptr (GError) error = nullptr;

  EXPECT_FALSE (micro_app_init (app, &argc, &argv, &error));
  EXPECT_STREQ (error->message, "--config-directory: “/not/there” is no directory; name the one "
                                "where the ConfigMap is mounted");
}

} // namespace
