/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a program subscribes to: kept until it runs, then spread over its loops.
 */
#include "config.h"

#include "app/app.h"

#define CLOSE_US (2 * G_USEC_PER_SEC)

typedef struct
{
  char *topic;
  char *queue;
  MicroMessageFunc callback;
  gpointer user_data;
  GDestroyNotify destroy;
  gboolean handed_over; /* @destroy is the broker's to call */
} Wish;

static void
wish_free (gpointer data)
{
  Wish *self = data;

  if (!self->handed_over && self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self->topic);
  g_free (self->queue);
  g_free (self);
}

/**
 * micro_app_use_broker:
 * @self: a program, before micro_app_init()
 *
 * Has micro_app_init() make a broker, which programs that subscribe have anyway: that of --broker,
 * or http.
 */
void
micro_app_use_broker (MicroApp *self)
{
  g_return_if_fail (MICRO_IS_APP (self) && self->options == NULL);
  if (self->wishes == NULL)
    self->wishes = g_ptr_array_new_with_free_func (wish_free);
}

/**
 * micro_app_subscribe:
 * @self: a program, before micro_app_init()
 * @topic: what to hear about
 * @queue: (nullable): the name of a group of which one gets each message; %NULL: get each
 * @callback: gets the messages, one after the other, on one of the loop threads
 * @user_data: for @callback
 * @destroy: (nullable): for @user_data
 *
 * Has micro_app_run() subscribe before it registers, and unsubscribe once it has deregistered.  A
 * call-back that takes long keeps the calls of its loop waiting, as a handler does.
 */
void
micro_app_subscribe (MicroApp *self,
                     const char *topic,
                     const char *queue,
                     MicroMessageFunc callback,
                     gpointer user_data,
                     GDestroyNotify destroy)
{
  Wish *wish;

  g_return_if_fail (MICRO_IS_APP (self) && self->options == NULL);
  g_return_if_fail (topic != NULL && *topic != '\0' && callback != NULL);
  micro_app_use_broker (self);
  wish = g_new0 (Wish, 1);
  wish->topic = g_strdup (topic);
  wish->queue = g_strdup (queue);
  wish->callback = callback;
  wish->user_data = user_data;
  wish->destroy = destroy;
  g_ptr_array_add (self->wishes, wish);
}

/**
 * micro_app_get_broker:
 * @self: a program, after micro_app_init()
 *
 * Returns: (transfer none) (nullable): its broker, for any thread; %NULL if it neither subscribes
 *   nor called micro_app_use_broker() nor was told a --broker
 */
MicroBroker *
micro_app_get_broker (MicroApp *self)
{
  g_return_val_if_fail (MICRO_IS_APP (self), NULL);
  return self->broker;
}

/* --- Its life --- */

gboolean
micro_app_make_broker (MicroApp *self, GError **error)
{
  if (self->plugin_names[MICRO_PLUGIN_BROKER] == NULL)
    return TRUE;
  self->broker
      = (MicroBroker *) micro_options_construct (self->options, MICRO_PLUGIN_BROKER, error);
  if (self->broker == NULL)
    return FALSE;
  micro_broker_set_registry (self->broker, self->registry,
                             micro_loop_get_context (self->registry_loop));
  return TRUE;
}

typedef struct
{
  MicroBroker *broker;
  Wish *wish;
  GError *error;
} Subscribing;

static void
subscribe_on_loop (gpointer data)
{
  Subscribing *self = data;
  Wish *wish = self->wish;

  wish->handed_over
      = micro_broker_subscribe (self->broker, wish->topic, wish->queue, wish->callback,
                                wish->user_data, wish->destroy, &self->error)
        != 0;
}

gboolean
micro_app_start_subscriptions (MicroApp *self, GError **error)
{
  for (guint i = 0; self->wishes != NULL && i < self->wishes->len; i++)
    {
      Subscribing subscribing = { self->broker, g_ptr_array_index (self->wishes, i), NULL };

      micro_loop_run_sync (self->loops->pdata[i % self->loops->len], subscribe_on_loop,
                           &subscribing);
      if (subscribing.error == NULL)
        continue;
      g_propagate_prefixed_error (error, subscribing.error,
                                  "topic “%s”: ", subscribing.wish->topic);
      return FALSE;
    }
  return TRUE;
}

/* Shared with the end of the closing, which may come after nobody waits for it. */
typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean done;
  MicroBroker *broker;
} Closing;

static void
closing_clear (gpointer data)
{
  Closing *self = data;

  g_object_unref (self->broker);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
}

static void
subscribe_on_closed (GObject *source, GAsyncResult *result, gpointer data)
{
  Closing *self = data;

  micro_broker_close_finish (MICRO_BROKER (source), result, NULL);
  g_mutex_lock (&self->mutex);
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_atomic_rc_box_release_full (self, closing_clear);
}

static void
subscribe_close_on_loop (gpointer data)
{
  Closing *self = data;

  micro_broker_close_async (self->broker, NULL, subscribe_on_closed, self);
}

void
micro_app_close_broker (MicroApp *self)
{
  gint64 end = g_get_monotonic_time () + CLOSE_US;
  Closing *closing;

  if (self->broker == NULL)
    return;
  closing = g_atomic_rc_box_new0 (Closing);
  g_mutex_init (&closing->mutex);
  g_cond_init (&closing->cond);
  closing->broker = g_object_ref (self->broker);
  micro_loop_post (self->registry_loop, subscribe_close_on_loop, g_atomic_rc_box_acquire (closing));
  g_mutex_lock (&closing->mutex);
  while (!closing->done && g_cond_wait_until (&closing->cond, &closing->mutex, end))
    ;
  if (!closing->done)
    g_message ("the broker does not end; leaving without it");
  g_mutex_unlock (&closing->mutex);
  g_atomic_rc_box_release_full (closing, closing_clear);
}
