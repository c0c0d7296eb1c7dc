/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * TLS on memory buffers, and the files it takes its keys from: a module of its own, so that only
 * who uses TLS loads GnuTLS, which is 2 MB and eight libraries.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/**
 * GrpcTlsOptions:
 *
 * The transport's properties about TLS, as they were given.
 */
typedef struct
{
  char *cert_file;
  char *key_file;
  char *ca_file;
  char *server_name; /* what a called server's certificate must be for, instead of its host */
  gboolean calls;    /* TLS for calls, even without a file */
  gboolean verify_clients;
} GrpcTlsOptions;

/* What the files are read into, and watched by; one reading of them, counted; a session. */
typedef struct _GrpcTlsFiles GrpcTlsFiles;
typedef struct _GrpcTlsKeys GrpcTlsKeys;
typedef struct _GrpcTls GrpcTls;

typedef enum
{
  GRPC_TLS_FAILED = -1,
  GRPC_TLS_MORE,
  GRPC_TLS_DONE
} GrpcTlsStep;

/**
 * GrpcTlsEngine:
 *
 * The module's functions.
 */
typedef struct
{
  /* --- grpc-tls-files.c --- */
  /* Its errors are of @domain, with codes of MicroStatus. */
  GrpcTlsFiles *(*files_new) (const GrpcTlsOptions *options, GQuark domain, GError **error);
  void (*files_free) (GrpcTlsFiles *self);
  /* The newest keys that are whole; looks whether the files have changed.  Any thread. */
  GrpcTlsKeys *(*files_get_keys) (GrpcTlsFiles *self);
  const GrpcTlsOptions *(*files_get_options) (GrpcTlsFiles *self);
  /* Not more than once a minute for a peer.  Any thread. */
  gboolean (*files_may_report) (GrpcTlsFiles *self, const char *peer);
  GrpcTlsKeys *(*keys_ref) (GrpcTlsKeys *self);
  void (*keys_unref) (GrpcTlsKeys *self);

  /* --- grpc-tls.c --- */
  /* @options and @out outlive it; records are appended to @out.  A client's has a @host, and a
   * @ticket (nullable) of an earlier session with it. */
  GrpcTls *(*new) (const GrpcTlsOptions *options,
                   GrpcTlsKeys *keys,
                   const char *host,
                   GBytes *ticket,
                   GByteArray *out);
  void (*free) (GrpcTls *self);
  /* Bytes off the socket, to be used up by handshake or read before they go away. */
  void (*feed) (GrpcTls *self, const guint8 *data, gsize length);
  GrpcTlsStep (*handshake) (GrpcTls *self);
  /* How much plain text there was, 0 when more bytes are needed, -1 when it is over. */
  gssize (*read) (GrpcTls *self, guint8 *buffer, gsize size);
  gboolean (*write) (GrpcTls *self, const guint8 *data, gsize length);
  void (*close) (GrpcTls *self);
  /* Why it failed: the end of "cannot connect to X: …" or "refused X: …". */
  const char *(*get_problem) (GrpcTls *self);
  GBytes *(*get_ticket) (GrpcTls *self);
  GrpcTlsKeys *(*get_keys) (GrpcTls *self);
  /* The certificate that was verified, and whom it names; both (nullable) (transfer full). */
  GBytes *(*get_peer) (GrpcTls *self, char **ret_identity);
} GrpcTlsEngine;

/* What the module exports. */
G_MODULE_EXPORT extern const GrpcTlsEngine grpc_tls_engine;

/* NULL until grpc_tls_load() has worked. */
extern const GrpcTlsEngine *grpc_tls;

/* Any thread. */
gboolean grpc_tls_load (GError **error);

G_END_DECLS
