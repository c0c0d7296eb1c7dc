/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The local registry: records of the living, files of others, and a crowd.
 */
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include <csignal>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "../../tests/registry-test.h"

extern "C" const MicroPluginInfo *micro_plugin_local_registry (void);
extern "C" const MicroPluginInfo *micro_plugin_roundrobin_selector (void);

/* In place of libc's, which only fails when the user has no instances left for anybody. */
static bool no_inotify;
extern "C" int
inotify_init1 (int flags) noexcept
{
  if (!no_inotify)
    return syscall (SYS_inotify_init1, flags);
  errno = EMFILE;
  return -1;
}

namespace
{
std::vector<std::string> warnings;

GLogWriterOutput
keep_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer)
{
  if (level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE))
    for (gsize i = 0; i < n_fields; i++)
      if (g_str_equal (fields[i].key, "MESSAGE"))
        warnings.push_back ((const char *) fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

guint
count_descriptors ()
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, nullptr);
  guint n = 0;

  while (g_dir_read_name (dir) != nullptr)
    n++;
  return n;
}

double
ms_since (gint64 start_us)
{
  return (g_get_monotonic_time () - start_us) / 1000.0;
}

/* Nodes: a file each, which takes a slow disk a while. */
const guint many = std::min (crowd_size (), 300u);

/* What the registry would do in half a second or two, told to its sources by their names. */
constexpr const char *tick = "local-registry tick";
constexpr const char *mend = "local-registry mend";

/* Those of the main context. */
std::vector<GSource *>
find_sources (const char *name)
{
  g_autoptr (GSource) last = g_idle_source_new ();
  guint end = g_source_attach (last, nullptr);
  std::vector<GSource *> found;

  g_source_destroy (last);
  for (guint id = 1; id < end; id++)
    {
      GSource *source = g_main_context_find_source_by_id (nullptr, id);

      if (source != nullptr && g_strcmp0 (g_source_get_name (source), name) == 0)
        found.push_back (source);
    }
  return found;
}

/* Not before run_now(): it is not to come between two things that a test does. */
void
hold (const char *name)
{
  for (GSource *source : find_sources (name))
    g_source_set_ready_time (source, -1);
}

void
run_now (const char *name)
{
  std::vector<GSource *> sources = find_sources (name);

  EXPECT_FALSE (sources.empty ()) << name;
  for (GSource *source : sources)
    {
      g_source_set_ready_time (source, 0);
      RegistryUser::Until ([source] { return g_source_get_ready_time (source) != 0; });
    }
}

/* While it lives, root may read and write no more than another user. */
class NoPrivileges
{
public:
  NoPrivileges ()
  {
    const unsigned all = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
    struct __user_cap_data_struct none[2];

    EXPECT_EQ (syscall (SYS_capget, &header, before), 0);
    none[0] = before[0];
    none[1] = before[1];
    none[0].effective &= ~all;
    EXPECT_EQ (syscall (SYS_capset, &header, none), 0);
  }
  ~NoPrivileges () { EXPECT_EQ (syscall (SYS_capset, &header, before), 0); }

private:
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct before[2] = {};
};

MicroRegistry *
open_registry (const std::string &folder)
{
  return MICRO_REGISTRY (g_object_new (micro_plugin_local_registry ()->get_type (), "directory",
                                       folder.c_str (), nullptr));
}

struct LocalRegistry : testing::Test
{
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
    g_autofree char *made = g_dir_make_tmp ("micro-local-XXXXXX", nullptr);

    base = made;
    folder = base + "/micro/registry";
    warnings.clear ();
  }

  void
  TearDown () override
  {
    no_inotify = false;
    while (!children.empty ())
      Kill (*children.begin ());
    while (g_main_context_iteration (nullptr, FALSE))
      ;
    if (system (("rm -rf '" + base + "'").c_str ()) != 0)
      ADD_FAILURE () << base << " cannot be removed";
  }

  MicroRegistry *
  Open ()
  {
    return open_registry (folder);
  }

  /* A process that registers and then does nothing. */
  pid_t
  Start (const char *name, const char *version, std::vector<std::string> ids, bool forks = false)
  {
    int ready[2];
    char byte = 0;
    pid_t pid;

    if (pipe2 (ready, O_CLOEXEC) != 0 || (pid = fork ()) < 0)
      return -1;
    if (pid == 0)
      {
        g_autoptr (MicroService) service = make_service (name, version, ids);
        RegistryUser user (Open ());

        /* The other has copies of our sources, and inotify's events come once. */
        g_main_context_push_thread_default (g_main_context_new ());
        setpgid (0, 0);
        byte = user.Register (service) == "" ? '1' : '0';
        if (forks && fork () == 0)
          byte = '2';
        if (byte != '2' && write (ready[1], &byte, 1) != 1)
          _exit (1);
        close (ready[1]);
        for (;;)
          pause ();
      }
    setpgid (pid, pid);
    close (ready[1]);
    EXPECT_EQ (read (ready[0], &byte, 1), 1);
    EXPECT_EQ (byte, '1');
    close (ready[0]);
    children.insert (pid);
    return pid;
  }

  /* SIGKILL to it, and to what it forked too unless it is told @alone. */
  void
  Kill (pid_t child, bool alone = false)
  {
    kill (alone ? child : -child, SIGKILL);
    if (alone)
      return; /* its number keeps that of the group from being another's */
    waitpid (child, nullptr, 0);
    children.erase (child);
  }

  void
  Write (const std::string &name, const std::string &text)
  {
    std::ofstream (folder + "/" + name) << text;
  }

  bool
  Exists (const std::string &name)
  {
    return g_file_test ((folder + "/" + name).c_str (), G_FILE_TEST_EXISTS);
  }

  guint
  CountWarnings (const std::string &about)
  {
    guint n = 0;

    for (const std::string &warning : warnings)
      n += warning.find (about) != std::string::npos;
    return n;
  }

  std::string base;
  std::string folder;
  std::set<pid_t> children;
};
}

TEST_F (LocalRegistry, FindsWhatAnotherProcessRegistered)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m" });

  EXPECT_EQ (user.Listed (), "") << "before there is a folder";
  Start ("greeter", "1", { "b", "a" });
  Start ("greeter", "1", { "c" });
  Start ("greeter", "2", { "d" });
  EXPECT_EQ (user.Register (mine), "");
  EXPECT_EQ (user.Got ("greeter"), "greeter 1: a b c\ngreeter 2: d\n");
  EXPECT_EQ (user.Listed (), "greeter 1: a b c\ngreeter 2: d\nmine 1: m\n");
  EXPECT_EQ (user.Deregister (mine), "");
  EXPECT_EQ (user.Got ("mine"), "no service “mine” in the local registry (" + folder + ")");
  EXPECT_EQ (warnings.size (), 0u);
}

TEST_F (LocalRegistry, KeepsTheWholeRecord)
{
  RegistryUser user (Open ());
  g_autoptr (MicroMetadata) metadata = micro_metadata_new ("owner", "\"{}\\", "k", "é\n", nullptr);
  g_autoptr (MicroNode) node = micro_node_new ("id", "[::1]:1", metadata);
  g_autoptr (GPtrArray) nodes = g_ptr_array_new ();
  g_autoptr (MicroValue) value = micro_value_new ("name", "string", nullptr);
  g_autoptr (MicroEndpoint) endpoint = micro_endpoint_new ("Say.Hello", value, nullptr, metadata);
  g_autoptr (GPtrArray) endpoints = g_ptr_array_new ();
  g_autoptr (MicroService) service = nullptr;
  g_autoptr (GPtrArray) found = nullptr;

  g_ptr_array_add (nodes, node);
  g_ptr_array_add (endpoints, endpoint);
  service = micro_service_new ("whole", "1", metadata, endpoints, nodes);
  EXPECT_EQ (user.Register (service), "");
  found = user.Get ("whole");
  ASSERT_NE (found, nullptr);
  EXPECT_TRUE (micro_service_equal ((MicroService *) g_ptr_array_index (found, 0), service));
}

TEST_F (LocalRegistry, TellsWhoWatchesWhatComesChangesAndGoes)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) greeter = make_service ("greeter", "1", { "a", "b" });
  g_autoptr (MicroService) newer = make_service ("greeter", "2", { "a" });
  g_autoptr (MicroService) other = make_service ("other", "1", { "x" });
  g_autoptr (MicroMetadata) metadata = micro_metadata_new ("k", "v", nullptr);
  g_autoptr (MicroService) changed
      = micro_service_new ("greeter", "2", metadata, nullptr, micro_service_get_nodes (newer));
  g_autoptr (MicroWatcher) all = nullptr;
  g_autoptr (MicroWatcher) some = nullptr;

  user.Register (greeter);
  all = user.Watch (nullptr);
  some = user.Watch ("greeter");
  EXPECT_EQ (RegistryUser::Next (all), "greeter 1: a b") << "together";
  EXPECT_EQ (RegistryUser::Next (some), "greeter 1: a b");
  user.Register (other);
  EXPECT_EQ (RegistryUser::Next (all), "other 1: x");
  user.Register (newer);
  EXPECT_EQ (RegistryUser::Next (all), "greeter 1: b; greeter 2: a") << "a node has one version";
  user.Register (changed);
  EXPECT_EQ (RegistryUser::Next (all), "greeter 1: b; greeter 2: a") << "with other metadata";
  user.Deregister (changed);
  EXPECT_EQ (RegistryUser::Next (all), "greeter 1: b");
  EXPECT_TRUE (RegistryUser::Hears (some, "greeter 1: b")) << "only the newest waits";
  micro_watcher_stop (some);
  EXPECT_EQ (RegistryUser::Next (some), "the watcher was stopped");
  EXPECT_EQ (user.Deregister (other), "");
  EXPECT_EQ (RegistryUser::Next (all), "no other") << "the other watch goes on";
}

TEST_F (LocalRegistry, ForgetsAProcessThatWasKilled)
{
  RegistryUser user (Open ());
  g_autoptr (MicroWatcher) watcher = nullptr;
  pid_t child = Start ("victim", "1", { "a", "b" });
  gint64 start_us;

  watcher = user.Watch ("victim");
  EXPECT_EQ (RegistryUser::Next (watcher), "victim 1: a b");
  start_us = g_get_monotonic_time ();
  kill (child, SIGKILL);
  EXPECT_EQ (RegistryUser::Next (watcher), "no victim");
  printf ("    known %.1f ms after SIGKILL\n", ms_since (start_us));
  EXPECT_EQ (user.Listed (), "");
  EXPECT_EQ (system (("test -z \"$(ls -A '" + folder + "')\"").c_str ()), 0) << "nothing is left";
}

TEST_F (LocalRegistry, ForgetsAKilledProcessWithNobodyWatching)
{
  RegistryUser user (Open ());
  pid_t child = Start ("victim", "1", { "a" });

  EXPECT_EQ (user.Listed (), "victim 1: a\n");
  Kill (child);
  EXPECT_EQ (user.Listed (), "");
}

TEST_F (LocalRegistry, ForgetsAKilledProcessWhoseForkedChildLives)
{
  RegistryUser user (Open ());
  pid_t child = Start ("victim", "1", { "a" }, true);
  g_autoptr (MicroWatcher) watcher = user.Watch ("victim");
  gint64 start_us = g_get_monotonic_time ();

  EXPECT_EQ (RegistryUser::Next (watcher), "victim 1: a");
  Kill (child, true);
  EXPECT_EQ (RegistryUser::Next (watcher), "no victim");
  printf ("    known %.1f ms after SIGKILL\n", ms_since (start_us));
}

TEST_F (LocalRegistry, TrustsNoProcessNumber)
{
  RegistryUser user (Open ());
  std::string token = std::to_string (getpid ()) + "-0123456789abcdef";
  std::string text = "{\"owner\":\"" + token
                     + "\",\"name\":\"reused\",\"version\":\"1\",\"nodes\":[{\"id\":\"a\","
                       "\"address\":\"a:1\"}]}";
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m" });

  EXPECT_EQ (user.Register (mine), "");
  Write (token + ".owner", "");
  Write ("reused@a.json", text);
  EXPECT_EQ (user.Listed (), "mine 1: m\n");
  EXPECT_FALSE (Exists ("reused@a.json"));
  EXPECT_FALSE (Exists (token + ".owner"));
  EXPECT_EQ (warnings.size (), 0u) << "what the dead left is nobody's mistake";
}

TEST_F (LocalRegistry, IsNotHinderedByFilesOfOthers)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m" });
  g_autoptr (MicroWatcher) watcher = nullptr;
  std::string head = "{\"owner\":\"1-0123456789abcdef\",";
  std::string record;
  int fd;

  ASSERT_EQ (user.Register (mine), "");
  {
    std::ifstream file (folder + "/mine@m.json");

    std::getline (file, record);
  }
  Write ("mine@broken.json", record.substr (0, record.size () / 2));
  Write ("mine@empty.json", "");
  Write ("mine@zeros.json", std::string (4096, '\0'));
  Write ("mine@foreign.json", "{\"name\":\"mine\",\"nodes\":[{\"id\":\"f\",\"address\":\"f:1\"}]}");
  Write ("mine@copy.json", record);
  fd = open ((folder + "/mine@huge.json").c_str (), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_EQ (ftruncate (fd, 16 * 1024 * 1024), 0);
  close (fd);
  ASSERT_EQ (mkfifo ((folder + "/mine@fifo.json").c_str (), 0600), 0);
  ASSERT_EQ (mkdir ((folder + "/mine@directory.json").c_str (), 0700), 0);
  ASSERT_EQ (symlink ("mine@m.json", (folder + "/mine@link.json").c_str ()), 0);
  ASSERT_EQ (symlink ("/dev/zero", (folder + "/mine@zero.json").c_str ()), 0);

  watcher = user.Watch ("mine");
  EXPECT_EQ (RegistryUser::Next (watcher), "mine 1: m");
  for (int i = 0; i < 3; i++)
    {
      EXPECT_EQ (user.Got ("mine"), "mine 1: m\n");
      EXPECT_EQ (user.Listed (), "mine 1: m\n");
    }
  for (const char *bad : { "broken", "empty", "zeros", "foreign", "copy", "huge", "fifo",
                           "directory", "link", "zero." })
    EXPECT_EQ (CountWarnings (std::string ("mine@") + bad), 1u) << bad;
  for (const std::string &warning : warnings)
    printf ("    %s\n", warning.c_str ());
  EXPECT_TRUE (Exists ("mine@foreign.json")) << "not ours to remove";
}

TEST_F (LocalRegistry, NamesOnlySomeOfManyForeignFiles)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m" });

  ASSERT_EQ (user.Register (mine), "");
  for (int i = 0; i < 50; i++)
    Write ("notes-" + std::to_string (i), "milk");
  EXPECT_EQ (user.Listed (), "mine 1: m\n");
  EXPECT_LE (warnings.size (), 11u);
}

TEST_F (LocalRegistry, SkipsWhatItMayNotRead)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m" });
  NoPrivileges none;

  ASSERT_EQ (user.Register (mine), "");
  Write ("mine@secret.json", "?");
  chmod ((folder + "/mine@secret.json").c_str (), 0);
  EXPECT_EQ (user.Got ("mine"), "mine 1: m\n");
  chmod (folder.c_str (), 0);
  EXPECT_NE (user.Listed ().find ("cannot look for services"), std::string::npos);
  chmod (folder.c_str (), 0500);
  EXPECT_NE (user.Register (mine).find ("set --registry-directory"), std::string::npos);
  chmod (folder.c_str (), 0700);
  EXPECT_EQ (user.Deregister (mine), "");
}

TEST_F (LocalRegistry, SaysWhyItCannotRegisterAndCanOnceTheFolderIsThere)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m" });
  g_autoptr (GError) error = nullptr;
  std::string said;

  std::ofstream (base + "/micro") << "in the way";
  said = user.Register (mine);
  EXPECT_NE (said.find (folder), std::string::npos) << said;
  EXPECT_NE (said.find ("set --registry-directory"), std::string::npos) << said;
  EXPECT_EQ (user.Watch ("mine", &error), nullptr);
  EXPECT_NE (error, nullptr);
  unlink ((base + "/micro").c_str ());
  EXPECT_EQ (user.Register (mine), "");
  EXPECT_EQ (user.Got ("mine"), "mine 1: m\n");
}

TEST_F (LocalRegistry, ComesBackWhenTheFolderIsRemovedUnderIt)
{
  RegistryUser service (Open ());
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m", "n" });
  g_autoptr (MicroWatcher) watcher = nullptr;

  ASSERT_EQ (service.Register (mine), "");
  watcher = user.Watch (nullptr);
  EXPECT_EQ (RegistryUser::Next (watcher), "mine 1: m n");
  hold (mend);
  hold (tick);
  ASSERT_EQ (system (("rm -r '" + base + "/micro'").c_str ()), 0);
  EXPECT_EQ (RegistryUser::Next (watcher), "no mine");
  run_now (mend);
  /* Not before, so that it has never seen that there was none: the new one may have the same inode.
   */
  run_now (tick);
  EXPECT_EQ (RegistryUser::Next (watcher), "mine 1: m n") << "by itself";
  hold (mend);
  unlink ((folder + "/mine@n.json").c_str ());
  EXPECT_EQ (RegistryUser::Next (watcher), "mine 1: m");
  run_now (mend);
  EXPECT_EQ (RegistryUser::Next (watcher), "mine 1: m n");
  EXPECT_EQ (warnings.size (), 0u);
}

/* By an editor, a restored backup, a full disk: whatever is there, a living service is found. */
TEST_F (LocalRegistry, ComesBackWhenItsFileIsSpoilt)
{
  RegistryUser service (Open ());
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("mine", "1", { "m" });
  g_autoptr (MicroWatcher) watcher = nullptr;
  std::string path = folder + "/mine@m.json";
  std::string record;
  std::vector<std::function<int ()>> ways;

  ASSERT_EQ (service.Register (mine), "");
  {
    std::ifstream file (path);

    std::getline (file, record);
  }
  watcher = user.Watch (nullptr);
  EXPECT_EQ (RegistryUser::Next (watcher), "mine 1: m");
  ways.push_back ([&] { return Write ("mine@m.json", record.substr (0, record.size () / 2)), 0; });
  ways.push_back ([&] { return unlink (path.c_str ()) | mkfifo (path.c_str (), 0600); });
  ways.push_back ([&] { return unlink (path.c_str ()) | symlink ("/dev/null", path.c_str ()); });
  for (gsize i = 0; i < ways.size (); i++)
    {
      hold (mend);
      EXPECT_EQ (ways[i](), 0) << i;
      EXPECT_EQ (RegistryUser::Next (watcher), "no mine") << i;
      run_now (mend);
      EXPECT_EQ (RegistryUser::Next (watcher), "mine 1: m") << i;
    }
  EXPECT_EQ (user.Got ("mine"), "mine 1: m\n");
}

TEST_F (LocalRegistry, RefusesAnIdThatAnotherHasUntilThatOneGoes)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) first = make_service ("same", "1", { "id" });
  g_autoptr (MicroService) second = make_service ("same", "2", { "id" });
  RegistryUser other (Open ());

  ASSERT_EQ (user.Register (first), "");
  EXPECT_NE (other.Register (second).find ("another process that runs"), std::string::npos);
  EXPECT_EQ (other.Deregister (second), "");
  EXPECT_EQ (user.Got ("same"), "same 1: id\n");
  EXPECT_EQ (user.Register (first), "") << "its own file is no obstacle";
  EXPECT_EQ (user.Deregister (first), "");
  EXPECT_EQ (other.Register (second), "");
  EXPECT_EQ (user.Got ("same"), "same 2: id\n");
}

TEST_F (LocalRegistry, GivesAnIdToOneOfTwoThatComeAtOnce)
{
  g_autoptr (MicroService) service = make_service ("same", "1", { "id" });

  for (int round = 0; round < 100; round++)
    {
      std::atomic<int> n_ready{ 0 }, n_taken{ 0 }, n_done{ 0 };
      std::vector<std::thread> threads;

      for (int i = 0; i < 2; i++)
        threads.emplace_back ([&] {
          g_autoptr (GMainContext) context = g_main_context_new ();

          g_main_context_push_thread_default (context);
          {
            RegistryUser user (Open ());
            bool taken;

            n_ready++;
            while (n_ready < 2)
              ;
            taken = user.Register (service) == "";
            n_taken += taken;
            n_done++;
            while (n_done < 2)
              g_usleep (100);
          }
          g_main_context_pop_thread_default (context);
        });
      for (std::thread &thread : threads)
        thread.join ();
      EXPECT_EQ (n_taken, 1) << round;
    }
}

TEST_F (LocalRegistry, TakesNamesOfAnyKind)
{
  std::string large (300, 'x');
  RegistryUser user (Open ());
  RegistryUser reader (Open ());

  for (const std::string &name :
       { std::string ("a/b"), std::string (".."), std::string ("."), std::string ("../../etc"),
         std::string ("with space"), std::string ("größe-🦉"), std::string ("new\nline"),
         std::string ("a@b"), std::string ("a"), std::string ("%2F"), std::string (".hidden"),
         std::string ("-rf"), large, large + "y", std::string ("9-0123456789abcdef.owner") })
    {
      g_autoptr (MicroService) service = make_service (name.c_str (), "1", { "i/d", ".." });
      g_autoptr (MicroService) longer = make_service (name.c_str (), "2", { large, large + "z" });
      g_autoptr (GPtrArray) services = nullptr;

      ASSERT_EQ (user.Register (service), "") << name;
      ASSERT_EQ (user.Register (longer), "") << name;
      EXPECT_EQ (reader.Got (name.c_str ()),
                 name + " 1: .. i/d\n" + name + " 2: " + large + " " + large + "z\n");
      services = reader.List ();
      EXPECT_EQ (services->len, 2u) << name;
      {
        g_autoptr (MicroWatcher) watcher = reader.Watch (name.c_str ());

        EXPECT_EQ (RegistryUser::Next (watcher),
                   name + " 1: .. i/d; " + name + " 2: " + large + " " + large + "z");
      }
      EXPECT_EQ (user.Deregister (service), "");
      EXPECT_EQ (user.Deregister (longer), "");
      EXPECT_EQ (reader.Listed (), "");
    }
  EXPECT_EQ (warnings.size (), 0u);
}

TEST_F (LocalRegistry, TakesNoRecordThatNobodyCouldRead)
{
  std::string large (2 * 1024 * 1024, 'x');
  RegistryUser user (Open ());
  g_autoptr (MicroService) broken = make_service ("bro\xffken", "1", { "a" });
  g_autoptr (MicroService) big = make_service ("big", large.c_str (), { "a" });

  EXPECT_NE (user.Register (broken).find ("is not all UTF-8"), std::string::npos);
  EXPECT_NE (user.Register (big).find ("give it less metadata"), std::string::npos);
  EXPECT_EQ (user.Listed (), "");
}

TEST_F (LocalRegistry, WatchesWithoutInotify)
{
  RegistryUser user (Open ());
  g_autoptr (MicroWatcher) watcher = nullptr;
  g_autoptr (MicroService) mine = make_service ("x", "1", { "mine" });
  pid_t child;

  no_inotify = true;
  watcher = user.Watch ("x");
  child = Start ("x", "1", { "a" });
  run_now (tick);
  EXPECT_TRUE (RegistryUser::Hears (watcher, "x 1: a"));
  user.Register (mine);
  run_now (tick);
  EXPECT_EQ (RegistryUser::Next (watcher), "x 1: a mine");
  Kill (child);
  run_now (tick);
  EXPECT_EQ (RegistryUser::Next (watcher), "x 1: mine");
  no_inotify = false;
  user.Deregister (mine);
  run_now (tick);
  EXPECT_EQ (RegistryUser::Next (watcher), "no x");
}

TEST_F (LocalRegistry, LosesNothingForWantOfDescriptors)
{
  RegistryUser user (Open ());
  g_autoptr (MicroWatcher) watcher = nullptr;
  g_autoptr (MicroMetadata) metadata = micro_metadata_new ("k", "v", nullptr);
  struct rlimit before;
  struct rlimit none;
  pid_t child = Start ("x", "1", { "a" });

  watcher = user.Watch ("x");
  EXPECT_EQ (RegistryUser::Next (watcher), "x 1: a");
  getrlimit (RLIMIT_NOFILE, &before);
  none = before;
  none.rlim_cur = 0;
  setrlimit (RLIMIT_NOFILE, &none);
  for (int i = 0; i < 3; i++)
    run_now (tick);
  EXPECT_NE (user.Listed ().find ("cannot look for services"), std::string::npos);
  setrlimit (RLIMIT_NOFILE, &before);
  Kill (child);
  EXPECT_EQ (RegistryUser::Next (watcher), "no x");
  EXPECT_EQ (user.Listed (), "");
}

TEST_F (LocalRegistry, LetsAWatchEndOnAnotherThreadAndInsideAnEvent)
{
  RegistryUser user (Open ());
  g_autoptr (MicroService) mine = make_service ("x", "1", { "mine" });
  MicroWatcher *inside = nullptr;
  MicroWatcher *elsewhere = nullptr;
  g_autoptr (MicroWatcher) stays = nullptr;

  user.Register (mine);
  inside = user.Watch ("x");
  elsewhere = user.Watch (nullptr);
  stays = user.Watch ("x");
  RegistryUser::Next (inside);
  RegistryUser::Next (stays);
  micro_watcher_next_async (
      inside, nullptr,
      [] (GObject *source, GAsyncResult *, gpointer data) {
        MicroWatcher **watcher = (MicroWatcher **) data;

        EXPECT_EQ (source, (GObject *) *watcher);
        micro_watcher_stop (*watcher);
        g_clear_object (watcher);
      },
      &inside);
  std::thread ([&] { g_object_unref (elsewhere); }).join ();
  user.Deregister (mine);
  EXPECT_TRUE (RegistryUser::Until ([&] { return inside == nullptr; }));
  EXPECT_EQ (RegistryUser::Next (stays), "no x");
}

TEST_F (LocalRegistry, TakesACrowdOfNodesOfOneService)
{
  std::vector<std::string> ids;
  RegistryUser service (Open ());
  RegistryUser user (Open ());
  g_autoptr (MicroService) plain = nullptr;
  g_autoptr (MicroService) crowd = nullptr;
  g_autoptr (MicroValue) field = micro_value_new ("name", "string", nullptr);
  g_autoptr (GPtrArray) fields = g_ptr_array_new ();
  g_autoptr (MicroValue) value = nullptr;
  g_autoptr (GPtrArray) endpoints
      = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_endpoint_unref);
  g_autoptr (MicroSelector) selector
      = MICRO_SELECTOR (g_object_new (micro_plugin_roundrobin_selector ()->get_type (), nullptr));
  std::set<std::string> selected;
  g_autoptr (MicroWatcher) watcher = user.Watch ("crowd");
  g_autoptr (GPtrArray) got = nullptr;
  g_autoptr (GPtrArray) listed = nullptr;
  guint before = count_descriptors ();
  guint n = 0;
  gint64 start_us;

  g_ptr_array_add (fields, field);
  value = micro_value_new ("Request", "Request", fields);
  for (guint i = 0; i < many; i++)
    ids.push_back ("crowd-" + std::to_string (i));
  /* With endpoints as a service has them. */
  for (int i = 0; i < 6; i++)
    g_ptr_array_add (endpoints, micro_endpoint_new (("Say.Hello" + std::to_string (i)).c_str (),
                                                    value, value, nullptr));
  plain = make_service ("crowd", "1", ids);
  crowd = micro_service_new ("crowd", "1", nullptr, endpoints, micro_service_get_nodes (plain));
  start_us = g_get_monotonic_time ();
  ASSERT_EQ (service.Register (crowd), "");
  printf ("    registered in %.0f ms\n", ms_since (start_us));
  EXPECT_LE (count_descriptors (), before + 2);
  start_us = g_get_monotonic_time ();
  got = user.Get ("crowd");
  printf ("    got in %.0f ms\n", ms_since (start_us));
  ASSERT_NE (got, nullptr);
  EXPECT_EQ (micro_service_get_nodes ((MicroService *) g_ptr_array_index (got, 0))->len, many);
  EXPECT_EQ (micro_service_get_endpoints ((MicroService *) g_ptr_array_index (got, 0))->len, 6u);
  start_us = g_get_monotonic_time ();
  for (guint i = 0; i < many; i++)
    {
      g_autoptr (MicroNode) node = micro_selector_select (
          selector, (MicroService *) g_ptr_array_index (got, 0), nullptr, nullptr);

      selected.insert (micro_node_get_id (node));
    }
  printf ("    each selected once in %.0f ms\n", ms_since (start_us));
  EXPECT_EQ (selected.size (), many);
  start_us = g_get_monotonic_time ();
  listed = user.List ();
  printf ("    listed in %.0f ms\n", ms_since (start_us));
  ASSERT_EQ (listed->len, 1u);
  while (n < many)
    {
      std::string event = RegistryUser::Next (watcher);

      n = std::count (event.begin (), event.end (), ' ') - 1;
    }
  EXPECT_EQ (n, many);
  start_us = g_get_monotonic_time ();
  EXPECT_EQ (service.Deregister (crowd), "");
  printf ("    taken back in %.0f ms\n", ms_since (start_us));
  EXPECT_EQ (user.Listed (), "");
  EXPECT_LE (count_descriptors (), before + 2);
}

TEST_F (LocalRegistry, ForgetsACrowdOfNodesOfAProcessThatWasKilled)
{
  std::vector<std::string> ids;
  RegistryUser user (Open ());
  g_autoptr (MicroWatcher) watcher = nullptr;
  gint64 start_us;
  pid_t child;

  for (guint i = 0; i < many; i++)
    {
      ids.push_back ("crowd-" + std::to_string (i));
    }
  child = Start ("crowd", "1", ids);
  watcher = user.Watch ("crowd");
  RegistryUser::Next (watcher);
  start_us = g_get_monotonic_time ();
  kill (child, SIGKILL);
  EXPECT_EQ (RegistryUser::Next (watcher), "no crowd") << "one event of them all";
  printf ("    all known %.0f ms after SIGKILL\n", ms_since (start_us));
  EXPECT_EQ (user.Listed (), "");
}
