/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry's parts, made of its options at the first use.
 */
#include "config.h"

#include <string.h>

#include "k8s-registry.h"

/* "*" is all, nothing is our own. */
char **
k8s_registry_get_namespaces (K8sRegistry *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit (self->namespaces != NULL ? self->namespaces : "", ",", -1);
  gboolean any = FALSE;

  for (char **part = parts; *part != NULL; part++)
    {
      g_strstrip (*part);
      if (strcmp (*part, "*") == 0)
        return NULL;
      if (**part == '\0')
        continue;
      g_strv_builder_add (builder, *part);
      any = TRUE;
    }
  if (!any)
    g_strv_builder_add (builder, kube_client_get_config (self->client)->namespace_);
  return g_strv_builder_end (builder);
}

/* The cluster's own choice, unless told otherwise. */
static int
guess_family (const char *server)
{
  return strchr (server, '[') != NULL ? 6 : 4;
}

static KubeCatalog *
make_catalog (K8sRegistry *self)
{
  const KubeConfig *config = kube_client_get_config (self->client);
  g_auto (GStrv) namespaces = k8s_registry_get_namespaces (self);
  KubeCatalogOptions options = { 0 };

  options.pods = self->discovery != K8S_DISCOVERY_ENDPOINTS;
  options.slices = self->discovery != K8S_DISCOVERY_PODS;
  options.namespaces = (const char *const *) namespaces;
  options.ready_when_running = self->ready == K8S_READY_RUNNING;
  options.family = self->family != 0 ? self->family : guess_family (config->servers[0]);
  options.zone = self->zone != NULL && *self->zone != '\0' ? self->zone : NULL;
  return kube_catalog_new (self->client, &options);
}

/* At the first use: a wrong configuration is then that call's error, and may be right the next
 * time. */
gboolean
k8s_registry_start (K8sRegistry *self, GError **error)
{
  KubeConfigOptions options = { 0 };
  KubeConfig *config;
  KubeIdentity *identity;

  if (self->client != NULL)
    return TRUE;
  options.address = self->address;
  options.ca_file = self->ca_file;
  options.token_file = self->token_file;
  options.cert_file = self->cert_file;
  options.key_file = self->key_file;
  options.insecure = self->insecure;
  options.context = self->context;
  config = kube_config_load (&options, error);
  if (config == NULL)
    return FALSE;
  identity = kube_identity_new (config, self->pod_name);
  self->client = kube_client_new (config, error);
  if (self->client == NULL)
    {
      kube_identity_free (identity);
      return FALSE;
    }
  g_info ("API server %s (%s)", config->servers[0], config->source);
  kube_client_set_idle_timeout (self->client, self->idle_timeout_s);
  kube_client_set_stream_lists (self->client, self->stream_lists);
  self->catalog = make_catalog (self);
  self->own_pod = kube_own_pod_new (self->client, identity, self->container,
                                    self->registering == K8S_REGISTER_STATIC);
  return TRUE;
}
