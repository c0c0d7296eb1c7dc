/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Speaks HTTP to the API server: requests, and streams of lists and watches.
 */
#pragma once

#include <libsoup/soup.h>

#include "kube-config.h"

G_BEGIN_DECLS

#define KUBE_TYPE_CLIENT (kube_client_get_type ())
G_DECLARE_FINAL_TYPE (KubeClient, kube_client, KUBE, CLIENT, GObject)

/**
 * KubeReply:
 * @status: of HTTP
 * @body: followed by a NUL; empty for a stream
 * @retry_after_ms: what the server asks for; 0 if nothing
 * @reason: of a Kubernetes Status, such as "Expired"; (nullable)
 * @message: of it, or the body if that is plain text; never %NULL
 * @cause: the reason of the Status' first cause; (nullable)
 * @stream: (nullable): the body, for kube_client_open_async() and a status of 200
 */
typedef struct
{
  guint status;
  char *body;
  gsize length;
  guint retry_after_ms;
  char *reason;
  char *message;
  char *cause;
  GInputStream *stream;
} KubeReply;

/* What the head of an answer says. */
KubeReply *kube_reply_new (SoupMessage *message);
/* Copies @data, and reads the reason of a refusal from it. */
void kube_reply_set_body (KubeReply *self, SoupMessage *message, const char *data, gsize length);
void kube_reply_free (KubeReply *self);
/* Also of an ERROR event of a watch: fills reason, message, cause; returns its code or 0. */
guint kube_reply_read_status (KubeReply *self, const char *json, gsize length);

/* Made and used on one thread, with its context.  Takes @config. */
KubeClient *kube_client_new (KubeConfig *config, GError **error);
const KubeConfig *kube_client_get_config (KubeClient *self);
/* After so many seconds without a byte a watch fails; 180 unless set (an idle one is sent its
 * first bookmark after 120).  Before the first request. */
void kube_client_set_idle_timeout (KubeClient *self, guint seconds);
/* Whether lists are asked for as streams, of who can send them so.  Before the first request. */
void kube_client_set_stream_lists (KubeClient *self, gboolean stream);
gboolean kube_client_get_stream_lists (KubeClient *self);

/* @path with its query.  Any answer is a success; FALSE means that there was none. */
void kube_client_request_async (KubeClient *self,
                                const char *method,
                                const char *path,
                                const char *content_type,
                                const char *body,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
KubeReply *kube_client_request_finish (KubeClient *self, GAsyncResult *result, GError **error);
void kube_client_open_async (KubeClient *self,
                             const char *path,
                             gboolean is_watch,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
KubeReply *kube_client_open_finish (KubeClient *self, GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeReply, kube_reply_free)

G_END_DECLS
