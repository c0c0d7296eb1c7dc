/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The settings in a ConfigMap, as the API server has them and while it changes.
 */
#include "config.h"

#include <string.h>

#include "../common/kube-reflector.h"
#include "../common/kube-scan.h"
#include "k8s-explain.h"
#include "kube-config-map.h"

typedef struct
{
  GObject parent_instance;

  KubeClient *client;
  GObject *owner;
  char *namespace_;
  char *name;
  char *description;
  KubeReflector *reflector; /* (nullable): until started */
  GHashTable *entries;      /* (nullable): those to tell of next */
  gboolean changed;
  MicroConfigFunc func;
  gpointer user_data;
} KubeConfigMap;

typedef GObjectClass KubeConfigMapClass;

static GType kube_config_map_get_type (void);
static void kube_config_map_iface_init (MicroConfigSourceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KubeConfigMap,
                               kube_config_map,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_CONFIG_SOURCE,
                                                      kube_config_map_iface_init))

/* --- Reading --- */

static void
read_data (KubeScan *scan, GHashTable *entries, gboolean is_base64)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  /* Keys are of [-._a-zA-Z0-9], which JSON needs not escape. */
  while (kube_scan_next_member (scan, &name, &length))
    {
      char *key = g_strndup (name, length);
      char *text = kube_scan_string (scan);
      gsize size = text != NULL ? strlen (text) : 0;

      if (text == NULL)
        {
          g_free (key);
          continue;
        }
      if (is_base64)
        g_base64_decode_inplace (text, &size);
      g_hash_table_replace (entries, key, g_bytes_new_take (text, size));
    }
}

GHashTable *
kube_config_map_read (const char *json, gsize length)
{
  g_autoptr (GHashTable) entries
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  const char *name;
  gsize n;
  KubeScan scan;

  kube_scan_init (&scan, json, length);
  if (!kube_scan_enter_object (&scan))
    return NULL;
  while (kube_scan_next_member (&scan, &name, &n))
    if (kube_scan_is (name, n, "data"))
      read_data (&scan, entries, FALSE);
    else if (kube_scan_is (name, n, "binaryData"))
      read_data (&scan, entries, TRUE);
    else
      kube_scan_skip (&scan);
  return scan.failed ? NULL : g_steal_pointer (&entries);
}

static void
config_map_take (KubeConfigMap *self, const char *json, gsize length)
{
  g_clear_pointer (&self->entries, g_hash_table_unref);
  self->entries = kube_config_map_read (json, length);
  self->changed = TRUE;
}

static void
config_map_tell (KubeConfigMap *self)
{
  g_autoptr (GError) error = NULL;

  self->changed = FALSE;
  if (self->entries == NULL)
    error = g_error_new (MICRO_ERROR, MICRO_STATUS_NOT_FOUND,
                         "there is no ConfigMap “%s” in the namespace %s", self->name,
                         self->namespace_);
  self->func (self->entries, error, self->user_data);
}

/* --- What the API server says --- */

static void
on_begin_list (gpointer user_data)
{
  KubeConfigMap *self = user_data;

  g_clear_pointer (&self->entries, g_hash_table_unref);
}

static void
on_item (const char *json, gsize length, gpointer user_data)
{
  config_map_take (user_data, json, length);
}

static void
on_end_list (gboolean complete, gpointer user_data)
{
  ((KubeConfigMap *) user_data)->changed = complete;
}

static void
config_map_on_event (KubeEventKind kind, const char *json, gsize length, gpointer user_data)
{
  KubeConfigMap *self = user_data;

  config_map_take (self, json, length);
  if (kind == KUBE_EVENT_DELETED)
    g_clear_pointer (&self->entries, g_hash_table_unref);
}

static void
config_map_on_flush (gpointer user_data)
{
  KubeConfigMap *self = user_data;

  if (self->changed)
    config_map_tell (self);
}

static void
on_trouble (const KubeReply *reply, const GError *error, gpointer user_data)
{
  KubeConfigMap *self = user_data;
  g_autoptr (GError) trouble
      = k8s_explain (reply, error, "list and watch", "configmaps", self->namespace_);

  if (trouble != NULL)
    self->func (NULL, trouble, self->user_data);
}

/* --- The interface --- */

static void
kube_config_map_start (MicroConfigSource *source, MicroConfigFunc func, gpointer user_data)
{
  static const KubeReflectorFuncs funcs = { .begin_list = on_begin_list,
                                            .item = on_item,
                                            .end_list = on_end_list,
                                            .event = config_map_on_event,
                                            .flush = config_map_on_flush,
                                            .trouble = on_trouble };
  KubeConfigMap *self = (KubeConfigMap *) source;
  g_autofree char *path = g_strdup_printf ("/api/v1/namespaces/%s/configmaps", self->namespace_);
  g_autofree char *query = g_strdup_printf ("fieldSelector=metadata.name%%3D%s", self->name);

  self->func = func;
  self->user_data = user_data;
  self->reflector = kube_reflector_new (self->client, path, query, &funcs, self);
  kube_reflector_start (self->reflector);
}

static void
kube_config_map_stop (MicroConfigSource *source)
{
  g_clear_pointer (&((KubeConfigMap *) source)->reflector, kube_reflector_free);
}

static const char *
kube_config_map_describe (MicroConfigSource *source)
{
  return ((KubeConfigMap *) source)->description;
}

static void
kube_config_map_finalize (GObject *object)
{
  KubeConfigMap *self = (KubeConfigMap *) object;

  g_clear_pointer (&self->reflector, kube_reflector_free);
  g_clear_pointer (&self->entries, g_hash_table_unref);
  g_clear_object (&self->client);
  g_clear_object (&self->owner);
  g_free (self->namespace_);
  g_free (self->name);
  g_free (self->description);
  G_OBJECT_CLASS (kube_config_map_parent_class)->finalize (object);
}

static void
kube_config_map_class_init (KubeConfigMapClass *klass)
{
  klass->finalize = kube_config_map_finalize;
}

static void
kube_config_map_init (KubeConfigMap *self)
{
}

static void
kube_config_map_iface_init (MicroConfigSourceInterface *iface)
{
  iface->start = kube_config_map_start;
  iface->stop = kube_config_map_stop;
  iface->describe = kube_config_map_describe;
}

MicroConfigSource *
kube_config_map_new (KubeClient *client, GObject *owner, const char *namespace_, const char *name)
{
  KubeConfigMap *self = g_object_new (kube_config_map_get_type (), NULL);

  self->client = g_object_ref (client);
  self->owner = g_object_ref (owner);
  self->namespace_ = g_strdup (namespace_);
  self->name = g_strdup (name);
  self->description = g_strdup_printf ("ConfigMap %s/%s: ", namespace_, name);
  return (MicroConfigSource *) self;
}
