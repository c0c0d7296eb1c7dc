/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Nodes that cannot be reached, and how long they are left alone.
 */
#include "config.h"

#include "client/ejection.h"
#include <micro/micro-node.h>

#define FIRST_OUT_US G_USEC_PER_SEC
#define LAST_OUT_US (30 * G_USEC_PER_SEC)

typedef struct
{
  gint64 until_us;
  gint64 out_us;
  gboolean probed; /* a call tries it; the others wait for that until until_us */
} Ejected;

struct _MicroEjection
{
  GMutex mutex;
  GHashTable *nodes; /* address → Ejected */
  int n_nodes;       /* atomic: its size, so that a call looks at nothing else while all is well */
};

MicroEjection *
micro_ejection_new (void)
{
  MicroEjection *self = g_new0 (MicroEjection, 1);

  g_mutex_init (&self->mutex);
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
micro_ejection_free (MicroEjection *self)
{
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->nodes);
  g_free (self);
}

static gboolean
ejection_is_long_ago (gpointer address, gpointer value, gpointer now_us)
{
  const Ejected *ejected = value;

  return ejected->until_us + LAST_OUT_US < *(const gint64 *) now_us;
}

static gint64
vary (gint64 us)
{
  return (gint64) (us * g_random_double_range (0.8, 1.2));
}

static void
set_aside (MicroEjection *self, const char *address)
{
  gint64 now_us = g_get_monotonic_time ();
  Ejected *ejected;

  g_hash_table_foreach_remove (self->nodes, ejection_is_long_ago, &now_us);
  ejected = g_hash_table_lookup (self->nodes, address);
  if (ejected == NULL)
    {
      ejected = g_new0 (Ejected, 1);
      g_hash_table_insert (self->nodes, g_strdup (address), ejected);
    }
  /* Calls that were under way together count as one failure. */
  if (ejected->until_us <= now_us || ejected->probed)
    {
      ejected->out_us = CLAMP (2 * ejected->out_us, FIRST_OUT_US, LAST_OUT_US);
      ejected->until_us = now_us + vary (ejected->out_us);
      ejected->probed = FALSE;
    }
}

/* It refused the connection, or said nothing on it until the call's time was over. */
static gboolean
is_out_of_reach (const MicroOutcome *outcome)
{
  return !outcome->sent && !outcome->declined
         && (outcome->status == MICRO_STATUS_UNAVAILABLE
             || outcome->status == MICRO_STATUS_DEADLINE_EXCEEDED);
}

void
micro_ejection_done (MicroEjection *self, const char *address, const MicroOutcome *outcome)
{
  if (!is_out_of_reach (outcome))
    return;
  g_mutex_lock (&self->mutex);
  set_aside (self, address);
  g_atomic_int_set (&self->n_nodes, (int) g_hash_table_size (self->nodes));
  g_mutex_unlock (&self->mutex);
}

void
micro_ejection_reached (MicroEjection *self, const char *address)
{
  if (g_atomic_int_get (&self->n_nodes) == 0)
    return;
  g_mutex_lock (&self->mutex);
  g_hash_table_remove (self->nodes, address);
  g_atomic_int_set (&self->n_nodes, (int) g_hash_table_size (self->nodes));
  g_mutex_unlock (&self->mutex);
}

void
micro_ejection_chosen (MicroEjection *self, const char *address)
{
  gint64 now_us;
  Ejected *ejected;

  if (g_atomic_int_get (&self->n_nodes) == 0)
    return;
  now_us = g_get_monotonic_time ();
  g_mutex_lock (&self->mutex);
  ejected = g_hash_table_lookup (self->nodes, address);
  if (ejected != NULL && ejected->until_us <= now_us)
    {
      ejected->probed = TRUE;
      ejected->until_us = now_us + ejected->out_us;
    }
  g_mutex_unlock (&self->mutex);
}

GPtrArray *
micro_ejection_get_tried (MicroEjection *self, MicroService *service, GPtrArray *tried)
{
  GPtrArray *nodes = micro_service_get_nodes (service);
  GPtrArray *out = NULL;
  gint64 now_us;

  if (g_atomic_int_get (&self->n_nodes) == 0)
    return tried != NULL ? g_ptr_array_ref (tried) : NULL;
  out = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  for (guint i = 0; tried != NULL && i < tried->len; i++)
    g_ptr_array_add (out, micro_node_ref (g_ptr_array_index (tried, i)));
  now_us = g_get_monotonic_time ();
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < nodes->len; i++)
    {
      MicroNode *node = g_ptr_array_index (nodes, i);
      const Ejected *ejected = g_hash_table_lookup (self->nodes, micro_node_get_address (node));

      if (ejected != NULL && ejected->until_us > now_us
          && (tried == NULL
              || !g_ptr_array_find_with_equal_func (tried, node, (GEqualFunc) micro_node_equal,
                                                    NULL)))
        g_ptr_array_add (out, micro_node_ref (node));
    }
  g_mutex_unlock (&self->mutex);
  return out;
}
