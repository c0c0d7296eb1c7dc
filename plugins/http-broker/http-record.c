/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Keeps the record of this process in the registry: follows its changes, renews, retries for ever.
 */
#include "config.h"

#include <micro/micro-node.h>
#include <micro/micro-plugin.h>
#include <micro/micro-service.h>

#include "http-private.h"

/* (go-micro v2.9 broker/http.go) */
#define TTL_S 60
#define RENEW_MS 30000
#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS 10000

typedef struct
{
  GSourceFunc done;
  gpointer user_data;
} Waiter;

/* All but the first members belong to the thread of the registry. */
struct _HttpRecord
{
  MicroRegistry *registry;
  GMainContext *context;
  GMutex mutex;
  MicroService *wanted; /* (nullable): under the mutex */

  MicroService *known; /* (nullable): what the registry may have of us */
  gboolean renews;
  gboolean in_flight;
  gboolean dirty;
  GSource *timer; /* (nullable): has a reference to this */
  guint failures;
  char *last_failure;
  GArray *waiters;
};

static void sync_record (HttpRecord *self);

/* A local registry sees by itself whether we live. */
static gboolean
needs_renewal (MicroRegistry *registry)
{
  const MicroPluginInfo *info = micro_plugin_get_info (G_OBJECT_TYPE (registry));

  return info == NULL || !g_str_equal (info->name, "local");
}

HttpRecord *
http_record_new (MicroRegistry *registry, GMainContext *context)
{
  HttpRecord *self = g_atomic_rc_box_new0 (HttpRecord);

  self->registry = g_object_ref (registry);
  self->context = g_main_context_ref (context);
  g_mutex_init (&self->mutex);
  self->renews = needs_renewal (registry);
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return self;
}

HttpRecord *
http_record_ref (HttpRecord *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
http_record_clear (gpointer data)
{
  HttpRecord *self = data;

  g_object_unref (self->registry);
  g_main_context_unref (self->context);
  g_clear_pointer (&self->wanted, micro_service_unref);
  g_clear_pointer (&self->known, micro_service_unref);
  g_free (self->last_failure);
  g_array_unref (self->waiters);
  g_mutex_clear (&self->mutex);
}

void
http_record_unref (HttpRecord *self)
{
  g_atomic_rc_box_release_full (self, http_record_clear);
}

static void
unref_record (gpointer data)
{
  http_record_unref (data);
}

/* --- Ends of what was begun --- */

static void
http_record_stop_timer (HttpRecord *self)
{
  g_autoptr (GSource) timer = g_steal_pointer (&self->timer);

  if (timer != NULL)
    g_source_destroy (timer);
}

static gboolean
http_record_on_timer (gpointer data)
{
  HttpRecord *self = data;

  g_clear_pointer (&self->timer, g_source_unref);
  sync_record (self);
  return G_SOURCE_REMOVE;
}

static void
http_record_start_timer (HttpRecord *self, guint ms)
{
  http_record_stop_timer (self);
  self->timer = g_timeout_source_new (ms);
  g_source_set_callback (self->timer, http_record_on_timer, http_record_ref (self), unref_record);
  g_source_attach (self->timer, self->context);
}

static void
http_record_tell_waiters (HttpRecord *self)
{
  g_autoptr (GArray) waiters = g_steal_pointer (&self->waiters);

  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  for (guint i = 0; i < waiters->len; i++)
    {
      Waiter *waiter = &g_array_index (waiters, Waiter, i);

      waiter->done (waiter->user_data);
    }
}

/* Halves of a doubling delay, at random, so that a thousand pods do not come back as one. */
static void
retry (HttpRecord *self, const GError *error)
{
  guint ms = MIN (FIRST_RETRY_MS << MIN (self->failures, 10), LAST_RETRY_MS);

  self->failures++;
  if (g_strcmp0 (self->last_failure, error->message) != 0)
    g_message ("the broker's subscriptions cannot be registered, trying again: %s", error->message);
  g_free (self->last_failure);
  self->last_failure = g_strdup (error->message);
  http_record_start_timer (self, ms / 2 + (guint) g_random_int_range (0, (gint32) (ms / 2)));
}

static void
end_step (HttpRecord *self, const GError *error)
{
  self->in_flight = FALSE;
  if (self->dirty)
    {
      sync_record (self);
      return;
    }
  if (error != NULL)
    retry (self, error);
  else
    {
      self->failures = 0;
      g_clear_pointer (&self->last_failure, g_free);
      if (self->known != NULL && self->renews)
        http_record_start_timer (self, RENEW_MS);
    }
  http_record_tell_waiters (self);
}

static void
http_record_on_registered (GObject *source, GAsyncResult *result, gpointer data)
{
  HttpRecord *self = data;
  g_autoptr (GError) error = NULL;

  micro_registry_register_finish (MICRO_REGISTRY (source), result, &error);
  end_step (self, error);
  http_record_unref (self);
}

static void
http_record_on_deregistered (GObject *source, GAsyncResult *result, gpointer data)
{
  HttpRecord *self = data;
  g_autoptr (GError) error = NULL;

  if (!micro_registry_deregister_finish (MICRO_REGISTRY (source), result, &error))
    g_info ("subscriptions that ended cannot be taken out of the registry: %s", error->message);
  /* The rest of the record is next. */
  self->dirty = TRUE;
  end_step (self, NULL);
  http_record_unref (self);
}

/* --- Steps --- */

static gboolean
http_record_has_node (MicroService *service, MicroNode *node)
{
  GPtrArray *nodes = service != NULL ? micro_service_get_nodes (service) : NULL;

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    if (g_str_equal (micro_node_get_id (g_ptr_array_index (nodes, i)), micro_node_get_id (node)))
      return TRUE;
  return FALSE;
}

/* (transfer full) (nullable): the nodes of @self->known that are not wanted any more. */
static MicroService *
find_ended (HttpRecord *self, MicroService *wanted)
{
  g_autoptr (GPtrArray) ended = g_ptr_array_new ();
  GPtrArray *nodes = self->known != NULL ? micro_service_get_nodes (self->known) : NULL;

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    if (!http_record_has_node (wanted, g_ptr_array_index (nodes, i)))
      g_ptr_array_add (ended, g_ptr_array_index (nodes, i));
  return ended->len > 0 ? micro_service_with_nodes (self->known, ended) : NULL;
}

static void
sync_record (HttpRecord *self)
{
  g_autoptr (MicroService) wanted = NULL;
  g_autoptr (MicroService) ended = NULL;

  self->dirty = self->in_flight;
  if (self->in_flight)
    return;
  http_record_stop_timer (self);
  g_mutex_lock (&self->mutex);
  wanted = self->wanted != NULL ? micro_service_ref (self->wanted) : NULL;
  g_mutex_unlock (&self->mutex);
  ended = find_ended (self, wanted);
  g_clear_pointer (&self->known, micro_service_unref);
  self->known = wanted != NULL ? micro_service_ref (wanted) : NULL;
  self->in_flight = TRUE;
  if (ended != NULL)
    micro_registry_deregister_async (self->registry, ended, NULL, http_record_on_deregistered,
                                     http_record_ref (self));
  else if (wanted != NULL)
    micro_registry_register_async (self->registry, wanted, TTL_S, NULL, http_record_on_registered,
                                   http_record_ref (self));
  else
    end_step (self, NULL);
}

static gboolean
on_posted (gpointer data)
{
  sync_record (data);
  return G_SOURCE_REMOVE;
}

static void
http_record_post (HttpRecord *self, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, self->context);
}

void
http_record_set (HttpRecord *self, MicroService *service)
{
  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->wanted, micro_service_unref);
  self->wanted = service != NULL ? micro_service_ref (service) : NULL;
  g_mutex_unlock (&self->mutex);
  http_record_post (self, on_posted, http_record_ref (self), unref_record);
}

typedef struct
{
  HttpRecord *record;
  Waiter waiter;
} Flush;

static gboolean
http_record_on_flush (gpointer data)
{
  Flush *flush = data;

  if (flush->record->in_flight)
    g_array_append_val (flush->record->waiters, flush->waiter);
  else
    flush->waiter.done (flush->waiter.user_data);
  return G_SOURCE_REMOVE;
}

static void
flush_free (gpointer data)
{
  http_record_unref (((Flush *) data)->record);
  g_free (data);
}

void
http_record_flush (HttpRecord *self, GSourceFunc done, gpointer user_data)
{
  Flush *flush = g_new (Flush, 1);

  *flush = (Flush){ http_record_ref (self), { done, user_data } };
  http_record_post (self, http_record_on_flush, flush, flush_free);
}
