/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Settings from several sources, of which the later win, published as immutable snapshots.
 */
#include "config.h"

#include "config/settings.h"
#include <micro/micro-config.h>

typedef struct
{
  MicroConfig *config;
  MicroConfigSource *source;
  GHashTable *settings; /* (nullable): what it says; under the mutex */
  char *trouble;        /* (nullable): what was said of it last */
  gboolean told;        /* anything at all; under the mutex */
} Layer;

struct _MicroConfig
{
  GObject parent_instance;

  GMutex mutex;
  GCond told;
  GPtrArray *layers; /* of Layer; under the mutex */
  MicroSettings *settings;
};

G_DEFINE_FINAL_TYPE (MicroConfig, micro_config, G_TYPE_OBJECT)

static guint changed_signal;

static void
layer_free (gpointer data)
{
  Layer *self = data;

  micro_config_source_stop (self->source);
  g_object_unref (self->source);
  g_clear_pointer (&self->settings, g_hash_table_unref);
  g_free (self->trouble);
  g_free (self);
}

/* (transfer full), under the mutex */
static MicroSettings *
config_merge (MicroConfig *self)
{
  GHashTable *all = micro_setting_table_new ();

  for (guint i = 0; i < self->layers->len; i++)
    {
      const Layer *layer = self->layers->pdata[i];
      GHashTableIter iter;
      gpointer key, setting;

      if (layer->settings == NULL)
        continue;
      g_hash_table_iter_init (&iter, layer->settings);
      while (g_hash_table_iter_next (&iter, &key, &setting))
        g_hash_table_replace (all, g_strdup (key), micro_setting_ref (setting));
    }
  return micro_settings_new (all);
}

/* Of what does not change it is enough to hear once. */
static void
tell_trouble (Layer *layer, const GError *trouble)
{
  if (g_strcmp0 (layer->trouble, trouble != NULL ? trouble->message : NULL) == 0)
    return;
  if (trouble != NULL)
    g_warning ("settings: %s; %s", trouble->message,
               layer->settings != NULL ? "what was read before stays" : "it is tried again");
  else
    g_message ("settings: %s is read again", micro_config_source_describe (layer->source));
  g_free (layer->trouble);
  layer->trouble = trouble != NULL ? g_strdup (trouble->message) : NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* In the order of their names: of two that are one key, the same one always wins. */
static GHashTable *
config_expand (Layer *layer, GHashTable *entries)
{
  const char *source = micro_config_source_describe (layer->source);
  GHashTable *settings = micro_setting_table_new ();
  guint n;
  g_autofree gpointer *names = g_hash_table_get_keys_as_array (entries, &n);

  qsort (names, n, sizeof *names, compare_names);
  for (guint i = 0; i < n; i++)
    micro_setting_expand (settings, names[i], g_hash_table_lookup (entries, names[i]), source);
  return settings;
}

static void
on_source (GHashTable *entries, const GError *trouble, gpointer user_data)
{
  Layer *layer = user_data;
  MicroConfig *self = layer->config;
  g_autoptr (MicroSettings) before = NULL;
  g_autoptr (MicroSettings) now = NULL;
  GHashTable *settings = entries != NULL ? config_expand (layer, entries) : NULL;

  tell_trouble (layer, entries == NULL ? trouble : NULL);
  g_mutex_lock (&self->mutex);
  layer->told = TRUE;
  if (settings != NULL)
    {
      g_clear_pointer (&layer->settings, g_hash_table_unref);
      layer->settings = settings;
      before = self->settings;
      self->settings = config_merge (self);
      now = micro_settings_ref (self->settings);
    }
  g_cond_broadcast (&self->told);
  g_mutex_unlock (&self->mutex);
  if (now != NULL && !micro_settings_equal (before, now))
    g_signal_emit (self, changed_signal, 0, now);
}

/* --- GObject --- */

static void
micro_config_finalize (GObject *object)
{
  MicroConfig *self = MICRO_CONFIG (object);

  g_ptr_array_unref (self->layers);
  micro_settings_unref (self->settings);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->told);
  G_OBJECT_CLASS (micro_config_parent_class)->finalize (object);
}

static void
micro_config_class_init (MicroConfigClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = micro_config_finalize;
  changed_signal = g_signal_new ("changed", MICRO_TYPE_CONFIG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, MICRO_TYPE_SETTINGS);
}

static void
micro_config_init (MicroConfig *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->told);
  self->layers = g_ptr_array_new_with_free_func (layer_free);
  self->settings = micro_settings_new (micro_setting_table_new ());
}

/* --- Public --- */

/**
 * micro_config_new:
 *
 * Returns: (transfer full): settings without a source.  Its last reference goes on the thread that
 *   added the sources.
 */
MicroConfig *
micro_config_new (void)
{
  return g_object_new (MICRO_TYPE_CONFIG, NULL);
}

/**
 * micro_config_add:
 * @self: settings
 * @source: (transfer none): one more source, which wins over those before it
 *
 * Starts @source and follows it, in this thread's default main context.
 */
void
micro_config_add (MicroConfig *self, MicroConfigSource *source)
{
  Layer *layer;

  g_return_if_fail (MICRO_IS_CONFIG (self) && MICRO_IS_CONFIG_SOURCE (source));
  layer = g_new0 (Layer, 1);
  layer->config = self;
  layer->source = g_object_ref (source);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->layers, layer);
  g_mutex_unlock (&self->mutex);
  micro_config_source_start (source, on_source, layer);
}

/**
 * micro_config_get:
 * @self: settings
 *
 * Any thread.  Take what belongs together from one snapshot: another call may give another one.
 *
 * Returns: (transfer full): what they are now
 */
MicroSettings *
micro_config_get (MicroConfig *self)
{
  MicroSettings *settings;

  g_return_val_if_fail (MICRO_IS_CONFIG (self), NULL);
  g_mutex_lock (&self->mutex);
  settings = micro_settings_ref (self->settings);
  g_mutex_unlock (&self->mutex);
  return settings;
}

static gboolean
is_told (MicroConfig *self)
{
  for (guint i = 0; i < self->layers->len; i++)
    if (!((const Layer *) self->layers->pdata[i])->told)
      return FALSE;
  return TRUE;
}

/**
 * micro_config_wait:
 * @self: settings
 * @timeout_ms: how long
 *
 * Blocks until every source has said what there is, or that it cannot.  Not on the thread that
 * added them.
 *
 * Returns: whether all have
 */
gboolean
micro_config_wait (MicroConfig *self, guint timeout_ms)
{
  gint64 end_us = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;
  gboolean told;

  g_return_val_if_fail (MICRO_IS_CONFIG (self), FALSE);
  g_mutex_lock (&self->mutex);
  while (!is_told (self) && g_cond_wait_until (&self->told, &self->mutex, end_us))
    ;
  told = is_told (self);
  g_mutex_unlock (&self->mutex);
  return told;
}
