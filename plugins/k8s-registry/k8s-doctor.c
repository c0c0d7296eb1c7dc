/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Looks at each thing between a program and its cluster: one after the other, and nothing is
 * changed.
 */
#include "config.h"

#include <string.h>

#include "../common/kube-scan.h"
#include "k8s-doctor.h"
#include "k8s-right.h"
#include "kube-identity.h"

typedef struct
{
  GPtrArray *findings;
  GPtrArray *rights; /* of K8sRight, still to be asked for */
  guint n_asked;
  char *user; /* (nullable): who the API server says we are */
  gboolean may_get;
  gboolean serves; /* we are in a pod, and might register */
} Examination;

static void ask_next_right (GTask *task);

static void
examination_free (gpointer data)
{
  Examination *self = data;

  g_clear_pointer (&self->findings, g_ptr_array_unref);
  g_ptr_array_unref (self->rights);
  g_free (self->user);
  g_free (self);
}

static void G_GNUC_PRINTF (5, 6) add (GTask *task,
                                      const char *check,
                                      MicroFindingResult result,
                                      const char *fix,
                                      const char *format,
                                      ...)
{
  Examination *examination = g_task_get_task_data (task);
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (examination->findings, micro_finding_new (check, result, text, fix));
}

/* Takes @task. */
static void
doctor_finish (GTask *task)
{
  Examination *examination = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&examination->findings),
                         (GDestroyNotify) g_ptr_array_unref);
  g_object_unref (task);
}

static void
request (GTask *task,
         const char *method,
         const char *path,
         const char *body,
         GAsyncReadyCallback callback)
{
  K8sRegistry *self = g_task_get_source_object (task);

  kube_client_request_async (self->client, method, path, body != NULL ? "application/json" : NULL,
                             body, g_task_get_cancellable (task), callback, task);
}

/* One string of an answer: @path names the objects that it is in, and it. */
static char *
doctor_read_string (const KubeReply *reply, const char *const *path)
{
  const char *name;
  gsize length;
  KubeScan scan;

  kube_scan_init (&scan, reply->body, reply->length);
  while (kube_scan_enter_object (&scan))
    {
      gboolean found = FALSE;

      while (!found && kube_scan_next_member (&scan, &name, &length))
        {
          found = kube_scan_is (name, length, *path);
          if (!found)
            kube_scan_skip (&scan);
        }
      if (!found)
        return NULL;
      path++;
      if (*path == NULL)
        {
          const char *raw = kube_scan_raw (&scan, &length);

          if (raw == NULL)
            return NULL;
          return *raw == '"' && length >= 2 ? g_strndup (raw + 1, length - 2)
                                            : g_strndup (raw, length);
        }
    }
  return NULL;
}

/* --- The pod --- */

#define FIX_POD_NAME                                                                               \
  "set POD_NAME, POD_NAMESPACE and POD_UID by the downward API, or give --registry-pod-name"

static void
on_pod (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  K8sRegistry *self = g_task_get_source_object (task);
  const KubeIdentity *identity = kube_own_pod_get_identity (self->own_pod);
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeReply) reply = kube_client_request_finish (KUBE_CLIENT (source), result, &error);
  g_autofree char *uid = NULL;
  g_autofree char *phase = NULL;

  if (reply == NULL || (reply->status != 200 && reply->status != 404))
    add (task, "pod name", MICRO_FINDING_FAILED, FIX_POD_NAME, "%s/%s, by %s, cannot be read: %s",
         identity->namespace_, identity->name, identity->source,
         reply != NULL ? reply->message : error->message);
  else if (reply->status == 404)
    add (task, "pod name", MICRO_FINDING_FAILED, FIX_POD_NAME,
         "there is no pod %s/%s, which is the name by %s", identity->namespace_, identity->name,
         identity->source);
  else
    {
      uid = doctor_read_string (reply, (const char *const[]){ "metadata", "uid", NULL });
      phase = doctor_read_string (reply, (const char *const[]){ "status", "phase", NULL });
      if (identity->uid != NULL && g_strcmp0 (uid, identity->uid) != 0)
        add (task, "pod name", MICRO_FINDING_FAILED, "start this process in a pod of its own again",
             "%s/%s is another pod than ours: its uid is %s, ours %s", identity->namespace_,
             identity->name, uid, identity->uid);
      else
        add (task, "pod name", MICRO_FINDING_OK, NULL, "%s/%s, by %s; it is %s",
             identity->namespace_, identity->name, identity->source,
             phase != NULL ? phase : "in no phase");
    }
  doctor_finish (task);
}

/* Takes @task. */
static void
look_at_pod (GTask *task)
{
  K8sRegistry *self = g_task_get_source_object (task);
  Examination *examination = g_task_get_task_data (task);
  const KubeIdentity *identity = kube_own_pod_get_identity (self->own_pod);
  g_autofree char *path = NULL;

  if (!examination->serves)
    add (task, "pod name", MICRO_FINDING_SKIPPED, NULL,
         "this is no pod: services can be found and called, not registered");
  else if (!examination->may_get)
    add (task, "pod name", MICRO_FINDING_SKIPPED, NULL, "%s/%s, by %s; pods may not be read",
         identity->namespace_, identity->name, identity->source);
  else
    {
      path
          = g_strdup_printf ("/api/v1/namespaces/%s/pods/%s", identity->namespace_, identity->name);
      request (task, "GET", path, NULL, on_pod);
      return;
    }
  doctor_finish (task);
}

/* --- Rights --- */

/* Takes @task. */
static void
on_right (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Examination *examination = g_task_get_task_data (task);
  const K8sRight *right = examination->rights->pdata[examination->n_asked++];
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeReply) reply = kube_client_request_finish (KUBE_CLIENT (source), result, &error);
  g_autofree char *what = k8s_right_describe (right);
  g_autofree char *allowed = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *fix = NULL;
  gboolean optional = g_str_equal (right->verb, "get");

  if (reply != NULL && reply->status == 201)
    {
      allowed = doctor_read_string (reply, (const char *const[]){ "status", "allowed", NULL });
      reason = doctor_read_string (reply, (const char *const[]){ "status", "reason", NULL });
    }
  if (allowed == NULL)
    add (task, what, MICRO_FINDING_FAILED, "ask who administers the cluster",
         "the API server does not say whether it is allowed: %s",
         reply != NULL ? reply->message : error->message);
  else if (g_str_equal (allowed, "true"))
    {
      examination->may_get |= optional;
      add (task, what, MICRO_FINDING_OK, NULL, "allowed");
    }
  else
    {
      fix = k8s_right_grant (right, examination->user);
      add (task, what, optional ? MICRO_FINDING_WARNING : MICRO_FINDING_FAILED, fix,
           "%s is not allowed to%s%s%s",
           examination->user != NULL ? examination->user : "this identity",
           optional ? ": an own pod that is another one's is not noticed" : "",
           reason != NULL && *reason != '\0' ? ": " : "", reason != NULL ? reason : "");
    }
  ask_next_right (task);
}

/* Takes @task. */
static void
ask_next_right (GTask *task)
{
  Examination *examination = g_task_get_task_data (task);
  g_autofree char *body = NULL;

  if (examination->n_asked == examination->rights->len)
    {
      look_at_pod (task);
      return;
    }
  body = k8s_right_review (examination->rights->pdata[examination->n_asked]);
  request (task, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body, on_right);
}

static void
collect_rights (GTask *task)
{
  K8sRegistry *self = g_task_get_source_object (task);
  Examination *examination = g_task_get_task_data (task);
  const KubeIdentity *identity = kube_own_pod_get_identity (self->own_pod);
  g_auto (GStrv) namespaces = k8s_registry_get_namespaces (self);
  guint n = namespaces != NULL ? g_strv_length (namespaces) : 1;

  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < 2; j++)
      {
        const char *where = namespaces != NULL ? namespaces[i] : NULL;
        const char *verb = j == 0 ? "list" : "watch";

        if (self->discovery != K8S_DISCOVERY_ENDPOINTS)
          g_ptr_array_add (examination->rights,
                           k8s_right_new (verb, "list,watch", "pods", where, "micro-watcher"));
        if (self->discovery != K8S_DISCOVERY_PODS)
          g_ptr_array_add (examination->rights, k8s_right_new (verb, "list,watch", "endpointslices",
                                                               where, "micro-endpoints"));
      }
  if (!examination->serves)
    return;
  g_ptr_array_add (examination->rights,
                   k8s_right_new ("get", "get", "pods", identity->namespace_, "micro-reader"));
  if (self->registering == K8S_REGISTER_PATCH)
    g_ptr_array_add (examination->rights, k8s_right_new ("patch", "get,list,watch,patch", "pods",
                                                         identity->namespace_, "micro-registrar"));
}

/* --- Who we are --- */

static void
add_refused_token (GTask *task, const KubeReply *reply)
{
  K8sRegistry *self = g_task_get_source_object (task);
  const KubeConfig *config = kube_client_get_config (self->client);
  gint64 expiry = kube_identity_read_expiry (config);
  g_autoptr (GDateTime) when = expiry > 0 ? g_date_time_new_from_unix_utc (expiry) : NULL;
  g_autofree char *date = when != NULL ? g_date_time_format_iso8601 (when) : NULL;
  gboolean expired = expiry > 0 && expiry < g_get_real_time () / G_USEC_PER_SEC;
  const char *fix = "check that the token or certificate is of this cluster, and was not revoked";

  if (config->in_cluster)
    fix = "delete the pod, that a new one is made with a token of this cluster";
  else if (expired)
    fix = "log in again, or put a new token where this one is from";
  add (task, "token", MICRO_FINDING_FAILED, fix, "the API server does not accept it (%s)%s%s%s",
       reply->message, date != NULL ? expired ? "; it expired on " : "; it is good until " : "",
       date != NULL ? date : "",
       config->token_file != NULL ? "" : "; it is from the configuration");
}

/* Takes @task. */
static void
on_self (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  K8sRegistry *self = g_task_get_source_object (task);
  const KubeConfig *config = kube_client_get_config (self->client);
  Examination *examination = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeReply) reply = kube_client_request_finish (KUBE_CLIENT (source), result, &error);

  if (reply != NULL && reply->status == 201)
    examination->user = doctor_read_string (
        reply, (const char *const[]){ "status", "userInfo", "username", NULL });
  if (reply == NULL)
    add (task, "token", MICRO_FINDING_FAILED, "check what is said to be missing", "%s",
         error->message);
  else if (reply->status == 401)
    add_refused_token (task, reply);
  else if (reply->status == 403 && strstr (reply->message, "system:anonymous") != NULL)
    add (task, "token", MICRO_FINDING_FAILED,
         "give --registry-token-file, or a client certificate, or use kubectl proxy",
         "none was sent: to the API server we are system:anonymous");
  else
    {
      if (examination->user == NULL)
        examination->user = kube_identity_read_user (config);
      add (task, "token", MICRO_FINDING_OK, NULL, "%s%s%s",
           config->token == NULL && config->token_file == NULL && config->exec == NULL
                   && (config->cert_file != NULL || config->cert_data != NULL)
               ? "none, but the client certificate is accepted"
               : "accepted",
           examination->user != NULL ? ", as " : "",
           examination->user != NULL ? examination->user : "");
      collect_rights (task);
      ask_next_right (task);
      return;
    }
  add (task, "rights", MICRO_FINDING_SKIPPED, NULL, "only asked for with a token that is accepted");
  doctor_finish (task);
}

/* --- Reaching it --- */

static void
add_encryption (GTask *task)
{
  K8sRegistry *self = g_task_get_source_object (task);
  const KubeConfig *config = kube_client_get_config (self->client);
  gboolean plain = g_str_has_prefix (config->servers[0], "http:");
  gboolean near = strstr (config->servers[0], "//127.") != NULL
                  || strstr (config->servers[0], "//localhost") != NULL
                  || strstr (config->servers[0], "//[::1]") != NULL;

  if (plain)
    add (task, "TLS", near ? MICRO_FINDING_OK : MICRO_FINDING_WARNING,
         near ? NULL : "use the address with https, and the cluster's authority",
         "none: %s is plain HTTP%s", config->servers[0], near ? ", on this machine" : "");
  else if (config->insecure)
    add (task, "TLS", MICRO_FINDING_WARNING,
         "leave out --registry-insecure-skip-tls-verify, and give --registry-ca-file",
         "the certificate is not verified: anybody between can read and change what is said");
  else
    add (task, "TLS", MICRO_FINDING_OK, NULL, "the certificate is verified by %s",
         config->ca_file != NULL   ? config->ca_file
         : config->ca_data != NULL ? "the authority of the configuration"
                                   : "the authorities of this system");
}

static void
add_unreached (GTask *task, const GError *error)
{
  if (error->domain == G_TLS_ERROR)
    {
      K8sRegistry *self = g_task_get_source_object (task);

      add (task, "address", MICRO_FINDING_OK, NULL, "%s answers",
           kube_client_get_config (self->client)->servers[0]);
      add (task, "TLS", MICRO_FINDING_FAILED,
           "give the authority of this cluster as --registry-ca-file, or the name that the "
           "certificate is for",
           "%s", error->message);
    }
  else
    add (task, "address", MICRO_FINDING_FAILED,
         "check that address and port are right, and that no NetworkPolicy or proxy is between",
         "%s", error->message);
  add (task, "token and rights", MICRO_FINDING_SKIPPED, NULL, "the API server is not reached");
}

/* Takes @task. */
static void
on_version (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  K8sRegistry *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeReply) reply = kube_client_request_finish (KUBE_CLIENT (source), result, &error);
  g_autofree char *version = NULL;

  if (reply == NULL)
    {
      add_unreached (task, error);
      doctor_finish (task);
      return;
    }
  if (reply->status == 200)
    version = doctor_read_string (reply, (const char *const[]){ "gitVersion", NULL });
  add (task, "address", MICRO_FINDING_OK, NULL, "%s answers%s%s",
       kube_client_get_config (self->client)->servers[0], version != NULL ? ", Kubernetes " : "",
       version != NULL ? version : "");
  add_encryption (task);
  /* Of 1.28 and later; before, the answer still says whether the token is accepted, and the token
   * whose it is. */
  request (task, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
           "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}", on_self);
}

/* --- The slots --- */

void
k8s_doctor_async (MicroRegistry *registry,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  K8sRegistry *self = (K8sRegistry *) registry;
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Examination *examination = g_new0 (Examination, 1);
  const KubeConfig *config;
  g_autoptr (GError) error = NULL;

  examination->findings = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_finding_unref);
  examination->rights = g_ptr_array_new_with_free_func (k8s_right_free);
  g_task_set_task_data (task, examination, examination_free);
  if (!k8s_registry_start (self, &error))
    {
      add (task, "configuration", MICRO_FINDING_FAILED,
           "run it in a pod, set KUBECONFIG, or give --registry-address", "%s", error->message);
      doctor_finish (task);
      return;
    }
  config = kube_client_get_config (self->client);
  examination->serves
      = config->in_cluster || kube_identity_is_told (kube_own_pod_get_identity (self->own_pod));
  add (task, "configuration", MICRO_FINDING_OK, NULL, "%s, namespace %s", config->source,
       config->namespace_);
  request (task, "GET", "/version", NULL, on_version);
}
