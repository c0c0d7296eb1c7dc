/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Our own pod: its labels and annotations say what this process serves, and go on saying it.
 */
#pragma once

#include <micro/micro.h>

#include "../common/kube-client.h"
#include "kube-identity.h"

G_BEGIN_DECLS

#define KUBE_TYPE_OWN_POD (kube_own_pod_get_type ())
G_DECLARE_FINAL_TYPE (KubeOwnPod, kube_own_pod, KUBE, OWN_POD, GObject)

/* Takes @identity.  @container: (nullable): tells records of one name in one pod apart. @is_static:
 * nothing is ever written; labels and annotations come with the pod template. */
KubeOwnPod *kube_own_pod_new (KubeClient *client,
                              KubeIdentity *identity,
                              const char *container,
                              gboolean is_static);
const KubeIdentity *kube_own_pod_get_identity (KubeOwnPod *self);
/* Ends its watch and timers; what is running ends with an error. */
void kube_own_pod_close (KubeOwnPod *self);

/* Of one name there is one record in a pod: nodes are added to it and taken out of it. */
void kube_own_pod_add_async (KubeOwnPod *self,
                             MicroService *service,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
void kube_own_pod_remove_async (KubeOwnPod *self,
                                MicroService *service,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean kube_own_pod_finish (KubeOwnPod *self, GAsyncResult *result, GError **error);

G_END_DECLS
