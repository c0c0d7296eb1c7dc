/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * go-micro's Debug service: health, statistics, log, traces.
 */
#include "config.h"

#include "micro/debug.micro.h"
#include "services.h"

struct _DebugService
{
  Stats stats;
  Traces *traces;
  Subscribers *readers; /* of the log */
  gint64 started_us;    /* Unix */
  int stopped;          /* atomic */
};

/* --- Health, Stats, Cache --- */

static void
health (MicroCall *call, gconstpointer request, gpointer user_data)
{
  HealthResponse response = HEALTH_RESPONSE__INIT;

  response.status = (char *) "ok";
  micro_call_reply (call, &response);
}

static void
stats (MicroCall *call, gconstpointer request, gpointer user_data)
{
  StatsResponse response = STATS_RESPONSE__INIT;
  DebugService *self = user_data;
  gint64 now_us = g_get_real_time ();

  response.timestamp = (guint64) (now_us / G_USEC_PER_SEC);
  response.started = (guint64) (self->started_us / G_USEC_PER_SEC);
  response.uptime = (guint64) ((now_us - self->started_us) / G_USEC_PER_SEC);
  response.memory = stats_get_memory ();
  response.threads = stats_get_threads ();
  response.requests = (gsize) g_atomic_pointer_get (&self->stats.requests);
  response.errors = (gsize) g_atomic_pointer_get (&self->stats.errors);
  micro_call_reply (call, &response);
}

/* Of replies that a client keeps, which ours does not. */
static void
cache (MicroCall *call, gconstpointer request, gpointer user_data)
{
  const CacheResponse response = CACHE_RESPONSE__INIT;

  micro_call_reply (call, &response);
}

/* --- Log --- */

typedef struct
{
  DebugService *service;
  guint n_dropped; /* the reader is slow */
} Reader;

static gboolean
send_record (
    MicroCall *call, gint64 timestamp, const char *level, const char *domain, const char *text)
{
  Record record = RECORD__INIT;
  Record__MetadataEntry entries[2] = { RECORD__METADATA_ENTRY__INIT, RECORD__METADATA_ENTRY__INIT };
  Record__MetadataEntry *metadata[2] = { &entries[0], &entries[1] };

  entries[0].key = (char *) "level";
  entries[0].value = (char *) level;
  entries[1].key = (char *) "domain";
  entries[1].value = (char *) domain;
  record.timestamp = timestamp;
  record.message = (char *) text;
  record.metadata = metadata;
  record.n_metadata = domain != NULL ? 2 : 1;
  return micro_call_send (call, &record);
}

static void
send_news (MicroCall *call, gpointer state, gpointer news)
{
  Reader *reader = state;
  const LogRecord *record = news;

  if (reader->n_dropped > 0
      || !send_record (call, record->timestamp, record->level, record->domain, record->message))
    reader->n_dropped++;
}

static void
reader_writable (MicroCall *call, gpointer user_data)
{
  Reader *reader = user_data;
  g_autofree char *text = NULL;

  if (reader->n_dropped > 1)
    {
      text = g_strdup_printf ("%u lines are not shown: the reader was too slow",
                              reader->n_dropped - 1);
      send_record (call, g_get_real_time () / G_USEC_PER_SEC, "warn", NULL, text);
    }
  reader->n_dropped = 0;
}

static void
reader_gone (MicroCall *call, gpointer user_data)
{
  Reader *reader = user_data;

  subscribers_remove (reader->service->readers, call);
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
}

static void
end_reader (MicroCall *call, gpointer state, gpointer news)
{
  Reader *reader = state;

  subscribers_remove (reader->service->readers, call);
  micro_call_end (call);
}

static void
tell_readers (LogRecord *record, gpointer user_data)
{
  DebugService *self = user_data;

  subscribers_tell (self->readers, send_news, record, log_record_clear);
}

static void
read_log (MicroCall *call, gconstpointer message, gpointer user_data)
{
  static const MicroStreamFuncs funcs = { .writable = reader_writable, .cancelled = reader_gone };
  const LogRequest *request = message;
  DebugService *self = user_data;
  g_autoptr (GPtrArray) records = log_get (request->count, request->since);
  Reader *reader;

  for (guint i = 0; i < records->len; i++)
    {
      const LogRecord *record = g_ptr_array_index (records, i);

      send_record (call, record->timestamp, record->level, record->domain, record->message);
    }
  if (!request->stream || g_atomic_int_get (&self->stopped))
    {
      micro_call_end (call);
      return;
    }
  reader = micro_call_alloc (call, sizeof *reader);
  *reader = (Reader){ self, 0 };
  micro_call_stream (call, &funcs, reader);
  subscribers_add (self->readers, call, reader);
  if (g_atomic_int_get (&self->stopped))
    end_reader (call, reader, NULL);
}

/* --- Trace --- */

/* Copies into the call's memory. */
typedef struct
{
  MicroCall *call;
  GPtrArray *spans;
} Copy;

static char *
copy_text (MicroCall *call, const char *text)
{
  return micro_call_printf (call, "%s", text != NULL ? text : "");
}

static void
copy_span (const Trace *trace, gpointer user_data)
{
  Copy *copy = user_data;
  Span *span = micro_call_alloc (copy->call, sizeof *span);
  Span__MetadataEntry *entry;

  span__init (span);
  span->trace = copy_text (copy->call, trace->trace);
  span->id = copy_text (copy->call, trace->id);
  span->parent = copy_text (copy->call, trace->parent);
  span->name = copy_text (copy->call, trace->name);
  span->started = trace->started_ns;
  span->duration = trace->duration_ns;
  span->type = trace->outbound ? SPAN_TYPE__OUTBOUND : SPAN_TYPE__INBOUND;
  if (trace->error != NULL)
    {
      entry = micro_call_alloc (copy->call, sizeof *entry);
      span__metadata_entry__init (entry);
      entry->key = (char *) "error";
      entry->value = copy_text (copy->call, trace->error);
      span->metadata = micro_call_alloc (copy->call, sizeof *span->metadata);
      span->metadata[0] = entry;
      span->n_metadata = 1;
    }
  g_ptr_array_add (copy->spans, span);
}

static void
trace (MicroCall *call, gconstpointer message, gpointer user_data)
{
  const TraceRequest *request = message;
  TraceResponse response = TRACE_RESPONSE__INIT;
  DebugService *self = user_data;
  g_autoptr (GPtrArray) spans = g_ptr_array_new ();
  Copy copy = { call, spans };

  traces_foreach (self->traces, request->id, copy_span, &copy);
  response.spans = (Span **) spans->pdata;
  response.n_spans = spans->len;
  micro_call_reply (call, &response);
}

/* --- The service --- */

DebugService *
debug_service_new (MicroRouter *router, MicroClient *client)
{
  static const MicroHandler handlers[] = { health, stats, read_log, trace, cache };
  DebugService *self = g_new0 (DebugService, 1);

  self->started_us = g_get_real_time ();
  self->readers = subscribers_new ();
  stats_watch (router, &self->stats);
  self->traces = traces_new (router, client);
  log_set_listener (tell_readers, self);
  micro_router_add_internal (router, &debug_descriptor, handlers, self, NULL);
  return self;
}

void
debug_service_stop (DebugService *self)
{
  g_atomic_int_set (&self->stopped, TRUE);
  log_set_listener (NULL, NULL);
  subscribers_tell (self->readers, end_reader, NULL, NULL);
}

void
debug_service_free (DebugService *self)
{
  subscribers_free (self->readers);
  traces_free (self->traces);
  g_free (self);
}
