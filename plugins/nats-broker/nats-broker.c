/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: messages through NATS servers, in go-micro's envelope.
 */
#include "config.h"

#include <micro/micro-error.h>
#include <micro/micro-plugin.h>

#include "../common/broker-envelope.h"
#include "nats-private.h"

typedef struct
{
  GObject parent_instance;

  char *address;
  guint queue_length;
  guint max_bytes;
  guint timeout_ms;

  GMutex reviving; /* before @mutex: one connection after the other */
  GMutex mutex;
  natsConnection *connection; /* (nullable): the outbox's */
  NatsOutbox *outbox;         /* (nullable) */
  GHashTable *subscriptions;  /* id → Subscription */
  guint last_id;
} NatsBroker;

typedef struct
{
  GObjectClass parent_class;
} NatsBrokerClass;

/* What the library's thread has of a subscription. */
typedef struct
{
  MicroInbox *inbox;
  char *topic;
  guint64 lost; /* since it was last said */
} Delivery;

typedef struct
{
  natsSubscription *subscription; /* (nullable): while there is no connection at all */
  char *topic;
  char *queue; /* (nullable) */
  MicroInbox *inbox;
} Subscription;

enum
{
  PROP_ADDRESS = 1,
  PROP_QUEUE_LENGTH,
  PROP_MAX_BYTES,
  PROP_TIMEOUT_MS
};

static GType nats_broker_get_type (void);
static void nats_broker_iface_init (MicroBrokerInterface *iface);

G_DEFINE_TYPE_WITH_CODE (NatsBroker,
                         nats_broker,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_BROKER, nats_broker_iface_init))

/* --- Receiving, on a thread of the library --- */

static void
delivery_free (void *data)
{
  Delivery *self = data;

  micro_inbox_unref (self->inbox);
  g_free (self->topic);
  g_free (self);
}

static void
count_lost (Delivery *self)
{
  self->lost++;
  if (self->lost == 1)
    g_message ("topic “%s”: the queue of the subscriber is full, and messages are lost",
               self->topic);
}

static void
nats_broker_on_message (natsConnection *connection,
                        natsSubscription *subscription,
                        natsMsg *message,
                        void *data)
{
  Delivery *self = data;
  g_autoptr (MicroMetadata) headers = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = broker_envelope_unpack (
      natsMsg_GetData (message), (gsize) natsMsg_GetDataLength (message), &headers, &error);

  if (body == NULL)
    g_message ("topic “%s”: a message was dropped: %s", natsMsg_GetSubject (message),
               error->message);
  else if (!micro_inbox_push (self->inbox, natsMsg_GetSubject (message), headers, body))
    count_lost (self);
  else if (self->lost > 0)
    {
      g_message ("topic “%s”: there is room again; %" G_GUINT64_FORMAT " messages were lost",
                 self->topic, self->lost);
      self->lost = 0;
    }
  natsMsg_Destroy (message);
}

/* --- Subscriptions --- */

static void
nats_subscription_free (gpointer data)
{
  Subscription *self = data;

  if (self->subscription != NULL)
    natsSubscription_Unsubscribe (self->subscription);
  natsSubscription_Destroy (self->subscription);
  micro_inbox_close (self->inbox);
  micro_inbox_unref (self->inbox);
  g_free (self->topic);
  g_free (self->queue);
  g_free (self);
}

/* Under the mutex.  Subscribes anew where it was subscribed before. */
static natsStatus
subscription_make (Subscription *self, natsConnection *connection)
{
  Delivery *delivery = g_new0 (Delivery, 1);
  natsStatus status;

  natsSubscription_Destroy (g_steal_pointer (&self->subscription));
  delivery->inbox = micro_inbox_ref (self->inbox);
  delivery->topic = g_strdup (self->topic);
  status = self->queue != NULL
               ? natsConnection_QueueSubscribe (&self->subscription, connection, self->topic,
                                                self->queue, nats_broker_on_message, delivery)
               : natsConnection_Subscribe (&self->subscription, connection, self->topic,
                                           nats_broker_on_message, delivery);
  if (status == NATS_OK)
    status = natsSubscription_SetOnCompleteCB (self->subscription, delivery_free, delivery);
  if (status == NATS_OK)
    return NATS_OK;
  /* The connection has been closed in between, before a message could come. */
  natsSubscription_Destroy (g_steal_pointer (&self->subscription));
  delivery_free (delivery);
  return natsConnection_IsClosed (connection) ? NATS_CONNECTION_CLOSED : status;
}

/* --- The connection --- */

/* The library gives a server up that refuses us twice, and at once if that was at the beginning. */
#define AGAIN_MS 1000

static void nats_broker_on_closed (gpointer data);

/* The link of a broker that may be gone when it is closed. */
typedef struct
{
  NatsLink link;
  GWeakRef broker;
} Watch;

static void
nats_broker_watch_free (Watch *self)
{
  g_weak_ref_clear (&self->broker);
  g_free (self);
}

/* @told: what its link is to know. */
static natsConnection *
connect_to_servers (NatsBroker *self, gboolean told, gboolean *refused, GError **error)
{
  Watch *watch = g_new0 (Watch, 1);
  natsConnection *connection;

  watch->link = (NatsLink){ nats_broker_on_closed, watch, told };
  g_weak_ref_init (&watch->broker, self);
  connection = nats_link_connect (self->address, self->timeout_ms, &watch->link, refused, error);
  if (connection == NULL)
    nats_broker_watch_free (watch);
  return connection;
}

static void
revive (NatsBroker *self, gboolean told)
{
  g_autoptr (GMutexLocker) locked = g_mutex_locker_new (&self->reviving);
  g_autoptr (GError) error = NULL;
  gboolean refused = TRUE; /* the library gives nothing else up */
  natsConnection *connection = connect_to_servers (self, told, &refused, &error);
  GHashTableIter iter;
  gpointer one;

  if (connection == NULL)
    {
      g_warning ("%s; messages do not come any more", error->message);
      return;
    }
  g_mutex_lock (&self->mutex);
  self->connection = connection;
  g_hash_table_iter_init (&iter, self->subscriptions);
  while (g_hash_table_iter_next (&iter, NULL, &one))
    subscription_make (one, connection); /* else this one is closed too, and it is made again */
  g_mutex_unlock (&self->mutex);
  nats_outbox_replace (self->outbox, connection, refused);
}

static gpointer
wait_and_revive (gpointer data)
{
  Watch *watch = data;
  g_autoptr (GObject) broker = NULL;

  g_usleep (AGAIN_MS * 1000);
  broker = g_weak_ref_get (&watch->broker);
  if (broker != NULL)
    revive ((NatsBroker *) broker, g_atomic_int_get (&watch->link.told));
  nats_broker_watch_free (watch);
  return NULL;
}

/* The servers have been given up, and what was subscribed there; or the broker is gone. */
static void
nats_broker_on_closed (gpointer data)
{
  Watch *watch = data;
  g_autoptr (GObject) broker = g_weak_ref_get (&watch->broker);

  if (broker != NULL)
    g_thread_unref (g_thread_new ("nats-broker again", wait_and_revive, watch));
  else
    nats_broker_watch_free (watch);
}

/* Under the mutex. */
static gboolean
ensure_connection (NatsBroker *self, GError **error)
{
  gboolean refused = FALSE;

  if (self->connection != NULL)
    return TRUE;
  self->connection = connect_to_servers (self, FALSE, &refused, error);
  if (self->connection == NULL)
    return FALSE;
  self->outbox = nats_outbox_new (self->connection, refused, self->timeout_ms);
  return TRUE;
}

/* --- Subscribing --- */

/* What the subscriber gave; it keeps its data if subscribing fails. */
typedef struct
{
  MicroMessageFunc callback;
  gpointer user_data;
  GDestroyNotify destroy;
} Receiver;

static void
call_receiver (const char *topic, MicroMetadata *headers, GBytes *body, gpointer user_data)
{
  Receiver *self = user_data;

  self->callback (topic, headers, body, self->user_data);
}

static void
nats_broker_receiver_free (gpointer data)
{
  Receiver *self = data;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self);
}

/* Under the mutex. */
static gboolean
start_subscription (NatsBroker *self, Subscription *one, GError **error)
{
  natsStatus status;

  if (!nats_link_check_topic (one->topic, TRUE, error) || !ensure_connection (self, error))
    return FALSE;
  status = subscription_make (one, self->connection);
  if (status == NATS_OK || status == NATS_CONNECTION_CLOSED) /* it is made when there is another */
    return TRUE;
  nats_link_set_error (error, status, FALSE, one->topic);
  return FALSE;
}

static guint
nats_broker_subscribe (MicroBroker *broker,
                       const char *topic,
                       const char *queue,
                       MicroMessageFunc callback,
                       gpointer user_data,
                       GDestroyNotify destroy,
                       GError **error)
{
  NatsBroker *self = (NatsBroker *) broker;
  Receiver *receiver = g_new (Receiver, 1);
  Subscription *one = g_new0 (Subscription, 1);
  guint id = 0;

  *receiver = (Receiver){ callback, user_data, destroy };
  one->inbox
      = micro_inbox_new (self->queue_length, call_receiver, receiver, nats_broker_receiver_free);
  one->topic = g_strdup (topic);
  one->queue = g_strdup (queue);
  g_mutex_lock (&self->mutex);
  if (start_subscription (self, one, error))
    {
      id = ++self->last_id;
      g_hash_table_insert (self->subscriptions, GUINT_TO_POINTER (id), one);
    }
  g_mutex_unlock (&self->mutex);
  if (id == 0)
    {
      receiver->destroy = NULL;
      nats_subscription_free (one);
    }
  return id;
}

static void
nats_broker_unsubscribe (MicroBroker *broker, guint id)
{
  NatsBroker *self = (NatsBroker *) broker;
  gpointer one = NULL;

  g_mutex_lock (&self->mutex);
  g_hash_table_steal_extended (self->subscriptions, GUINT_TO_POINTER (id), NULL, &one);
  g_mutex_unlock (&self->mutex);
  if (one != NULL)
    nats_subscription_free (one);
}

static void
unsubscribe_all (NatsBroker *self)
{
  g_autoptr (GHashTable) all = NULL;

  g_mutex_lock (&self->mutex);
  all = g_steal_pointer (&self->subscriptions);
  self->subscriptions = g_hash_table_new_full (NULL, NULL, NULL, nats_subscription_free);
  g_mutex_unlock (&self->mutex);
}

/* --- The rest of the interface --- */

static void
nats_broker_publish_async (MicroBroker *broker,
                           const char *topic,
                           MicroMetadata *headers,
                           GBytes *body,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  NatsBroker *self = (NatsBroker *) broker;
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);
  g_autoptr (GBytes) envelope = NULL;
  GError *error = NULL;
  gboolean fine = FALSE;

  g_task_set_source_tag (task, nats_broker_publish_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (nats_link_check_topic (topic, FALSE, &error))
    envelope = broker_envelope_pack (NULL, headers, body, self->max_bytes, &error);
  if (envelope != NULL)
    {
      g_mutex_lock (&self->mutex);
      fine = ensure_connection (self, &error)
             && nats_outbox_push (self->outbox, task, topic, envelope, &error);
      g_mutex_unlock (&self->mutex);
    }
  if (fine)
    g_steal_pointer (&task);
  else
    g_task_return_error (task, error);
}

static void
nats_broker_connect_async (MicroBroker *broker,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  NatsBroker *self = (NatsBroker *) broker;
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);
  GError *error = NULL;
  gboolean fine;

  g_task_set_source_tag (task, nats_broker_connect_async);
  g_mutex_lock (&self->mutex);
  fine = ensure_connection (self, &error);
  g_mutex_unlock (&self->mutex);
  if (fine)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
nats_broker_close_async (MicroBroker *broker,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);

  g_task_set_source_tag (task, nats_broker_close_async);
  unsubscribe_all ((NatsBroker *) broker);
  g_task_return_boolean (task, TRUE);
}

/* --- GObject --- */

static void
nats_broker_set_property (GObject *object, guint property_id, const GValue *value, GParamSpec *spec)
{
  NatsBroker *self = (NatsBroker *) object;

  switch (property_id)
    {
    case PROP_ADDRESS:
      self->address = g_value_dup_string (value);
      break;
    case PROP_QUEUE_LENGTH:
      self->queue_length = g_value_get_uint (value);
      break;
    case PROP_MAX_BYTES:
      self->max_bytes = g_value_get_uint (value);
      break;
    case PROP_TIMEOUT_MS:
      self->timeout_ms = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, spec);
    }
}

static void
nats_broker_finalize (GObject *object)
{
  NatsBroker *self = (NatsBroker *) object;

  g_hash_table_unref (self->subscriptions);
  g_clear_pointer (&self->outbox, nats_outbox_free);
  g_mutex_clear (&self->reviving);
  g_mutex_clear (&self->mutex);
  g_free (self->address);
  G_OBJECT_CLASS (nats_broker_parent_class)->finalize (object);
}

static void
nats_broker_class_init (NatsBrokerClass *klass)
{
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = nats_broker_set_property;
  object_class->finalize = nats_broker_finalize;
  g_object_class_install_property (
      object_class, PROP_ADDRESS,
      g_param_spec_string ("address", "ADDRESSES", "NATS servers, with commas", NULL, flags));
  g_object_class_install_property (object_class, PROP_QUEUE_LENGTH,
                                   g_param_spec_uint ("queue-length", "N",
                                                      "Messages that may wait for a subscriber", 1,
                                                      1 << 20, MICRO_INBOX_DEFAULT_LENGTH, flags));
  g_object_class_install_property (object_class, PROP_MAX_BYTES,
                                   g_param_spec_uint ("max-bytes", "BYTES",
                                                      "How long a message may be", 1, 1 << 25,
                                                      4194304, flags));
  g_object_class_install_property (object_class, PROP_TIMEOUT_MS,
                                   g_param_spec_uint ("timeout-ms", "MS",
                                                      "How long the server may take to answer", 1,
                                                      G_MAXINT, 2000, flags));
}

static void
nats_broker_init (NatsBroker *self)
{
  g_mutex_init (&self->reviving);
  g_mutex_init (&self->mutex);
  self->subscriptions = g_hash_table_new_full (NULL, NULL, NULL, nats_subscription_free);
}

static void
nats_broker_iface_init (MicroBrokerInterface *iface)
{
  iface->connect_async = nats_broker_connect_async;
  iface->publish_async = nats_broker_publish_async;
  iface->subscribe = nats_broker_subscribe;
  iface->unsubscribe = nats_broker_unsubscribe;
  iface->close_async = nats_broker_close_async;
}

MICRO_PLUGIN_DEFINE (nats_broker,
                     .name = "nats",
                     .summary = "messages through NATS servers",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = nats_broker_get_type)
