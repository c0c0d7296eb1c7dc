/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A selector that chooses nothing, for plugins that are wrong in some other way.
 */
#pragma once

#include <micro/micro.h>

#define ZOO_SELECTOR(Type, type)                                                                   \
  typedef GObject Type;                                                                            \
  typedef GObjectClass Type##Class;                                                                \
  static void type##_iface_init (MicroSelectorInterface *iface) {}                                 \
  GType type##_get_type (void);                                                                    \
  G_DEFINE_TYPE_WITH_CODE (Type, type, G_TYPE_OBJECT,                                              \
                           G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, type##_iface_init))         \
  static void type##_class_init (Type##Class *klass) {}                                            \
  static void type##_init (Type *self) {}
