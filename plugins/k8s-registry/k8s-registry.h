/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry's object, for the files of this plugin.
 */
#pragma once

#include <micro/micro.h>

#include "kube-catalog.h"
#include "kube-own-pod.h"

G_BEGIN_DECLS

typedef enum
{
  K8S_DISCOVERY_PODS,
  K8S_DISCOVERY_ENDPOINTS,
  K8S_DISCOVERY_BOTH
} K8sDiscovery;

typedef enum
{
  K8S_REGISTER_PATCH,
  K8S_REGISTER_STATIC
} K8sRegister;

typedef enum
{
  K8S_READY_CONDITION,
  K8S_READY_RUNNING
} K8sReady;

typedef struct
{
  GObject parent_instance;

  char *address, *namespaces, *ca_file, *token_file, *cert_file, *key_file;
  char *context, *pod_name, *container, *zone;
  int discovery, registering, ready, family;
  gboolean insecure, stream_lists;
  guint timeout_ms, idle_timeout_s;

  KubeClient *client; /* (nullable): before the first use, with the two below */
  KubeCatalog *catalog;
  KubeOwnPod *own_pod;
} K8sRegistry;

GType k8s_registry_get_type (void);
void k8s_options_install (GObjectClass *klass);
void k8s_options_free (K8sRegistry *self);
/* Reads the configuration, once. */
gboolean k8s_registry_start (K8sRegistry *self, GError **error);
/* (transfer full) (nullable): those to look in, NULL for all; after the start. */
char **k8s_registry_get_namespaces (K8sRegistry *self);

G_END_DECLS
