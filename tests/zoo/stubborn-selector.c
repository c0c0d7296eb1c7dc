/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: its one node cannot be called, and it does not mind which have been tried.
 */
#include "zoo.h"

static MicroNode *
stubborn_select (MicroSelector *self, MicroService *service, const MicroPick *pick, GError **error)
{
  return micro_node_new ("stubborn", "127.0.0.1:1", NULL);
}

typedef GObject Stubborn;
typedef GObjectClass StubbornClass;

static void
stubborn_iface_init (MicroSelectorInterface *iface)
{
  iface->select = stubborn_select;
}

static GType stubborn_get_type (void);
G_DEFINE_TYPE_WITH_CODE (Stubborn,
                         stubborn,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, stubborn_iface_init))

static void
stubborn_class_init (StubbornClass *klass)
{
}

static void
stubborn_init (Stubborn *self)
{
}

MICRO_PLUGIN_DEFINE (stubborn, .name = "stubborn", .get_type = stubborn_get_type)
