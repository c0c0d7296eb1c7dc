/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The broker interface's wrappers.
 */
#include "config.h"

#include <micro/micro-broker.h>

G_DEFINE_INTERFACE (MicroBroker, micro_broker, G_TYPE_OBJECT)

static void
micro_broker_default_init (MicroBrokerInterface *iface)
{
  (void) iface;
}

void
micro_broker_connect_async (MicroBroker *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (MICRO_IS_BROKER (self));
  MICRO_BROKER_GET_IFACE (self)->connect_async (self, cancellable, callback, user_data);
}

gboolean
micro_broker_connect_finish (MicroBroker *self, GAsyncResult *result, GError **error)
{
  return MICRO_BROKER_GET_IFACE (self)->connect_finish (self, result, error);
}

void
micro_broker_publish_async (MicroBroker *self,
                            const char *topic,
                            MicroMetadata *headers,
                            GBytes *body,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (MICRO_IS_BROKER (self) && topic != NULL && body != NULL);
  MICRO_BROKER_GET_IFACE (self)->publish_async (self, topic, headers, body, cancellable, callback,
                                                user_data);
}

gboolean
micro_broker_publish_finish (MicroBroker *self, GAsyncResult *result, GError **error)
{
  return MICRO_BROKER_GET_IFACE (self)->publish_finish (self, result, error);
}

guint
micro_broker_subscribe (MicroBroker *self,
                        const char *topic,
                        const char *queue,
                        MicroMessageFunc callback,
                        gpointer user_data,
                        GDestroyNotify destroy,
                        GError **error)
{
  g_return_val_if_fail (MICRO_IS_BROKER (self) && topic != NULL && callback != NULL, 0);
  return MICRO_BROKER_GET_IFACE (self)->subscribe (self, topic, queue, callback, user_data, destroy,
                                                   error);
}

void
micro_broker_unsubscribe (MicroBroker *self, guint id)
{
  g_return_if_fail (MICRO_IS_BROKER (self));
  MICRO_BROKER_GET_IFACE (self)->unsubscribe (self, id);
}
