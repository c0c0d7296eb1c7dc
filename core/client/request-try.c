/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The tries of a call: find, select, open, and on a failure another node or another time.
 */
#include "config.h"

#include <string.h>

#include "client/ejection.h"
#include "client/request.h"
#include <micro/micro-node.h>

/* Retries stop when the tokens are half gone (gRFC A6): a failure costs one, a success gives a
 * tenth back, so that a service in trouble is not called twice as often. */
#define BUDGET_FULL 100
#define BUDGET_HALF 50
#define FIRST_BACKOFF_MS 20
#define MAX_OWN_HEADERS 4
#define N_FEW_HEADERS 32
#define CLOCK_TOLERANCE_US 1000

/* --- Trying again --- */

static void
change_budget (MicroClient *client, int by)
{
  int now = g_atomic_int_get (&client->budget);

  g_atomic_int_set (&client->budget, CLAMP (now + by, 0, BUDGET_FULL));
}

static gboolean
take_retry (MicroRequest *self)
{
  if (self->wait_for_ready)
    return TRUE;
  if (self->retries_left <= 0 || g_atomic_int_get (&self->client->budget) <= BUDGET_HALF)
    return FALSE;
  self->retries_left--;
  return TRUE;
}

static void
backoff_expired (MicroLoopTimer *timer)
{
  micro_request_try (MICRO_CONTAINER_OF (timer, MicroRequest, backoff));
}

static void
request_try_back_off (MicroRequest *self)
{
  gint64 wait_us = (gint64) FIRST_BACKOFF_MS * 1000 << MIN (self->n_backoffs, 6);

  self->call = NULL;
  self->n_backoffs++;
  self->backoff.expired = backoff_expired;
  micro_loop_start_timer (self->loop, &self->backoff,
                          g_get_monotonic_time ()
                              + (gint64) (wait_us * g_random_double_range (0.8, 1.2)));
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
      micro_request_try (self);
    }
  else if (take_retry (self))
    request_try_back_off (self);
  else
    micro_request_end (self, self->failure);
}

static void
leave_node (MicroRequest *self)
{
  if (self->node == NULL)
    return;
  if (self->tried == NULL)
    self->tried = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_ptr_array_add (self->tried, g_steal_pointer (&self->node));
}

/* Nobody saw the call, so the next node costs nothing (gRFC A6, "transparent retries"). */
static void
try_next_node (MicroRequest *self)
{
  if (self->node == NULL)
    {
      try_later (self);
      return;
    }
  micro_ejection_failed (self->client->ejection, micro_node_get_address (self->node));
  leave_node (self);
  micro_request_try (self);
}

/* The peer drains, or is full, and nothing is wrong with it.  Once that costs nothing: on another
 * node, or on this one if there is no other (gRFC A6). */
static void
ask_again (MicroRequest *self)
{
  gboolean first = !self->declined;

  self->declined = TRUE;
  if (!first && !take_retry (self))
    {
      micro_request_end (self, self->failure);
      return;
    }
  leave_node (self);
  self->may_return = TRUE;
  if (first)
    micro_request_try (self);
  else
    request_try_back_off (self);
}

static void
handle_failure (MicroRequest *self, MicroStatus status, gboolean sent, gboolean declined)
{
  gboolean repeatable = self->funcs->may_repeat == NULL || self->funcs->may_repeat (self);

  if (status == MICRO_STATUS_UNAVAILABLE && declined && repeatable)
    ask_again (self);
  else if (status == MICRO_STATUS_UNAVAILABLE && !sent && repeatable)
    try_next_node (self);
  else if (self->retry_safe && repeatable
           && (status == MICRO_STATUS_UNAVAILABLE || status == MICRO_STATUS_ABORTED
               || status == MICRO_STATUS_RESOURCE_EXHAUSTED)
           && take_retry (self))
    {
      leave_node (self);
      self->may_return = TRUE;
      request_try_back_off (self);
    }
  else
    micro_request_end (self, self->failure);
}

static void
handle_closed (MicroRequest *self,
               MicroStatus status,
               const char *message,
               GBytes *details,
               gboolean sent,
               gboolean declined)
{
  const char *problem = NULL;

  self->closed = TRUE;
  /* Both sides watch the clock; a peer whose is ahead resets the call. */
  if (status == MICRO_STATUS_CANCELLED
      && self->deadline_us <= g_get_monotonic_time () + CLOCK_TOLERANCE_US)
    {
      status = MICRO_STATUS_DEADLINE_EXCEEDED;
      message = "the peer gave the call up at its deadline";
    }
  if (status == MICRO_STATUS_OK && self->funcs->check != NULL)
    problem = self->funcs->check (self);
  if (self->done)
    return;
  if (status == MICRO_STATUS_OK && self->node != NULL)
    micro_ejection_worked (self->client->ejection, micro_node_get_address (self->node));
  if (status == MICRO_STATUS_OK && problem == NULL)
    {
      change_budget (self->client, 1);
      micro_request_mark (self, NULL);
      micro_request_end (self, NULL);
      return;
    }
  g_clear_error (&self->failure);
  if (problem != NULL)
    self->failure = g_error_new_literal (MICRO_ERROR, MICRO_STATUS_UNIMPLEMENTED, problem);
  else
    self->failure = micro_request_error (status, message, details);
  micro_request_mark (self, self->failure);
  if (status == MICRO_STATUS_UNAVAILABLE && (!declined || self->declined))
    change_budget (self->client, -10);
  handle_failure (self, status, sent, declined);
}

void
micro_request_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  MicroRequest *self = micro_request_ref (call->user_data);

  handle_closed (self, status, message, details, call->sent, call->declined);
  micro_request_unref (self);
}

/* --- One try --- */

/* Ends before @end; printf() would be a twentieth of a call. */
static char *
format_number (guint64 value, char *end)
{
  *--end = '\0';
  do
    *--end = (char) ('0' + value % 10);
  while ((value /= 10) > 0);
  return end;
}

/* Up to four digits that count, as grpc-timeout is: many calls say the same. */
static guint64
request_try_round_up (guint64 value)
{
  guint64 unit = 1;

  while (value / unit >= 10000)
    unit *= 10;
  return (value + unit - 1) / unit * unit;
}

static void
open_call (MicroRequest *self, const char *address)
{
  guint n = self->headers != NULL ? self->headers->len : 0;
  const char *few[N_FEW_HEADERS];
  g_autofree const char **many
      = n + MAX_OWN_HEADERS >= N_FEW_HEADERS ? g_new (const char *, n + MAX_OWN_HEADERS + 1) : NULL;
  const char **headers = many != NULL ? many : few;
  gint64 left_us = self->deadline_us - g_get_monotonic_time ();
  char timeout[32];
  MicroCallStart start = {
    .address = address,
    .path = self->path,
    .headers = headers,
    .deadline_us = self->deadline_us,
    .codec = self->codec,
    .max_receive_bytes = self->max_receive_bytes,
    .compress = self->compress,
    .streaming = self->funcs->streaming,
  };
  guint at = 0;

  if (self->deadline_us != G_MAXINT64)
    {
      /* go-micro's own header, in ns. */
      headers[at++] = "timeout";
      headers[at++] = format_number (request_try_round_up ((guint64) MAX (left_us, 1)) * 1000,
                                     timeout + sizeof timeout);
    }
  if (self->client->name != NULL)
    {
      headers[at++] = "micro-from-service";
      headers[at++] = self->client->name;
    }
  for (guint i = 0; i < n; i++)
    headers[at++] = g_ptr_array_index (self->headers, i);
  headers[at] = NULL;
  self->closed = FALSE;
  self->may_return = FALSE;
  self->call = micro_transport_open (self->client->transport, self->loop, &start,
                                     self->funcs->events, self);
  if (self->held)
    self->call->ops->hold (self->call, TRUE);
  self->funcs->opened (self);
}

static MicroService *
merge_versions (MicroRequest *self, GPtrArray *services)
{
  g_autoptr (GPtrArray) nodes = NULL;

  if (self->version == NULL && services->len == 1)
    return micro_service_ref (g_ptr_array_index (services, 0));
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  for (guint i = 0; i < services->len; i++)
    {
      MicroService *service = g_ptr_array_index (services, i);
      GPtrArray *from = micro_service_get_nodes (service);

      if (self->version != NULL
          && !g_str_equal (self->version, micro_service_get_version (service)))
        continue;
      for (guint j = 0; j < from->len; j++)
        g_ptr_array_add (nodes, micro_node_ref (g_ptr_array_index (from, j)));
    }
  return micro_service_with_nodes (g_ptr_array_index (services, 0), nodes);
}

/* What could not be found is a failure like one of a node: worth waiting for, if one waits. */
static void
fail_to_find (MicroRequest *self, const GError *error)
{
  if (self->failure == NULL)
    self->failure = g_error_copy (error);
  try_later (self);
}

static void
open_one_of (MicroRequest *self, MicroService *service)
{
  MicroSelector *selector = self->client->selector;
  g_autoptr (GPtrArray) tried
      = micro_ejection_get_tried (self->client->ejection, service, self->tried);
  g_autoptr (GError) error = NULL;

  self->marked = FALSE;
  self->node = micro_selector_select (selector, service, tried, &error);
  /* Those that are out are better than none. */
  if (self->node == NULL && tried != NULL && tried != self->tried)
    {
      g_clear_error (&error);
      self->node = micro_selector_select (selector, service, self->tried, &error);
    }
  if (self->node == NULL)
    fail_to_find (self, error);
  else
    open_call (self, micro_node_get_address (self->node));
}

/* --- Finding --- */

typedef struct
{
  MicroRequest *request;
  GPtrArray *services;
  GError *error;
} Found;

static void
found_on_loop (gpointer user_data)
{
  Found *found = user_data;
  MicroRequest *self = found->request;

  if (self->done)
    ;
  else if (found->services == NULL)
    fail_to_find (self, found->error);
  else
    {
      g_autoptr (MicroService) service = merge_versions (self, found->services);

      open_one_of (self, service);
    }
  g_clear_pointer (&found->services, g_ptr_array_unref);
  g_clear_error (&found->error);
  micro_request_unref (self);
  g_free (found);
}

static void
found (GPtrArray *services, const GError *error, gpointer user_data)
{
  MicroRequest *self = user_data;
  Found *result = g_new0 (Found, 1);

  result->request = self;
  result->services = services != NULL ? g_ptr_array_ref (services) : NULL;
  result->error = error != NULL ? g_error_copy (error) : NULL;
  micro_loop_post (self->loop, found_on_loop, result);
}

void
micro_request_try (MicroRequest *self)
{
  MicroClient *client = self->client;
  g_autoptr (GPtrArray) services = NULL;
  g_autoptr (MicroService) service = NULL;
  g_autoptr (GError) error = NULL;

  self->call = NULL;
  if (self->address != NULL)
    open_call (self, self->address);
  else if (client->cache == NULL)
    {
      service = micro_selector_resolve (client->selector, self->service, &error);
      if (service == NULL)
        fail_to_find (self, error);
      else
        open_one_of (self, service);
    }
  else if ((services = micro_cache_peek (client->cache, self->service)) != NULL)
    {
      service = merge_versions (self, services);
      open_one_of (self, service);
    }
  else
    micro_cache_get (client->cache, self->service, found, micro_request_ref (self));
}
