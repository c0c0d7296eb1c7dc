/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Who is trusted and who we are, from files that may be replaced while we run.
 */
#pragma once

#include "kube-config.h"

G_BEGIN_DECLS

/**
 * KubeTls:
 *
 * What was read.  @database is %NULL when no authority was given: then the system's are meant.
 */
typedef struct
{
  GTlsDatabase *database;
  GTlsCertificate *certificate; /* (nullable): ours, with its key */
  char *digest;                 /* of all that was read */
} KubeTls;

KubeTls *kube_tls_load (const KubeConfig *config, GError **error);
void kube_tls_free (KubeTls *self);
/* One sentence on what is wrong with the server's certificate; (transfer full). */
char *kube_tls_describe (GTlsCertificateFlags flags, const KubeConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeTls, kube_tls_free)

G_END_DECLS
