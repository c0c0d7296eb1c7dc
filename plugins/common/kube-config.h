/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Where the API server is and how to speak to it, as every Kubernetes client finds it out.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * KubeExec:
 *
 * A command that prints a credential (client.authentication.k8s.io/v1, v1beta1).
 */
typedef struct
{
  char *api_version;
  char **argv;
  char **environment; /* NAME=value, over ours */
  char *install_hint; /* (nullable) */
} KubeExec;

/**
 * KubeConfig:
 *
 * Made whole and not changed afterwards.  All strings but @source, @servers and @namespace_ are
 * nullable.
 */
typedef struct
{
  char *source;   /* for messages: a path, "the pod's service account", "--registry-address" */
  char **servers; /* https://host:port[/prefix], no slash at the end; at least one */
  char *namespace_;
  gboolean in_cluster;
  char *ca_file;
  char *ca_data; /* PEM */
  gboolean insecure;
  char *server_name; /* to verify instead of the host */
  char *proxy;       /* URL */
  char *token;
  char *token_file;
  char *cert_file;
  char *key_file;
  char *cert_data; /* PEM */
  char *key_data;
  KubeExec *exec;
} KubeConfig;

/**
 * KubeConfigOptions:
 *
 * What was given explicitly; %NULL where nothing was.  Borrowed.
 */
typedef struct
{
  const char *address; /* comma list of URLs */
  const char *ca_file;
  const char *token_file;
  const char *cert_file;
  const char *key_file;
  gboolean insecure;
  const char *kubeconfig; /* instead of $KUBECONFIG */
  const char *context;
  const char *service_account_dir; /* instead of the usual one */
} KubeConfigOptions;

#define KUBE_SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* The first that is there of: the address given, $KUBECONFIG, the pod's service account,
 * ~/.kube/config.  The error says what was tried. */
KubeConfig *kube_config_load (const KubeConfigOptions *options, GError **error);
/* Of one context of kubeconfig files, in the order of $KUBECONFIG (kube-kubeconfig.c). */
KubeConfig *kube_config_load_files (const char *const *paths, const char *context, GError **error);
KubeConfig *kube_config_new (void);
void kube_config_free (KubeConfig *self);
/* Appends a server to the list; "host:port" is https.  FALSE and error if it is no URL. */
gboolean kube_config_add_server (KubeConfig *self, const char *url, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeConfig, kube_config_free)

G_END_DECLS
