/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: publish and subscribe.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

#define MICRO_TYPE_BROKER (micro_broker_get_type ())
MICRO_API G_DECLARE_INTERFACE (MicroBroker, micro_broker, MICRO, BROKER, GObject)

    /* One message of @topic; @headers and @body are valid during the call-back. */
    typedef void (*MicroMessageFunc) (const char *topic,
                                      MicroMetadata *headers,
                                      GBytes *body,
                                      gpointer user_data);

/**
 * MicroBrokerInterface:
 * @connect_async: mandatory; reaches the broker
 * @publish_async: mandatory; at most once: finished means handed over, not received
 * @subscribe: mandatory; returns an id for unsubscribe, 0 on error; members of one @queue share
 *   the messages (nullable: each gets all)
 * @unsubscribe: mandatory
 */
struct _MicroBrokerInterface
{
  GTypeInterface parent_iface;

  void (*connect_async) (MicroBroker *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  gboolean (*connect_finish) (MicroBroker *self, GAsyncResult *result, GError **error);
  void (*publish_async) (MicroBroker *self,
                         const char *topic,
                         MicroMetadata *headers,
                         GBytes *body,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  gboolean (*publish_finish) (MicroBroker *self, GAsyncResult *result, GError **error);
  guint (*subscribe) (MicroBroker *self,
                      const char *topic,
                      const char *queue,
                      MicroMessageFunc callback,
                      gpointer user_data,
                      GDestroyNotify destroy,
                      GError **error);
  void (*unsubscribe) (MicroBroker *self, guint id);

  /*< private >*/
  gpointer reserved[8];
};

MICRO_API void micro_broker_connect_async (MicroBroker *self,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
MICRO_API gboolean micro_broker_connect_finish (MicroBroker *self,
                                                GAsyncResult *result,
                                                GError **error);
MICRO_API void micro_broker_publish_async (MicroBroker *self,
                                           const char *topic,
                                           MicroMetadata *headers,
                                           GBytes *body,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
MICRO_API gboolean micro_broker_publish_finish (MicroBroker *self,
                                                GAsyncResult *result,
                                                GError **error);
MICRO_API guint micro_broker_subscribe (MicroBroker *self,
                                        const char *topic,
                                        const char *queue,
                                        MicroMessageFunc callback,
                                        gpointer user_data,
                                        GDestroyNotify destroy,
                                        GError **error);
MICRO_API void micro_broker_unsubscribe (MicroBroker *self, guint id);

G_END_DECLS
