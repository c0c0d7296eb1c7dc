/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A watcher of one service or all, told only what has changed for it.
 */
#pragma once

#include "kube-view.h"

G_BEGIN_DECLS

typedef struct _KubeWatch KubeWatch;

/* Gives the name's records; (transfer full) (element-type MicroService). */
typedef GPtrArray *(*KubeWatchResolve) (const char *name, gpointer user_data);
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
/* What is offered for @services, a set of char *, has changed. */
void kube_watch_update (KubeWatch *self,
                        GHashTable *services,
                        KubeWatchResolve resolve,
                        gpointer user_data);

G_END_DECLS
