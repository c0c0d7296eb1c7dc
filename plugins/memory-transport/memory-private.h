/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the memory transport share.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

typedef struct _MemoryTransport MemoryTransport;
typedef struct _MemoryCall MemoryCall;

/* --- memory-transport.c --- */

/* The server's half of a call has ended, or the call has gone.  Any thread. */
void memory_transport_call_served (MemoryTransport *self);
void memory_transport_call_gone (MemoryCall *call);

/* --- memory-note.c: what one half says to the other, in order --- */

typedef enum
{
  MEMORY_START,
  MEMORY_HEADERS,
  MEMORY_MESSAGE,
  MEMORY_HALF_CLOSE,
  MEMORY_CLOSED,   /* to the client: the status */
  MEMORY_CANCEL,   /* to the server: nobody waits any more */
  MEMORY_BREAK,    /* to the server: it stops */
  MEMORY_CONSUMED, /* so many bytes of messages have been taken */
  MEMORY_WAKE      /* to oneself: no longer held */
} MemoryNoteKind;

typedef struct
{
  MemoryCall *call;
  MemoryNoteKind kind;
  guint8 *data; /* (nullable) */
  gsize length;
  gboolean counted; /* the sender wants to know when it is taken */
  MicroStatus status;
  char *text;         /* (nullable) */
  GBytes *details;    /* (nullable) */
  GPtrArray *headers; /* (nullable): of HEADERS, or the trailers of CLOSED */
} MemoryNote;

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
  char *address;
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

MemoryNote *memory_note_new (MemoryCall *call, MemoryNoteKind kind);
/* Takes @note; it is dropped if the half has no loop. */
void memory_half_post (MemoryHalf *self, MemoryNote *note);
guint8 *memory_half_begin_message (MemoryHalf *self, gsize size);
void memory_half_end_message (MemoryHalf *self, MemoryCall *call, MemoryHalf *other);
void memory_half_hold (MemoryHalf *self, MemoryCall *call, gboolean hold);
void memory_half_clear (MemoryHalf *self);

/* --- memory-server.c, memory-client.c: the halves --- */

extern const MicroCallOps memory_server_ops;
extern const MicroCallOps memory_client_ops;
void memory_server_take (MemoryCall *self, MemoryNote *note);
void memory_client_take (MemoryCall *self, MemoryNote *note);
void memory_client_tell_status (
    MemoryCall *self, MicroStatus status, const char *text, GBytes *details, GPtrArray *trailers);

/* --- memory-call.c: the whole --- */

/* A call to @router on @server_loop; @server and the rest are NULL when nobody serves @start's
 * address.  On the loop thread of @loop. */
MemoryCall *memory_call_new (MemoryTransport *client,
                             MemoryTransport *server,
                             MicroRouter *router,
                             MicroLoop *server_loop,
                             MicroLoop *loop,
                             const MicroCallStart *start,
                             const MicroCallEvents *events,
                             gpointer user_data);
MicroCall *memory_call_begin (MemoryCall *self);
gboolean memory_call_try_ref (MemoryCall *self); /* FALSE if it is going */
void memory_call_unref (MemoryCall *self);
gboolean memory_call_is_of (MemoryCall *self, MemoryTransport *transport);
void memory_call_break (MemoryCall *self); /* not on a loop thread; both sides know on return */

G_END_DECLS
