/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Where the API server is and how to speak to it, as every Kubernetes client finds it out.
 */
#include "config.h"

#include <string.h>

#include "kube-config.h"

/* --- Given explicitly --- */

static KubeConfig *
load_address (const KubeConfigOptions *options, GError **error)
{
  g_autoptr (KubeConfig) self = kube_config_new ();
  g_auto (GStrv) addresses = g_strsplit (options->address, ",", -1);

  self->source = g_strdup ("--registry-address");
  for (char **address = addresses; *address != NULL; address++)
    if (*g_strstrip (*address) != '\0' && !kube_config_add_server (self, *address, error))
      return NULL;
  if (self->servers[0] == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "--registry-address names no API server");
      return NULL;
    }
  self->namespace_ = g_strdup ("default");
  return g_steal_pointer (&self);
}

/* --- In a pod --- */

static char *
read_trimmed (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  return g_strstrip (text);
}

static KubeConfig *
load_in_cluster (const char *folder, GError **error)
{
  g_autoptr (KubeConfig) self = kube_config_new ();
  const char *host = g_getenv ("KUBERNETES_SERVICE_HOST");
  const char *port = g_getenv ("KUBERNETES_SERVICE_PORT");
  gboolean bracket = strchr (host, ':') != NULL && *host != '[';
  g_autofree char *url = NULL;

  url = g_strdup_printf ("https://%s%s%s:%s", bracket ? "[" : "", host, bracket ? "]" : "", port);
  if (!kube_config_add_server (self, url, error))
    {
      g_prefix_error (error, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: ");
      return NULL;
    }
  self->in_cluster = TRUE;
  self->source = g_strdup ("the pod's service account");
  self->token_file = g_build_filename (folder, "token", NULL);
  self->ca_file = g_build_filename (folder, "ca.crt", NULL);
  self->namespace_ = read_trimmed (folder, "namespace");
  if (self->namespace_ == NULL || *self->namespace_ == '\0')
    {
      g_free (self->namespace_);
      self->namespace_ = g_strdup ("default");
    }
  /* Without it every certificate of a public authority would do. */
  if (!g_file_test (self->ca_file, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "%s is missing, so the API server cannot be told from an impostor; mount the "
                   "service account's volume whole or give --registry-ca-file",
                   self->ca_file);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static gboolean
is_set (const char *variable)
{
  const char *value = g_getenv (variable);

  return value != NULL && *value != '\0';
}

static gboolean
is_in_cluster (const char *folder)
{
  g_autofree char *token = g_build_filename (folder, "token", NULL);

  return is_set ("KUBERNETES_SERVICE_HOST") && is_set ("KUBERNETES_SERVICE_PORT")
         && g_file_test (token, G_FILE_TEST_EXISTS);
}

/* --- Which --- */

static KubeConfig *
config_choose (const KubeConfigOptions *options, GError **error)
{
  const char *folder = options->service_account_dir != NULL ? options->service_account_dir
                                                            : KUBE_SERVICE_ACCOUNT_DIR;
  const char *list = options->kubeconfig != NULL ? options->kubeconfig : g_getenv ("KUBECONFIG");
  g_autofree char *usual = g_build_filename (g_get_home_dir (), ".kube", "config", NULL);
  g_autofree char *token = g_build_filename (folder, "token", NULL);

  if (options->address != NULL && *options->address != '\0')
    return load_address (options, error);
  if (list != NULL && *list != '\0')
    {
      g_auto (GStrv) paths = g_strsplit (list, G_SEARCHPATH_SEPARATOR_S, -1);

      return kube_config_load_files ((const char *const *) paths, options->context, error);
    }
  if (is_in_cluster (folder))
    return load_in_cluster (folder, error);
  if (g_file_test (usual, G_FILE_TEST_EXISTS))
    return kube_config_load_files ((const char *const[]){ usual, NULL }, options->context, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "no Kubernetes cluster is configured: no --registry-address, no KUBECONFIG, "
               "KUBERNETES_SERVICE_HOST is %s, %s/token is %s, and there is no %s; for a first try "
               "run kubectl proxy and give --registry-address=http://127.0.0.1:8001",
               is_set ("KUBERNETES_SERVICE_HOST") ? "set" : "not set", folder,
               g_file_test (token, G_FILE_TEST_EXISTS)    ? "there"
               : g_file_test (folder, G_FILE_TEST_IS_DIR) ? "not there"
                                                          : "not mounted",
               usual);
  return NULL;
}

static void
config_replace (char **member, char **instead, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_free (*member);
  *member = g_strdup (value);
  g_clear_pointer (instead, g_free);
}

KubeConfig *
kube_config_load (const KubeConfigOptions *options, GError **error)
{
  g_autoptr (KubeConfig) self = config_choose (options, error);

  if (self == NULL)
    return NULL;
  config_replace (&self->ca_file, &self->ca_data, options->ca_file);
  config_replace (&self->token_file, &self->token, options->token_file);
  config_replace (&self->cert_file, &self->cert_data, options->cert_file);
  config_replace (&self->key_file, &self->key_data, options->key_file);
  self->insecure |= options->insecure;
  if (self->insecure)
    g_warning ("the certificate of %s is not verified (%s): anybody between can read and change "
               "what is said",
               self->servers[0], self->source);
  return g_steal_pointer (&self);
}
