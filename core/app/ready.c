/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a service needs to be ready, and who is told: grpc.health.v1 and the health plugin.
 */
#include "config.h"

#include "app/app.h"

static void
ready_tell (gpointer data)
{
  MicroApp *self = data;
  g_autofree char *reason = NULL;
  gboolean ready
      = micro_checks_pass (self->checks, MICRO_CHECK_CRITICAL | MICRO_CHECK_LIVE, &reason);

  micro_health_set_ready (micro_services_get_health (self->services), ready, reason);
  if (self->health != NULL)
    micro_health_set_ready (self->health, ready, reason);
}

void
micro_app_set_condition (MicroApp *self, const char *name, const char *reason)
{
  micro_checks_set (self->checks, name, MICRO_CHECK_CRITICAL, reason);
}

/* --- Whether the loop threads turn --- */

/* In a g_atomic_rc_box: a loop may answer long after nobody waits. */
typedef struct
{
  GMutex mutex;
  GCond cond;
  guint n_missing;
  gboolean given_up;
} RollCall;

static void
roll_call_clear (gpointer data)
{
  RollCall *call = data;

  g_mutex_clear (&call->mutex);
  g_cond_clear (&call->cond);
}

static void
answer_roll_call (gpointer data)
{
  RollCall *call = data;

  g_mutex_lock (&call->mutex);
  call->n_missing--;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->mutex);
  g_atomic_rc_box_release_full (call, roll_call_clear);
}

static void
give_up (GCancellable *cancellable, gpointer data)
{
  RollCall *call = data;

  g_mutex_lock (&call->mutex);
  call->given_up = TRUE;
  g_cond_signal (&call->cond);
  g_mutex_unlock (&call->mutex);
}

/* A handler that never returns stops all connections of its thread. */
static gboolean
check_loops (GCancellable *cancellable, gpointer user_data, GError **error)
{
  GPtrArray *loops = user_data;
  RollCall *call = g_atomic_rc_box_new0 (RollCall);
  gboolean fine;
  gulong id;

  g_mutex_init (&call->mutex);
  g_cond_init (&call->cond);
  call->n_missing = loops->len;
  for (guint i = 0; i < loops->len; i++)
    micro_loop_post (loops->pdata[i], answer_roll_call, g_atomic_rc_box_acquire (call));
  id = g_cancellable_connect (cancellable, G_CALLBACK (give_up), call, NULL);
  g_mutex_lock (&call->mutex);
  while (call->n_missing > 0 && !call->given_up)
    g_cond_wait (&call->cond, &call->mutex);
  fine = call->n_missing == 0;
  g_mutex_unlock (&call->mutex);
  g_cancellable_disconnect (cancellable, id);
  g_atomic_rc_box_release_full (call, roll_call_clear);
  if (!fine)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "a loop thread does not turn");
  return fine;
}

/* --- Life --- */

gboolean
micro_app_start_health (MicroApp *self, GError **error)
{
  micro_app_set_condition (self, "listening", "the service does not listen yet");
  micro_app_set_condition (self, "registered", "the service is not in the registry yet");
  if (self->plugin_names[MICRO_PLUGIN_HEALTH] != NULL)
    {
      self->health
          = (MicroHealth *) micro_options_construct (self->options, MICRO_PLUGIN_HEALTH, error);
      if (self->health == NULL)
        return FALSE;
      micro_checks_add (self->checks, "loops", MICRO_CHECK_LIVE, self->loops_ms, self->loops_ms,
                        check_loops, g_ptr_array_ref (self->loops),
                        (GDestroyNotify) g_ptr_array_unref);
      micro_health_set_checks (self->health, self->checks);
    }
  /* Who says that no loop turns cannot be one of them. */
  if (self->health != NULL)
    self->check_loop = micro_loop_new ("checks");
  micro_checks_start (self->checks,
                      self->check_loop != NULL ? self->check_loop : self->loops->pdata[0],
                      ready_tell, self);
  if (self->health == NULL || micro_health_start (self->health, error))
    return TRUE;
  g_prefix_error (error, "health %s: ", self->plugin_names[MICRO_PLUGIN_HEALTH]);
  micro_app_stop_checks (self);
  return FALSE;
}

void
micro_app_stop_checks (MicroApp *self)
{
  micro_checks_stop (self->checks);
  g_clear_pointer (&self->check_loop, micro_loop_free);
}

void
micro_app_stop_health (MicroApp *self)
{
  if (self->health != NULL)
    micro_health_stop (self->health);
}
