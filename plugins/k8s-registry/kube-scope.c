/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A watched part of the cluster: the pods or slices of a namespace, of one service or of all.
 */
#include "config.h"

#include <string.h>

#include "k8s-explain.h"
#include "kube-scope.h"

#define V1 "v1"
#define V1BETA1 "v1beta1"

struct _KubeScope
{
  gboolean slices;
  char *namespace_;
  char *service;
  const char *version; /* of discovery.k8s.io */
  KubeMap *map;
  const KubeScopeFuncs *funcs;
  gpointer user_data;
  KubeReflector *reflector;

  GHashTable *entries;    /* "namespace/name" → KubeEntry */
  GHashTable *collected;  /* (nullable): the same, of the list being read */
  GHashTable *by_service; /* name → GPtrArray of KubeEntry */
  GHashTable *changed;    /* set of char * */
  guint n_missing;        /* versions of the group in a row that are not there */
  gboolean settled;
  GError *refusal;
  GError *trouble;
};

/* --- The index --- */

static const char *
offer_service (KubeEntry *entry, guint i)
{
  return micro_service_get_name (g_array_index (entry->offers, KubeOffer, i).shape);
}

/* A selector's label may stand for two names; and a scope of one service keeps no others. */
static void
drop_others (KubeScope *self, KubeEntry *entry)
{
  if (self->service == NULL)
    return;
  for (guint i = entry->offers->len; i > 0; i--)
    if (strcmp (offer_service (entry, i - 1), self->service) != 0)
      g_array_remove_index (entry->offers, i - 1);
}

static void
index_entry (KubeScope *self, KubeEntry *entry)
{
  for (guint i = 0; i < entry->offers->len; i++)
    {
      const char *name = offer_service (entry, i);
      GPtrArray *entries = g_hash_table_lookup (self->by_service, name);

      if (entries == NULL)
        {
          entries = g_ptr_array_new ();
          g_hash_table_insert (self->by_service, g_strdup (name), entries);
        }
      /* The offers of an entry for one service mostly stand together. */
      if (entries->len == 0 || entries->pdata[entries->len - 1] != entry)
        g_ptr_array_add (entries, entry);
      g_hash_table_add (self->changed, g_strdup (name));
    }
}

static void
unindex_entry (KubeScope *self, KubeEntry *entry)
{
  for (guint i = 0; i < entry->offers->len; i++)
    {
      const char *name = offer_service (entry, i);
      GPtrArray *entries = g_hash_table_lookup (self->by_service, name);

      g_hash_table_add (self->changed, g_strdup (name));
      if (entries == NULL)
        continue;
      while (g_ptr_array_remove_fast (entries, entry))
        ;
      if (entries->len == 0)
        g_hash_table_remove (self->by_service, name);
    }
}

static gboolean
offers_equal (GArray *a, GArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    {
      KubeOffer *first = &g_array_index (a, KubeOffer, i);
      KubeOffer *second = &g_array_index (b, KubeOffer, i);

      if (first->state != second->state || first->preferred != second->preferred
          || first->port_name != second->port_name || first->hints != second->hints
          || !micro_node_equal (first->node, second->node)
          || !micro_service_equal (first->shape, second->shape))
        return FALSE;
    }
  return TRUE;
}

static char *
scope_key_of (KubeEntry *entry)
{
  return g_strdup_printf ("%s/%s", entry->namespace_, entry->name);
}

/* Takes @entry.  Most of what happens to a pod is of no interest to its callers. */
static void
scope_put (KubeScope *self, KubeEntry *entry)
{
  g_autofree char *key = scope_key_of (entry);
  KubeEntry *known = g_hash_table_lookup (self->entries, key);

  if (known != NULL && g_strcmp0 (known->uid, entry->uid) == 0
      && offers_equal (known->offers, entry->offers))
    {
      kube_entry_free (entry);
      return;
    }
  if (known != NULL)
    unindex_entry (self, known);
  index_entry (self, entry);
  g_hash_table_replace (self->entries, g_steal_pointer (&key), entry);
}

static void
remove_key (KubeScope *self, const char *key)
{
  KubeEntry *known = g_hash_table_lookup (self->entries, key);

  if (known == NULL)
    return;
  unindex_entry (self, known);
  g_hash_table_remove (self->entries, key);
}

/* --- What the reflector brings --- */

static GHashTable *
new_entries (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) kube_entry_free);
}

static KubeEntry *
map_object (KubeScope *self, const char *json, gsize length)
{
  KubeEntry *entry = self->slices ? kube_map_slice (self->map, json, length)
                                  : kube_map_pod (self->map, json, length);

  if (entry != NULL)
    drop_others (self, entry);
  return entry;
}

static void
begin_list (gpointer user_data)
{
  KubeScope *self = user_data;

  g_clear_pointer (&self->collected, g_hash_table_unref);
  self->collected = new_entries ();
}

static void
scope_take_item (const char *json, gsize length, gpointer user_data)
{
  KubeScope *self = user_data;
  KubeEntry *entry = map_object (self, json, length);

  if (entry != NULL)
    g_hash_table_replace (self->collected, scope_key_of (entry), entry);
}

static void
take_item_gone (const char *json, gsize length, gpointer user_data)
{
  KubeScope *self = user_data;
  g_autoptr (KubeEntry) entry = kube_map_identity (json, length);
  g_autofree char *key = entry != NULL ? scope_key_of (entry) : NULL;

  if (key != NULL)
    g_hash_table_remove (self->collected, key);
}

static void
end_list (gboolean complete, gpointer user_data)
{
  KubeScope *self = user_data;
  g_autoptr (GHashTable) collected = g_steal_pointer (&self->collected);
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer key, entry;

  if (!complete)
    return;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!g_hash_table_contains (collected, key))
      g_ptr_array_add (gone, g_strdup (key));
  for (guint i = 0; i < gone->len; i++)
    remove_key (self, g_ptr_array_index (gone, i));
  g_hash_table_iter_init (&iter, collected);
  while (g_hash_table_iter_next (&iter, &key, &entry))
    {
      g_hash_table_iter_steal (&iter);
      g_free (key);
      scope_put (self, entry);
    }
}

static void
scope_take_event (KubeEventKind kind, const char *json, gsize length, gpointer user_data)
{
  KubeScope *self = user_data;
  KubeEntry *entry;

  if (kind != KUBE_EVENT_DELETED)
    {
      entry = map_object (self, json, length);
      if (entry != NULL)
        scope_put (self, entry);
      return;
    }
  entry = kube_map_identity (json, length);
  if (entry != NULL)
    {
      g_autofree char *key = scope_key_of (entry);

      remove_key (self, key);
    }
  kube_entry_free (entry);
}

static void
settle (KubeScope *self)
{
  if (self->settled)
    return;
  self->settled = TRUE;
  self->funcs->settled (self->user_data);
}

static void
scope_flush (gpointer user_data)
{
  KubeScope *self = user_data;
  g_autoptr (GHashTable) changed = NULL;

  self->n_missing = 0;
  g_clear_error (&self->refusal);
  g_clear_error (&self->trouble);
  if (g_hash_table_size (self->changed) > 0)
    {
      changed = g_steal_pointer (&self->changed);
      self->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      self->funcs->changed (changed, self->user_data);
    }
  settle (self);
}

/* That one version of the group is missing only means that the server has the other. */
static gboolean
is_refusal (KubeScope *self, const KubeReply *reply)
{
  if (reply == NULL)
    return FALSE;
  if (reply->status == 404)
    return ++self->n_missing >= (self->slices ? 2 : 1);
  return reply->status == 403 || reply->status == 401;
}

static void
take_trouble (const KubeReply *reply, const GError *error, gpointer user_data)
{
  KubeScope *self = user_data;
  const char *resource = self->slices ? "endpointslices" : "pods";
  GError *why = k8s_explain (reply, error, "list and watch", resource, self->namespace_);

  if (why == NULL)
    return;
  if (g_strcmp0 (self->trouble != NULL ? self->trouble->message : NULL, why->message) != 0)
    g_info ("%s", why->message);
  g_clear_error (&self->trouble);
  self->trouble = why;
  if (is_refusal (self, reply))
    {
      g_clear_error (&self->refusal);
      self->refusal = g_error_copy (why);
      settle (self);
    }
}

/* --- The path --- */

static char *
make_path (KubeScope *self)
{
  g_autofree char *group = self->slices
                               ? g_strconcat ("/apis/discovery.k8s.io/", self->version, NULL)
                               : g_strdup ("/api/v1");
  const char *resource = self->slices ? "endpointslices" : "pods";

  if (self->namespace_ == NULL)
    return g_strdup_printf ("%s/%s", group, resource);
  return g_strdup_printf ("%s/namespaces/%s/%s", group, self->namespace_, resource);
}

/* Before Kubernetes 1.21 slices are v1beta1, since 1.25 v1 alone. */
static char *
other_path (gpointer user_data)
{
  KubeScope *self = user_data;

  if (!self->slices)
    return NULL;
  self->version = strcmp (self->version, V1) == 0 ? V1BETA1 : V1;
  return make_path (self);
}

static char *
make_query (KubeScope *self)
{
  g_autofree char *selector = NULL;
  g_autofree char *key = NULL;
  g_autofree char *escaped = NULL;

  if (self->slices)
    selector = self->service != NULL
                   ? g_strconcat ("kubernetes.io/service-name=", self->service, NULL)
                   : g_strdup ("kubernetes.io/service-name");
  else if (self->service == NULL)
    selector = g_strdup (KUBE_LABEL_TYPE "=service");
  else
    {
      key = kube_map_key_of_name (self->service);
      selector = g_strconcat (KUBE_LABEL_SELECTOR, key, "=service", NULL);
    }
  escaped = g_uri_escape_string (selector, NULL, FALSE);
  return g_strconcat ("labelSelector=", escaped, NULL);
}

/* --- Life and questions --- */

KubeScope *
kube_scope_new (KubeClient *client,
                KubeMap *map,
                gboolean slices,
                const char *namespace_,
                const char *service,
                const KubeScopeFuncs *funcs,
                gpointer user_data)
{
  static const KubeReflectorFuncs reflector_funcs
      = { begin_list,       scope_take_item, take_item_gone, end_list,
          scope_take_event, scope_flush,     take_trouble,   other_path };
  KubeScope *self = g_new0 (KubeScope, 1);
  g_autofree char *path = NULL;
  g_autofree char *query = NULL;

  self->slices = slices;
  self->namespace_ = g_strdup (namespace_);
  self->service = g_strdup (service);
  self->version = V1;
  self->map = map;
  self->funcs = funcs;
  self->user_data = user_data;
  self->entries = new_entries ();
  self->by_service
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  path = make_path (self);
  query = make_query (self);
  self->reflector = kube_reflector_new (client, path, query, &reflector_funcs, self);
  kube_reflector_start (self->reflector);
  return self;
}

void
kube_scope_free (KubeScope *self)
{
  if (self == NULL)
    return;
  kube_reflector_free (self->reflector);
  g_free (self->namespace_);
  g_free (self->service);
  g_hash_table_unref (self->by_service);
  g_hash_table_unref (self->entries);
  g_clear_pointer (&self->collected, g_hash_table_unref);
  g_hash_table_unref (self->changed);
  g_clear_error (&self->refusal);
  g_clear_error (&self->trouble);
  g_free (self);
}

gboolean
kube_scope_is_slices (KubeScope *self)
{
  return self->slices;
}

const char *
kube_scope_get_namespace (KubeScope *self)
{
  return self->namespace_;
}

const char *
kube_scope_get_service (KubeScope *self)
{
  return self->service;
}

gboolean
kube_scope_is_synced (KubeScope *self)
{
  return kube_reflector_is_synced (self->reflector);
}

gboolean
kube_scope_is_live (KubeScope *self)
{
  return kube_reflector_is_live (self->reflector);
}

const GError *
kube_scope_get_refusal (KubeScope *self)
{
  return self->refusal;
}

const GError *
kube_scope_get_trouble (KubeScope *self)
{
  return self->trouble;
}

GPtrArray *
kube_scope_get_entries (KubeScope *self, const char *service)
{
  return g_hash_table_lookup (self->by_service, service);
}

void
kube_scope_add_names (KubeScope *self, GHashTable *names)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->by_service);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_add (names, g_strdup (name));
}

static int
scope_compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
kube_scopes_list_names (GPtrArray *scopes)
{
  GPtrArray *sorted = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer name;

  for (guint i = 0; i < scopes->len; i++)
    kube_scope_add_names (g_ptr_array_index (scopes, i), names);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (sorted, name);
    }
  g_ptr_array_sort (sorted, scope_compare_strings);
  return sorted;
}
