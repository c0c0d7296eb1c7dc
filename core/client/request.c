/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call on its way out: its attempts, and its end.
 */
#include "config.h"

#include "client/ejection.h"
#include "client/request.h"
#include <micro/micro-error.h>
#include <micro/micro-node.h>

/* --- Attempts --- */

static void
attempt_free (MicroAttempt *self)
{
  g_clear_pointer (&self->node, micro_node_unref);
  g_clear_pointer (&self->service, micro_service_unref);
  if (self != &self->request->first)
    g_free (self);
}

static void
free_attempts (MicroRequest *self)
{
  MicroAttempt *attempt = self->attempt;

  while (attempt != NULL)
    {
      MicroAttempt *before = attempt->before;

      attempt_free (attempt);
      attempt = before;
    }
}

/* Those that ended before the last one did: a call that waits for a node makes many. */
static void
free_ended (MicroAttempt *newest)
{
  MicroAttempt **link = &newest->before;

  while (*link != NULL)
    {
      MicroAttempt *attempt = *link;

      if (attempt->closed)
        {
          *link = attempt->before;
          attempt_free (attempt);
        }
      else
        link = &attempt->before;
    }
}

MicroAttempt *
micro_request_add_attempt (MicroRequest *self)
{
  MicroAttempt *attempt = self->attempt == NULL ? &self->first : g_new0 (MicroAttempt, 1);

  attempt->request = self;
  if (self->attempt != NULL)
    {
      free_ended (self->attempt);
      attempt->before = self->attempt;
    }
  self->attempt = attempt;
  return attempt;
}

gboolean
micro_request_has_others (MicroRequest *self, MicroAttempt *one)
{
  for (MicroAttempt *attempt = self->attempt; attempt != NULL; attempt = attempt->before)
    if (attempt != one && !attempt->closed)
      return TRUE;
  return FALSE;
}

void
micro_attempt_tell (MicroAttempt *self, MicroStatus status, gboolean sent, gboolean declined)
{
  MicroClient *client = self->request->client;
  MicroOutcome outcome = MICRO_OUTCOME_INIT;

  if (self->node == NULL || self->told)
    return;
  self->told = TRUE;
  outcome.status = status;
  outcome.sent = sent;
  outcome.declined = declined;
  if (client->learns)
    {
      outcome.latency_us = g_get_monotonic_time () - self->begun_us;
      micro_selector_done (client->selector, self->service, self->node, &outcome);
    }
  micro_ejection_done (client->ejection, micro_node_get_address (self->node), &outcome);
}

static void
tell_all (MicroRequest *self, MicroAttempt *except, MicroStatus status)
{
  for (MicroAttempt *attempt = self->attempt; attempt != NULL; attempt = attempt->before)
    if (attempt != except)
      micro_attempt_tell (attempt, status,
                          attempt->call != NULL && attempt->call->progress == MICRO_CALL_SENT,
                          FALSE);
}

static void
cancel_all (MicroRequest *self, MicroAttempt *except)
{
  for (MicroAttempt *attempt = self->attempt; attempt != NULL; attempt = attempt->before)
    {
      MicroCall *call = attempt->call;

      if (attempt == except || attempt->closed)
        continue;
      attempt->closed = TRUE;
      attempt->call = NULL;
      if (call != NULL)
        call->ops->cancel (call);
    }
}

void
micro_request_settle_on (MicroRequest *self, MicroAttempt *one)
{
  if (!micro_request_has_others (self, one))
    return;
  micro_loop_stop_timer (self->loop, &self->hedge);
  tell_all (self, one, MICRO_STATUS_CANCELLED);
  cancel_all (self, one);
  /* Whose headers are asked for from now on. */
  for (MicroAttempt **link = &self->attempt; *link != NULL; link = &(*link)->before)
    if (*link == one)
      {
        *link = one->before;
        one->before = self->attempt;
        self->attempt = one;
        break;
      }
}

/* --- References --- */

MicroRequest *
micro_request_ref (MicroRequest *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
micro_request_unref (MicroRequest *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  self->funcs->clear (self);
  free_attempts (self);
  g_clear_pointer (&self->tried, g_ptr_array_unref);
  g_clear_pointer (&self->headers, g_ptr_array_unref);
  g_clear_pointer (&self->context, micro_context_unref);
  g_clear_error (&self->failure);
  g_clear_error (&self->refused);
  g_clear_object (&self->cancellable);
  g_object_unref (self->client);
  g_free (self->service);
  g_free (self->path);
  g_free (self->address);
  g_free (self->version);
  g_free (self->hash_key);
  g_free (self);
}

/* --- The end --- */

void
micro_request_end (MicroRequest *self, const GError *error)
{
  MicroScope scope;

  if (self->done)
    return;
  self->done = TRUE;
  /* Those that have ended have told it; the others are given up. */
  tell_all (self, NULL, self->expired ? MICRO_STATUS_DEADLINE_EXCEEDED : MICRO_STATUS_CANCELLED);
  micro_loop_stop_timer (self->loop, &self->deadline);
  micro_loop_stop_timer (self->loop, &self->backoff);
  micro_loop_stop_timer (self->loop, &self->hedge);
  micro_loop_remove_ending (&self->ending);
  g_cancellable_disconnect (self->cancellable, self->cancel_id);
  if (self->context != NULL)
    micro_context_remove_child (self->context, &self->child);
  micro_scope_enter (&scope, self->loop, NULL, self->context);
  if (G_UNLIKELY (self->intercepted != NULL))
    micro_request_intercept_end (self, error);
  self->funcs->ended (self, error);
  micro_scope_leave (&scope, self->loop);
  cancel_all (self, NULL);
  micro_request_unref (self);
}

void
micro_request_end_answered (MicroRequest *self, const GError *error)
{
  if (!self->done && self->attempt != NULL)
    micro_attempt_tell (self->attempt, micro_error_get_status (error), TRUE, FALSE);
  micro_request_end (self, error);
}

void
micro_request_end_doubled (MicroRequest *self)
{
  g_autoptr (GError) error = g_error_new_literal (MICRO_ERROR, MICRO_STATUS_UNIMPLEMENTED,
                                                  "the answer has more than one message");

  micro_request_end_answered (self, error);
}
