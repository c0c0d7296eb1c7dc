/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: the last node of a service that has not failed yet.
 */
#include <micro/micro.h>

typedef GObject LastSelector;
typedef GObjectClass LastSelectorClass;
static void last_selector_iface_init (MicroSelectorInterface *iface);
static GType last_selector_get_type (void);
G_DEFINE_TYPE_WITH_CODE (LastSelector,
                         last_selector,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, last_selector_iface_init))

static MicroNode *
last_selector_select (MicroSelector *self,
                      MicroService *service,
                      const MicroPick *pick,
                      GError **error)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  for (guint i = nodes->len; i > 0; i--)
    if (micro_pick_may_use (pick, nodes->pdata[i - 1]))
      return micro_node_ref (nodes->pdata[i - 1]);
  micro_pick_fail (pick, service, error);
  return NULL;
}

static void
last_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = last_selector_select;
}

static void
last_selector_class_init (LastSelectorClass *klass)
{
}
static void
last_selector_init (LastSelector *self)
{
}

MICRO_PLUGIN_DEFINE (last_selector,
                     .name = "last",
                     .summary = "the last node that has not failed",
                     .version = "1.0",
                     .license = "Apache-2.0",
                     .get_type = last_selector_get_type)
