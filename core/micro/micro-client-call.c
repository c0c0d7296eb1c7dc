/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call with its tries: find, select, send, wait, try another node.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-client-private.h>
#include <micro/micro-metadata.h>
#include <micro/micro-node.h>

/* Retries stop when the tokens are half gone (gRFC A6): a failure costs one, a success gives a
 * tenth back, so that a service in trouble is not called twice as often. */
#define BUDGET_FULL 100
#define BUDGET_HALF 50
#define FIRST_BACKOFF_MS 20

typedef struct
{
  MicroClient *client;
  MicroLoop *loop;
  char *service;
  char *path;
  MicroCodec codec;
  GBytes *request;
  char *address; /* (nullable): past registry and selector */
  char *version; /* (nullable) */
  GPtrArray *headers;
  gboolean retry_safe;
  guint timeout_ms;
  int retries_left;
  guint tries;
  gint64 deadline_us;
  MicroBytesFunc callback;
  gpointer user_data;
  GCancellable *cancellable;
  gulong cancel_id;

  MicroLoopTimer deadline;
  MicroLoopTimer backoff;
  MicroCall *call; /* (nullable): the running try */
  MicroNode *node;
  GPtrArray *tried;
  GBytes *reply;
  guint pending_lookup : 1;
  guint done : 1;
} ClientCall;

static void begin_try (ClientCall *self);

static void
client_call_free (ClientCall *self)
{
  g_clear_pointer (&self->node, micro_node_unref);
  g_clear_pointer (&self->tried, g_ptr_array_unref);
  g_clear_pointer (&self->reply, g_bytes_unref);
  g_bytes_unref (self->request);
  g_ptr_array_unref (self->headers);
  g_clear_object (&self->cancellable);
  g_object_unref (self->client);
  g_free (self->service);
  g_free (self->path);
  g_free (self->address);
  g_free (self->version);
  g_free (self);
}

/* --- The end ------------------------------------------------------------------------------------
 */

static void
finish (ClientCall *self, GBytes *reply, const GError *error)
{
  self->done = TRUE;
  micro_loop_stop_timer (self->loop, &self->deadline);
  micro_loop_stop_timer (self->loop, &self->backoff);
  if (self->call != NULL)
    {
      MicroCall *call = g_steal_pointer (&self->call);

      call->ops->cancel (call);
    }
  g_cancellable_disconnect (self->cancellable, self->cancel_id);
  self->callback (reply, error, self->user_data);
  if (!self->pending_lookup)
    client_call_free (self);
}

static void
finish_with (ClientCall *self, MicroStatus status, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (MICRO_ERROR, (int) status, message);

  finish (self, NULL, error);
}

static void
deadline_expired (MicroLoopTimer *timer)
{
  ClientCall *self = (ClientCall *) ((char *) timer - G_STRUCT_OFFSET (ClientCall, deadline));
  g_autofree char *message = g_strdup_printf (
      "%s did not answer within %u ms%s%s%s", self->path + 1, self->timeout_ms,
      self->node != NULL ? " (" : "", self->node != NULL ? micro_node_get_address (self->node) : "",
      self->node != NULL ? " was asked)" : "");
  g_autoptr (GError) error
      = g_error_new_literal (MICRO_ERROR, MICRO_STATUS_DEADLINE_EXCEEDED, message);

  if (self->node != NULL)
    micro_selector_mark (self->client->selector, self->node, error);
  finish (self, NULL, error);
}

/* --- Trying again
 * --------------------------------------------------------------------------------- */

static void
change_budget (MicroClient *client, int by)
{
  int now = g_atomic_int_get (&client->budget);

  g_atomic_int_set (&client->budget, CLAMP (now + by, 0, BUDGET_FULL));
}

static gboolean
may_retry (ClientCall *self, MicroStatus status, gboolean sent)
{
  if (self->retries_left <= 0 || g_atomic_int_get (&self->client->budget) <= BUDGET_HALF)
    return FALSE;
  return (status == MICRO_STATUS_UNAVAILABLE && !sent)
         || (self->retry_safe
             && (status == MICRO_STATUS_UNAVAILABLE || status == MICRO_STATUS_ABORTED
                 || status == MICRO_STATUS_RESOURCE_EXHAUSTED));
}

static void
backoff_expired (MicroLoopTimer *timer)
{
  begin_try ((ClientCall *) ((char *) timer - G_STRUCT_OFFSET (ClientCall, backoff)));
}

static void
retry (ClientCall *self)
{
  gint64 wait_us;

  self->retries_left--;
  self->tries++;
  if (self->tried == NULL)
    self->tried = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  if (self->node != NULL)
    g_ptr_array_add (self->tried, g_steal_pointer (&self->node));
  g_clear_pointer (&self->reply, g_bytes_unref);
  /* Another node is asked at once; it is a second failure that asks for patience. */
  if (self->tries == 1)
    {
      begin_try (self);
      return;
    }
  wait_us = (gint64) FIRST_BACKOFF_MS * 1000 << MIN (self->tries - 2, 6);
  self->backoff.expired = backoff_expired;
  micro_loop_start_timer (self->loop, &self->backoff,
                          g_get_monotonic_time ()
                              + (gint64) (wait_us * g_random_double_range (0.8, 1.2)));
}

/* --- One try
 * ---------------------------------------------------------------------------------------- */

static void
on_message (MicroCall *call, const guint8 *data, gsize length)
{
  ClientCall *self = call->user_data;

  g_clear_pointer (&self->reply, g_bytes_unref);
  self->reply = g_bytes_new (data, length);
}

/* go-micro's errors ride in grpc-message as JSON: {"id","code","detail","status"}. */
static char *
plain_message (const char *message)
{
  const char *detail
      = message != NULL && message[0] == '{' ? strstr (message, "\"detail\":\"") : NULL;
  g_autoptr (GString) text = NULL;

  if (detail == NULL || strstr (message, "\"code\":") == NULL)
    return g_strdup (message != NULL && message[0] != '\0' ? message : "the peer gave no reason");
  text = g_string_new (NULL);
  for (const char *at = detail + 10; *at != '\0' && *at != '"'; at++)
    {
      if (*at == '\\' && at[1] != '\0')
        at++;
      g_string_append_c (text, *at);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
on_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details)
{
  ClientCall *self = call->user_data;
  gboolean sent = call->sent;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  (void) details;
  self->call = NULL;
  if (status == MICRO_STATUS_OK && self->reply == NULL)
    {
      status = MICRO_STATUS_INTERNAL;
      message = "the answer has no message";
    }
  if (status == MICRO_STATUS_OK)
    {
      change_budget (self->client, 1);
      if (self->node != NULL)
        micro_selector_mark (self->client->selector, self->node, NULL);
      finish (self, self->reply, NULL);
      return;
    }
  text = plain_message (message);
  error = g_error_new_literal (MICRO_ERROR, (int) status, text);
  if (self->node != NULL)
    micro_selector_mark (self->client->selector, self->node, error);
  if (status == MICRO_STATUS_UNAVAILABLE)
    change_budget (self->client, -10);
  if (may_retry (self, status, sent))
    retry (self);
  else
    finish (self, NULL, error);
}

static const MicroCallEvents call_events = { .message = on_message, .closed = on_closed };

static void
send_to (ClientCall *self, const char *address)
{
  MicroCallStart start = {
    .address = address,
    .path = self->path,
    .headers = (const char *const *) self->headers->pdata,
    .deadline_us = self->deadline_us,
    .codec = self->codec,
  };
  gsize length;
  const guint8 *data = g_bytes_get_data (self->request, &length);
  MicroCall *call
      = micro_transport_open (self->client->transport, self->loop, &start, &call_events, self);
  guint8 *space = call->ops->begin_message (call, length);

  self->call = call;
  if (length > 0)
    memcpy (space, data, length);
  call->ops->end_message (call);
  call->ops->close (call, MICRO_STATUS_OK, NULL, NULL);
}

static MicroService *
merge_versions (ClientCall *self, GPtrArray *services)
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

static void
send_to_one_of (ClientCall *self, MicroService *service)
{
  g_autoptr (GError) error = NULL;

  self->node = micro_selector_select (self->client->selector, service, self->tried, &error);
  /* All were tried: the first one again is better than giving up while retries are left. */
  if (self->node == NULL && self->tried != NULL && self->tried->len > 0)
    {
      g_clear_error (&error);
      g_ptr_array_set_size (self->tried, 0);
      self->node = micro_selector_select (self->client->selector, service, NULL, &error);
    }
  if (self->node == NULL)
    finish (self, NULL, error);
  else
    send_to (self, micro_node_get_address (self->node));
}

/* --- Finding
 * ---------------------------------------------------------------------------------------- */

typedef struct
{
  ClientCall *call;
  GPtrArray *services;
  GError *error;
} Found;

static void
found_on_loop (gpointer user_data)
{
  Found *found = user_data;
  ClientCall *self = found->call;

  self->pending_lookup = FALSE;
  if (self->done)
    client_call_free (self);
  else if (found->services == NULL)
    finish (self, NULL, found->error);
  else
    {
      g_autoptr (MicroService) service = merge_versions (self, found->services);

      send_to_one_of (self, service);
    }
  g_clear_pointer (&found->services, g_ptr_array_unref);
  g_clear_error (&found->error);
  g_free (found);
}

static void
found (GPtrArray *services, const GError *error, gpointer user_data)
{
  ClientCall *self = user_data;
  Found *result = g_new0 (Found, 1);

  result->call = self;
  result->services = services != NULL ? g_ptr_array_ref (services) : NULL;
  result->error = error != NULL ? g_error_copy (error) : NULL;
  micro_loop_post (self->loop, found_on_loop, result);
}

static void
begin_try (ClientCall *self)
{
  MicroClient *client = self->client;
  g_autoptr (GPtrArray) services = NULL;
  g_autoptr (MicroService) service = NULL;
  g_autoptr (GError) error = NULL;

  if (self->address != NULL)
    {
      send_to (self, self->address);
      return;
    }
  if (client->cache == NULL)
    {
      service = micro_selector_resolve (client->selector, self->service, &error);
      if (service == NULL)
        finish (self, NULL, error);
      else
        send_to_one_of (self, service);
      return;
    }
  services = micro_cache_peek (client->cache, self->service);
  if (services != NULL)
    {
      service = merge_versions (self, services);
      send_to_one_of (self, service);
      return;
    }
  self->pending_lookup = TRUE;
  micro_cache_get (client->cache, self->service, found, self);
}

static void
begin (gpointer user_data)
{
  ClientCall *self = user_data;

  self->deadline.expired = deadline_expired;
  micro_loop_start_timer (self->loop, &self->deadline, self->deadline_us);
  if (self->cancellable != NULL && g_cancellable_is_cancelled (self->cancellable))
    finish_with (self, MICRO_STATUS_CANCELLED, "the caller gave up");
  else
    begin_try (self);
}

static void
copy_headers (ClientCall *self, const MicroCallOptions *options)
{
  self->headers = g_ptr_array_new_with_free_func (g_free);
  /* go-micro's own deadline header, in ns. */
  g_ptr_array_add (self->headers, g_strdup ("timeout"));
  g_ptr_array_add (self->headers, g_strdup_printf ("%u000000", self->timeout_ms));
  for (gsize i = 0; options->headers != NULL && options->headers[i] != NULL; i++)
    g_ptr_array_add (self->headers, i % 2 == 0 ? g_ascii_strdown (options->headers[i], -1)
                                               : g_strdup (options->headers[i]));
  g_ptr_array_add (self->headers, NULL);
}

void
micro_client_start (MicroClient *self,
                    const char *service,
                    const char *path,
                    MicroCodec codec,
                    GBytes *request,
                    const MicroCallOptions *options,
                    GCancellable *cancellable,
                    MicroBytesFunc callback,
                    gpointer user_data)
{
  static const MicroCallOptions defaults = MICRO_CALL_OPTIONS_INIT;
  MicroLoop *current = micro_loop_get_current ();
  ClientCall *call = g_new0 (ClientCall, 1);
  guint turn;

  if (options == NULL)
    options = &defaults;
  turn = (guint) g_atomic_int_add ((int *) &self->next_loop, 1);
  call->client = g_object_ref (self);
  call->loop = current != NULL ? current : g_ptr_array_index (self->loops, turn % self->loops->len);
  call->service = g_strdup (service);
  call->path = g_strdup (path);
  call->codec = codec;
  call->request = g_bytes_ref (request);
  call->address = g_strdup (options->address);
  call->version = g_strdup (options->version);
  call->retry_safe = options->retry_safe;
  call->timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : self->timeout_ms;
  call->retries_left = options->retries >= 0 ? options->retries : self->retries;
  call->deadline_us = g_get_monotonic_time () + call->timeout_ms * (gint64) 1000;
  call->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  call->callback = callback;
  call->user_data = user_data;
  copy_headers (call, options);
  if (current != NULL)
    begin (call);
  else
    micro_loop_post (call->loop, begin, call);
}
