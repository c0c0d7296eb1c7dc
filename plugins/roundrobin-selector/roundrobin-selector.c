/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: the nodes of a service in turn.
 */
#include "config.h"

#include <string.h>

#include <micro/micro.h>

#include "../common/selector-random.h"

#define N_BUCKETS 64

/* One counter a service, so that services called in alternation do not skip each other's nodes.
 * Counters are added and never removed: readers need no lock. */
typedef struct _Counter Counter;
struct _Counter
{
  Counter *next;
  gsize turn; /* atomic */
  char name[];
};

#define ROUNDROBIN_TYPE_SELECTOR (roundrobin_selector_get_type ())
G_DECLARE_FINAL_TYPE (RoundrobinSelector, roundrobin_selector, ROUNDROBIN, SELECTOR, GObject)

struct _RoundrobinSelector
{
  GObject parent_instance;

  Counter *buckets[N_BUCKETS]; /* atomic */
};

static void roundrobin_selector_iface_init (MicroSelectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RoundrobinSelector,
                               roundrobin_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR,
                                                      roundrobin_selector_iface_init))

static Counter *
find_counter (Counter *counter, const char *name)
{
  while (counter != NULL && strcmp (counter->name, name) != 0)
    counter = counter->next;
  return counter;
}

static Counter *
get_counter (RoundrobinSelector *self, const char *name)
{
  Counter **bucket = &self->buckets[g_str_hash (name) % N_BUCKETS];
  Counter *head = g_atomic_pointer_get (bucket);
  Counter *counter = find_counter (head, name);
  Counter *fresh = NULL;

  while (counter == NULL)
    {
      if (fresh == NULL)
        {
          fresh = g_malloc (sizeof *fresh + strlen (name) + 1);
          strcpy (fresh->name, name);
          /* At random, or all clients that start together would call the same node first. */
          fresh->turn = g_random_int ();
        }
      fresh->next = head;
      if (g_atomic_pointer_compare_and_exchange (bucket, head, fresh))
        return fresh;
      head = g_atomic_pointer_get (bucket);
      counter = find_counter (head, name);
    }
  g_free (fresh);
  return counter;
}

/* Any of those that were not tried: the next one in turn would get the calls of a dead neighbour
 * besides its own. */
static MicroNode *
pick_untried (GPtrArray *nodes, const MicroPick *pick)
{
  guint n_untried = 0;
  MicroNode *picked = NULL;

  for (guint i = 0; i < nodes->len; i++)
    if (micro_pick_may_use (pick, nodes->pdata[i]) && selector_random_below (++n_untried) == 0)
      picked = nodes->pdata[i];
  return picked;
}

static MicroNode *
roundrobin_selector_select (MicroSelector *selector,
                            MicroService *service,
                            const MicroPick *pick,
                            GError **error)
{
  RoundrobinSelector *self = ROUNDROBIN_SELECTOR (selector);
  const char *name = micro_service_get_name (service);
  GPtrArray *nodes = micro_service_get_nodes (service);
  guint n_nodes = nodes != NULL ? nodes->len : 0;
  MicroNode *node = NULL;
  gsize turn;

  if (n_nodes > 0 && pick->tried != NULL && pick->tried->len > 0)
    node = pick_untried (nodes, pick);
  else if (n_nodes > 0)
    {
      turn = (gsize) g_atomic_pointer_add (&get_counter (self, name)->turn, 1);
      node = g_ptr_array_index (nodes, turn % n_nodes);
    }
  if (node != NULL)
    return micro_node_ref (node);
  micro_pick_fail (pick, service, error);
  return NULL;
}

static void
roundrobin_selector_finalize (GObject *object)
{
  RoundrobinSelector *self = ROUNDROBIN_SELECTOR (object);

  for (guint i = 0; i < N_BUCKETS; i++)
    for (Counter *counter = self->buckets[i], *next; counter != NULL; counter = next)
      {
        next = counter->next;
        g_free (counter);
      }
  G_OBJECT_CLASS (roundrobin_selector_parent_class)->finalize (object);
}

static void
roundrobin_selector_class_init (RoundrobinSelectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = roundrobin_selector_finalize;
}

static void
roundrobin_selector_init (RoundrobinSelector *self)
{
}

static void
roundrobin_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = roundrobin_selector_select;
}

MICRO_PLUGIN_DEFINE (roundrobin_selector,
                     .name = "roundrobin",
                     .summary = "the nodes of a service in turn",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = roundrobin_selector_get_type)
