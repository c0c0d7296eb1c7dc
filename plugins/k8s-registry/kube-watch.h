/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A watcher of one service or all, told of services that are others than it knows.
 */
#pragma once

#include "kube-view.h"

G_BEGIN_DECLS

typedef struct _KubeWatch KubeWatch;

/* (transfer full) (nullable) (element-type MicroService): the name's records, or why there are none
 */
typedef GPtrArray *(*KubeWatchResolve) (const char *name, gpointer user_data, GError **error);
/* The reader has gone; in the context where the watch was made. */
typedef void (*KubeWatchStopped) (KubeWatch *self, gpointer user_data);

/* @name: (nullable): all; @names: (transfer full) (nullable): the readings of it. */
KubeWatch *kube_watch_new (const char *name,
                           GPtrArray *names,
                           KubeWatchStopped stopped,
                           gpointer user_data,
                           MicroWatcher **ret_watcher);
KubeWatch *kube_watch_ref (KubeWatch *self);
void kube_watch_unref (KubeWatch *self);
/* (transfer none) (nullable) (element-type KubeName): of the service; NULL for all. */
GPtrArray *kube_watch_get_names (KubeWatch *self);
/* Nobody is told of its end any more, and its reader gets @error. */
void kube_watch_end (KubeWatch *self, const GError *error);
/* What was given with @stopped. */
gpointer kube_watch_get_owner (KubeWatch *self);
/* For its owner: the number of what it waits for to begin; 0: nothing. */
void kube_watch_set_wait (KubeWatch *self, guint wait);
guint kube_watch_get_wait (KubeWatch *self);
/* Until it is begun it tells nothing: not all of its first answer may be known. */
void kube_watch_begin (KubeWatch *self);
/* What is offered for @services, a set of char *, has changed, or may have. */
void kube_watch_update (KubeWatch *self,
                        GHashTable *services,
                        KubeWatchResolve resolve,
                        gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeWatch, kube_watch_unref)

G_END_DECLS
