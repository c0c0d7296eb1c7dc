/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What all processes have subscribed to: asked of the registry once, and again when it changes.
 */
#include "config.h"

#include <micro/micro-error.h>
#include <micro/micro-watcher.h>

#include "http-private.h"

#define REWATCH_US G_USEC_PER_SEC

typedef struct
{
  HttpPeersFunc func;
  gpointer user_data;
} Waiter;

/* All but the first three members belong to the thread of the registry. */
struct _HttpPeers
{
  MicroRegistry *registry;
  GMainContext *context;
  GCancellable *cancellable;

  MicroWatcher *watcher; /* (nullable) */
  gboolean starting;
  gint64 tried_us;     /* to watch */
  GPtrArray *services; /* (nullable): what was said last */
  guint news;          /* how often something changed */
  guint known_news;    /* when @services was asked for, plus one; 0: cannot be kept */
  gboolean in_flight;
  GArray *waiters;
};

static void
peers_clear (gpointer data)
{
  HttpPeers *self = data;

  if (self->watcher != NULL)
    micro_watcher_stop (self->watcher);
  g_clear_object (&self->watcher);
  g_object_unref (self->registry);
  g_main_context_unref (self->context);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->services, g_ptr_array_unref);
  g_array_unref (self->waiters);
}

static void
peers_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, peers_clear);
}

HttpPeers *
http_peers_new (MicroRegistry *registry, GMainContext *context)
{
  HttpPeers *self = g_atomic_rc_box_new0 (HttpPeers);

  self->registry = g_object_ref (registry);
  self->context = g_main_context_ref (context);
  self->cancellable = g_cancellable_new ();
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return self;
}

/* --- Watching --- */

static void wait_for_news (HttpPeers *self);

static void
on_news (GObject *source, GAsyncResult *result, gpointer data)
{
  HttpPeers *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MicroEvent) event = micro_watcher_next_finish (MICRO_WATCHER (source), result, &error);

  self->news++;
  if (event != NULL)
    wait_for_news (self);
  else
    g_clear_object (&self->watcher);
  peers_unref (self);
}

static void
wait_for_news (HttpPeers *self)
{
  micro_watcher_next_async (self->watcher, self->cancellable, on_news,
                            g_atomic_rc_box_acquire (self));
}

static void
on_watching (GObject *source, GAsyncResult *result, gpointer data)
{
  HttpPeers *self = data;
  g_autoptr (GError) error = NULL;

  self->starting = FALSE;
  self->watcher = micro_registry_watch_finish (MICRO_REGISTRY (source), result, &error);
  self->news++;
  if (self->watcher != NULL)
    wait_for_news (self);
  else
    g_info ("subscribers are asked for with each message, as they cannot be watched: %s",
            error->message);
  peers_unref (self);
}

static void
start_watching (HttpPeers *self)
{
  gint64 now_us = g_get_monotonic_time ();

  if (self->watcher != NULL || self->starting
      || (self->tried_us != 0 && now_us - self->tried_us < REWATCH_US))
    return;
  self->tried_us = now_us;
  self->starting = TRUE;
  micro_registry_watch_async (self->registry, HTTP_SERVICE, self->cancellable, on_watching,
                              g_atomic_rc_box_acquire (self));
}

/* --- Asking --- */

static void
peers_tell_waiters (HttpPeers *self, const GError *error)
{
  g_autoptr (GArray) waiters = g_steal_pointer (&self->waiters);
  g_autoptr (GPtrArray) services = self->services != NULL ? g_ptr_array_ref (self->services) : NULL;

  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  for (guint i = 0; i < waiters->len; i++)
    {
      Waiter *waiter = &g_array_index (waiters, Waiter, i);

      waiter->func (services, services != NULL ? NULL : error, waiter->user_data);
    }
}

/* What was known last serves on while the registry cannot say more. */
static void
on_services (GObject *source, GAsyncResult *result, gpointer data)
{
  HttpPeers *self = data;
  g_autoptr (GError) error = NULL;
  GPtrArray *services = micro_registry_get_service_finish (MICRO_REGISTRY (source), result, &error);

  self->in_flight = FALSE;
  if (services == NULL && g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND))
    services = g_ptr_array_new ();
  if (services != NULL)
    {
      g_clear_pointer (&self->services, g_ptr_array_unref);
      self->services = services;
    }
  else
    self->known_news = 0;
  peers_tell_waiters (self, error);
  peers_unref (self);
}

typedef struct
{
  HttpPeers *peers;
  Waiter waiter;
} Question;

static gboolean
on_question (gpointer data)
{
  Question *question = data;
  HttpPeers *self = question->peers;

  start_watching (self);
  if (self->services != NULL && self->watcher != NULL && self->known_news == self->news + 1)
    {
      question->waiter.func (self->services, NULL, question->waiter.user_data);
      return G_SOURCE_REMOVE;
    }
  g_array_append_val (self->waiters, question->waiter);
  if (self->in_flight)
    return G_SOURCE_REMOVE;
  self->in_flight = TRUE;
  self->known_news = self->news + 1;
  micro_registry_get_service_async (self->registry, HTTP_SERVICE, self->cancellable, on_services,
                                    g_atomic_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

static void
question_free (gpointer data)
{
  peers_unref (((Question *) data)->peers);
  g_free (data);
}

void
http_peers_find (HttpPeers *self, HttpPeersFunc func, gpointer user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Question *question = g_new (Question, 1);

  *question = (Question){ g_atomic_rc_box_acquire (self), { func, user_data } };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_question, question, question_free);
  g_source_attach (source, self->context);
}

static gboolean
peers_cancel (gpointer data)
{
  HttpPeers *self = data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* Where its sources are: GLib 2.74 leaks one that goes while another thread cancels it. */
void
http_peers_free (HttpPeers *self)
{
  g_main_context_invoke_full (self->context, G_PRIORITY_DEFAULT, peers_cancel, self, peers_unref);
}
