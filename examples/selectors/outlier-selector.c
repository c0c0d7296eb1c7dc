/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: another selector, without the nodes that keep failing.
 */
#include <micro/micro.h>

#define OUTLIER_TYPE_SELECTOR (outlier_selector_get_type ())
G_DECLARE_FINAL_TYPE (OutlierSelector, outlier_selector, OUTLIER, SELECTOR, GObject)

typedef struct
{
  guint n_failures; /* one after the other */
  gint64 out_until_us;
} Record;

struct _OutlierSelector
{
  GObject parent_instance;

  char *around;
  guint failures;
  guint out_ms;
  MicroSelector *inner;
  GMutex mutex;
  GHashTable *records; /* address → Record, of nodes that have failed */
};

enum
{
  PROP_0,
  PROP_AROUND,
  PROP_FAILURES,
  PROP_OUT_MS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void outlier_selector_iface_init (MicroSelectorInterface *iface);
static void outlier_selector_initable_init (GInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (OutlierSelector,
                               outlier_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE,
                                                      outlier_selector_initable_init)
                                   G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR,
                                                          outlier_selector_iface_init))

/* --- Who is out --- */

/* (transfer full): @tried and those that are out */
static GPtrArray *
add_outliers (OutlierSelector *self, MicroService *service, GPtrArray *tried)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  GPtrArray *nodes = micro_service_get_nodes (service);
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; tried != NULL && i < tried->len; i++)
    g_ptr_array_add (all, micro_node_ref (tried->pdata[i]));
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < nodes->len && g_hash_table_size (self->records) > 0; i++)
    {
      MicroNode *node = nodes->pdata[i];
      const Record *record = g_hash_table_lookup (self->records, micro_node_get_address (node));

      if (record != NULL && record->out_until_us > now_us)
        g_ptr_array_add (all, micro_node_ref (node));
    }
  g_mutex_unlock (&self->mutex);
  return all;
}

static gboolean
is_failure (const MicroOutcome *outcome)
{
  return outcome->status == MICRO_STATUS_UNAVAILABLE || outcome->status == MICRO_STATUS_INTERNAL
         || outcome->status == MICRO_STATUS_UNKNOWN || outcome->status == MICRO_STATUS_DATA_LOSS;
}

static void
count (OutlierSelector *self, const char *address, gboolean failed)
{
  Record *record;

  g_mutex_lock (&self->mutex);
  record = g_hash_table_lookup (self->records, address);
  if (!failed)
    g_hash_table_remove (self->records, address);
  else
    {
      if (record == NULL)
        g_hash_table_insert (self->records, g_strdup (address), record = g_new0 (Record, 1));
      if (++record->n_failures >= self->failures)
        record->out_until_us = g_get_monotonic_time () + self->out_ms * (gint64) 1000;
    }
  g_mutex_unlock (&self->mutex);
}

/* --- MicroSelector --- */

static MicroNode *
outlier_selector_select (MicroSelector *selector,
                         MicroService *service,
                         const MicroPick *pick,
                         GError **error)
{
  OutlierSelector *self = OUTLIER_SELECTOR (selector);
  g_autoptr (GPtrArray) tried = add_outliers (self, service, pick->tried);
  MicroPick narrower = *pick;
  MicroNode *node;

  narrower.size = MIN (pick->size, sizeof narrower);
  narrower.tried = tried;
  node = micro_selector_select (self->inner, service, &narrower, NULL);
  /* One that fails is better than none. */
  return node != NULL ? node : micro_selector_select (self->inner, service, pick, error);
}

static void
outlier_selector_done (MicroSelector *selector,
                       MicroService *service,
                       MicroNode *node,
                       const MicroOutcome *outcome)
{
  OutlierSelector *self = OUTLIER_SELECTOR (selector);

  count (self, micro_node_get_address (node), is_failure (outcome));
  micro_selector_done (self->inner, service, node, outcome);
}

static void
outlier_selector_update (MicroSelector *selector, MicroService *snapshot)
{
  micro_selector_update (OUTLIER_SELECTOR (selector)->inner, snapshot);
}

static MicroService *
outlier_selector_resolve (MicroSelector *selector, const char *name, GError **error)
{
  return micro_selector_resolve (OUTLIER_SELECTOR (selector)->inner, name, error);
}

static MicroRegistry *
outlier_selector_get_registry (MicroSelector *selector)
{
  return micro_selector_get_registry (OUTLIER_SELECTOR (selector)->inner);
}

/* --- GObject --- */

static gboolean
outlier_selector_initable (GInitable *initable, GCancellable *cancellable, GError **error)
{
  OutlierSelector *self = OUTLIER_SELECTOR (initable);
  GType type = micro_plugin_find (MICRO_PLUGIN_SELECTOR, self->around, error);

  if (type == G_TYPE_INVALID)
    return FALSE;
  if (type == OUTLIER_TYPE_SELECTOR)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "--selector-around=%s: it cannot be around itself", self->around);
      return FALSE;
    }
  self->inner = MICRO_SELECTOR (g_object_new (type, NULL));
  return TRUE;
}

static void
outlier_selector_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  OutlierSelector *self = OUTLIER_SELECTOR (object);

  if (id == PROP_AROUND)
    self->around = g_value_dup_string (value);
  else if (id == PROP_FAILURES)
    self->failures = g_value_get_uint (value);
  else if (id == PROP_OUT_MS)
    self->out_ms = g_value_get_uint (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
outlier_selector_finalize (GObject *object)
{
  OutlierSelector *self = OUTLIER_SELECTOR (object);

  g_clear_object (&self->inner);
  g_hash_table_unref (self->records);
  g_mutex_clear (&self->mutex);
  g_free (self->around);
  G_OBJECT_CLASS (outlier_selector_parent_class)->finalize (object);
}

static void
outlier_selector_class_init (OutlierSelectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->set_property = outlier_selector_set_property;
  object_class->finalize = outlier_selector_finalize;
  props[PROP_AROUND]
      = g_param_spec_string ("around", "NAME", "The selector that chooses", "roundrobin", flags);
  props[PROP_FAILURES] = g_param_spec_uint (
      "failures", "N", "So many failed calls, one after the other, set a node aside", 1, 1000, 5,
      flags);
  props[PROP_OUT_MS] = g_param_spec_uint ("out-ms", "MS", "For so long", 1, 3600000, 30000, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
outlier_selector_init (OutlierSelector *self)
{
  g_mutex_init (&self->mutex);
  self->records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
outlier_selector_initable_init (GInitableIface *iface)
{
  iface->init = outlier_selector_initable;
}

static void
outlier_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = outlier_selector_select;
  iface->done = outlier_selector_done;
  iface->update = outlier_selector_update;
  iface->resolve = outlier_selector_resolve;
  iface->get_registry = outlier_selector_get_registry;
}

MICRO_PLUGIN_DEFINE (outlier_selector,
                     .name = "outlier",
                     .summary = "another selector, without nodes that keep failing",
                     .version = "1.0",
                     .license = "Apache-2.0",
                     .get_type = outlier_selector_get_type)
