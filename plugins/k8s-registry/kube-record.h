/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a pod carries for the services of a process: go-micro's labels and annotations.
 */
#pragma once

#include "kube-map.h"

G_BEGIN_DECLS

/**
 * KubeRecords:
 *
 * The services that one process registers, by name.
 */
typedef struct _KubeRecords KubeRecords;

KubeRecords *kube_records_new (const char *container);
void kube_records_free (KubeRecords *self);
/* FALSE with @error if it would not fit into a pod's annotations; then nothing has changed. */
gboolean kube_records_add (KubeRecords *self, MicroService *service, GError **error);
void kube_records_remove (KubeRecords *self, MicroService *service);
gboolean kube_records_contains (KubeRecords *self, MicroService *service);
/* Whether the annotation @key was ours and is to go. */
gboolean kube_records_is_removed (KubeRecords *self, const char *key);
const char *kube_records_get_container (KubeRecords *self);
/* Of MicroService, by name. */
GHashTable *kube_records_get_services (KubeRecords *self);
guint kube_records_get_size (KubeRecords *self);
/* Sets of key → value: what must stand there now. */
GHashTable *kube_records_get_labels (KubeRecords *self);
GHashTable *kube_records_get_annotations (KubeRecords *self);

/* A merge patch from what @self has written before to what it wants now.  @others: (nullable):
 * whether the pod has labels of services that are not ours, so that "type" stays. */
char *kube_records_make_patch (KubeRecords *self, const char *uid, gboolean others);
/* The patch was taken: what was removed by it need not be removed again. */
void kube_records_patched (KubeRecords *self);

/* The labels and annotations of @json, a pod, that begin with micro.mu/; and its uid. */
gboolean kube_records_read_pod (const char *json,
                                gsize length,
                                GHashTable *ret_labels,
                                GHashTable *ret_annotations,
                                char **ret_uid,
                                gboolean *ret_deleting);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeRecords, kube_records_free)

G_END_DECLS
