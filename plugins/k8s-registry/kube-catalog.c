/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * All that is known of services: which scopes are watched, and what they say of a name.
 */
#include "config.h"

#include <string.h>

#include "kube-catalog.h"
#include "kube-view.h"
#include "kube-watch.h"

/* A watch a service, so that the API server need not send what nobody here calls; but not more of
 * them than it takes to watch everything, whatever names are looked up. */
#define MAX_NARROW_SCOPES 16

typedef struct
{
  guint id;
  char *name; /* (nullable) */
  KubeCatalog *catalog;
  GSource *timeout;
  KubeCatalogFunc ready;
  gpointer user_data;
} Waiter;

struct _KubeCatalog
{
  KubeClient *client;
  KubeMap *map;
  gboolean pods;
  gboolean slices;
  char **namespaces; /* (nullable) */
  int family;
  char *zone;
  GPtrArray *scopes;              /* of KubeScope */
  gboolean wide;                  /* everything is watched */
  GPtrArray *watches;             /* of KubeWatch */
  GHashTable *watches_by_service; /* name → GPtrArray of KubeWatch */
  GPtrArray *watches_of_all;      /* the others of them */
  GPtrArray *waiters;             /* of Waiter */
  guint last_id;
};

static void
waiter_free (gpointer data)
{
  Waiter *self = data;

  if (self->timeout != NULL)
    {
      g_source_destroy (self->timeout);
      g_source_unref (self->timeout);
    }
  g_free (self->name);
  g_free (self);
}

static GPtrArray *
catalog_parse (KubeCatalog *self, const char *name)
{
  return kube_name_parse (name, self->pods, self->slices, (const char *const *) self->namespaces);
}

/* --- Scopes --- */

static void scope_changed (GHashTable *names, gpointer user_data);
static void scope_settled (gpointer user_data);

static KubeScope *
find_scope (KubeCatalog *self, gboolean slices, const char *namespace_, const char *service)
{
  for (guint i = 0; i < self->scopes->len; i++)
    {
      KubeScope *scope = g_ptr_array_index (self->scopes, i);

      if (kube_scope_is_slices (scope) == slices
          && g_strcmp0 (kube_scope_get_namespace (scope), namespace_) == 0
          && g_strcmp0 (kube_scope_get_service (scope), service) == 0)
        return scope;
    }
  return NULL;
}

static void
open_scope (KubeCatalog *self, gboolean slices, const char *namespace_, const char *service)
{
  static const KubeScopeFuncs funcs = { scope_changed, scope_settled };

  if (find_scope (self, slices, namespace_, service) == NULL)
    g_ptr_array_add (self->scopes, kube_scope_new (self->client, self->map, slices, namespace_,
                                                   service, &funcs, self));
}

static void
open_in_namespaces (KubeCatalog *self, gboolean slices, const char *only, const char *service)
{
  if (self->namespaces == NULL)
    open_scope (self, slices, NULL, service);
  for (char **namespace_ = self->namespaces; namespace_ != NULL && *namespace_ != NULL;
       namespace_++)
    if (only == NULL || strcmp (only, *namespace_) == 0)
      open_scope (self, slices, *namespace_, service);
}

static void
widen (KubeCatalog *self)
{
  if (self->wide)
    return;
  self->wide = TRUE;
  if (self->pods)
    open_in_namespaces (self, FALSE, NULL, NULL);
  if (self->slices)
    open_in_namespaces (self, TRUE, NULL, NULL);
}

static void
open_for (KubeCatalog *self, const char *name)
{
  g_autoptr (GPtrArray) names = name != NULL ? catalog_parse (self, name) : NULL;

  if (name == NULL)
    widen (self);
  for (guint i = 0; names != NULL && i < names->len && !self->wide; i++)
    {
      KubeName *one = g_ptr_array_index (names, i);

      open_in_namespaces (self, one->slices, one->namespace_, one->service);
      if (self->scopes->len > MAX_NARROW_SCOPES)
        widen (self);
    }
}

/* Whether what this scope has is part of what is asked for. */
static gboolean
is_part_of (KubeCatalog *self, KubeScope *scope, GPtrArray *names)
{
  if (self->wide)
    return kube_scope_get_service (scope) == NULL;
  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      KubeName *name = g_ptr_array_index (names, i);

      if (kube_scope_is_slices (scope) == name->slices
          && g_strcmp0 (kube_scope_get_service (scope), name->service) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_settled (KubeCatalog *self, const char *name)
{
  g_autoptr (GPtrArray) names = name != NULL ? catalog_parse (self, name) : NULL;

  for (guint i = 0; i < self->scopes->len; i++)
    {
      KubeScope *scope = g_ptr_array_index (self->scopes, i);

      if (is_part_of (self, scope, names) && !kube_scope_is_synced (scope)
          && kube_scope_get_refusal (scope) == NULL)
        return FALSE;
    }
  return TRUE;
}

/* Once everything is watched, a watch of a part of it is a waste. */
static void
drop_narrow_scopes (KubeCatalog *self)
{
  if (!self->wide)
    return;
  for (guint i = 0; i < self->scopes->len; i++)
    {
      KubeScope *scope = g_ptr_array_index (self->scopes, i);

      if (kube_scope_get_service (scope) == NULL && !kube_scope_is_synced (scope))
        return;
    }
  for (guint i = self->scopes->len; i > 0; i--)
    if (kube_scope_get_service (g_ptr_array_index (self->scopes, i - 1)) != NULL)
      g_ptr_array_remove_index (self->scopes, i - 1);
}

/* --- Looking up --- */

static GPtrArray *
catalog_resolve (KubeCatalog *self, const char *name, guint *ret_n_seen)
{
  g_autoptr (GPtrArray) names = catalog_parse (self, name);
  g_autoptr (KubeView) view = kube_view_new (name, self->family, self->zone);

  for (guint i = 0; i < self->scopes->len; i++)
    for (guint j = 0; j < names->len; j++)
      {
        KubeScope *scope = g_ptr_array_index (self->scopes, i);
        KubeName *one = g_ptr_array_index (names, j);
        GPtrArray *entries = kube_scope_get_entries (scope, one->service);

        if (kube_scope_is_slices (scope) != one->slices)
          continue;
        for (guint k = 0; entries != NULL && k < entries->len; k++)
          kube_view_add (view, g_ptr_array_index (entries, k), one);
      }
  if (ret_n_seen != NULL)
    *ret_n_seen = kube_view_get_n_seen (view);
  return kube_view_finish (view);
}

/* The reason why a lookup may have found nothing; FALSE if it could have found it. */
static gboolean
check_known (KubeCatalog *self, GPtrArray *names, GError **error)
{
  const GError *refusal = NULL;
  const GError *trouble = NULL;
  guint n_synced = 0, n_waiting = 0;

  for (guint i = 0; i < self->scopes->len; i++)
    {
      KubeScope *scope = g_ptr_array_index (self->scopes, i);

      if (!is_part_of (self, scope, names))
        continue;
      if (kube_scope_is_synced (scope))
        n_synced++;
      else if (kube_scope_get_refusal (scope) != NULL)
        refusal = kube_scope_get_refusal (scope);
      else
        {
          n_waiting++;
          trouble = kube_scope_get_trouble (scope);
        }
    }
  if (n_waiting > 0)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "%s",
                 trouble != NULL ? trouble->message
                                 : "the API server has not answered yet; try again");
  else if (n_synced == 0 && refusal != NULL)
    g_propagate_error (error, g_error_copy (refusal));
  else
    return TRUE;
  return FALSE;
}

static char *
describe_namespaces (KubeCatalog *self)
{
  g_autofree char *list = self->namespaces != NULL ? g_strjoinv (", ", self->namespaces) : NULL;

  if (list == NULL)
    return g_strdup ("the cluster");
  return g_strdup_printf ("the namespace%s %s", self->namespaces[1] != NULL ? "s" : "", list);
}

GPtrArray *
kube_catalog_resolve (KubeCatalog *self, const char *name, GError **error)
{
  guint n_seen;
  g_autoptr (GPtrArray) services = catalog_resolve (self, name, &n_seen);
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *where = NULL;

  if (services->len > 0)
    return g_steal_pointer (&services);
  names = catalog_parse (self, name);
  if (n_seen == 0 && !check_known (self, names, error))
    return NULL;
  where = describe_namespaces (self);
  if (n_seen > 0)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                 "none of the %u instances of “%s” in %s is ready; kubectl describe pod says why",
                 n_seen, name, where);
  else
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND, "no service “%s” in %s", name, where);
  return NULL;
}

GPtrArray *
kube_catalog_list (KubeCatalog *self, GError **error)
{
  GPtrArray *all;
  g_autoptr (GPtrArray) names = NULL;

  if (!check_known (self, NULL, error))
    return NULL;
  names = kube_scopes_list_names (self->scopes);
  all = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  for (guint i = 0; i < names->len; i++)
    {
      GPtrArray *services = catalog_resolve (self, g_ptr_array_index (names, i), NULL);

      g_ptr_array_extend_and_steal (all, services);
    }
  return all;
}

/* --- Waiting --- */

static void
catalog_wake (KubeCatalog *self, Waiter *waiter)
{
  KubeCatalogFunc ready = waiter->ready;
  gpointer user_data = waiter->user_data;

  g_ptr_array_remove (self->waiters, waiter);
  ready (user_data);
}

static gboolean
waited_long_enough (gpointer user_data)
{
  Waiter *waiter = user_data;

  catalog_wake (waiter->catalog, waiter);
  return G_SOURCE_REMOVE;
}

guint
kube_catalog_await (KubeCatalog *self,
                    const char *name,
                    guint timeout_ms,
                    KubeCatalogFunc ready,
                    gpointer user_data)
{
  Waiter *waiter;

  open_for (self, name);
  if (is_settled (self, name))
    {
      ready (user_data);
      return 0;
    }
  waiter = g_new0 (Waiter, 1);
  waiter->id = ++self->last_id;
  waiter->name = g_strdup (name);
  waiter->catalog = self;
  waiter->ready = ready;
  waiter->user_data = user_data;
  waiter->timeout = g_timeout_source_new (timeout_ms);
  g_source_set_callback (waiter->timeout, waited_long_enough, waiter, NULL);
  g_source_attach (waiter->timeout, g_main_context_get_thread_default ());
  g_ptr_array_add (self->waiters, waiter);
  return waiter->id;
}

void
kube_catalog_give_up (KubeCatalog *self, guint id)
{
  for (guint i = 0; i < self->waiters->len; i++)
    if (((Waiter *) g_ptr_array_index (self->waiters, i))->id == id)
      {
        g_ptr_array_remove_index (self->waiters, i);
        return;
      }
}

static Waiter *
next_ready (KubeCatalog *self)
{
  for (guint i = 0; i < self->waiters->len; i++)
    {
      Waiter *waiter = g_ptr_array_index (self->waiters, i);

      if (is_settled (self, waiter->name))
        return waiter;
    }
  return NULL;
}

/* A call-back may look up more, give up, or end us: nothing is held across it. */
static void
scope_settled (gpointer user_data)
{
  KubeCatalog *self = user_data;
  Waiter *waiter;

  drop_narrow_scopes (self);
  while ((waiter = next_ready (self)) != NULL)
    catalog_wake (self, waiter);
}

/* --- Watching --- */

static GPtrArray *
resolve_for_watch (const char *name, gpointer user_data, GError **error)
{
  return kube_catalog_resolve (user_data, name, error);
}

static void
catalog_add_watch (KubeCatalog *self, KubeWatch *watch)
{
  GPtrArray *names = kube_watch_get_names (watch);

  g_ptr_array_add (self->watches, watch);
  if (names == NULL)
    g_ptr_array_add (self->watches_of_all, watch);
  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *service = ((KubeName *) g_ptr_array_index (names, i))->service;
      GPtrArray *watches = g_hash_table_lookup (self->watches_by_service, service);

      if (watches == NULL)
        {
          watches = g_ptr_array_new ();
          g_hash_table_insert (self->watches_by_service, g_strdup (service), watches);
        }
      g_ptr_array_add (watches, watch);
    }
}

static void
remove_watch (KubeCatalog *self, KubeWatch *watch)
{
  GPtrArray *names = kube_watch_get_names (watch);

  g_ptr_array_remove (self->watches_of_all, watch);
  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      const char *service = ((KubeName *) g_ptr_array_index (names, i))->service;
      GPtrArray *watches = g_hash_table_lookup (self->watches_by_service, service);

      g_ptr_array_remove (watches, watch);
      if (watches->len == 0)
        g_hash_table_remove (self->watches_by_service, service);
    }
  g_ptr_array_remove (self->watches, watch);
}

static void
catalog_collect (GHashTable *found, GPtrArray *watches)
{
  for (guint i = 0; watches != NULL && i < watches->len; i++)
    g_hash_table_add (found, kube_watch_ref (g_ptr_array_index (watches, i)));
}

/* What happens to one service is of no interest to the watches of a thousand others. */
static void
scope_changed (GHashTable *names, gpointer user_data)
{
  KubeCatalog *self = user_data;
  g_autoptr (GHashTable) watches
      = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) kube_watch_unref, NULL);
  GHashTableIter iter;
  gpointer key;

  catalog_collect (watches, self->watches_of_all);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    catalog_collect (watches, g_hash_table_lookup (self->watches_by_service, key));
  g_hash_table_iter_init (&iter, watches);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    kube_watch_update (key, names, resolve_for_watch, self);
}

static void
catalog_watch_stopped (KubeWatch *watch, gpointer user_data)
{
  kube_catalog_give_up (user_data, kube_watch_get_wait (watch));
  remove_watch (user_data, watch);
}

/* One of a single service is told of that whatever the set has. */
static GHashTable *
list_known (KubeCatalog *self, KubeWatch *watch)
{
  GHashTable *known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; kube_watch_get_names (watch) == NULL && i < self->scopes->len; i++)
    kube_scope_add_names (g_ptr_array_index (self->scopes, i), known);
  return known;
}

/* What it waited for is known, or will not be for a while. */
static void
begin_watch (gpointer user_data)
{
  g_autoptr (KubeWatch) watch = kube_watch_ref (user_data);
  KubeCatalog *self = kube_watch_get_owner (watch);
  g_autoptr (GHashTable) known = list_known (self, watch);
  g_autoptr (GError) error = NULL;

  kube_watch_set_wait (watch, 0);
  if (!check_known (self, kube_watch_get_names (watch), &error))
    {
      remove_watch (self, watch);
      kube_watch_end (watch, error);
      return;
    }
  kube_watch_begin (watch);
  kube_watch_update (watch, known, resolve_for_watch, self);
}

MicroWatcher *
kube_catalog_watch (KubeCatalog *self, const char *name, guint timeout_ms)
{
  GPtrArray *names = name != NULL ? catalog_parse (self, name) : NULL;
  MicroWatcher *watcher; /* which keeps the watch, even if that ends at once */
  KubeWatch *watch = kube_watch_new (name, names, catalog_watch_stopped, self, &watcher);

  catalog_add_watch (self, watch);
  kube_watch_set_wait (watch, kube_catalog_await (self, name, timeout_ms, begin_watch, watch));
  return watcher;
}

/* --- Life --- */

KubeCatalog *
kube_catalog_new (KubeClient *client, const KubeCatalogOptions *options)
{
  KubeCatalog *self = g_new0 (KubeCatalog, 1);

  self->client = g_object_ref (client);
  self->map = kube_map_new ();
  self->map->ready_when_running = options->ready_when_running;
  self->map->family = options->family;
  self->pods = options->pods;
  self->slices = options->slices;
  self->namespaces = g_strdupv ((char **) options->namespaces);
  self->family = options->family;
  self->zone = g_strdup (options->zone);
  self->scopes = g_ptr_array_new_with_free_func ((GDestroyNotify) kube_scope_free);
  self->watches = g_ptr_array_new_with_free_func ((GDestroyNotify) kube_watch_unref);
  self->watches_by_service
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->watches_of_all = g_ptr_array_new ();
  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
  return self;
}

void
kube_catalog_free (KubeCatalog *self)
{
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    return;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the registry was closed");
  g_ptr_array_unref (self->scopes);
  for (guint i = 0; i < self->watches->len; i++)
    kube_watch_end (g_ptr_array_index (self->watches, i), error);
  g_hash_table_unref (self->watches_by_service);
  g_ptr_array_unref (self->watches_of_all);
  g_ptr_array_unref (self->watches);
  g_ptr_array_unref (self->waiters);
  kube_map_free (self->map);
  g_object_unref (self->client);
  g_strfreev (self->namespaces);
  g_free (self->zone);
  g_free (self);
}

void
kube_catalog_count (KubeCatalog *self, guint *ret_scopes, guint *ret_live)
{
  *ret_scopes = self->scopes->len;
  *ret_live = 0;
  for (guint i = 0; i < self->scopes->len; i++)
    *ret_live += kube_scope_is_live (g_ptr_array_index (self->scopes, i));
}
