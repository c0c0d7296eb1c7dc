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
