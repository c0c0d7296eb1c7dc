/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a name means, and which of all offers answer to it.
 */
#include "config.h"

#include <string.h>

#include "kube-view.h"

/* --- Names --- */

static void
view_name_free (gpointer data)
{
  KubeName *self = data;

  g_free (self->service);
  g_free (self->namespace_);
  g_free (self->port);
  g_free (self);
}

/* RFC 1123: what a namespace or Service may be called. */
static gboolean
view_is_label (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= 63
         && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && text[0] != '-'
         && text[length - 1] != '-';
}

static gboolean
is_watched (const char *const *namespaces, const char *namespace_)
{
  return namespaces == NULL ? view_is_label (namespace_) : g_strv_contains (namespaces, namespace_);
}

static void
add_name (GPtrArray *names, gboolean slices, char *service, char *namespace_, char *port)
{
  KubeName *name = g_new0 (KubeName, 1);

  *name = (KubeName){ slices, service, namespace_, port };
  g_ptr_array_add (names, name);
}

static void
add_pod_names (GPtrArray *names, const char *text, const char *const *namespaces)
{
  const char *dot = strrchr (text, '.');
  gboolean several = namespaces == NULL || namespaces[0] == NULL || namespaces[1] != NULL;

  add_name (names, FALSE, g_strdup (text), NULL, NULL);
  if (several && dot != NULL && dot != text && is_watched (namespaces, dot + 1))
    add_name (names, FALSE, g_strndup (text, dot - text), g_strdup (dot + 1), NULL);
}

static void
add_slice_name (GPtrArray *names, const char *text, const char *const *namespaces)
{
  const char *colon = strchr (text, ':');
  g_autofree char *host = colon != NULL ? g_strndup (text, colon - text) : g_strdup (text);
  char *dot = strchr (host, '.');
  const char *namespace_ = NULL;

  if (dot != NULL)
    {
      *dot = '\0';
      namespace_ = dot + 1;
      if (!is_watched (namespaces, namespace_))
        return;
    }
  if (view_is_label (host) && (colon == NULL || colon[1] != '\0'))
    add_name (names, TRUE, g_strdup (host), g_strdup (namespace_),
              colon != NULL ? g_strdup (colon + 1) : NULL);
}

GPtrArray *
kube_name_parse (const char *name, gboolean pods, gboolean slices, const char *const *namespaces)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (view_name_free);

  if (pods)
    add_pod_names (names, name, namespaces);
  if (slices)
    add_slice_name (names, name, namespaces);
  return names;
}

/* --- Collecting --- */

typedef struct
{
  const KubeEntry *entry;
  const KubeOffer *offer;
} Candidate;

struct _KubeView
{
  char *name;
  int family;
  char *zone;
  GArray *candidates; /* of Candidate: those that take calls */
  guint n_seen;
};

KubeView *
kube_view_new (const char *name, int family, const char *zone)
{
  KubeView *self = g_new0 (KubeView, 1);

  self->name = g_strdup (name);
  self->family = family;
  self->zone = g_strdup (zone);
  self->candidates = g_array_new (FALSE, FALSE, sizeof (Candidate));
  return self;
}

void
kube_view_free (KubeView *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->zone);
  g_array_unref (self->candidates);
  g_free (self);
}

static gboolean
view_is_port (const KubeOffer *offer, const char *port)
{
  guint64 number;

  if (port == NULL)
    return offer->preferred;
  if (g_strcmp0 (offer->port_name, port) == 0)
    return TRUE;
  return g_ascii_string_to_unsigned (port, 10, 1, 65535, &number, NULL) && number == offer->port;
}

void
kube_view_add (KubeView *self, KubeEntry *entry, const KubeName *name)
{
  if (name->namespace_ != NULL && strcmp (name->namespace_, entry->namespace_) != 0)
    return;
  for (guint i = 0; i < entry->offers->len; i++)
    {
      KubeOffer *offer = &g_array_index (entry->offers, KubeOffer, i);
      Candidate candidate = { entry, offer };

      if (strcmp (micro_service_get_name (offer->shape), name->service) != 0
          || (name->slices && !view_is_port (offer, name->port)))
        continue;
      self->n_seen++;
      if (offer->state == KUBE_STATE_UP)
        g_array_append_val (self->candidates, candidate);
    }
}

guint
kube_view_get_n_seen (KubeView *self)
{
  return self->n_seen;
}

/* --- Choosing --- */

typedef gboolean (*Keep) (KubeView *self, const Candidate *candidate);

static void
keep_only (KubeView *self, Keep keep)
{
  guint n = 0;

  for (guint i = 0; i < self->candidates->len; i++)
    {
      Candidate candidate = g_array_index (self->candidates, Candidate, i);

      if (keep (self, &candidate))
        g_array_index (self->candidates, Candidate, n++) = candidate;
    }
  g_array_set_size (self->candidates, n);
}

static gboolean
is_of_family (KubeView *self, const Candidate *candidate)
{
  return !candidate->entry->is_slice || candidate->offer->family == self->family;
}

/* A dual-stack Service has every endpoint twice, which would count double. */
static void
choose_family (KubeView *self)
{
  gboolean found = FALSE;

  for (guint i = 0; i < self->candidates->len && !found; i++)
    {
      Candidate *candidate = &g_array_index (self->candidates, Candidate, i);

      found = candidate->entry->is_slice && candidate->offer->family == self->family;
    }
  if (found)
    keep_only (self, is_of_family);
}

static gboolean
is_hinted (KubeView *self, const Candidate *candidate)
{
  g_auto (GStrv) zones = NULL;

  if (!candidate->entry->is_slice)
    return TRUE;
  zones = g_strsplit (candidate->offer->hints, ",", -1);
  return g_strv_contains ((const char *const *) zones, self->zone);
}

/* kube-proxy's rule: hints count if every ready endpoint has some and our zone is among them. */
static void
choose_zone (KubeView *self)
{
  gboolean ours = FALSE;

  if (self->zone == NULL)
    return;
  for (guint i = 0; i < self->candidates->len; i++)
    {
      Candidate *candidate = &g_array_index (self->candidates, Candidate, i);

      if (!candidate->entry->is_slice)
        continue;
      if (candidate->offer->hints == NULL)
        return;
      ours |= is_hinted (self, candidate);
    }
  if (ours)
    keep_only (self, is_hinted);
}

/* What a pod says of itself goes before what a slice says of it, the newest pod before others that
 * claim the same id. */
static int
compare_candidates (gconstpointer a, gconstpointer b)
{
  const Candidate *first = a, *second = b;

  if (first->entry->is_slice != second->entry->is_slice)
    return first->entry->is_slice - second->entry->is_slice;
  if (first->entry->created_s != second->entry->created_s)
    return first->entry->created_s > second->entry->created_s ? -1 : 1;
  return strcmp (first->entry->name, second->entry->name);
}

static int
view_compare_nodes (gconstpointer a, gconstpointer b)
{
  return strcmp (micro_node_get_id (*(MicroNode *const *) a),
                 micro_node_get_id (*(MicroNode *const *) b));
}

static int
view_compare_services (gconstpointer a, gconstpointer b)
{
  return strcmp (micro_service_get_version (*(MicroService *const *) a),
                 micro_service_get_version (*(MicroService *const *) b));
}

typedef struct
{
  MicroService *shape;
  GPtrArray *nodes;
} Group;

static void
group_free (gpointer data)
{
  Group *self = data;

  g_ptr_array_unref (self->nodes);
  g_free (self);
}

static GHashTable *
group_by_version (KubeView *self)
{
  GHashTable *groups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, group_free);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) addresses = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->candidates->len; i++)
    {
      const Candidate *candidate = &g_array_index (self->candidates, Candidate, i);
      const KubeOffer *offer = candidate->offer;
      const char *version = micro_service_get_version (offer->shape);
      Group *group = g_hash_table_lookup (groups, version);
      const KubeEntry *who;

      if (group == NULL)
        {
          group = g_new0 (Group, 1);
          group->shape = offer->shape;
          group->nodes = g_ptr_array_new ();
          g_hash_table_insert (groups, (gpointer) version, group);
        }
      /* An endpoint may be in two slices while it moves, and a pod in its own record too; but a
       * record may have several nodes at one address, as a broker's has one for each topic. */
      who = g_hash_table_lookup (addresses, micro_node_get_address (offer->node));
      if ((who != NULL && who != candidate->entry)
          || !g_hash_table_add (ids, (gpointer) micro_node_get_id (offer->node)))
        continue;
      g_hash_table_insert (addresses, (gpointer) micro_node_get_address (offer->node),
                           (gpointer) candidate->entry);
      g_ptr_array_add (group->nodes, offer->node);
    }
  return groups;
}

GPtrArray *
kube_view_finish (KubeView *self)
{
  GPtrArray *services = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_autoptr (GHashTable) groups = NULL;
  GHashTableIter iter;
  gpointer value;

  choose_family (self);
  choose_zone (self);
  g_array_sort (self->candidates, compare_candidates);
  groups = group_by_version (self);
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Group *group = value;
      MicroService *shape = group->shape;

      if (group->nodes->len == 0)
        continue;
      g_ptr_array_sort (group->nodes, view_compare_nodes);
      g_ptr_array_add (services,
                       micro_service_new (self->name, micro_service_get_version (shape),
                                          micro_service_get_metadata (shape),
                                          micro_service_get_endpoints (shape), group->nodes));
    }
  g_ptr_array_sort (services, view_compare_services);
  return services;
}
