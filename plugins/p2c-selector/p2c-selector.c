/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: the less loaded of two nodes that chance picks ("the power of two choices").
 */
#include "config.h"

#include "../common/selector-random.h"
#include "p2c-private.h"

/* Below this, and within this factor, differences say nothing of a node. */
#define NOISE_US 1000
#define SLOWER 2

#define P2C_TYPE_SELECTOR (p2c_selector_get_type ())
G_DECLARE_FINAL_TYPE (P2cSelector, p2c_selector, P2C, SELECTOR, GObject)

struct _P2cSelector
{
  GObject parent_instance;

  P2cLoads *loads;
};

static void p2c_selector_iface_init (MicroSelectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (P2cSelector,
                               p2c_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, p2c_selector_iface_init))

/* Of equals, the calls under way are to decide, and not whose scheduler was luckier: that would
 * leave a node alone for what happened once. */
static gboolean
is_slower (const P2cView *one, const P2cView *other)
{
  return one->mean_us + NOISE_US > SLOWER * (other->mean_us + NOISE_US);
}

/* A node that nothing is known of is taken to be as quick as the other. */
static MicroNode *
less_loaded (P2cSelector *self, MicroNode *a, MicroNode *b, gint64 now_us)
{
  P2cView left = p2c_loads_look (self->loads, micro_node_get_address (a), now_us);
  P2cView right = p2c_loads_look (self->loads, micro_node_get_address (b), now_us);
  gboolean known = left.mean_us >= 0 && right.mean_us >= 0;

  if (!known || (!is_slower (&left, &right) && !is_slower (&right, &left)))
    return right.running < left.running ? b : a;
  return (right.mean_us + NOISE_US) * (right.running + 1)
                 < (left.mean_us + NOISE_US) * (left.running + 1)
             ? b
             : a;
}

static MicroNode *
p2c_selector_select (MicroSelector *selector,
                     MicroService *service,
                     const MicroPick *pick,
                     GError **error)
{
  P2cSelector *self = P2C_SELECTOR (selector);
  GPtrArray *nodes = micro_service_get_nodes (service);
  guint n_nodes = nodes != NULL ? nodes->len : 0;
  g_autoptr (GPtrArray) left = NULL;
  gint64 now_us = g_get_monotonic_time ();
  MicroNode *node;
  guint first, second;

  if (pick->tried != NULL && pick->tried->len > 0)
    {
      left = g_ptr_array_new ();
      for (guint i = 0; i < n_nodes; i++)
        if (micro_pick_may_use (pick, nodes->pdata[i]))
          g_ptr_array_add (left, nodes->pdata[i]);
      nodes = left;
    }
  if (nodes == NULL || nodes->len == 0)
    {
      micro_pick_fail (pick, service, error);
      return NULL;
    }
  first = selector_random_below (nodes->len);
  node = nodes->pdata[first];
  if (nodes->len > 1)
    {
      second = selector_random_below (nodes->len - 1);
      second += second >= first;
      node = less_loaded (self, node, nodes->pdata[second], now_us);
    }
  p2c_loads_begin (self->loads, micro_node_get_address (node), now_us);
  return micro_node_ref (node);
}

/* What says that the node, and not the request, is in trouble. */
static gboolean
is_trouble (MicroStatus status)
{
  return status == MICRO_STATUS_UNAVAILABLE || status == MICRO_STATUS_RESOURCE_EXHAUSTED
         || status == MICRO_STATUS_INTERNAL || status == MICRO_STATUS_UNKNOWN;
}

static void
p2c_selector_done (MicroSelector *selector,
                   MicroService *service,
                   MicroNode *node,
                   const MicroOutcome *outcome)
{
  p2c_loads_end (P2C_SELECTOR (selector)->loads, micro_node_get_address (node),
                 is_trouble (outcome->status), g_get_monotonic_time ());
}

static void
p2c_selector_finalize (GObject *object)
{
  p2c_loads_free (P2C_SELECTOR (object)->loads);
  G_OBJECT_CLASS (p2c_selector_parent_class)->finalize (object);
}

static void
p2c_selector_class_init (P2cSelectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = p2c_selector_finalize;
}

static void
p2c_selector_init (P2cSelector *self)
{
  self->loads = p2c_loads_new ();
}

static void
p2c_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = p2c_selector_select;
  iface->done = p2c_selector_done;
}

MICRO_PLUGIN_DEFINE (p2c_selector,
                     .name = "p2c",
                     .summary = "the less loaded of two nodes that chance picks",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = p2c_selector_get_type)
