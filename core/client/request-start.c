/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call on its way out: what was asked for, and what ends it from outside.
 */
#include "config.h"

#include <string.h>

#include "client/request.h"
#include <micro/micro-error.h>
#include <micro/micro-header.h>

static void
end_with (MicroRequest *self, MicroStatus status, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (MICRO_ERROR, (int) status, message);

  micro_request_end (self, error);
}

static void
request_deadline_expired (MicroLoopTimer *timer)
{
  MicroRequest *self = MICRO_CONTAINER_OF (timer, MicroRequest, deadline);
  const char *address = micro_request_get_address (self);
  g_autofree char *message = NULL;
  g_autoptr (GError) error = NULL;

  if (self->failure != NULL)
    message = g_strdup_printf ("%s was not answered within %u ms; the last try: %s", self->path + 1,
                               self->timeout_ms, self->failure->message);
  else if (address != NULL)
    message = g_strdup_printf ("%s did not answer within %u ms (%s was asked)", self->path + 1,
                               self->timeout_ms, address);
  else
    message = g_strdup_printf ("%s did not answer within %u ms", self->path + 1, self->timeout_ms);
  error = g_error_new_literal (MICRO_ERROR, MICRO_STATUS_DEADLINE_EXCEEDED, message);
  self->expired = TRUE;
  micro_request_end (self, error);
}

static void
cancel_child (MicroContextChild *child)
{
  end_with (MICRO_CONTAINER_OF (child, MicroRequest, child), MICRO_STATUS_CANCELLED,
            "the call it was made for has been given up");
}

static void
request_loop_ends (MicroLoopEnding *ending)
{
  end_with (MICRO_CONTAINER_OF (ending, MicroRequest, ending), MICRO_STATUS_CANCELLED,
            "the program that calls is ending");
}

static void
cancel_on_loop (gpointer user_data)
{
  MicroRequest *self = user_data;

  end_with (self, MICRO_STATUS_CANCELLED, "the caller gave up");
  micro_request_unref (self);
}

static void
request_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  MicroRequest *self = user_data;

  micro_loop_post (self->loop, cancel_on_loop, micro_request_ref (self));
}

/* What HTTP/2 has no place for would cost the connection, or the call without a word. */
static void
check_path (MicroRequest *self)
{
  const char *at = self->path;
  g_autofree char *quoted = NULL;

  while (*at > 0x20 && *at < 0x7f)
    at++;
  if (G_LIKELY (*at == '\0'))
    return;
  quoted = micro_error_quote (self->path + 1);
  self->refused = g_error_new (MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                               "“%s” cannot be called: the names of services and methods are "
                               "visible ASCII characters, without blanks",
                               quoted);
}

void
micro_request_init (MicroRequest *self,
                    const MicroRequestFuncs *funcs,
                    MicroClient *client,
                    const char *service,
                    char *path,
                    MicroCodec codec,
                    guint default_timeout_ms,
                    const MicroCallOptions *options)
{
  static const MicroCallOptions defaults = MICRO_CALL_OPTIONS_INIT;

  if (options == NULL)
    options = &defaults;
  g_atomic_ref_count_init (&self->references);
  self->funcs = funcs;
  self->client = g_object_ref (client);
  self->service = g_strdup (client->proxy != NULL ? client->proxy : service);
  self->path = path;
  check_path (self);
  self->codec = codec;
  self->address = g_strdup (options->address);
  if (self->address == NULL && client->proxy != NULL && strchr (client->proxy, ':') != NULL)
    self->address = g_strdup (client->proxy);
  self->version = g_strdup (options->version);
  self->hash_key = g_strdup (options->hash_key);
  self->policy = micro_policies_find (client->policies, self->service, path);
  self->retry_safe = options->retry_safe != FALSE;
  self->compress = options->compress != FALSE;
  self->wait_for_ready = options->wait_for_ready != FALSE;
  self->max_receive_bytes = options->max_receive_bytes;
  self->timeout_ms = options->timeout_ms != 0        ? options->timeout_ms
                     : self->policy->timeout_ms != 0 ? self->policy->timeout_ms
                                                     : default_timeout_ms;
  self->retries_left = options->retries >= 0        ? options->retries
                       : self->policy->retries >= 0 ? self->policy->retries
                                                    : client->retries;
  self->deadline_us = self->timeout_ms != 0
                          ? g_get_monotonic_time () + self->timeout_ms * G_TIME_SPAN_MILLISECOND
                          : G_MAXINT64;
  for (gsize i = 0; options->headers != NULL && options->headers[i] != NULL; i += 2)
    micro_request_add_header (self, options->headers[i], options->headers[i + 1]);
}

/* The caller's own headers win. */
static void
inherit (MicroRequest *self)
{
  GPtrArray *headers = micro_context_get_headers (self->context);
  gint64 deadline_us = micro_context_get_deadline (self->context);

  if (deadline_us < self->deadline_us)
    {
      gint64 left_us = deadline_us - g_get_monotonic_time ();

      self->deadline_us = deadline_us;
      self->timeout_ms = (guint) (MAX (0, left_us) / G_TIME_SPAN_MILLISECOND);
    }
  /* What is bad in them is not our caller's fault. */
  for (guint i = 0; i < headers->len; i += 2)
    if (micro_request_get_header (self, g_ptr_array_index (headers, i)) == NULL
        && micro_header_check (g_ptr_array_index (headers, i), g_ptr_array_index (headers, i + 1),
                               NULL))
      micro_request_add_header (self, g_ptr_array_index (headers, i),
                                g_ptr_array_index (headers, i + 1));
}

static void
request_begin (MicroRequest *self)
{
  if (self->cancellable != NULL && g_cancellable_is_cancelled (self->cancellable))
    end_with (self, MICRO_STATUS_CANCELLED, "the caller gave up");
  else if (self->context != NULL && micro_context_is_cancelled (self->context))
    cancel_child (&self->child);
  else if (self->loop->ended)
    request_loop_ends (&self->ending);
  else
    {
      self->ending.ending = request_loop_ends;
      micro_loop_add_ending (self->loop, &self->ending);
      if (G_UNLIKELY (g_atomic_pointer_get (&self->client->interceptors) != NULL))
        micro_request_intercept_start (self);
      if (self->refused != NULL)
        {
          micro_request_end (self, self->refused);
          return;
        }
      if (self->context != NULL)
        micro_context_add_child (self->context, &self->child);
      if (self->deadline_us != G_MAXINT64)
        {
          self->deadline.expired = request_deadline_expired;
          micro_loop_start_timer (self->loop, &self->deadline, self->deadline_us);
        }
      micro_request_begin_attempts (self);
    }
}

/* Who gave it up may have come first. */
static void
begin_posted (gpointer user_data)
{
  MicroRequest *self = user_data;

  if (!self->done)
    request_begin (self);
  micro_request_unref (self);
}

void
micro_request_start (MicroRequest *self, GCancellable *cancellable)
{
  MicroClient *client = self->client;
  MicroLoop *current = micro_loop_get_current ();

  self->child.cancel = cancel_child;
  if (current != NULL)
    {
      self->loop = current;
      self->context = micro_context_for (current);
      if (self->context != NULL)
        inherit (self);
    }
  else
    {
      guint turn = (guint) g_atomic_int_add ((int *) &client->next_loop, 1);

      self->loop = g_ptr_array_index (client->loops, turn % client->loops->len);
    }
  micro_request_ref (self);
  if (cancellable != NULL)
    {
      self->cancellable = g_object_ref (cancellable);
      self->cancel_id
          = g_cancellable_connect (cancellable, G_CALLBACK (request_on_cancelled),
                                   micro_request_ref (self), (GDestroyNotify) micro_request_unref);
    }
  if (current != NULL)
    request_begin (self);
  else
    micro_loop_post (self->loop, begin_posted, micro_request_ref (self));
}
