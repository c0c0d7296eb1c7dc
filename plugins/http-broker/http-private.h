/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The parts of the HTTP broker: subscriptions, their server, their record, the others' records.
 */
#pragma once

#include <libsoup/soup.h>

#include <micro/micro-inbox.h>
#include <micro/micro-loop.h>
#include <micro/micro-metadata.h>
#include <micro/micro-registry.h>

G_BEGIN_DECLS

/* (go-micro v2.9 broker/http.go) The service that all subscribers are nodes of, and its version
 * for those without a queue; the others have the name of their queue there. */
#define HTTP_SERVICE "micro.http.broker"
#define HTTP_BROADCAST "ff.http.broadcast"
/* (RFC 6585, 4) libsoup 3.2 has no name for it. */
#define HTTP_TOO_MANY_REQUESTS 429

/* --- http-subscriptions.c: any thread --- */

typedef struct _HttpSubscriptions HttpSubscriptions;

HttpSubscriptions *http_subscriptions_new (guint queue_length);
HttpSubscriptions *http_subscriptions_ref (HttpSubscriptions *self);
void http_subscriptions_unref (HttpSubscriptions *self);
guint http_subscriptions_add (HttpSubscriptions *self,
                              const char *topic,
                              const char *queue,
                              MicroMessageFunc callback,
                              gpointer user_data,
                              GDestroyNotify destroy);
gboolean http_subscriptions_remove (HttpSubscriptions *self, guint id);
void http_subscriptions_remove_all (HttpSubscriptions *self);
/* For the node @id: NOT_FOUND, RESOURCE_EXHAUSTED; then nobody got it. */
gboolean http_subscriptions_deliver (HttpSubscriptions *self,
                                     const char *id,
                                     const char *topic,
                                     MicroMetadata *headers,
                                     GBytes *body,
                                     GError **error);
/* All topics in one record, as nodes at @address: (nullable) (transfer full). */
MicroService *http_subscriptions_get_record (HttpSubscriptions *self, const char *address);

/* --- http-receiver.c: made, used and freed on the broker's own loop --- */

typedef struct _HttpReceiver HttpReceiver;

HttpReceiver *http_receiver_new (HttpSubscriptions *subscriptions,
                                 gsize max_bytes,
                                 const char *address,
                                 GError **error);
void http_receiver_free (HttpReceiver *self);
const char *http_receiver_get_bound (HttpReceiver *self); /* "HOST:PORT" */

/* --- http-record.c: keeps our record in the registry; any thread --- */

typedef struct _HttpRecord HttpRecord;

HttpRecord *http_record_new (MicroRegistry *registry, GMainContext *context);
HttpRecord *http_record_ref (HttpRecord *self);
void http_record_unref (HttpRecord *self);
/* From now on @service (nullable) is what we serve. */
void http_record_set (HttpRecord *self, MicroService *service);
/* Calls @done in the registry's context once the registry has been told, or could not be. */
void http_record_flush (HttpRecord *self, GSourceFunc done, gpointer user_data);

/* --- http-peers.c: what others have registered; any thread --- */

typedef struct _HttpPeers HttpPeers;
/* In the registry's context: the records (element-type MicroService) or why there are none. */
typedef void (*HttpPeersFunc) (GPtrArray *services, const GError *error, gpointer user_data);

HttpPeers *http_peers_new (MicroRegistry *registry, GMainContext *context);
void http_peers_free (HttpPeers *self);
void http_peers_find (HttpPeers *self, HttpPeersFunc func, gpointer user_data);

/* --- http-publish.c: on the broker's own loop --- */

/* Sends the envelope to all it is for and returns the task.  Takes the task. */
void http_publish_start (SoupSession *session,
                         GTask *task,
                         GPtrArray *services,
                         const char *topic,
                         GBytes *envelope,
                         guint timeout_ms);

G_END_DECLS
