/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The last calls that their callers traced: go-micro's headers, or W3C's.
 */
#include "config.h"

#include <string.h>

#include "call/context.h"

#include "services.h"

#define N_TRACES 256 /* go-micro's */

struct _Traces
{
  GMutex mutex;
  GQueue spans; /* of Trace */
};

static void
trace_free (gpointer data)
{
  Trace *self = data;

  g_free (self->trace);
  g_free (self->id);
  g_free (self->parent);
  g_free (self->name);
  g_free (self->error);
  g_free (self);
}

/* "00-TRACE-PARENT-FLAGS" (W3C Trace Context, 3.2) */
static gboolean
take_traceparent (Trace *self, const char *header)
{
  g_auto (GStrv) parts = g_strsplit (header, "-", 5);

  if (g_strv_length (parts) < 4 || strlen (parts[1]) != 32 || strlen (parts[2]) != 16)
    return FALSE;
  self->trace = g_strdup (parts[1]);
  self->parent = g_strdup (parts[2]);
  return TRUE;
}

/* (nullable): of a call that nobody traces */
static Trace *
span_new (const char *micro_id, const char *micro_parent, const char *traceparent)
{
  Trace *self;

  if (micro_id == NULL && traceparent == NULL)
    return NULL;
  self = g_new0 (Trace, 1);
  if (micro_id != NULL)
    {
      self->trace = g_strdup (micro_id);
      self->parent = g_strdup (micro_parent);
    }
  else if (!take_traceparent (self, traceparent))
    {
      g_free (self);
      return NULL;
    }
  self->id = g_strdup_printf ("%08x%08x", g_random_int (), g_random_int ());
  self->started_ns = (guint64) g_get_real_time () * 1000;
  /* Until the end, a time of the other clock. */
  self->duration_ns = (guint64) g_get_monotonic_time () * 1000;
  return self;
}

static void
span_end (Traces *self, Trace *span, const char *status, const char *message)
{
  Trace *old = NULL;

  span->duration_ns = (guint64) g_get_monotonic_time () * 1000 - span->duration_ns;
  if (status != NULL)
    span->error = g_strconcat (status, message != NULL ? ": " : NULL, message, NULL);
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->spans, span);
  if (self->spans.length > N_TRACES)
    old = g_queue_pop_head (&self->spans);
  g_mutex_unlock (&self->mutex);
  if (old != NULL)
    trace_free (old);
}

/* What the next in the line gets: this span is the parent of its. (transfer full) */
static char *
child_of (const Trace *self, const char *traceparent)
{
  const char *flags = strrchr (traceparent, '-');

  return g_strdup_printf ("00-%s-%s%s", self->trace, self->id, flags);
}

/* --- Calls that come --- */

static gpointer
begin_inbound (MicroCall *call, gpointer user_data)
{
  const char *micro_id = micro_call_get_header (call, "micro-trace-id");
  const char *w3c = micro_id == NULL ? micro_call_get_header (call, "traceparent") : NULL;
  const MicroMethod *method = micro_call_get_method (call);
  Trace *self = span_new (micro_id, micro_call_get_header (call, "micro-span-id"), w3c);
  MicroContext *context;
  g_autofree char *child = NULL;

  if (self == NULL)
    return NULL;
  self->name = g_strdup_printf ("%s.%s", method->service, method->name);
  context = micro_context_of (call);
  if (micro_id != NULL)
    micro_context_set_header (context, "micro-span-id", self->id);
  else
    micro_context_set_header (context, "traceparent", (child = child_of (self, w3c)));
  micro_context_unref (context);
  return self;
}

static void
end_inbound (
    MicroCall *call, MicroStatus status, const char *message, gpointer state, gpointer user_data)
{
  if (state != NULL)
    span_end (user_data, state, status != MICRO_STATUS_OK ? micro_status_to_string (status) : NULL,
              message);
}

/* --- Calls that go --- */

static gpointer
begin_outbound (MicroRequest *request, gpointer user_data)
{
  const char *micro_id = micro_request_get_header (request, "micro-trace-id");
  const char *w3c = micro_id == NULL ? micro_request_get_header (request, "traceparent") : NULL;
  Trace *self = span_new (micro_id, micro_request_get_header (request, "micro-span-id"), w3c);
  g_autofree char *child = NULL;

  if (self == NULL)
    return NULL;
  self->outbound = TRUE;
  self->name = g_strdelimit (g_strdup (micro_request_get_path (request) + 1), "/", '.');
  if (micro_id != NULL)
    micro_request_set_header (request, "micro-span-id", self->id);
  else
    micro_request_set_header (request, "traceparent", (child = child_of (self, w3c)));
  return self;
}

static void
end_outbound (MicroRequest *request, const GError *error, gpointer state, gpointer user_data)
{
  if (state != NULL)
    span_end (user_data, state,
              error != NULL ? micro_status_to_string ((MicroStatus) error->code) : NULL,
              error != NULL ? error->message : NULL);
}

/* --- All of them --- */

Traces *
traces_new (MicroRouter *router, MicroClient *client)
{
  static const MicroServerInterceptor inbound = { .begin = begin_inbound, .end = end_inbound };
  static const MicroClientInterceptor outbound = { .begin = begin_outbound, .end = end_outbound };
  Traces *self = g_new0 (Traces, 1);

  g_mutex_init (&self->mutex);
  micro_router_add_observer (router, &inbound, self);
  if (client != NULL)
    micro_client_add_interceptor (client, &outbound, self, NULL);
  return self;
}

void
traces_free (Traces *self)
{
  g_queue_clear_full (&self->spans, trace_free);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Under the lock: @func must not block. */
void
traces_foreach (Traces *self, const char *id, TraceFunc func, gpointer user_data)
{
  g_mutex_lock (&self->mutex);
  for (GList *link = self->spans.head; link != NULL; link = link->next)
    {
      const Trace *span = link->data;

      if (id == NULL || id[0] == '\0' || g_str_equal (id, span->trace))
        func (span, user_data);
    }
  g_mutex_unlock (&self->mutex);
}
