/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the TLS module share.
 */
#pragma once

#include <gnutls/gnutls.h>

#include "grpc-tls.h"

G_BEGIN_DECLS

struct _GrpcTlsKeys
{
  gatomicrefcount count;
  gnutls_certificate_credentials_t credentials;
  gnutls_datum_t ticket_key;
  gboolean has_certificate;
};

/* --- grpc-tls-files.c --- */
GrpcTlsFiles *grpc_tls_files_new (const GrpcTlsOptions *options, GQuark domain, GError **error);
void grpc_tls_files_free (GrpcTlsFiles *self);
GrpcTlsKeys *grpc_tls_files_get_keys (GrpcTlsFiles *self);
const GrpcTlsOptions *grpc_tls_files_get_options (GrpcTlsFiles *self);
gboolean grpc_tls_files_may_report (GrpcTlsFiles *self, const char *peer);
GrpcTlsKeys *grpc_tls_keys_ref (GrpcTlsKeys *self);
void grpc_tls_keys_unref (GrpcTlsKeys *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GrpcTlsFiles, grpc_tls_files_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GrpcTlsKeys, grpc_tls_keys_unref)

/* --- grpc-tls-problem.c --- */
/* What GnuTLS's @code means to the person at the terminal; (transfer full). */
char *grpc_tls_explain (gnutls_session_t session,
                        gboolean server,
                        const char *name,
                        const GrpcTlsOptions *options,
                        int code);

/* --- grpc-tls-peer.c --- */
/* The first URI, DNS name or common name; (transfer full) (nullable). */
char *grpc_tls_name_of (const gnutls_datum_t *der);

G_END_DECLS
