/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: publish and subscribe.
 */
#pragma once

#include <micro/micro-registry.h>

G_BEGIN_DECLS

struct ProtobufCMessage;

#define MICRO_TYPE_BROKER (micro_broker_get_type ())
MICRO_API G_DECLARE_INTERFACE (MicroBroker, micro_broker, MICRO, BROKER, GObject)

    /**
     * MicroMessageFunc:
     * @topic: what the message was published to
     * @headers: (nullable): its headers, as they were sent
     * @body: its body
     *
     * A message.  All are valid during the call-back, which may take references.  While it runs,
     * the messages behind it wait in the subscriber's queue.
     */
    typedef void (*MicroMessageFunc) (const char *topic,
                                      MicroMetadata *headers,
                                      GBytes *body,
                                      gpointer user_data);

/**
 * MicroBrokerInterface:
 * @connect_async: mandatory; makes ready what publishing and subscribing need; twice is once
 * @publish_async: mandatory; any thread; copies or references what it needs before it returns
 * @subscribe: mandatory; any thread, also before the broker is connected; calls back in the
 *   thread-default context of the caller; an id for unsubscribe, 0 on error
 * @unsubscribe: mandatory; any thread
 * @set_registry: (nullable): where other processes are found; before all else; the registry is
 *   used in @context only
 * @close_async: (nullable): the end: takes leave of the others, then completes
 *
 * A broker that completes them with a GTask needs no *_finish of its own.
 *
 * Every broker promises the same.  Delivery is at most once: a message is never delivered twice to
 * a subscriber, and it is lost when what carries it fails.  Nothing is stored, so who subscribes
 * later does not see it.  Each subscriber without a queue gets each message; of those that share
 * the name of a @queue, one does.  A topic that nobody has subscribed to is not an error.
 *
 * A subscriber has a queue of bounded length (MicroInbox).  What does not fit is not waited for:
 * where the broker can tell the publisher, publishing fails with %MICRO_STATUS_RESOURCE_EXHAUSTED,
 * elsewhere the message is lost and the subscriber's log says how many.  Each broker's page says
 * which.
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
  void (*set_registry) (MicroBroker *self, MicroRegistry *registry, GMainContext *context);
  void (*close_async) (MicroBroker *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  gboolean (*close_finish) (MicroBroker *self, GAsyncResult *result, GError **error);

  /*< private >*/
  gpointer reserved[5];
};

MICRO_API void
micro_broker_set_registry (MicroBroker *self, MicroRegistry *registry, GMainContext *context);
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
/* Finished by micro_broker_publish_finish(). */
MICRO_API void micro_broker_publish_message_async (MicroBroker *self,
                                                   const char *topic,
                                                   const struct ProtobufCMessage *message,
                                                   MicroMetadata *headers,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
MICRO_API guint micro_broker_subscribe (MicroBroker *self,
                                        const char *topic,
                                        const char *queue,
                                        MicroMessageFunc callback,
                                        gpointer user_data,
                                        GDestroyNotify destroy,
                                        GError **error);
MICRO_API void micro_broker_unsubscribe (MicroBroker *self, guint id);
MICRO_API void micro_broker_close_async (MicroBroker *self,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
MICRO_API gboolean micro_broker_close_finish (MicroBroker *self,
                                              GAsyncResult *result,
                                              GError **error);

G_END_DECLS
