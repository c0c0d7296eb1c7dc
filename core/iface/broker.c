/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The broker interface's wrappers.
 */
#include "config.h"

#include "iface/contract.h"
#include <micro/micro-broker.h>

G_DEFINE_INTERFACE (MicroBroker, micro_broker, G_TYPE_OBJECT)

static gboolean
broker_finish_boolean (MicroBroker *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
micro_broker_default_init (MicroBrokerInterface *iface)
{
  iface->connect_finish = broker_finish_boolean;
  iface->publish_finish = broker_finish_boolean;
  iface->close_finish = broker_finish_boolean;
}

/**
 * micro_broker_set_registry:
 * @self: a broker that has done nothing yet
 * @registry: (transfer none): where other processes of the broker are found
 * @context: the context of the thread that owns @registry, which is running
 *
 * Before anything else, for brokers without a server between; the others ignore it.
 */
void
micro_broker_set_registry (MicroBroker *self, MicroRegistry *registry, GMainContext *context)
{
  g_return_if_fail (MICRO_IS_BROKER (self) && MICRO_IS_REGISTRY (registry) && context != NULL);
  if (MICRO_BROKER_GET_IFACE (self)->set_registry != NULL)
    MICRO_BROKER_GET_IFACE (self)->set_registry (self, registry, context);
}

/**
 * micro_broker_connect_async:
 * @self: a broker
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Makes ready what publishing and subscribing need.  Publishing and subscribing do it by
 * themselves; who waits for it learns what cannot be mended by waiting.  Any thread.
 */
void
micro_broker_connect_async (MicroBroker *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (MICRO_IS_BROKER (self));
  MICRO_BROKER_GET_IFACE (self)->connect_async (self, cancellable, callback, user_data);
}

/**
 * micro_broker_connect_finish:
 * @self: a broker
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: whether it can work; a server that is down for now is no error: it is tried for ever
 */
gboolean
micro_broker_connect_finish (MicroBroker *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  gboolean got = MICRO_BROKER_GET_IFACE (self)->connect_finish (self, result, &local);

  return micro_keep_boolean (self, got, local, error);
}

/**
 * micro_broker_publish_async:
 * @self: a broker
 * @topic: what the message is about
 * @headers: (nullable): string pairs to go with it
 * @body: the message
 * @cancellable: (nullable): ends the wait; the message may have left
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Publishes a message at most once.  Any thread; completes in the caller's thread-default context.
 */
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

/**
 * micro_broker_publish_finish:
 * @self: a broker
 * @result: what the call-back got
 * @error: return location; %MICRO_STATUS_RESOURCE_EXHAUSTED when a queue is full,
 *   %MICRO_STATUS_UNAVAILABLE when somebody could not be reached
 *
 * Returns: whether the message was handed over, which is not that it was handled; after an error
 *   some subscribers may have it
 */
gboolean
micro_broker_publish_finish (MicroBroker *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  gboolean got = MICRO_BROKER_GET_IFACE (self)->publish_finish (self, result, &local);

  return micro_keep_boolean (self, got, local, error);
}

/**
 * micro_broker_subscribe:
 * @self: a broker
 * @topic: what to hear about
 * @queue: (nullable): the name of a group of which one gets each message; %NULL: get each
 * @callback: gets the messages, in the caller's thread-default context, one after the other
 * @user_data: for @callback
 * @destroy: (nullable): runs when no call-back will come any more
 * @error: return location
 *
 * Any thread.  On an error @destroy has not run and will not.
 *
 * Returns: an id for micro_broker_unsubscribe(); 0 on error
 */
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

/**
 * micro_broker_unsubscribe:
 * @self: a broker
 * @id: of a subscription; one that has gone is ignored
 *
 * Ends a subscription and drops what waits for it.  In the context of its call-back none comes
 * after this; one that runs on another thread ends first.
 */
void
micro_broker_unsubscribe (MicroBroker *self, guint id)
{
  g_return_if_fail (MICRO_IS_BROKER (self));
  MICRO_BROKER_GET_IFACE (self)->unsubscribe (self, id);
}

/**
 * micro_broker_close_async:
 * @self: a broker
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Ends all subscriptions, and tells the other processes so.
 */
void
micro_broker_close_async (MicroBroker *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (MICRO_IS_BROKER (self));
  if (MICRO_BROKER_GET_IFACE (self)->close_async != NULL)
    {
      MICRO_BROKER_GET_IFACE (self)->close_async (self, cancellable, callback, user_data);
      return;
    }
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, micro_broker_close_async);
  g_task_return_boolean (task, TRUE);
}

/**
 * micro_broker_close_finish:
 * @self: a broker
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: whether all has ended as it should
 */
gboolean
micro_broker_close_finish (MicroBroker *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  gboolean got;

  if (g_async_result_is_tagged (result, micro_broker_close_async))
    return g_task_propagate_boolean (G_TASK (result), error);
  got = MICRO_BROKER_GET_IFACE (self)->close_finish (self, result, &local);
  return micro_keep_boolean (self, got, local, error);
}
