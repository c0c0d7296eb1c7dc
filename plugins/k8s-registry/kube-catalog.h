/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * All that is known of services: which scopes are watched, and what they say of a name.
 */
#pragma once

#include "kube-scope.h"

G_BEGIN_DECLS

/**
 * KubeCatalogOptions:
 *
 * Borrowed until kube_catalog_new() returns.
 */
typedef struct
{
  gboolean pods;
  gboolean slices;
  const char *const *namespaces; /* (nullable): of all */
  gboolean ready_when_running;
  int family;
  const char *zone; /* (nullable): ours */
} KubeCatalogOptions;

typedef struct _KubeCatalog KubeCatalog;

KubeCatalog *kube_catalog_new (KubeClient *client, const KubeCatalogOptions *options);
void kube_catalog_free (KubeCatalog *self);

typedef void (*KubeCatalogFunc) (gpointer user_data);
/* Opens what must be watched to know @name, or everything if that is %NULL, and calls @ready, at
 * once perhaps, when it is known; within @timeout_ms at the latest.  0 or the id to give up with.
 */
guint kube_catalog_await (KubeCatalog *self,
                          const char *name,
                          guint timeout_ms,
                          KubeCatalogFunc ready,
                          gpointer user_data);
void kube_catalog_give_up (KubeCatalog *self, guint id);

/* (transfer full) (element-type MicroService): with nodes that take calls.  An error says why there
 * is nothing: not found, none ready, not allowed, not known yet. */
GPtrArray *kube_catalog_resolve (KubeCatalog *self, const char *name, GError **error);
GPtrArray *kube_catalog_list (KubeCatalog *self, GError **error);
/* (transfer full): a watcher of @name, or of all if %NULL.  It fails if nothing is known of that
 * within
 * @timeout_ms. */
MicroWatcher *kube_catalog_watch (KubeCatalog *self, const char *name, guint timeout_ms);

/* For diagnosis: scopes in all, and those with an open watch. */
void kube_catalog_count (KubeCatalog *self, guint *ret_scopes, guint *ret_live);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeCatalog, kube_catalog_free)

G_END_DECLS
