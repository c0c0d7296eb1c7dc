/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From the start of a service to its end: what its registry is told, when, and what still works
 * meanwhile.
 */
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <micro/micro.h>

extern "C"
{
#include "app/app.h"
}

#include "greeter.micro.h"

/* --- A registry that does as the test says --- */

enum Answer
{
  TAKEN,
  REFUSED,
  NEVER /* until it is cancelled; then as GTask has it */
};

namespace
{
struct Script
{
  std::mutex mutex;
  std::vector<std::string> told;       /* "register TTL", "deregister", with the node's id */
  std::function<Answer (int)> answer;  /* to the registration of that number, from 1 */
  std::function<void ()> deregistered; /* while that runs */
  int n_registers = 0;
  std::atomic<bool> waits{ false }; /* a deregistration ends when it is given up */

  void
  Add (const std::string &what)
  {
    std::lock_guard<std::mutex> lock (mutex);

    told.push_back (what);
  }

  std::string
  Told ()
  {
    std::lock_guard<std::mutex> lock (mutex);
    std::string all;

    for (const std::string &one : told)
      all += (all.empty () ? "" : "; ") + one;
    return all;
  }

  size_t
  Count ()
  {
    std::lock_guard<std::mutex> lock (mutex);

    return told.size ();
  }
};
Script *script;
}

struct ScriptedRegistry
{
  GObject parent_instance;
};
struct ScriptedRegistryClass
{
  GObjectClass parent_class;
};

static std::string
describe_node (MicroService *service)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  return std::string (" ") + micro_node_get_id ((MicroNode *) nodes->pdata[0]);
}

/* Takes @task. */
static void
end_when_given_up (GTask *task, GCancellable *cancellable)
{
  g_cancellable_connect (cancellable, G_CALLBACK (+[] (GCancellable *, gpointer data) {
                           g_task_return_boolean ((GTask *) data, TRUE);
                           g_object_unref (data);
                         }),
                         task, nullptr);
}

static void
scripted_register (MicroRegistry *registry,
                   MicroService *service,
                   guint ttl_s,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  GTask *task = g_task_new (registry, cancellable, callback, user_data);
  Answer answer = script->answer ? script->answer (++script->n_registers) : TAKEN;

  script->Add ("register " + std::to_string (ttl_s) + describe_node (service));
  if (answer == NEVER)
    {
      end_when_given_up (task, cancellable);
      return;
    }
  if (answer == TAKEN)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "not today");
  g_object_unref (task);
}

static void
scripted_deregister (MicroRegistry *registry,
                     MicroService *service,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  GTask *task = g_task_new (registry, cancellable, callback, user_data);

  script->Add ("deregister" + describe_node (service));
  if (script->deregistered)
    script->deregistered ();
  if (script->waits)
    {
      end_when_given_up (task, cancellable);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
scripted_get_service (MicroRegistry *registry,
                      const char *name,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);

  g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_NOT_FOUND, "no %s", name);
}

static void
scripted_iface_init (MicroRegistryInterface *iface)
{
  iface->register_async = scripted_register;
  iface->deregister_async = scripted_deregister;
  iface->get_service_async = scripted_get_service;
}

G_DEFINE_TYPE_WITH_CODE (ScriptedRegistry,
                         scripted_registry,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, scripted_iface_init))

static void
scripted_registry_class_init (ScriptedRegistryClass *)
{
}

static void
scripted_registry_init (ScriptedRegistry *)
{
}

/* --- The service --- */

namespace
{
std::atomic<MicroCall *> waiting;

void
say_hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  if (g_str_equal (request->name, "wait"))
    {
      waiting = call;
      return;
    }
  response.msg = request->name;
  micro_call_reply (call, &response);
}

struct AppRegister : testing::Test
{
  Script own;
  MicroApp *app = micro_app_new ("greeter", "1");
  std::thread thread;
  std::atomic<bool> ended{ false };
  std::atomic<int> status{ -1 };

  AppRegister ()
  {
    static const MicroPluginInfo info = { .abi_major = MICRO_PLUGIN_ABI_MAJOR,
                                          .abi_minor = MICRO_PLUGIN_ABI_MINOR,
                                          .struct_size = sizeof (MicroPluginInfo),
                                          .name = "scripted",
                                          .summary = "does as the test says",
                                          .version = "1",
                                          .license = "Apache-2.0",
                                          .get_type = scripted_registry_get_type };
    static const GreeterSayHandlers handlers = { say_hello, nullptr, nullptr, nullptr };
    static std::once_flag once;

    std::call_once (once, [] { micro_plugin_add_builtin (&info); });
    script = &own;
    waiting = nullptr;
    greeter_say_add_handlers (micro_app_get_router (app), &handlers, nullptr, nullptr);
  }

  ~AppRegister ()
  {
    micro_app_quit (app);
    if (thread.joinable ())
      thread.join ();
    g_object_unref (app);
  }

  void
  Start (std::vector<std::string> options = {})
  {
    thread = std::thread ([this, options] {
      std::vector<std::string> words = { "greeter", "--registry=scripted", "--transport=memory",
                                         "--server-address=memory:0", "--server-id=one" };
      std::vector<char *> arguments;

      words.insert (words.end (), options.begin (), options.end ());
      for (std::string &word : words)
        arguments.push_back (&word[0]);
      arguments.push_back (nullptr);
      status = micro_app_run (app, (int) words.size (), arguments.data ());
      ended = true;
    });
  }

  static bool
  Until (const std::function<bool ()> &condition)
  {
    while (!condition ())
      g_usleep (500);
    return true;
  }

  bool
  IsRegistered ()
  {
    return micro_app_get_address (app) != nullptr
           && micro_checks_pass (micro_app_get_checks (app), MICRO_CHECK_CRITICAL, nullptr);
  }

  /* Past the registry. */
  std::string
  Ask (const char *name, guint timeout_ms = 100000)
  {
    Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
    MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
    g_autoptr (GError) error = nullptr;
    g_autoptr (Greeter__HelloResponse) response = nullptr;

    options.address = micro_app_get_address (app);
    options.timeout_ms = timeout_ms;
    request.name = (char *) name;
    response = greeter_say_hello_sync (micro_app_get_client (app), "greeter", &request, &options,
                                       &error);
    return response != nullptr ? response->msg : error->message;
  }
};
}

TEST_F (AppRegister, IsInTheRegistryAsLongAsItServes)
{
  Start ({ "--register-ttl=7", "--register-interval=0" });
  EXPECT_TRUE (Until ([&] { return IsRegistered (); }));
  EXPECT_EQ (Ask ("John"), "John");
  EXPECT_EQ (own.Told (), "register 7 greeter-one");
  micro_app_quit (app);
  thread.join ();
  EXPECT_EQ (status, 0);
  EXPECT_EQ (own.Told (), "register 7 greeter-one; deregister greeter-one");
}

TEST_F (AppRegister, ServesOnForTheDelayOnceItIsOut)
{
  Start ({ "--drain-delay=1h" });
  EXPECT_TRUE (Until ([&] { return IsRegistered (); }));
  micro_app_quit (app);
  EXPECT_TRUE (Until ([&] { return own.Count () == 2; }));
  EXPECT_EQ (own.told[1], "deregister greeter-one");
  EXPECT_EQ (Ask ("late"), "late");
  EXPECT_FALSE (ended);
  g_main_loop_quit (app->main_loop);
  thread.join ();
  EXPECT_EQ (status, 0);
}

TEST_F (AppRegister, WaitsForRunningCalls)
{
  std::string answer;

  Start ();
  EXPECT_TRUE (Until ([&] { return IsRegistered (); }));
  std::thread caller ([&] { answer = Ask ("wait"); });
  EXPECT_TRUE (Until ([] { return waiting != nullptr; }));
  micro_app_quit (app);
  EXPECT_TRUE (Until ([&] { return own.Count () == 2; }));
  /* It refuses others by now, or will in a moment. */
  EXPECT_TRUE (Until ([&] { return Ask ("late") != "late"; }));
  for (int i = 0; i < 20; i++)
    Ask ("later");
  EXPECT_FALSE (ended);
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;
  response.msg = (char *) "at last";
  micro_call_reply (waiting, &response);
  caller.join ();
  EXPECT_EQ (answer, "at last");
  thread.join ();
}

TEST_F (AppRegister, ButNotForEver)
{
  Start ({ "--drain-timeout=20ms" });
  EXPECT_TRUE (Until ([&] { return IsRegistered (); }));
  std::string answer;
  std::thread caller ([&] { answer = Ask ("wait"); });
  EXPECT_TRUE (Until ([] { return waiting != nullptr; }));
  micro_app_quit (app);
  thread.join ();
  EXPECT_EQ (status, 0);
  micro_call_fail (waiting, MICRO_STATUS_ABORTED, "too late");
  /* The program's transport ends with it, and with that the call. */
  g_object_unref (app);
  caller.join ();
  EXPECT_NE (answer, "at last");
  app = micro_app_new ("other", "1");
}

TEST_F (AppRegister, TriesAgainUntilItIsTaken)
{
  own.answer = [] (int n) { return n < 4 ? REFUSED : TAKEN; };
  Start ({ "--register-interval=0" });
  EXPECT_TRUE (Until ([&] { return IsRegistered (); }));
  EXPECT_EQ (own.Count (), 4u);
}

TEST_F (AppRegister, SaysWhyItIsNotReady)
{
  g_autofree char *reason = nullptr;

  own.answer = [] (int) { return REFUSED; };
  Start ();
  EXPECT_TRUE (Until ([&] { return own.Count () >= 2; }));
  EXPECT_FALSE (micro_checks_pass (micro_app_get_checks (app), MICRO_CHECK_CRITICAL, &reason));
  EXPECT_STREQ (reason, "registered: not today");
  EXPECT_EQ (Ask ("John"), "John") << "it serves all the same";
  micro_app_quit (app);
  thread.join ();
  EXPECT_EQ (own.Told ().find ("deregister"), std::string::npos) << "it was never in";
}

TEST_F (AppRegister, RenewsItself)
{
  /* A failure in between is made good for in a moment, and not at the next turn. */
  own.answer = [] (int n) { return n == 2 ? REFUSED : TAKEN; };
  Start ({ "--register-interval=1" });
  EXPECT_TRUE (Until ([&] { return own.Count () >= 4; }));
  EXPECT_TRUE (IsRegistered ());
  EXPECT_EQ (own.told[3], "register 60 greeter-one");
}

/* It may have been written when it was given up. */
TEST_F (AppRegister, TakesBackWhatItWasToldToStop)
{
  own.answer = [] (int) { return NEVER; };
  Start ();
  EXPECT_TRUE (Until ([&] { return own.Count () == 1; }));
  micro_app_quit (app);
  thread.join ();
  EXPECT_EQ (own.Told (), "register 60 greeter-one; deregister greeter-one");
}

TEST_F (AppRegister, LeavesARegistryThatDoesNotAnswer)
{
  own.waits = true;
  Start ();
  EXPECT_TRUE (Until ([&] { return IsRegistered (); }));
  micro_app_quit (app);
  thread.join ();
  EXPECT_EQ (status, 0);
}
