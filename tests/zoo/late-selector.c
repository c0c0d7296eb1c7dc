/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: it crashes when it is made, in a recursion without end.
 */
#include "zoo.h"

typedef GObject ZooLate;
typedef GObjectClass ZooLateClass;

static void
iface_init (MicroSelectorInterface *iface)
{
}

GType zoo_late_get_type (void);
G_DEFINE_TYPE_WITH_CODE (ZooLate,
                         zoo_late,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, iface_init))

static void
zoo_late_class_init (ZooLateClass *klass)
{
}

static int (*volatile again) (int depth);

static int
recurse (int depth)
{
  volatile char room[4096];

  room[0] = (char) depth;
  return again (depth + 1) + room[0];
}

static void
zoo_late_init (ZooLate *self)
{
  again = recurse;
  recurse (0);
}

MICRO_PLUGIN_DEFINE (late_selector,
                     .name = "late",
                     .summary = "crashes when it is made",
                     .version = "1",
                     .license = "Apache-2.0",
                     .get_type = zoo_late_get_type)
