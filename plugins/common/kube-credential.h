/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The bearer token of the moment: given, in a file that rotates, or printed by a command.
 */
#pragma once

#include "kube-config.h"

G_BEGIN_DECLS

#define KUBE_TYPE_CREDENTIAL (kube_credential_get_type ())
G_DECLARE_FINAL_TYPE (KubeCredential, kube_credential, KUBE, CREDENTIAL, GObject)

/* @config must live as long. */
KubeCredential *kube_credential_new (KubeConfig *config);

/* One thread, in its context.  Concurrent calls share one run of the command. */
void kube_credential_get_async (KubeCredential *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/* FALSE with @error if there should be a token and is none; a token that is not needed is NULL. */
gboolean kube_credential_get_finish (KubeCredential *self,
                                     GAsyncResult *result,
                                     char **ret_token,
                                     GError **error);
/* The API server answered 401 to @token: whether it is worth asking again at once. */
gboolean kube_credential_refused (KubeCredential *self, const char *token);
/* (nullable) (transfer none): certificate and key that the command printed. */
GTlsCertificate *kube_credential_get_certificate (KubeCredential *self);

G_END_DECLS
