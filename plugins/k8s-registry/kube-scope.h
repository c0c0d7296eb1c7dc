/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A watched part of the cluster: the pods or slices of a namespace, of one service or of all.
 */
#pragma once

#include "../common/kube-reflector.h"
#include "kube-map.h"

G_BEGIN_DECLS

typedef struct _KubeScope KubeScope;

/**
 * KubeScopeFuncs:
 * @changed: what is offered for these services has changed; @names: set of const char *
 * @settled: it has its first complete list, or is refused
 */
typedef struct
{
  void (*changed) (GHashTable *names, gpointer user_data);
  void (*settled) (gpointer user_data);
} KubeScopeFuncs;

/* @namespace_: (nullable): of all; @service: (nullable): all. */
KubeScope *kube_scope_new (KubeClient *client,
                           KubeMap *map,
                           gboolean slices,
                           const char *namespace_,
                           const char *service,
                           const KubeScopeFuncs *funcs,
                           gpointer user_data);
void kube_scope_free (KubeScope *self);

gboolean kube_scope_is_slices (KubeScope *self);
const char *kube_scope_get_namespace (KubeScope *self);
const char *kube_scope_get_service (KubeScope *self);
gboolean kube_scope_is_synced (KubeScope *self);
gboolean kube_scope_is_live (KubeScope *self);
/* (nullable): why it may not be read; such a scope has nothing and is tried again. */
const GError *kube_scope_get_refusal (KubeScope *self);
/* (nullable): the last trouble, until it goes on. */
const GError *kube_scope_get_trouble (KubeScope *self);
/* (nullable) (element-type KubeEntry): those that offer something for @service. */
GPtrArray *kube_scope_get_entries (KubeScope *self, const char *service);
/* Adds the names of all services to @names, a set of char *. */
void kube_scope_add_names (KubeScope *self, GHashTable *names);
/* Of some scopes, sorted; the caller owns them. */
GPtrArray *kube_scopes_list_names (GPtrArray *scopes);

G_END_DECLS
