/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A right that a program needs in the cluster: how to ask for it, and how it is granted.
 */
#include "config.h"

#include <string.h>

#include "k8s-right.h"

#define ACCOUNT_PREFIX "system:serviceaccount:"

K8sRight *
k8s_right_new (const char *verb,
               const char *verbs,
               const char *resource,
               const char *namespace_,
               const char *role)
{
  K8sRight *self = g_new0 (K8sRight, 1);

  self->verb = verb;
  self->verbs = verbs;
  self->group = strcmp (resource, "endpointslices") == 0 ? "discovery.k8s.io" : "";
  self->resource = resource;
  self->namespace_ = g_strdup (namespace_);
  self->role = role;
  return self;
}

void
k8s_right_free (gpointer data)
{
  K8sRight *self = data;

  g_free (self->namespace_);
  g_free (self);
}

char *
k8s_right_describe (const K8sRight *self)
{
  return g_strdup_printf ("%s %s%s%s", self->verb, self->resource,
                          self->namespace_ != NULL ? " in " : " everywhere",
                          self->namespace_ != NULL ? self->namespace_ : "");
}

/* What the names hold is safe in JSON: those of namespaces come from options, and are escaped. */
char *
k8s_right_review (const K8sRight *self)
{
  g_autofree char *namespace_
      = g_strescape (self->namespace_ != NULL ? self->namespace_ : "", NULL);

  return g_strdup_printf ("{\"apiVersion\":\"authorization.k8s.io/v1\","
                          "\"kind\":\"SelfSubjectAccessReview\",\"spec\":{\"resourceAttributes\":{"
                          "\"verb\":\"%s\",\"group\":\"%s\",\"resource\":\"%s\","
                          "\"namespace\":\"%s\"}}}",
                          self->verb, self->group, self->resource, namespace_);
}

static char *
right_subject_of (const char *user)
{
  if (user == NULL)
    return g_strdup ("--serviceaccount=NAMESPACE:NAME");
  if (g_str_has_prefix (user, ACCOUNT_PREFIX))
    return g_strconcat ("--serviceaccount=", user + strlen (ACCOUNT_PREFIX), NULL);
  return g_strconcat ("--user=", user, NULL);
}

char *
k8s_right_grant (const K8sRight *self, const char *user)
{
  const char *cluster = self->namespace_ == NULL ? "cluster" : "";
  g_autofree char *subject = right_subject_of (user);
  g_autofree char *where = self->namespace_ != NULL
                               ? g_strconcat (" --namespace=", self->namespace_, NULL)
                               : g_strdup ("");

  return g_strdup_printf ("kubectl create %srole %s --verb=%s --resource=%s%s%s%s && "
                          "kubectl create %srolebinding %s --%srole=%s %s%s",
                          cluster, self->role, self->verbs, self->resource,
                          *self->group != '\0' ? "." : "", self->group, where, cluster, self->role,
                          cluster, self->role, subject, where);
}
