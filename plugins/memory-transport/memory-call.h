/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call in two halves, each on its own loop.
 */
#pragma once

#include <micro/micro-transport.h>
#include <micro/micro.h>

G_BEGIN_DECLS

typedef struct _MemoryTransport MemoryTransport;
typedef struct _MemoryCall MemoryCall;
typedef struct _MemoryNote MemoryNote;

struct _MemoryTransport
{
  GObject parent_instance;

  guint n_served; /* calls, under the mutex of memory-call.c */
};

/* One side of a call, touched on its loop only. */
typedef struct
{
  MicroCall head;
  void (*take) (MemoryCall *call, MemoryNote *note);
  guint8 *out; /* (nullable): the message being written */
  gsize out_length;
  GQueue pending; /* of MemoryNote: came while held */
  gboolean held;
  gboolean gone; /* the core has let go of it */
} MemoryHalf;

struct _MemoryCall
{
  int references; /* atomic: one a half, one a note under way */
  MemoryTransport *client_transport;
  MemoryTransport *server_transport; /* (nullable) */
  MicroRouter *router;
  char *path;
  char **headers; /* of the request */
  gsize max_receive_bytes;

  MemoryHalf client;
  GPtrArray *answer_headers;  /* (nullable): as received */
  GPtrArray *answer_trailers; /* (nullable) */

  MemoryHalf server;
  GPtrArray *out_headers;  /* (nullable): to be sent */
  GPtrArray *out_trailers; /* (nullable) */
  MicroLoopTimer deadline;
  gboolean started;
  gboolean headers_sent;
  gboolean client_told; /* its status already */
};

/* A call to @router; @server and @router are NULL when nobody serves it.  Each half has a
 * reference. */
MemoryCall *memory_call_new (MemoryTransport *client,
                             MemoryTransport *server,
                             MicroRouter *router,
                             const MicroCallStart *start);
/* Both halves are ready: others may find it. */
void memory_call_add (MemoryCall *self);
void memory_call_ref (MemoryCall *self);
void memory_call_unref (MemoryCall *self);
/* The server's half has ended. */
void memory_call_served (MemoryCall *self);
/* Until nothing is left that @transport serves. */
void memory_call_wait_served (MemoryTransport *transport, gint64 until_us);
/* (transfer full): the calls of @transport, of either side, that are not going */
GPtrArray *memory_call_list (MemoryTransport *transport);

G_END_DECLS
