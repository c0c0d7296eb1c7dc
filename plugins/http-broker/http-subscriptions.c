/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The subscriptions of this process, and how the others are told of them.
 */
#include "config.h"

#include <micro/micro-error.h>
#include <micro/micro-node.h>
#include <micro/micro-service.h>

#include "http-private.h"

typedef struct
{
  guint id;
  char *topic;
  char *queue;   /* (nullable) */
  char *node_id; /* the same for all of one topic and queue */
  MicroInbox *inbox;
  guint64 served;
} Subscription;

struct _HttpSubscriptions
{
  GMutex mutex;
  GPtrArray *all; /* of Subscription */
  guint last_id;
  guint queue_length;
  char *uuid;
};

static void
http_subscription_free (gpointer data)
{
  Subscription *self = data;

  micro_inbox_close (self->inbox);
  micro_inbox_unref (self->inbox);
  g_free (self->topic);
  g_free (self->queue);
  g_free (self->node_id);
  g_free (self);
}

HttpSubscriptions *
http_subscriptions_new (guint queue_length)
{
  HttpSubscriptions *self = g_atomic_rc_box_new0 (HttpSubscriptions);

  g_mutex_init (&self->mutex);
  self->all = g_ptr_array_new ();
  self->queue_length = queue_length;
  self->uuid = g_uuid_string_random ();
  return self;
}

HttpSubscriptions *
http_subscriptions_ref (HttpSubscriptions *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
subscriptions_clear (gpointer data)
{
  HttpSubscriptions *self = data;

  http_subscriptions_remove_all (self);
  g_ptr_array_unref (self->all);
  g_free (self->uuid);
  g_mutex_clear (&self->mutex);
}

void
http_subscriptions_unref (HttpSubscriptions *self)
{
  g_atomic_rc_box_release_full (self, subscriptions_clear);
}

guint
http_subscriptions_add (HttpSubscriptions *self,
                        const char *topic,
                        const char *queue,
                        MicroMessageFunc callback,
                        gpointer user_data,
                        GDestroyNotify destroy)
{
  Subscription *one = g_new0 (Subscription, 1);
  guint id;

  one->topic = g_strdup (topic);
  one->queue = g_strdup (queue);
  /* The original's; the queue after it, since its ids are one for two queues of a topic. */
  one->node_id = g_strconcat (topic, "-", self->uuid, queue != NULL ? "." : NULL, queue, NULL);
  one->inbox = micro_inbox_new (self->queue_length, callback, user_data, destroy);
  g_mutex_lock (&self->mutex);
  id = one->id = ++self->last_id;
  g_ptr_array_add (self->all, one);
  g_mutex_unlock (&self->mutex);
  return id;
}

/* Out of the list under the mutex, freed outside: that runs the subscriber's code. */
gboolean
http_subscriptions_remove (HttpSubscriptions *self, guint id)
{
  Subscription *removed = NULL;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; removed == NULL && i < self->all->len; i++)
    if (((Subscription *) g_ptr_array_index (self->all, i))->id == id)
      removed = g_ptr_array_remove_index (self->all, i);
  g_mutex_unlock (&self->mutex);
  if (removed == NULL)
    return FALSE;
  http_subscription_free (removed);
  return TRUE;
}

void
http_subscriptions_remove_all (HttpSubscriptions *self)
{
  g_autoptr (GPtrArray) removed = g_ptr_array_new ();

  g_mutex_lock (&self->mutex);
  g_ptr_array_extend_and_steal (removed, g_steal_pointer (&self->all));
  self->all = g_ptr_array_new ();
  g_mutex_unlock (&self->mutex);
  g_ptr_array_foreach (removed, (GFunc) (gpointer) http_subscription_free, NULL);
}

/* --- Delivery, under the mutex: what has room when looked at still has it when pushed into --- */

static gboolean
subscriptions_set_full (const char *topic, GError **error)
{
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
               "topic “%s”: the queue of a subscriber is full; publish again later", topic);
  return FALSE;
}

/* All of a topic, or the one of a queue that had the fewest. */
static gboolean
subscriptions_choose (HttpSubscriptions *self,
                      const char *id,
                      const char *topic,
                      gsize size,
                      GPtrArray *chosen,
                      GError **error)
{
  Subscription *member = NULL;
  gboolean is_queue = FALSE;

  for (guint i = 0; i < self->all->len; i++)
    {
      Subscription *one = g_ptr_array_index (self->all, i);
      gboolean room;

      if (!g_str_equal (one->node_id, id) || !g_str_equal (one->topic, topic))
        continue;
      room = micro_inbox_has_room (one->inbox, size);
      is_queue = one->queue != NULL;
      if (!is_queue && !room)
        return subscriptions_set_full (topic, error);
      if (!is_queue)
        g_ptr_array_add (chosen, one);
      else if (room && (member == NULL || one->served < member->served))
        member = one;
    }
  if (is_queue && member == NULL)
    return subscriptions_set_full (topic, error);
  if (is_queue)
    g_ptr_array_add (chosen, member);
  if (chosen->len > 0)
    return TRUE;
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND,
               "topic “%s”: nobody here subscribes to it as “%s”", topic, id);
  return FALSE;
}

gboolean
http_subscriptions_deliver (HttpSubscriptions *self,
                            const char *id,
                            const char *topic,
                            MicroMetadata *headers,
                            GBytes *body,
                            GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  gboolean fine;

  g_mutex_lock (&self->mutex);
  fine = subscriptions_choose (self, id, topic, g_bytes_get_size (body), chosen, error);
  for (guint i = 0; fine && i < chosen->len; i++)
    {
      Subscription *one = g_ptr_array_index (chosen, i);

      one->served++;
      micro_inbox_push (one->inbox, topic, headers, body);
    }
  g_mutex_unlock (&self->mutex);
  return fine;
}

/* --- The record --- */

static gboolean
has_id (GPtrArray *nodes, const char *id)
{
  for (guint i = 0; i < nodes->len; i++)
    if (g_str_equal (micro_node_get_id (g_ptr_array_index (nodes, i)), id))
      return TRUE;
  return FALSE;
}

/* The version that all share: the queue, or broadcast; NULL if they differ. */
static const char *
common_version (GPtrArray *all)
{
  const char *version = NULL;

  for (guint i = 0; i < all->len; i++)
    {
      Subscription *one = g_ptr_array_index (all, i);
      const char *own = one->queue != NULL ? one->queue : HTTP_BROADCAST;

      if (version != NULL && !g_str_equal (version, own))
        return NULL;
      version = own;
    }
  return version;
}

/* A record has one version, and the Kubernetes registry one record a process and service.  If the
 * subscriptions are of several queues, those of a queue say it in their metadata, in a way that
 * the original passes over: it would send to each of them what only one must get. */
static MicroNode *
make_node (Subscription *one, const char *version, const char *address)
{
  gboolean odd = one->queue != NULL && !g_str_equal (one->queue, version);
  g_autoptr (MicroMetadata) plain = micro_metadata_new (
      "broker", odd ? "http-queue" : "http", "secure", "false", "topic", one->topic, NULL);
  g_autoptr (MicroMetadata) metadata
      = odd ? micro_metadata_with (plain, "queue", one->queue) : micro_metadata_ref (plain);

  return micro_node_new (one->node_id, address, metadata);
}

MicroService *
http_subscriptions_get_record (HttpSubscriptions *self, const char *address)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_autofree char *version = NULL;

  g_mutex_lock (&self->mutex);
  version = g_strdup (common_version (self->all));
  if (version == NULL)
    version = g_strdup (HTTP_BROADCAST);
  for (guint i = 0; i < self->all->len; i++)
    {
      Subscription *one = g_ptr_array_index (self->all, i);

      if (!has_id (nodes, one->node_id))
        g_ptr_array_add (nodes, make_node (one, version, address));
    }
  g_mutex_unlock (&self->mutex);
  return nodes->len > 0 ? micro_service_new (HTTP_SERVICE, version, NULL, NULL, nodes) : NULL;
}
