/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which node gets the next call: the least priority that is left, by weight (RFC 2782).
 */
#include "config.h"

#include <stdlib.h>

#include "dns-private.h"

/* RFC 2782 wants a very small chance for weight 0 beside others. */
#define WEIGHT_ZERO 0.01
/* 2^64 over the golden ratio: its multiples are spread over the circle more evenly than chance
 * spreads them (Knuth 6.4, exercise 9), so each node gets its share of any few calls. */
#define GOLDEN G_GUINT64_CONSTANT (0x9E3779B97F4A7C15)

typedef struct
{
  MicroNode *node; /* of the service */
  guint priority;
  double weight;
} Share;

/* Immutable but for its turns. */
typedef struct
{
  MicroService *service;
  Share *shares; /* by priority */
  guint n_shares;
} Plan;

typedef struct
{
  Plan *plan; /* (nullable) */
  guint64 turn;
  gint64 used_us;
} Name;

struct _DnsPicker
{
  GMutex mutex;
  GHashTable *names; /* name → Name */
};

static void
plan_clear (gpointer data)
{
  Plan *self = data;

  micro_service_unref (self->service);
  g_free (self->shares);
}

static void
plan_unref (Plan *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, plan_clear);
}

static void
picker_name_free (gpointer data)
{
  Name *self = data;

  plan_unref (self->plan);
  g_free (self);
}

static guint
get_number (MicroNode *node, const char *key)
{
  const char *value = micro_metadata_lookup (micro_node_get_metadata (node), key);

  return value != NULL ? (guint) g_ascii_strtoull (value, NULL, 10) : 0;
}

static int
compare_priorities (const void *a, const void *b)
{
  guint left = ((const Share *) a)->priority;
  guint right = ((const Share *) b)->priority;

  return (left > right) - (left < right);
}

static guint
end_of_tier (const Plan *self, guint from)
{
  guint i = from;

  while (i < self->n_shares && self->shares[i].priority == self->shares[from].priority)
    i++;
  return i;
}

static Plan *
plan_new (MicroService *service)
{
  GPtrArray *nodes = micro_service_get_nodes (service);
  Plan *self = g_atomic_rc_box_new0 (Plan);

  self->service = micro_service_ref (service);
  self->n_shares = nodes != NULL ? nodes->len : 0;
  self->shares = g_new0 (Share, self->n_shares);
  for (guint i = 0; i < self->n_shares; i++)
    {
      MicroNode *node = g_ptr_array_index (nodes, i);

      self->shares[i] = (Share){ node, get_number (node, "priority"), get_number (node, "weight") };
    }
  if (self->n_shares > 0)
    qsort (self->shares, self->n_shares, sizeof (Share), compare_priorities);
  for (guint from = 0, to; from < self->n_shares; from = to)
    {
      gboolean weighted = FALSE;

      to = end_of_tier (self, from);
      for (guint i = from; i < to; i++)
        weighted = weighted || self->shares[i].weight > 0;
      for (guint i = from; i < to; i++)
        if (self->shares[i].weight <= 0)
          self->shares[i].weight = weighted ? WEIGHT_ZERO : 1;
    }
  return self;
}

/* (transfer none) (nullable): at @point of [0, 1) of the weights of those left. */
static MicroNode *
pick_from (const Plan *plan, guint from, guint to, const MicroPick *pick, double point)
{
  MicroNode *last = NULL;
  double left = 0;

  for (guint i = from; i < to; i++)
    if (micro_pick_may_use (pick, plan->shares[i].node))
      left += plan->shares[i].weight;
  left *= point;
  for (guint i = from; i < to; i++)
    if (micro_pick_may_use (pick, plan->shares[i].node))
      {
        last = plan->shares[i].node;
        left -= plan->shares[i].weight;
        if (left < 0)
          break;
      }
  return last;
}

/* (transfer full): the plan for @service, made anew when the service has changed. */
static Plan *
get_plan (DnsPicker *self, MicroService *service, guint64 *ret_turn)
{
  const char *key = micro_service_get_name (service);
  Name *name;
  Plan *plan;

  g_mutex_lock (&self->mutex);
  name = g_hash_table_lookup (self->names, key);
  if (name == NULL)
    {
      name = g_new0 (Name, 1);
      /* At random, or all clients that start together would call the same node first. */
      name->turn = (guint64) g_random_int () << 32 | g_random_int ();
      g_hash_table_insert (self->names, g_strdup (key), name);
    }
  if (name->plan == NULL || name->plan->service != service)
    {
      plan_unref (name->plan);
      name->plan = plan_new (service);
    }
  plan = g_atomic_rc_box_acquire (name->plan);
  *ret_turn = name->turn;
  name->turn += GOLDEN;
  name->used_us = g_get_monotonic_time ();
  g_mutex_unlock (&self->mutex);
  return plan;
}

MicroNode *
dns_picker_pick (DnsPicker *self, MicroService *service, const MicroPick *pick)
{
  MicroNode *node = NULL;
  guint64 turn;
  Plan *plan = get_plan (self, service, &turn);
  double point = (double) (turn >> 11) / (double) (G_GUINT64_CONSTANT (1) << 53);

  for (guint from = 0, to; from < plan->n_shares && node == NULL; from = to)
    {
      to = end_of_tier (plan, from);
      node = pick_from (plan, from, to, pick, point);
    }
  if (node != NULL)
    micro_node_ref (node);
  plan_unref (plan);
  return node;
}

gint64
dns_picker_get_used (DnsPicker *self, const char *name)
{
  const Name *found;
  gint64 used_us;

  g_mutex_lock (&self->mutex);
  found = g_hash_table_lookup (self->names, name);
  used_us = found != NULL ? found->used_us : 0;
  g_mutex_unlock (&self->mutex);
  return used_us;
}

void
dns_picker_forget (DnsPicker *self, const char *name)
{
  g_mutex_lock (&self->mutex);
  g_hash_table_remove (self->names, name);
  g_mutex_unlock (&self->mutex);
}

DnsPicker *
dns_picker_new (void)
{
  DnsPicker *self = g_new0 (DnsPicker, 1);

  g_mutex_init (&self->mutex);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, picker_name_free);
  return self;
}

void
dns_picker_free (DnsPicker *self)
{
  g_hash_table_unref (self->names);
  g_mutex_clear (&self->mutex);
  g_free (self);
}
