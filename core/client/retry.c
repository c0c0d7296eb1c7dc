/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * After an attempt: the end, another node, another time, or one more beside it.
 */
#include "config.h"

#include "client/attempt.h"
#include "client/budget.h"
#include <micro/micro-node.h>

#define FIRST_BACKOFF_MS 20
#define MAX_BACKOFF_MS 1280

static void handle_ended (MicroAttempt *attempt, const MicroAttemptEnd *end);
static void handle_found_none (MicroAttempt *attempt, const GError *error);

static const MicroAttemptFuncs attempt_funcs = { handle_ended, handle_found_none };

static gboolean
take_retry (MicroRequest *self)
{
  if (self->wait_for_ready)
    return TRUE;
  if (self->retries_left <= 0 || !micro_budgets_allow (self->client->budgets, self->service))
    return FALSE;
  self->retries_left--;
  return TRUE;
}

/* What a handler may have seen: the caller or the policy says whether it may run twice. */
static gboolean
is_retryable (MicroRequest *self, MicroStatus status)
{
  guint64 retryable = self->policy->retryable;

  if (retryable == 0 && self->retry_safe)
    retryable = MICRO_POLICY_RETRY_SAFE;
  return (retryable & MICRO_POLICY_STATUS (status)) != 0;
}

static gboolean
is_repeatable (MicroRequest *self)
{
  return self->funcs->may_repeat == NULL || self->funcs->may_repeat (self);
}

/* --- Another time --- */

static void
backoff_expired (MicroLoopTimer *timer)
{
  micro_attempt_start (MICRO_CONTAINER_OF (timer, MicroRequest, backoff));
}

static void
retry_back_off (MicroRequest *self)
{
  const MicroPolicy *policy = self->policy;
  guint first_ms = policy->backoff_ms != 0 ? policy->backoff_ms : FIRST_BACKOFF_MS;
  guint most_ms = policy->max_backoff_ms != 0 ? policy->max_backoff_ms : MAX_BACKOFF_MS;
  gint64 wait_ms = MIN ((gint64) first_ms << MIN (self->n_backoffs, 20), most_ms);

  self->n_backoffs++;
  self->backoff.expired = backoff_expired;
  micro_loop_start_timer (self->loop, &self->backoff,
                          g_get_monotonic_time ()
                              + (gint64) (wait_ms * g_random_double_range (800, 1200)));
}

/* Every node has been tried, or there is none: patience, or the end. */
static void
try_later (MicroRequest *self)
{
  if (self->tried != NULL)
    g_ptr_array_set_size (self->tried, 0);
  if (self->may_return)
    {
      self->may_return = FALSE;
      micro_attempt_start (self);
    }
  else if (take_retry (self))
    retry_back_off (self);
  else
    micro_request_end (self, self->failure);
}

/* --- Another node --- */

static void
leave_node (MicroRequest *self, MicroAttempt *attempt)
{
  if (attempt->node == NULL)
    return;
  if (self->tried == NULL)
    self->tried = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_ptr_array_add (self->tried, micro_node_ref (attempt->node));
}

/* Nobody saw the call, so the next node costs nothing (gRFC A6, "transparent retries"); nor does
 * the same one, or an address, once: its connection may have ended as the call was made. */
static void
try_next_node (MicroRequest *self, MicroAttempt *attempt)
{
  gboolean first = !self->unsent;

  self->unsent = TRUE;
  self->may_return |= first;
  leave_node (self, attempt);
  if (attempt->node != NULL)
    micro_attempt_start (self);
  else
    try_later (self);
}

/* The peer drains, or is full, and nothing is wrong with it.  Once that costs nothing: on another
 * node, or on this one if there is no other (gRFC A6). */
static void
ask_again (MicroRequest *self, MicroAttempt *attempt)
{
  gboolean first = !self->declined;

  self->declined = TRUE;
  if (!first && !take_retry (self))
    {
      micro_request_end (self, self->failure);
      return;
    }
  leave_node (self, attempt);
  self->may_return = TRUE;
  if (first)
    micro_attempt_start (self);
  else
    retry_back_off (self);
}

static void
handle_failure (MicroRequest *self, MicroAttempt *attempt, const MicroAttemptEnd *end)
{
  gboolean unavailable = end->status == MICRO_STATUS_UNAVAILABLE;
  gboolean repeatable = is_repeatable (self);
  gboolean retryable = is_retryable (self, end->status);

  if (micro_request_has_others (self, attempt) && ((unavailable && !end->sent) || retryable))
    leave_node (self, attempt); /* one of them may do better */
  else if (unavailable && end->declined && repeatable)
    ask_again (self, attempt);
  else if (unavailable && !end->sent && repeatable)
    try_next_node (self, attempt);
  else if (retryable && repeatable && take_retry (self))
    {
      leave_node (self, attempt);
      self->may_return = TRUE;
      retry_back_off (self);
    }
  else
    micro_request_end (self, self->failure);
}

/* --- One more beside it --- */

static void hedge_expired (MicroLoopTimer *timer);

/* Only calls whose request is whole, and may be heard twice. */
static void
plan_hedge (MicroRequest *self)
{
  gint64 delay_us = self->policy->hedging_delay_ms * (gint64) 1000;

  if (delay_us == 0 || self->funcs->streaming)
    return;
  self->hedge.expired = hedge_expired;
  micro_loop_start_timer (self->loop, &self->hedge, g_get_monotonic_time () + delay_us);
}

static void
hedge_expired (MicroLoopTimer *timer)
{
  MicroRequest *self = MICRO_CONTAINER_OF (timer, MicroRequest, hedge);
  gboolean waits = self->attempt->node != NULL && !self->attempt->closed;

  if (waits && !take_retry (self))
    return;
  plan_hedge (self);
  if (!waits)
    return;
  leave_node (self, self->attempt);
  micro_attempt_start (self);
}

/* --- What an attempt tells --- */

static void
handle_ended (MicroAttempt *attempt, const MicroAttemptEnd *end)
{
  MicroRequest *self = attempt->request;
  const char *problem = NULL;

  if (end->status == MICRO_STATUS_OK)
    micro_request_settle_on (self, attempt);
  if (end->status == MICRO_STATUS_OK && self->funcs->check != NULL)
    problem = self->funcs->check (self);
  if (self->done)
    return;
  if (end->status == MICRO_STATUS_OK && problem == NULL)
    {
      micro_budgets_worked (self->client->budgets, self->service);
      micro_attempt_tell (attempt, MICRO_STATUS_OK, TRUE, FALSE);
      micro_request_end (self, NULL);
      return;
    }
  g_clear_error (&self->failure);
  if (problem != NULL)
    self->failure = g_error_new_literal (MICRO_ERROR, MICRO_STATUS_UNIMPLEMENTED, problem);
  else
    self->failure = micro_request_error (end->status, end->message, end->details);
  micro_attempt_tell (attempt, problem != NULL ? MICRO_STATUS_UNIMPLEMENTED : end->status,
                      end->sent, end->declined);
  /* What nobody saw says nothing about who is overloaded. */
  if (end->status == MICRO_STATUS_UNAVAILABLE && (end->sent || (end->declined && self->declined)))
    micro_budgets_failed (self->client->budgets, self->service, end->lost);
  handle_failure (self, attempt, end);
}

/* What could not be found is a failure like one of a node: worth waiting for, if one waits. */
static void
handle_found_none (MicroAttempt *attempt, const GError *error)
{
  MicroRequest *self = attempt->request;

  if (micro_request_has_others (self, attempt))
    return;
  if (self->failure == NULL)
    self->failure = g_error_copy (error);
  try_later (self);
}

void
micro_request_begin_attempts (MicroRequest *self)
{
  self->attempt_funcs = &attempt_funcs;
  plan_hedge (self);
  micro_attempt_start (self);
}
