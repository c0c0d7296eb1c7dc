/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: any node of a service, each as likely as the others.
 */
#include "config.h"

#include <micro/micro.h>

#include "../common/selector-random.h"

#define RANDOM_TYPE_SELECTOR (random_selector_get_type ())
G_DECLARE_FINAL_TYPE (RandomSelector, random_selector, RANDOM, SELECTOR, GObject)

struct _RandomSelector
{
  GObject parent_instance;
};

static void random_selector_iface_init (MicroSelectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RandomSelector,
                               random_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR,
                                                      random_selector_iface_init))

/* The @index-th node that may be used. */
static MicroNode *
nth_untried (GPtrArray *nodes, const MicroPick *pick, guint index)
{
  for (guint i = 0; i < nodes->len; i++)
    if (micro_pick_may_use (pick, nodes->pdata[i]) && index-- == 0)
      return nodes->pdata[i];
  return NULL;
}

static MicroNode *
random_selector_select (MicroSelector *selector,
                        MicroService *service,
                        const MicroPick *pick,
                        GError **error)
{
  GPtrArray *nodes = micro_service_get_nodes (service);
  guint n_nodes = nodes != NULL ? nodes->len : 0;
  guint n_left = n_nodes;

  if (pick->tried != NULL && pick->tried->len > 0)
    {
      n_left = 0;
      for (guint i = 0; i < n_nodes; i++)
        n_left += micro_pick_may_use (pick, nodes->pdata[i]);
    }
  if (n_left == n_nodes && n_nodes > 0)
    return micro_node_ref (nodes->pdata[selector_random_below (n_nodes)]);
  if (n_left > 0)
    return micro_node_ref (nth_untried (nodes, pick, selector_random_below (n_left)));
  micro_pick_fail (pick, service, error);
  return NULL;
}

static void
random_selector_class_init (RandomSelectorClass *klass)
{
}

static void
random_selector_init (RandomSelector *self)
{
}

static void
random_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = random_selector_select;
}

MICRO_PLUGIN_DEFINE (random_selector,
                     .name = "random",
                     .summary = "any node of a service, each as likely",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = random_selector_get_type)
