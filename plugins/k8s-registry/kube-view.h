/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a name means, and which of all offers answer to it.
 */
#pragma once

#include "kube-map.h"

G_BEGIN_DECLS

/**
 * KubeName:
 *
 * One reading of a name that somebody looks up.
 */
typedef struct
{
  gboolean slices;
  char *service;
  char *namespace_; /* (nullable): any */
  char *port;       /* (nullable): name or number; of slices */
} KubeName;

/* (transfer full) (element-type KubeName).  A pod's record is found by its name, or by
 * name.namespace when several namespaces are watched; a Service by name[.namespace][:port].
 * @namespaces: (nullable): all. */
GPtrArray *
kube_name_parse (const char *name, gboolean pods, gboolean slices, const char *const *namespaces);

typedef struct _KubeView KubeView;

/* Collects entries, then makes records of them. */
KubeView *kube_view_new (const char *name, int family, const char *zone);
void kube_view_free (KubeView *self);
void kube_view_add (KubeView *self, KubeEntry *entry, const KubeName *name);
/* (transfer full) (element-type MicroService): one a version, ordered by it; only nodes that take
 * calls, ordered by id. */
GPtrArray *kube_view_finish (KubeView *self);
/* How many nodes were seen, and how many of them do not take calls. */
guint kube_view_get_n_seen (KubeView *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeView, kube_view_free)

G_END_DECLS
