/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which pod we are.
 */
#pragma once

#include "../common/kube-config.h"

G_BEGIN_DECLS

typedef struct
{
  char *namespace_;
  char *name;
  char *uid; /* (nullable) */
  gboolean is_told;
  const char *source; /* where the name is from: "the token", "POD_NAME", … */
} KubeIdentity;

/* @pod_name: (nullable): given explicitly.  Before $HOSTNAME, which is the node's in a pod on the
 * host's network and is cut at 63 characters, come the token's own claims and $POD_NAME. */
KubeIdentity *kube_identity_new (const KubeConfig *config, const char *pod_name);
/* Whether somebody said which pod this is; a host has a name too. */
gboolean kube_identity_is_told (const KubeIdentity *self);
/* When the token ends, in seconds of Unix; 0 if it does not say. */
gint64 kube_identity_read_expiry (const KubeConfig *config);
/* (transfer full) (nullable): the account whose token it is, "system:serviceaccount:prod:default".
 */
char *kube_identity_read_user (const KubeConfig *config);
void kube_identity_free (KubeIdentity *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeIdentity, kube_identity_free)

G_END_DECLS
