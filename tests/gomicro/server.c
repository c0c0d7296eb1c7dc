/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Our service for go-micro's clients: the methods with one answer.
 */
#include "server.h"

#include <string.h>

static int gone; /* atomic: callers that went while their call waited */

void
count_gone (void)
{
  g_atomic_int_inc (&gone);
}

/* --- Headers --- */

typedef struct
{
  const char *name;
  GString *values;
} Search;

static gboolean
add_value (const char *name, const char *value, gpointer user_data)
{
  Search *search = user_data;

  if (g_ascii_strcasecmp (name, search->name) != 0)
    return TRUE;
  if (search->values == NULL)
    search->values = g_string_new (value);
  else
    g_string_append_printf (search->values, ", %s", value);
  return TRUE;
}

char *
find_header (MicroCall *call, const char *name)
{
  Search search = { name, NULL };

  micro_call_foreach_header (call, add_value, &search);
  return search.values != NULL ? g_string_free (search.values, FALSE) : NULL;
}

/* --- Calls made for a call --- */

static void
relayed (gconstpointer response, const GError *error, gpointer user_data)
{
  MicroCall *call = user_data;

  if (response == NULL)
    micro_call_fail_error (call, error);
  else
    micro_call_reply (call, response);
}

/* FALSE: the request names no address to ask instead. */
static gboolean
relay (MicroCall *call, const Probe__Note *request, MicroClient *client)
{
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  Probe__Note same = *request;

  if (request->text[0] == '\0')
    return FALSE;
  options.address = request->text;
  same.text = (char *) "";
  micro_client_call (client, SERVICE_NAME, micro_call_get_method (call), &same, &options, relayed,
                     call);
  return TRUE;
}

static void
headers (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  Probe__Note response = PROBE__NOTE__INIT;
  Probe__Note__LabelsEntry *entries;
  Probe__Note__LabelsEntry **labels;

  if (relay (call, request, micro_app_get_client (user_data)))
    return;
  entries = micro_call_alloc (call, (request->n_words + 1) * sizeof *entries);
  labels = micro_call_alloc (call, (request->n_words + 1) * sizeof *labels);
  for (gsize i = 0; i < request->n_words; i++)
    {
      g_autofree char *value = find_header (call, request->words[i]);
      Probe__Note__LabelsEntry *entry = &entries[response.n_labels];

      if (value == NULL)
        continue;
      probe__note__labels_entry__init (entry);
      entry->key = request->words[i];
      entry->value = micro_call_printf (call, "%s", value);
      labels[response.n_labels++] = entry;
    }
  response.labels = labels;
  micro_call_add_header (call, "x-answered", "with headers");
  micro_call_add_trailer (call, "x-answered-too", "with trailers");
  probe_probe_headers_reply (call, &response);
}

static void
deadline (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  gint64 deadline_us = micro_call_get_deadline (call);
  Probe__Note response = PROBE__NOTE__INIT;

  if (relay (call, request, micro_app_get_client (user_data)))
    return;
  if (deadline_us != G_MAXINT64)
    response.large_number = (deadline_us - g_get_monotonic_time ()) / 1000;
  probe_probe_deadline_reply (call, &response);
}

/* --- The rest --- */

static void
echo (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  probe_probe_echo_reply (call, request);
}

void
fail_as (MicroCall *call, const Probe__Failure *failure)
{
  if (failure->id[0] != '\0')
    micro_call_fail_with_code (call, failure->id, failure->code, "%s", failure->detail);
  else
    micro_call_fail (call, micro_status_from_micro_code (failure->code), "%s", failure->detail);
}

static void
fail (MicroCall *call, const Probe__Failure *request, gpointer user_data)
{
  fail_as (call, request);
}

/* A unary handler is not told that its caller has gone: it looks. */
typedef struct
{
  MicroLoopTimer timer;
  MicroCall *call;
} Waiting;

static void
look_again (MicroLoopTimer *timer)
{
  MicroCall *call = ((Waiting *) timer)->call;

  if (micro_call_is_cancelled (call))
    {
      count_gone ();
      micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
      return;
    }
  micro_loop_start_timer (micro_loop_get_current (), timer,
                          g_get_monotonic_time () + 10 * G_TIME_SPAN_MILLISECOND);
}

static void
wait_for_ever (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  Waiting *waiting = micro_call_alloc (call, sizeof *waiting);

  *waiting = (Waiting){ { .expired = look_again }, call };
  look_again (&waiting->timer);
}

static void
tell_gone (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  Probe__Note response = PROBE__NOTE__INIT;

  response.large_number = g_atomic_int_get (&gone);
  probe_probe_gone_reply (call, &response);
}

static void
make (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  g_autofree guint8 *blob = g_malloc0 ((gsize) request->large_number + 1);
  Probe__Note response = PROBE__NOTE__INIT;

  response.blob.len = (gsize) request->large_number;
  response.blob.data = blob;
  probe_probe_make_reply (call, &response);
}

int
main (int argc, char *argv[])
{
  ProbeProbeHandlers handlers = {
    .echo = echo,
    .headers = headers,
    .deadline = deadline,
    .fail = fail,
    .wait = wait_for_ever,
    .gone = tell_gone,
    .make = make,
  };
  g_autoptr (MicroApp) app = micro_app_new (SERVICE_NAME, "1.0.0");

  streams_add (&handlers);
  probe_probe_add_handlers (micro_app_get_router (app), &handlers, app, NULL);
  return micro_app_run (app, argc, argv);
}
