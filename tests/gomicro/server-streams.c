/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Our service for go-micro's clients: the methods that stream.
 */
#include "server.h"

/* Of a client stream of go-micro's generated code, which cannot half-close. */
#define LAST_TEXT "that is all"

/* --- Many requests, one answer --- */

static void
collect_ended (MicroCall *call, gpointer user_data)
{
  g_autoptr (GPtrArray) texts = user_data;
  Probe__Note response = PROBE__NOTE__INIT;

  response.words = (char **) texts->pdata;
  response.n_words = texts->len;
  probe_probe_collect_reply (call, &response);
}

static void
collect_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const Probe__Note *request = message;

  if (g_str_equal (request->text, LAST_TEXT))
    collect_ended (call, user_data);
  else
    g_ptr_array_add (user_data, g_strdup (request->text));
}

static void
collect_cancelled (MicroCall *call, gpointer user_data)
{
  g_ptr_array_unref (user_data);
  count_gone ();
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
}

static void
collect (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = collect_message, .ended = collect_ended, .cancelled = collect_cancelled };

  micro_call_stream (call, &funcs, g_ptr_array_new_with_free_func (g_free));
}

/* --- One request, many answers --- */

static void
repeat (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  for (gsize i = 0; i < request->n_words; i++)
    {
      g_autofree char *value = find_header (call, request->words[i]);
      Probe__Note__LabelsEntry entry = PROBE__NOTE__LABELS_ENTRY__INIT;
      Probe__Note__LabelsEntry *labels[] = { &entry };
      Probe__Note response = PROBE__NOTE__INIT;

      response.text = entry.key = request->words[i];
      entry.value = value;
      response.labels = labels;
      response.n_labels = value != NULL ? 1 : 0;
      probe_probe_repeat_send (call, &response);
    }
  micro_call_end (call);
}

static void
fail_later (MicroCall *call, const Probe__Failure *request, gpointer user_data)
{
  Probe__Note response = PROBE__NOTE__INIT;

  response.text = (char *) "first";
  probe_probe_fail_later_send (call, &response);
  fail_as (call, request);
}

static void
ignore_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
}

static void
ignore_end (MicroCall *call, gpointer user_data)
{
}

static void
caller_gone (MicroCall *call, gpointer user_data)
{
  count_gone ();
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
}

static void
wait_later (MicroCall *call, const Probe__Note *request, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = ignore_message, .ended = ignore_end, .cancelled = caller_gone };

  micro_call_stream (call, &funcs, NULL);
  probe_probe_wait_later_send (call, request);
}

/* --- Both ways --- */

static void
chat_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  probe_probe_chat_send (call, message);
}

static void
chat_ended (MicroCall *call, gpointer user_data)
{
  micro_call_end (call);
}

static void
chat (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = chat_message, .ended = chat_ended, .cancelled = caller_gone };

  micro_call_stream (call, &funcs, NULL);
}

void
streams_add (ProbeProbeHandlers *handlers)
{
  handlers->collect = collect;
  handlers->repeat = repeat;
  handlers->chat = chat;
  handlers->fail_later = fail_later;
  handlers->wait_later = wait_later;
}
