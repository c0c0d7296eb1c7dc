/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A right that a program needs in the cluster: how to ask for it, and how it is granted.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *verb;     /* "list" */
  const char *verbs;    /* "list,watch": those that are granted together */
  const char *group;    /* of the API; "" */
  const char *resource; /* "pods" */
  char *namespace_;     /* (nullable): all */
  const char *role;     /* to call it */
} K8sRight;

K8sRight *k8s_right_new (const char *verb,
                         const char *verbs,
                         const char *resource,
                         const char *namespace_,
                         const char *role);
void k8s_right_free (gpointer self);
/* "may list pods in prod"; (transfer full), as the two below */
char *k8s_right_describe (const K8sRight *self);
/* The body of a SelfSubjectAccessReview (authorization.k8s.io/v1). */
char *k8s_right_review (const K8sRight *self);
/* The commands that grant it to @user ("system:serviceaccount:prod:default", nullable). */
char *k8s_right_grant (const K8sRight *self, const char *user);

G_END_DECLS
