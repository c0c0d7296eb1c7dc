/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the services that every server has share.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/* --- subscribers.c: streams that stay open, each told on its own loop --- */
typedef struct _Subscribers Subscribers;
typedef void (*SubscriberFunc) (MicroCall *call, gpointer state, gpointer news);

Subscribers *subscribers_new (void);
void subscribers_free (Subscribers *self); /* when no loop runs any more */
/* On the call's loop; @state lives as long as the call. */
void subscribers_add (Subscribers *self, MicroCall *call, gpointer state);
void subscribers_remove (Subscribers *self, MicroCall *call);
/* Any thread.  @news: (nullable): in a g_atomic_rc_box.  @func may end the call after removing it.
 */
void subscribers_tell (Subscribers *self, SubscriberFunc func, gpointer news, GDestroyNotify clear);

/* --- health.c: grpc.health.v1 --- */
MicroHealth *health_service_new (MicroRouter *router, const char *name);

/* --- reflection.c, reflection-index.c: grpc.reflection.v1 and v1alpha --- */
void reflection_service_add (MicroRouter *router);

typedef struct _ReflectionIndex ReflectionIndex;
ReflectionIndex *reflection_index_new (MicroRouter *router);
void reflection_index_free (ReflectionIndex *self);
/* (transfer container) (nullable) (element-type GBytes): the file and all that it imports */
GPtrArray *reflection_index_get_file (ReflectionIndex *self, const char *name);
/* (nullable): the name of the file that has it */
const char *reflection_index_find_symbol (ReflectionIndex *self, const char *symbol);
const char *
reflection_index_find_extension (ReflectionIndex *self, const char *type, gint32 number);
/* (transfer container) (nullable): of gint32, %NULL for an unknown type */
GArray *reflection_index_get_extensions (ReflectionIndex *self, const char *type);

/* --- debug.c: go-micro's Debug --- */
typedef struct _DebugService DebugService;
DebugService *debug_service_new (MicroRouter *router, MicroClient *client);
void debug_service_stop (DebugService *self);
void debug_service_free (DebugService *self);

/* --- stats.c: what has been served --- */
typedef struct
{
  gsize requests; /* atomic */
  gsize errors;   /* atomic */
} Stats;
void stats_watch (MicroRouter *router, Stats *stats);
guint64 stats_get_memory (void); /* bytes resident */
guint64 stats_get_threads (void);

/* --- log.c: the last lines that the process has logged --- */
typedef struct
{
  gint64 timestamp; /* Unix, seconds */
  const char *level;
  char *domain; /* (nullable) */
  char *message;
} LogRecord;

void log_record_clear (gpointer record);
void log_start (void); /* once a process; more often does nothing */
/* @func: told of each new record, in a g_atomic_rc_box, on the thread that logs */
typedef void (*LogFunc) (LogRecord *record, gpointer user_data);
void log_set_listener (LogFunc func, gpointer user_data);
/* (transfer full) (element-type LogRecord): the oldest first; @count 0: all */
GPtrArray *log_get (gint64 count, gint64 since);

/* --- trace.c: the last calls that were traced --- */
typedef struct _Traces Traces;
typedef struct
{
  char *trace;
  char *id;
  char *parent;
  char *name;
  guint64 started_ns; /* Unix */
  guint64 duration_ns;
  char *error; /* (nullable) */
  gboolean outbound;
} Trace;
/* Watches what @router serves and (nullable) @client calls. */
Traces *traces_new (MicroRouter *router, MicroClient *client);
void traces_free (Traces *self);
typedef void (*TraceFunc) (const Trace *trace, gpointer user_data);
void traces_foreach (Traces *self, const char *id, TraceFunc func, gpointer user_data);

G_END_DECLS
