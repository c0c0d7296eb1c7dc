/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One attempt of a request: find the service, select a node, open a call, tell how it ended.
 */
#include "config.h"

#include "client/attempt.h"
#include "client/ejection.h"
#include <micro/micro-node.h>

#define MAX_OWN_HEADERS 4
#define N_FEW_HEADERS 32
#define CLOCK_TOLERANCE_US 1000

/* --- The end --- */

void
micro_attempt_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  MicroAttempt *self = call->user_data;
  MicroRequest *request = micro_request_ref (self->request);
  MicroCallProgress progress = call->progress;
  MicroAttemptEnd end = { .status = status,
                          .message = message,
                          .details = details,
                          .sent = progress == MICRO_CALL_SENT || progress == MICRO_CALL_CUT_OFF,
                          .declined = progress == MICRO_CALL_DECLINED,
                          .lost = progress == MICRO_CALL_CUT_OFF };

  self->closed = TRUE;
  /* Both sides watch the clock; a peer whose is ahead resets the call. */
  if (status == MICRO_STATUS_CANCELLED
      && request->deadline_us <= g_get_monotonic_time () + CLOCK_TOLERANCE_US)
    {
      end.status = MICRO_STATUS_DEADLINE_EXCEEDED;
      end.message = "the peer gave the call up at its deadline";
    }
  if (!request->done)
    request->attempt_funcs->ended (self, &end);
  self->call = NULL;
  micro_request_unref (request);
}

void
micro_attempt_sent (MicroCall *call)
{
  MicroAttempt *self = call->user_data;

  if (self->node != NULL)
    micro_ejection_reached (self->request->client->ejection, micro_node_get_address (self->node));
}

/* --- Opening --- */

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
round_up_timeout (guint64 value)
{
  guint64 unit = 1;

  while (value / unit >= 10000)
    unit *= 10;
  return (value + unit - 1) / unit * unit;
}

static void
open_call (MicroAttempt *self, const char *address)
{
  MicroRequest *request = self->request;
  MicroClient *client = request->client;
  guint n = request->headers != NULL ? request->headers->len : 0;
  const char *few[N_FEW_HEADERS];
  g_autofree const char **many
      = n + MAX_OWN_HEADERS >= N_FEW_HEADERS ? g_new (const char *, n + MAX_OWN_HEADERS + 1) : NULL;
  const char **headers = many != NULL ? many : few;
  char timeout[32];
  MicroCallStart start = {
    .address = address,
    .path = request->path,
    .headers = headers,
    .deadline_us = request->deadline_us,
    .codec = request->codec,
    .max_receive_bytes = request->max_receive_bytes,
    .compress = request->compress,
    .streaming = request->funcs->streaming,
  };
  guint at = 0;

  self->begun_us = g_get_monotonic_time ();
  if (request->deadline_us != G_MAXINT64)
    {
      gint64 left_us = request->deadline_us - self->begun_us;

      /* go-micro's own header, in ns. */
      headers[at++] = "timeout";
      headers[at++] = format_number (round_up_timeout ((guint64) MAX (left_us, 1)) * 1000,
                                     timeout + sizeof timeout);
    }
  if (client->name != NULL)
    {
      headers[at++] = "micro-from-service";
      headers[at++] = client->name;
    }
  for (guint i = 0; i < n; i++)
    headers[at++] = g_ptr_array_index (request->headers, i);
  headers[at] = NULL;
  self->call = micro_transport_open (client->transport, request->loop, &start,
                                     request->funcs->events, self);
  if (self->call->progress == MICRO_CALL_SENT)
    micro_attempt_sent (self->call);
  if (request->held)
    self->call->ops->hold (self->call, TRUE);
  request->funcs->opened (request, self->call);
}

/* --- Selecting --- */

static void
find_none (MicroAttempt *self, const GError *error)
{
  self->closed = TRUE;
  self->request->attempt_funcs->found_none (self, error);
}

/* Takes @service. */
static void
open_one_of (MicroAttempt *self, MicroService *service)
{
  MicroRequest *request = self->request;
  MicroClient *client = request->client;
  g_autoptr (GPtrArray) tried
      = micro_ejection_get_tried (client->ejection, service, request->tried);
  g_autoptr (GError) error = NULL;
  MicroPick pick = {
    .size = sizeof pick,
    .method = request->path,
    .hash_key = request->hash_key,
    .attempt = request->n_chosen,
    .tried = tried,
    .deadline_us = request->deadline_us,
    .headers = request->headers != NULL ? (const char *const *) request->headers->pdata : NULL,
    .n_headers = request->headers != NULL ? request->headers->len : 0,
  };

  self->service = service;
  self->node = micro_selector_select (client->selector, service, &pick, &error);
  /* Those that are set aside are better than none. */
  if (self->node == NULL && tried != NULL && tried != request->tried)
    {
      g_clear_error (&error);
      pick.tried = request->tried;
      self->node = micro_selector_select (client->selector, service, &pick, &error);
    }
  if (self->node == NULL)
    {
      find_none (self, error);
      return;
    }
  request->n_chosen++;
  micro_ejection_chosen (client->ejection, micro_node_get_address (self->node));
  open_call (self, micro_node_get_address (self->node));
}

/* --- Finding --- */

typedef struct
{
  MicroAttempt *attempt;
  MicroSnapshot *snapshot; /* (nullable) */
  GError *error;           /* (nullable) */
} Found;

static void
found_on_loop (gpointer user_data)
{
  Found *found = user_data;
  MicroRequest *request = found->attempt->request;

  if (request->done)
    ;
  else if (found->snapshot == NULL)
    find_none (found->attempt, found->error);
  else
    open_one_of (found->attempt, micro_snapshot_get_service (found->snapshot, request->version));
  g_clear_pointer (&found->snapshot, micro_snapshot_unref);
  g_clear_error (&found->error);
  micro_request_unref (request);
  g_free (found);
}

static void
found (MicroSnapshot *snapshot, const GError *error, gpointer user_data)
{
  MicroAttempt *attempt = user_data;
  Found *result = g_new0 (Found, 1);

  result->attempt = attempt;
  result->snapshot = snapshot != NULL ? micro_snapshot_ref (snapshot) : NULL;
  result->error = error != NULL ? g_error_copy (error) : NULL;
  micro_loop_post (attempt->request->loop, found_on_loop, result);
}

void
micro_attempt_start (MicroRequest *request)
{
  MicroAttempt *self = micro_request_add_attempt (request);
  MicroClient *client = request->client;
  g_autoptr (MicroSnapshot) snapshot = NULL;
  g_autoptr (GError) error = NULL;
  MicroService *service;

  if (request->address != NULL)
    open_call (self, request->address);
  else if ((service = micro_client_resolve (client, request->service, &error)) != NULL)
    open_one_of (self, service);
  else if (error != NULL)
    find_none (self, error);
  else if ((snapshot = micro_cache_peek (client->cache, request->service)) != NULL)
    open_one_of (self, micro_snapshot_get_service (snapshot, request->version));
  else
    {
      micro_request_ref (request);
      micro_cache_get (client->cache, request->service, found, self);
    }
}
