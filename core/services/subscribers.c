/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Streams that stay open, each told on its own loop.
 */
#include "config.h"

#include "services.h"

typedef struct
{
  MicroCall *call;
  gpointer state;
} Subscriber;

struct _Subscribers
{
  GMutex mutex;
  GHashTable *loops; /* MicroLoop → GArray of Subscriber, which its thread alone looks into */
};

Subscribers *
subscribers_new (void)
{
  Subscribers *self = g_new0 (Subscribers, 1);

  g_mutex_init (&self->mutex);
  self->loops = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
  return self;
}

void
subscribers_free (Subscribers *self)
{
  g_hash_table_unref (self->loops);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static GArray *
subscribers_get_array (Subscribers *self, MicroLoop *loop)
{
  GArray *array;

  g_mutex_lock (&self->mutex);
  array = g_hash_table_lookup (self->loops, loop);
  if (array == NULL)
    {
      array = g_array_new (FALSE, FALSE, sizeof (Subscriber));
      g_hash_table_insert (self->loops, loop, array);
    }
  g_mutex_unlock (&self->mutex);
  return array;
}

void
subscribers_add (Subscribers *self, MicroCall *call, gpointer state)
{
  Subscriber subscriber = { call, state };

  g_array_append_val (subscribers_get_array (self, micro_call_get_loop (call)), subscriber);
}

void
subscribers_remove (Subscribers *self, MicroCall *call)
{
  GArray *array = subscribers_get_array (self, micro_call_get_loop (call));

  for (guint i = 0; i < array->len; i++)
    if (g_array_index (array, Subscriber, i).call == call)
      {
        g_array_remove_index_fast (array, i);
        break;
      }
}

typedef struct
{
  GArray *array;
  SubscriberFunc func;
  gpointer news;
  GDestroyNotify clear;
} News;

/* From the end: one that is removed makes place for one that has been told. */
static void
tell_loop (gpointer user_data)
{
  News *news = user_data;

  for (guint i = news->array->len; i > 0; i--)
    {
      Subscriber *subscriber = &g_array_index (news->array, Subscriber, i - 1);

      news->func (subscriber->call, subscriber->state, news->news);
    }
  if (news->news != NULL)
    g_atomic_rc_box_release_full (news->news, news->clear);
  g_array_unref (news->array);
  g_free (news);
}

void
subscribers_tell (Subscribers *self, SubscriberFunc func, gpointer news, GDestroyNotify clear)
{
  GHashTableIter iter;
  gpointer loop, array;

  g_mutex_lock (&self->mutex);
  g_hash_table_iter_init (&iter, self->loops);
  while (g_hash_table_iter_next (&iter, &loop, &array))
    {
      News *copy = g_new (News, 1);

      *copy = (News){ g_array_ref (array), func,
                      news != NULL ? g_atomic_rc_box_acquire (news) : NULL, clear };
      micro_loop_post (loop, tell_loop, copy);
    }
  g_mutex_unlock (&self->mutex);
}
