/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Keeps one record in a registry: retries for ever, renews, and takes it out at the end.
 */
#include "config.h"

#include <stdio.h>

#include "app/app.h"

#define FIRST_RETRY_MS 100
#define LAST_RETRY_MS 10000
#define STOP_US (2 * G_USEC_PER_SEC)

/* All but the last three members belong to the thread of the registry. */
struct _MicroRegistrar
{
  MicroApp *app;
  MicroLoop *loop;
  MicroService *record;
  guint ttl_s;
  guint interval_s; /* 0: the record stays by itself */

  GCancellable *cancellable; /* of what registers */
  GCancellable *leaving;     /* of what takes the record out */
  GSource *timer;
  guint failures;
  char *last_failure;
  gboolean announced;
  gboolean in_flight;
  gboolean stopping;

  GMutex mutex;
  GCond cond;
  gboolean stopped;
};

static void try_to_register (gpointer data);

static gboolean
register_on_timer (gpointer data)
{
  MicroRegistrar *self = data;

  g_clear_pointer (&self->timer, g_source_unref);
  try_to_register (self);
  return G_SOURCE_REMOVE;
}

static void
register_start_timer (MicroRegistrar *self, guint ms)
{
  self->timer = g_timeout_source_new (ms);
  g_source_set_callback (self->timer, register_on_timer, self, NULL);
  g_source_attach (self->timer, micro_loop_get_context (self->loop));
}

static void
set_stopped (MicroRegistrar *self)
{
  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
register_on_deregistered (GObject *source, GAsyncResult *result, gpointer data)
{
  MicroRegistrar *self = data;
  g_autoptr (GError) error = NULL;

  if (!micro_registry_deregister_finish (MICRO_REGISTRY (source), result, &error)
      && !g_cancellable_is_cancelled (self->leaving))
    g_message ("%s cannot be taken out of the registry: %s", micro_service_get_name (self->record),
               error->message);
  set_stopped (self);
}

static void
deregister (MicroRegistrar *self)
{
  if (self->announced)
    micro_registry_deregister_async (self->app->registry, self->record, self->leaving,
                                     register_on_deregistered, self);
  else
    set_stopped (self);
}

/* Halves of a doubling delay, at random, so that a thousand pods do not come back as one. */
static guint
next_delay (MicroRegistrar *self)
{
  guint ms = MIN (FIRST_RETRY_MS << MIN (self->failures, 10), LAST_RETRY_MS);

  self->failures++;
  return ms / 2 + g_random_int_range (0, ms / 2);
}

static void
announce (MicroRegistrar *self)
{
  g_autofree char *line = NULL;

  g_clear_pointer (&self->last_failure, g_free);
  self->failures = 0;
  if (self->announced)
    return;
  self->announced = TRUE;
  micro_app_set_condition (self->app, "registered", NULL);
  line = g_strdup_printf ("%s %s serves on %s, registered in %s\n",
                          micro_service_get_name (self->record),
                          micro_service_get_version (self->record), self->app->address,
                          self->app->plugin_names[MICRO_PLUGIN_REGISTRY]);
  fputs (line, stderr);
}

static void
register_complain (MicroRegistrar *self, const GError *error)
{
  if (g_strcmp0 (self->last_failure, error->message) == 0)
    return;
  g_free (self->last_failure);
  self->last_failure = g_strdup (error->message);
  if (!self->announced)
    micro_app_set_condition (self->app, "registered", error->message);
  g_message ("%s serves on %s but cannot be registered in %s, trying again: %s",
             micro_service_get_name (self->record), self->app->address,
             self->app->plugin_names[MICRO_PLUGIN_REGISTRY], error->message);
}

static void
register_on_registered (GObject *source, GAsyncResult *result, gpointer data)
{
  MicroRegistrar *self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = micro_registry_register_finish (MICRO_REGISTRY (source), result, &error);

  self->in_flight = FALSE;
  if (self->stopping)
    {
      /* One that was given up may have been written all the same. */
      self->announced |= done || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      deregister (self);
      return;
    }
  if (!done)
    {
      register_complain (self, error);
      register_start_timer (self, next_delay (self));
      return;
    }
  announce (self);
  if (self->interval_s > 0)
    register_start_timer (self, MIN (self->interval_s, G_MAXUINT / 1000) * 1000);
}

static void
try_to_register (gpointer data)
{
  MicroRegistrar *self = data;

  if (self->stopping)
    return;
  self->in_flight = TRUE;
  micro_registry_register_async (self->app->registry, self->record, self->ttl_s, self->cancellable,
                                 register_on_registered, self);
}

MicroRegistrar *
micro_registrar_new (MicroApp *app, MicroService *record)
{
  MicroRegistrar *self = g_new0 (MicroRegistrar, 1);

  self->app = app;
  self->loop = app->registry_loop;
  self->record = micro_service_ref (record);
  self->cancellable = g_cancellable_new ();
  self->leaving = g_cancellable_new ();
  self->ttl_s = micro_options_get_uint (app->options, "register-ttl");
  self->interval_s = micro_registry_get_renew_interval (
      app->registry, micro_options_get_uint (app->options, "register-interval"));
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  micro_loop_post (self->loop, try_to_register, self);
  return self;
}

static void
stop_on_loop (gpointer data)
{
  MicroRegistrar *self = data;

  self->stopping = TRUE;
  if (self->timer != NULL)
    {
      g_source_destroy (self->timer);
      g_clear_pointer (&self->timer, g_source_unref);
    }
  if (self->in_flight)
    g_cancellable_cancel (self->cancellable);
  else
    deregister (self);
}

static void
leave_on_loop (gpointer data)
{
  MicroRegistrar *self = data;

  g_cancellable_cancel (self->leaving);
}

static gboolean
wait_for_stop (MicroRegistrar *self)
{
  gint64 end = g_get_monotonic_time () + STOP_US;
  gboolean stopped;

  g_mutex_lock (&self->mutex);
  while (!self->stopped && g_cond_wait_until (&self->cond, &self->mutex, end))
    ;
  stopped = self->stopped;
  g_mutex_unlock (&self->mutex);
  return stopped;
}

void
micro_registrar_stop (MicroRegistrar *self)
{
  micro_loop_post (self->loop, stop_on_loop, self);
  if (!wait_for_stop (self))
    {
      g_message ("the registry does not answer; leaving without being taken out of it");
      micro_loop_post (self->loop, leave_on_loop, self);
      /* If it does not even give up, its answer may still come, and must find us. */
      if (!wait_for_stop (self))
        return;
    }
  micro_service_unref (self->record);
  g_object_unref (self->cancellable);
  g_object_unref (self->leaving);
  g_free (self->last_failure);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}
