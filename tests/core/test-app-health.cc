/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A whole service: what its checks say is what grpc.health.v1 says, from start to stop.
 */
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include <micro/micro.h>

extern "C"
{
#include "app/app.h"
}

#include "grpc/health/v1/health.micro.h"

/* A health plugin that only remembers. */
struct NoteHealth
{
  GObject parent_instance;
};
struct NoteHealthClass
{
  GObjectClass parent_class;
};
static std::atomic<int> n_started, n_stopped, is_ready;
static std::atomic<MicroChecks *> given;

static void
note_iface_init (MicroHealthInterface *iface)
{
  iface->set_checks = [] (MicroHealth *, MicroChecks *checks) { given = checks; };
  iface->start = [] (MicroHealth *, GError **) -> gboolean { return n_started++, TRUE; };
  iface->set_ready = [] (MicroHealth *, gboolean ready, const char *) { is_ready = ready; };
  iface->stop = [] (MicroHealth *) { n_stopped++; };
}

G_DEFINE_TYPE_WITH_CODE (NoteHealth,
                         note_health,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_HEALTH, note_iface_init))

static void
note_health_class_init (NoteHealthClass *)
{
}

static void
note_health_init (NoteHealth *)
{
}

namespace
{
constexpr int SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
constexpr int NOT_SERVING = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;

struct AppHealth : testing::Test
{
  MicroApp *app = micro_app_new ("test", "1");
  std::thread thread;
  std::atomic<bool> fine{ true };

  void
  start (const char *option = nullptr)
  {
    thread = std::thread ([this, option] {
      char *arguments[] = { (char *) "test",
                            (char *) "--registry=memory",
                            (char *) "--transport=memory",
                            (char *) "--server-address=memory:0",
                            (char *) option,
                            nullptr };

      EXPECT_EQ (micro_app_run (app, option != nullptr ? 5 : 4, arguments), 0);
    });
    ASSERT_TRUE (wait_for ([this] { return micro_app_get_address (app) != nullptr; }));
  }

  ~AppHealth ()
  {
    micro_app_quit (app);
    if (thread.joinable ())
      thread.join ();
    g_object_unref (app);
  }

  static gboolean
  check (GCancellable *, gpointer user_data, GError **error)
  {
    bool fine = ((AppHealth *) user_data)->fine;

    if (!fine)
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "told to");
    return fine;
  }

  void
  add (const char *name, MicroCheckFlags flags)
  {
    micro_checks_add (micro_app_get_checks (app), name, flags, 5, 100000, check, this, nullptr);
  }

  int
  status ()
  {
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
    g_autoptr (GError) error = nullptr;
    g_autoptr (Grpc__Health__V1__HealthCheckResponse) response = nullptr;

    options.timeout_ms = 100000;
    options.address = micro_app_get_address (app);
    response = grpc_health_v1_health_check_sync (micro_app_get_client (app), "test", &request,
                                                 &options, &error);
    return response != nullptr ? (int) response->status : -1;
  }

  template <typename Condition>
  static bool
  wait_for (Condition condition)
  {
    while (!condition ())
      g_usleep (1000);
    return true;
  }
};
}

TEST_F (AppHealth, ServesWhenItIsRegistered)
{
  start ();
  EXPECT_TRUE (wait_for ([this] { return status () == SERVING; }));
}

TEST_F (AppHealth, FollowsACriticalCheck)
{
  fine = false;
  add ("database", MICRO_CHECK_CRITICAL);
  start ();
  EXPECT_TRUE (wait_for ([this] { return status () == NOT_SERVING; }));
  fine = true;
  EXPECT_TRUE (wait_for ([this] { return status () == SERVING; }));
  fine = false;
  EXPECT_TRUE (wait_for ([this] { return status () == NOT_SERVING; }));
}

TEST_F (AppHealth, OneThatIsAddedLaterCountsToo)
{
  start ();
  ASSERT_TRUE (wait_for ([this] { return status () == SERVING; }));
  fine = false;
  add ("late", MICRO_CHECK_LIVE);
  EXPECT_TRUE (wait_for ([this] { return status () == NOT_SERVING; }));
}

TEST_F (AppHealth, WhatIsNotCriticalChangesNothing)
{
  fine = false;
  add ("cache", MICRO_CHECK_NONE);
  start ();
  EXPECT_TRUE (wait_for ([this] { return status () == SERVING; }));
}

TEST_F (AppHealth, TellsThePluginUntilTheEnd)
{
  static const MicroPluginInfo info = { MICRO_PLUGIN_ABI_MAJOR,
                                        MICRO_PLUGIN_ABI_MINOR,
                                        sizeof (MicroPluginInfo),
                                        "note",
                                        "remembers",
                                        "1",
                                        "Apache-2.0",
                                        note_health_get_type,
                                        nullptr,
                                        {} };
  static std::atomic<bool> stuck;
  int before = n_started;

  micro_plugin_add_builtin (&info);
  app->loops_ms = 100;
  start ("--health=note");
  ASSERT_TRUE (wait_for ([] { return is_ready == TRUE; }));
  EXPECT_EQ (n_started, before + 1);
  EXPECT_EQ (given, micro_app_get_checks (app));
  /* Or it had the bad luck to be looked at when no loop had a turn for so long. */
  EXPECT_TRUE (wait_for ([] { return micro_checks_pass (given, MICRO_CHECK_LIVE, nullptr); }));

  /* A handler that never returns. */
  stuck = true;
  micro_loop_post ((MicroLoop *) micro_app_get_loops (app)->pdata[0],
                   [] (gpointer) {
                     while (stuck)
                       g_usleep (1000);
                   },
                   nullptr);
  EXPECT_TRUE (wait_for ([] { return !micro_checks_pass (given, MICRO_CHECK_LIVE, nullptr); }));
  stuck = false;
  EXPECT_TRUE (wait_for ([] { return micro_checks_pass (given, MICRO_CHECK_LIVE, nullptr); }));

  micro_app_quit (app);
  thread.join ();
  EXPECT_EQ (is_ready, FALSE);
  EXPECT_EQ (n_stopped, before + 1);
}
