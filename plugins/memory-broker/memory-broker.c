/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: a broker of one process, shared by all that is in it.
 */
#include "config.h"

#include <micro/micro-error.h>
#include <micro/micro-inbox.h>
#include <micro/micro-plugin.h>

typedef struct
{
  GObject parent_instance;

  guint queue_length;
} MemoryBroker;

typedef struct
{
  GObjectClass parent_class;
} MemoryBrokerClass;

typedef struct
{
  guint id;
  gpointer owner;
  char *topic;
  char *queue; /* (nullable) */
  MicroInbox *inbox;
  guint64 served; /* of its queue: who had the fewest is next */
} Subscription;

enum
{
  PROP_QUEUE_LENGTH = 1
};

static GType memory_broker_get_type (void);
static void memory_broker_iface_init (MicroBrokerInterface *iface);

G_DEFINE_TYPE_WITH_CODE (MemoryBroker,
                         memory_broker,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_BROKER, memory_broker_iface_init))

/* One list for all brokers of the process.  Inboxes are pushed into under the mutex, so that one
 * that had room still has it; their call-backs never run under it. */
static GMutex mutex;
static GPtrArray *subscriptions; /* of Subscription */
static guint last_id;

static void
memory_subscription_free (gpointer data)
{
  Subscription *self = data;

  micro_inbox_close (self->inbox);
  micro_inbox_unref (self->inbox);
  g_free (self->topic);
  g_free (self->queue);
  g_free (self);
}

/* --- Publishing, under the mutex --- */

typedef struct
{
  Subscription *best; /* (nullable): with room, and the fewest messages so far */
  guint n_members;
} Group;

static void
look_at_member (GHashTable *groups, Subscription *member, gsize size)
{
  Group *group = g_hash_table_lookup (groups, member->queue);

  if (group == NULL)
    {
      group = g_new0 (Group, 1);
      g_hash_table_insert (groups, member->queue, group);
    }
  group->n_members++;
  if (micro_inbox_has_room (member->inbox, size)
      && (group->best == NULL || member->served < group->best->served))
    group->best = member;
}

static gboolean
memory_broker_set_full (const char *topic, const char *queue, GError **error)
{
  if (queue == NULL)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
                 "topic “%s”: the queue of a subscriber is full; publish again later", topic);
  else
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
                 "topic “%s”: all subscribers of the queue “%s” are full; publish again later",
                 topic, queue);
  return FALSE;
}

/* Whom a message goes to: all who must get it, or nobody. */
static gboolean
memory_broker_choose (const char *topic, gsize size, GPtrArray *chosen, GError **error)
{
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  GHashTableIter iter;
  gpointer queue, group;

  for (guint i = 0; subscriptions != NULL && i < subscriptions->len; i++)
    {
      Subscription *one = g_ptr_array_index (subscriptions, i);

      if (!g_str_equal (one->topic, topic))
        continue;
      if (one->queue != NULL)
        look_at_member (groups, one, size);
      else if (!micro_inbox_has_room (one->inbox, size))
        return memory_broker_set_full (topic, NULL, error);
      else
        g_ptr_array_add (chosen, one);
    }
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, &queue, &group))
    {
      if (((Group *) group)->best == NULL)
        return memory_broker_set_full (topic, queue, error);
      g_ptr_array_add (chosen, ((Group *) group)->best);
    }
  return TRUE;
}

static gboolean
memory_broker_publish (const char *topic, MicroMetadata *headers, GBytes *body, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  gboolean fine;

  g_mutex_lock (&mutex);
  fine = memory_broker_choose (topic, g_bytes_get_size (body), chosen, error);
  for (guint i = 0; fine && i < chosen->len; i++)
    {
      Subscription *one = g_ptr_array_index (chosen, i);

      one->served++;
      micro_inbox_push (one->inbox, topic, headers, body);
    }
  g_mutex_unlock (&mutex);
  return fine;
}

static void
memory_broker_publish_async (MicroBroker *broker,
                             const char *topic,
                             MicroMetadata *headers,
                             GBytes *body,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, memory_broker_publish_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (memory_broker_publish (topic, headers, body, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
memory_broker_connect_async (MicroBroker *broker,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);

  g_task_set_source_tag (task, memory_broker_connect_async);
  g_task_return_boolean (task, TRUE);
}

/* --- Subscribing --- */

/* Who is new in a queue begins where the others are, or it would get all messages for a while. */
static guint64
least_served (const char *topic, const char *queue)
{
  guint64 least = G_MAXUINT64;

  for (guint i = 0; i < subscriptions->len; i++)
    {
      Subscription *one = g_ptr_array_index (subscriptions, i);

      if (g_str_equal (one->topic, topic) && g_strcmp0 (one->queue, queue) == 0)
        least = MIN (least, one->served);
    }
  return least != G_MAXUINT64 ? least : 0;
}

static guint
memory_broker_subscribe (MicroBroker *broker,
                         const char *topic,
                         const char *queue,
                         MicroMessageFunc callback,
                         gpointer user_data,
                         GDestroyNotify destroy,
                         GError **error)
{
  MemoryBroker *self = (MemoryBroker *) broker;
  Subscription *one = g_new0 (Subscription, 1);
  guint id;

  one->owner = self;
  one->topic = g_strdup (topic);
  one->queue = g_strdup (queue);
  one->inbox = micro_inbox_new (self->queue_length, callback, user_data, destroy);
  g_mutex_lock (&mutex);
  if (subscriptions == NULL)
    subscriptions = g_ptr_array_new ();
  one->served = least_served (topic, queue);
  id = one->id = ++last_id;
  g_ptr_array_add (subscriptions, one);
  g_mutex_unlock (&mutex);
  return id;
}

/* Out of the list under the mutex, freed outside: that runs the subscriber's code. */
static void
remove_subscriptions (gpointer owner, guint id)
{
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (memory_subscription_free);

  g_mutex_lock (&mutex);
  for (guint i = subscriptions != NULL ? subscriptions->len : 0; i > 0; i--)
    {
      Subscription *one = g_ptr_array_index (subscriptions, i - 1);

      if (one->owner == owner && (id == 0 || one->id == id))
        g_ptr_array_add (removed, g_ptr_array_remove_index (subscriptions, i - 1));
    }
  if (subscriptions != NULL && subscriptions->len == 0)
    g_clear_pointer (&subscriptions, g_ptr_array_unref);
  g_mutex_unlock (&mutex);
}

static void
memory_broker_unsubscribe (MicroBroker *broker, guint id)
{
  if (id != 0)
    remove_subscriptions (broker, id);
}

static void
memory_broker_close_async (MicroBroker *broker,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);

  g_task_set_source_tag (task, memory_broker_close_async);
  remove_subscriptions (broker, 0);
  g_task_return_boolean (task, TRUE);
}

/* --- GObject --- */

static void
memory_broker_set_property (GObject *object,
                            guint property_id,
                            const GValue *value,
                            GParamSpec *spec)
{
  MemoryBroker *self = (MemoryBroker *) object;

  if (property_id == PROP_QUEUE_LENGTH)
    self->queue_length = g_value_get_uint (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, spec);
}

static void
memory_broker_finalize (GObject *object)
{
  remove_subscriptions (object, 0);
  G_OBJECT_CLASS (memory_broker_parent_class)->finalize (object);
}

static void
memory_broker_class_init (MemoryBrokerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = memory_broker_set_property;
  object_class->finalize = memory_broker_finalize;
  g_object_class_install_property (
      object_class, PROP_QUEUE_LENGTH,
      g_param_spec_uint ("queue-length", "N", "Messages that may wait for a subscriber", 1, 1 << 20,
                         MICRO_INBOX_DEFAULT_LENGTH,
                         G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
memory_broker_init (MemoryBroker *self)
{
}

static void
memory_broker_iface_init (MicroBrokerInterface *iface)
{
  iface->connect_async = memory_broker_connect_async;
  iface->publish_async = memory_broker_publish_async;
  iface->subscribe = memory_broker_subscribe;
  iface->unsubscribe = memory_broker_unsubscribe;
  iface->close_async = memory_broker_close_async;
}

MICRO_PLUGIN_DEFINE (memory_broker,
                     .name = "memory",
                     .summary = "messages within one process",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = memory_broker_get_type)
