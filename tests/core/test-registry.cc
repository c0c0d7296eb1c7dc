/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry's wrappers: what a registry that can do nothing answers.
 */
#include <gtest/gtest.h>

#include "../registry-test.h"

namespace
{
struct Nothing
{
  GObject parent_instance;
};

struct NothingClass
{
  GObjectClass parent_class;
};

void
nothing_iface_init (MicroRegistryInterface *)
{
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
G_DEFINE_TYPE_WITH_CODE (Nothing,
                         nothing,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, nothing_iface_init))
#pragma GCC diagnostic pop

void
nothing_class_init (NothingClass *)
{
}

void
nothing_init (Nothing *)
{
}

const char *const sentence = "Nothing cannot do this: choose another registry";
}

TEST (Registry, SaysThatItIsNotSupportedWhereThereIsNoSlot)
{
  RegistryUser user (MICRO_REGISTRY (g_object_new (nothing_get_type (), nullptr)));
  g_autoptr (MicroService) service = make_service ("x", "1", { "a" });
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (user.Register (service), sentence);
  EXPECT_EQ (user.Deregister (service), sentence);
  EXPECT_EQ (user.Got ("x"), sentence);
  EXPECT_EQ (user.Listed (), sentence);
  EXPECT_EQ (user.Watch ("x", &error), nullptr);
  ASSERT_NE (error, nullptr);
  EXPECT_STREQ (error->message, sentence);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
}

/* --- One that gives neither a result nor an error --- */

namespace
{
struct Silent
{
  GObject parent_instance;
};

struct SilentClass
{
  GObjectClass parent_class;
};

void
silent_answer (gpointer self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, nullptr, callback, user_data);

  g_task_return_pointer (task, nullptr, nullptr);
}

void
silent_iface_init (MicroRegistryInterface *iface)
{
  iface->register_async
      = [] (MicroRegistry *self, MicroService *, guint, GCancellable *,
            GAsyncReadyCallback callback, gpointer data) { silent_answer (self, callback, data); };
  iface->register_finish
      = [] (MicroRegistry *, GAsyncResult *, GError **) -> gboolean { return FALSE; };
  iface->get_service_async
      = [] (MicroRegistry *self, const char *, GCancellable *, GAsyncReadyCallback callback,
            gpointer data) { silent_answer (self, callback, data); };
  iface->list_services_async
      = [] (MicroRegistry *self, GCancellable *, GAsyncReadyCallback callback, gpointer data) {
          silent_answer (self, callback, data);
        };
  iface->watch_async
      = [] (MicroRegistry *self, const char *, GCancellable *, GAsyncReadyCallback callback,
            gpointer data) { silent_answer (self, callback, data); };
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
G_DEFINE_TYPE_WITH_CODE (Silent,
                         silent,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, silent_iface_init))
#pragma GCC diagnostic pop

void
silent_class_init (SilentClass *)
{
}

void
silent_init (Silent *)
{
}
}

TEST (Registry, IsHeldToItsContract)
{
  RegistryUser user (MICRO_REGISTRY (g_object_new (silent_get_type (), nullptr)));
  g_autoptr (MicroService) service = make_service ("x", "1", { "a" });
  g_autoptr (GError) error = nullptr;
  const char *said = "Silent gave neither a result nor an error; tell its author";

  EXPECT_EQ (user.Register (service), said);
  EXPECT_EQ (user.Got ("x"), said);
  EXPECT_EQ (user.Listed (), said);
  EXPECT_EQ (user.Watch ("x", &error), nullptr);
  ASSERT_NE (error, nullptr);
  EXPECT_STREQ (error->message, said);
}
