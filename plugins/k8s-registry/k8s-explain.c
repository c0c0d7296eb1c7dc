/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the API server refuses, said to the person who can change it.
 */
#include "config.h"

#include <string.h>

#include "k8s-explain.h"

#define ACCOUNT_PREFIX "system:serviceaccount:"

static char *
verb_list (const char *verbs)
{
  g_auto (GStrv) words = g_strsplit (verbs, " and ", -1);

  return g_strjoinv (", ", words);
}

static char *
explain_subject_of (const char *account)
{
  g_auto (GStrv) parts = NULL;

  if (account == NULL)
    return g_strdup ("subjects: [{kind: ServiceAccount, name: default, namespace: default}]");
  if (!g_str_has_prefix (account, ACCOUNT_PREFIX))
    return g_strdup_printf (
        "subjects: [{kind: User, name: \"%s\", apiGroup: rbac.authorization.k8s.io}]", account);
  parts = g_strsplit (account + strlen (ACCOUNT_PREFIX), ":", 2);
  return g_strdup_printf ("subjects: [{kind: ServiceAccount, name: %s, namespace: %s}]",
                          parts[0] != NULL && parts[1] != NULL ? parts[1] : "default",
                          parts[0] != NULL ? parts[0] : "default");
}

char *
k8s_explain_role (const char *verbs,
                  const char *resource,
                  const char *namespace_,
                  const char *account)
{
  const char *cluster = namespace_ == NULL ? "Cluster" : "";
  const char *group = strcmp (resource, "endpointslices") == 0 ? "discovery.k8s.io" : "";
  g_autofree char *name
      = g_strdup_printf ("micro-%s", strcmp (resource, "configmaps") == 0 ? "config"
                                     : strstr (verbs, "patch") != NULL    ? "registrar"
                                                                          : "watcher");
  g_autofree char *list = verb_list (verbs);
  g_autofree char *subject = explain_subject_of (account);
  g_autofree char *where
      = namespace_ != NULL ? g_strdup_printf (", namespace: %s", namespace_) : g_strdup ("");

  return g_strdup_printf ("apiVersion: rbac.authorization.k8s.io/v1\n"
                          "kind: %sRole\n"
                          "metadata: {name: %s%s}\n"
                          "rules:\n"
                          "- {apiGroups: [\"%s\"], resources: [%s], verbs: [%s]}\n"
                          "---\n"
                          "apiVersion: rbac.authorization.k8s.io/v1\n"
                          "kind: %sRoleBinding\n"
                          "metadata: {name: %s%s}\n"
                          "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %sRole, name: %s}\n"
                          "%s\n",
                          cluster, name, where, group, resource, list, cluster, name, where,
                          cluster, name, subject);
}

/* The API server names the user: … User "system:serviceaccount:prod:default" cannot list … */
static char *
account_of (const char *message)
{
  const char *start = strstr (message, "User \"");
  const char *end = start != NULL ? strchr (start + 6, '"') : NULL;

  return end != NULL ? g_strndup (start + 6, end - start - 6) : NULL;
}

static GError *
explain_forbidden (const KubeReply *reply,
                   const char *verbs,
                   const char *resource,
                   const char *namespace_)
{
  g_autofree char *account = account_of (reply->message);
  g_autofree char *role = NULL;

  /* Rights are denied to somebody by name; admission, which comes after them, names nobody. */
  if (account == NULL && strstr (reply->message, "denied") != NULL)
    return g_error_new (
        MICRO_ERROR, MICRO_STATUS_PERMISSION_DENIED,
        "an admission policy or webhook of the cluster does not let this service %s "
        "%s in %s%s, whatever its Role says: %s",
        verbs, resource, namespace_ != NULL ? "the namespace " : "the whole cluster",
        namespace_ != NULL ? namespace_ : "", reply->message);
  role = k8s_explain_role (verbs, resource, namespace_, account);
  return g_error_new (MICRO_ERROR, MICRO_STATUS_PERMISSION_DENIED,
                      "the service account may not %s %s in %s%s: %s; whoever administers the "
                      "cluster can allow it with kubectl apply -f - and\n%s",
                      verbs, resource, namespace_ != NULL ? "the namespace " : "the whole cluster",
                      namespace_ != NULL ? namespace_ : "", reply->message, role);
}

GError *
k8s_explain (const KubeReply *reply,
             const GError *error,
             const char *verbs,
             const char *resource,
             const char *namespace_)
{
  if (reply == NULL)
    return error != NULL
               ? g_error_new_literal (MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, error->message)
               : NULL;
  switch (reply->status)
    {
    case 0:
    case 410:
      return NULL;
    case 401:
      return g_error_new (MICRO_ERROR, MICRO_STATUS_UNAUTHENTICATED,
                          "the API server does not accept the credential (%s); check that the "
                          "token is of this cluster and has not expired",
                          reply->message);
    case 403:
      return explain_forbidden (reply, verbs, resource, namespace_);
    case 404:
      return g_error_new (MICRO_ERROR, MICRO_STATUS_NOT_FOUND,
                          "the API server has no %s in %s%s (%s); check the address and the "
                          "namespace",
                          resource, namespace_ != NULL ? "the namespace " : "the cluster",
                          namespace_ != NULL ? namespace_ : "", reply->message);
    default:
      return g_error_new (MICRO_ERROR,
                          reply->status == 422 ? MICRO_STATUS_FAILED_PRECONDITION
                                               : MICRO_STATUS_UNAVAILABLE,
                          "the API server answers %u when asked to %s %s: %s", reply->status, verbs,
                          resource, reply->message);
    }
}

GError *
k8s_explain_patch (const KubeReply *reply, const KubeIdentity *identity)
{
  if (reply->status == 404)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                        "there is no pod “%s” in the namespace %s (the name is from %s); outside "
                        "of a pod use another registry, in one set POD_NAME and POD_NAMESPACE by "
                        "the downward API",
                        identity->name, identity->namespace_, identity->source);
  if (reply->status == 422 && strstr (reply->message, "metadata.uid") != NULL)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                        "the pod %s/%s is another one than ours (uid %s): it was replaced, and "
                        "this process is what is left of the former",
                        identity->namespace_, identity->name, identity->uid);
  return k8s_explain (reply, NULL, "get and patch", "pods", identity->namespace_);
}
