/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: calls with equal hash keys to the same node, and never too many to one (consistent
 * hashing with bounded loads, arXiv:1608.01350).
 */
#include <string.h>

#include <micro/micro.h>

#define POINTS_A_NODE 100
/* No node has more than this times the mean of the calls under way, and one. */
#define LOAD_FACTOR 1.25

typedef struct
{
  guint32 hash;
  guint node; /* index */
} Point;

#define RING_TYPE_SELECTOR (ring_selector_get_type ())
G_DECLARE_FINAL_TYPE (RingSelector, ring_selector, RING, SELECTOR, GObject)

struct _RingSelector
{
  GObject parent_instance;

  GMutex mutex;
  GHashTable *running; /* address → calls under way */
  guint n_running;
};

static void ring_selector_iface_init (MicroSelectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RingSelector,
                               ring_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR,
                                                      ring_selector_iface_init))

/* --- The ring --- */

/* FNV-1a, with the mixing of MurmurHash3 at its end: names of nodes differ in their last letters.
 */
static guint32
hash_text (const char *text)
{
  guint32 hash = 2166136261u;

  for (; *text != '\0'; text++)
    hash = (hash ^ (guchar) *text) * 16777619u;
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

static int
compare_points (gconstpointer a, gconstpointer b)
{
  const Point *left = a, *right = b;

  return left->hash < right->hash ? -1 : left->hash > right->hash;
}

static G_DEFINE_QUARK (ring - selector - points, ring_key);

static GArray *
ring_new (MicroService *snapshot)
{
  GPtrArray *nodes = micro_service_get_nodes (snapshot);
  GArray *ring = g_array_new (FALSE, FALSE, sizeof (Point));

  for (guint i = 0; i < nodes->len; i++)
    for (guint j = 0; j < POINTS_A_NODE; j++)
      {
        g_autofree char *text = g_strdup_printf ("%s#%u", micro_node_get_id (nodes->pdata[i]), j);
        Point point = { hash_text (text), i };

        g_array_append_val (ring, point);
      }
  g_array_sort (ring, compare_points);
  return ring;
}

/* Of points, sorted; kept with the snapshot that it is of. */
static const GArray *
get_ring (MicroService *snapshot)
{
  GArray *ring = micro_service_get_data (snapshot, ring_key_quark ());

  if (ring == NULL)
    ring = micro_service_add_data (snapshot, ring_key_quark (), ring_new (snapshot),
                                   (GDestroyNotify) g_array_unref);
  return ring;
}

static guint
find_point (const GArray *ring, guint32 hash)
{
  guint from = 0, to = ring->len;

  while (from < to)
    {
      guint middle = (from + to) / 2;

      if (g_array_index (ring, Point, middle).hash < hash)
        from = middle + 1;
      else
        to = middle;
    }
  return from;
}

/* --- Selecting --- */

static guint
get_running (RingSelector *self, MicroNode *node)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->running, micro_node_get_address (node)));
}

static void
change_running (RingSelector *self, MicroNode *node, int by)
{
  guint now = get_running (self, node) + by;

  self->n_running += by;
  if (now == 0)
    g_hash_table_remove (self->running, micro_node_get_address (node));
  else
    g_hash_table_insert (self->running, g_strdup (micro_node_get_address (node)),
                         GUINT_TO_POINTER (now));
}

/* Clockwise from the key, the first node that may be used and is not full; if all are, the first
 * that may be used. */
static MicroNode *
walk (RingSelector *self, MicroService *service, guint32 hash, const MicroPick *pick)
{
  const GArray *ring = get_ring (service);
  GPtrArray *nodes = micro_service_get_nodes (service);
  double most = nodes->len > 0 ? LOAD_FACTOR * (self->n_running + 1) / nodes->len : 0;
  guint at = find_point (ring, hash);
  MicroNode *first = NULL;

  for (guint i = 0; i < ring->len; i++)
    {
      const Point *point = &g_array_index (ring, Point, (at + i) % ring->len);
      MicroNode *node = nodes->pdata[point->node];

      if (!micro_pick_may_use (pick, node))
        continue;
      if (get_running (self, node) < most)
        return node;
      if (first == NULL)
        first = node;
    }
  return first;
}

static MicroNode *
ring_selector_select (MicroSelector *selector,
                      MicroService *service,
                      const MicroPick *pick,
                      GError **error)
{
  RingSelector *self = RING_SELECTOR (selector);
  guint32 hash = pick->hash_key != NULL ? hash_text (pick->hash_key) : g_random_int ();
  MicroNode *node;

  g_mutex_lock (&self->mutex);
  node = walk (self, service, hash, pick);
  if (node != NULL)
    {
      change_running (self, node, 1);
      micro_node_ref (node);
    }
  g_mutex_unlock (&self->mutex);
  if (node == NULL)
    micro_pick_fail (pick, service, error);
  return node;
}

static void
ring_selector_done (MicroSelector *selector,
                    MicroService *service,
                    MicroNode *node,
                    const MicroOutcome *outcome)
{
  RingSelector *self = RING_SELECTOR (selector);

  g_mutex_lock (&self->mutex);
  change_running (self, node, -1);
  g_mutex_unlock (&self->mutex);
}

static void
ring_selector_update (MicroSelector *selector, MicroService *snapshot)
{
  get_ring (snapshot);
}

/* --- GObject --- */

static void
ring_selector_finalize (GObject *object)
{
  RingSelector *self = RING_SELECTOR (object);

  g_hash_table_unref (self->running);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (ring_selector_parent_class)->finalize (object);
}

static void
ring_selector_class_init (RingSelectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ring_selector_finalize;
}

static void
ring_selector_init (RingSelector *self)
{
  g_mutex_init (&self->mutex);
  self->running = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
ring_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = ring_selector_select;
  iface->done = ring_selector_done;
  iface->update = ring_selector_update;
}

MICRO_PLUGIN_DEFINE (ring_selector,
                     .name = "ring",
                     .summary = "equal hash keys to one node, with bounded loads",
                     .version = "1.0",
                     .license = "Apache-2.0",
                     .get_type = ring_selector_get_type)
