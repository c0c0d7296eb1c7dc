/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the API server refuses, said to the person who can change it.
 */
#pragma once

#include <micro/micro.h>

#include "../common/kube-client.h"
#include "kube-identity.h"

G_BEGIN_DECLS

/* (transfer full) (nullable): NULL when it is nothing to speak of.  @verbs: "list and watch". */
GError *k8s_explain (const KubeReply *reply,
                     const GError *error,
                     const char *verbs,
                     const char *resource,
                     const char *namespace_);
/* Of a patch of our own pod, likewise. */
GError *k8s_explain_patch (const KubeReply *reply, const KubeIdentity *identity);
/* The Role and its binding that @account ("system:serviceaccount:prod:default", nullable) lacks. */
char *k8s_explain_role (const char *verbs,
                        const char *resource,
                        const char *namespace_,
                        const char *account);

G_END_DECLS
