/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call, as handlers, stubs and transports see it.
 */
#pragma once

#include <micro/micro-error.h>
#include <micro/micro-loop.h>
#include <micro/micro-method.h>

G_BEGIN_DECLS

/* --- For handlers --- */

/* Answers a unary call; any thread; takes nothing. The call is gone afterwards. */
MICRO_API void micro_call_reply (MicroCall *self, gconstpointer response);
MICRO_API void micro_call_fail (MicroCall *self, MicroStatus status, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* As go-micro's services fail: @code is an HTTP status. */
MICRO_API void
micro_call_fail_with_code (MicroCall *self, const char *id, int code, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
MICRO_API void micro_call_fail_error (MicroCall *self, const GError *error);
MICRO_API const char *micro_call_get_header (MicroCall *self, const char *name);
MICRO_API gint64 micro_call_get_deadline (MicroCall *self); /* monotonic µs, G_MAXINT64: none */
MICRO_API gboolean micro_call_is_cancelled (MicroCall *self);
MICRO_API const MicroMethod *micro_call_get_method (MicroCall *self);

/**
 * MicroHeaderFunc:
 * @name: lower-case
 * @value: of a name that ends in "-bin": base64, as on the wire
 *
 * Sees one header.  Returns %FALSE to see no more.
 */
typedef gboolean (*MicroHeaderFunc) (const char *name, const char *value, gpointer user_data);

/* Every header the caller sent, in order, duplicates too; on the call's loop thread. */
MICRO_API void
micro_call_foreach_header (MicroCall *self, MicroHeaderFunc callback, gpointer user_data);
/* For the answer, on the call's loop thread: headers before the first message, trailers before the
 * end.  A name may be added more than once; the value of a "-bin" name is base64. */
MICRO_API void micro_call_add_header (MicroCall *self, const char *name, const char *value);
MICRO_API void micro_call_add_trailer (MicroCall *self, const char *name, const char *value);
MICRO_API void micro_call_send_headers (MicroCall *self); /* now, before any message */
/* The following messages go out compressed, if the caller takes that. */
MICRO_API void micro_call_set_compress (MicroCall *self, gboolean compress);
MICRO_API gboolean micro_call_is_compressed (MicroCall *self); /* the last message that came */
/* @details: (nullable): a serialised google.rpc.Status; any thread */
MICRO_API void micro_call_fail_with_details (MicroCall *self,
                                             MicroStatus status,
                                             const char *message,
                                             GBytes *details);
MICRO_API gpointer micro_call_alloc (MicroCall *self, gsize size); /* lives as long as the call */
MICRO_API char *micro_call_printf (MicroCall *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* --- Streams --- */

/**
 * MicroStreamFuncs:
 * @message: the caller's next message; it lives until this returns or, if micro_call_hold() was
 *   called, until micro_call_resume()
 * @ended: the caller has sent its last message
 * @writable: (nullable): micro_call_send() said %FALSE and may go on now
 * @cancelled: (nullable): the caller has gone: send no more; the call must still be ended
 *
 * What a streaming handler is told, on the call's loop thread, one at a time.
 */
struct _MicroStreamFuncs
{
  void (*message) (MicroCall *call, gconstpointer message, gpointer user_data);
  void (*ended) (MicroCall *call, gpointer user_data);
  void (*writable) (MicroCall *call, gpointer user_data);
  void (*cancelled) (MicroCall *call, gpointer user_data);
  gpointer reserved[4];
};

/* In the handler of a stream, before it returns. @funcs is kept, not copied. */
MICRO_API void
micro_call_stream (MicroCall *self, const MicroStreamFuncs *funcs, gpointer user_data);
/* Sends one message; any thread; takes nothing.  FALSE: it was taken, but the caller is slow, so
 * wait for writable before the next, or memory grows. */
MICRO_API gboolean micro_call_send (MicroCall *self, gconstpointer response);
/* The status OK; any thread.  The call is gone afterwards.  micro_call_reply() sends a last
 * message and this, micro_call_fail() ends with an error. */
MICRO_API void micro_call_end (MicroCall *self);
/* No further message until resume, on the call's loop thread; the caller's window does not grow. */
MICRO_API void micro_call_hold (MicroCall *self);
MICRO_API void micro_call_resume (MicroCall *self);

/* --- For transports --- */

typedef enum
{
  MICRO_CODEC_PROTO,
  MICRO_CODEC_JSON,
  MICRO_CODEC_BYTES
} MicroCodec;

/**
 * MicroCallOps:
 * @begin_message: returns where @size bytes of a message are to be written
 * @end_message: the message of the last begin_message is whole
 * @close: server: sends the status and ends the call (@message nullable, NUL-terminated; @details
 *   nullable, a serialised google.rpc.Status); client: half-closes, the arguments are unused
 * @cancel: client: gives the call up at once; the call is gone afterwards and no event follows
 * @get_header: (nullable result): the value of a received header or trailer, lower-case name
 * @foreach_header: sees the received headers, or (client) the received trailers
 * @add_header: server: a header or a trailer of the answer
 * @send_headers: server: what add_header gave leaves now
 * @hold: while a call is held nothing of it is delivered, and its flow-control window does not
 *   grow; a client's status waits for the messages before it
 *
 * What a transport does for one call.  All on the call's loop thread.  A served call belongs to
 * the core until close(), even when the peer has gone; the transport frees it after that.
 */
struct _MicroCallOps
{
  guint8 *(*begin_message) (MicroCall *self, gsize size);
  void (*end_message) (MicroCall *self);
  void (*close) (MicroCall *self, MicroStatus status, const char *message, GBytes *details);
  void (*cancel) (MicroCall *self);
  const char *(*get_header) (MicroCall *self, const char *name);
  void (*foreach_header) (MicroCall *self,
                          gboolean trailers,
                          MicroHeaderFunc callback,
                          gpointer user_data);
  void (*add_header) (MicroCall *self, gboolean trailer, const char *name, const char *value);
  void (*send_headers) (MicroCall *self);
  void (*hold) (MicroCall *self, gboolean hold);
  gpointer reserved[8];
};

/**
 * MicroCallEvents:
 * @message: a whole message arrived; @data is valid during the call-back only
 * @half_closed: server: the peer has sent its last message
 * @closed: client: the final status; server: the peer gave up or the connection broke
 *   (%MICRO_STATUS_CANCELLED), the answer will be dropped. For a client the call is gone
 *   when this returns.
 * @writable: what was queued beyond %MICRO_CALL_HIGH_WATER has been sent: micro_call_sent() calls
 * it
 * @headers: (nullable): client: the answer's headers are there
 * @sent: (nullable): client: the connection is there, the request leaves now; not told when
 *   @sent of the call is set already when open returns; must not end the call
 *
 * What a transport tells of one call.  All on the call's loop thread.
 */
struct _MicroCallEvents
{
  void (*message) (MicroCall *self, const guint8 *data, gsize length);
  void (*half_closed) (MicroCall *self);
  void (*closed) (MicroCall *self, MicroStatus status, const char *message, GBytes *details);
  void (*writable) (MicroCall *self);
  void (*headers) (MicroCall *self);
  void (*sent) (MicroCall *self);
  gpointer reserved[7];
};

/* Bytes of messages that wait for the peer before a sender is told to wait too. */
#define MICRO_CALL_HIGH_WATER (64 * 1024)

typedef struct _MicroArenaBlock MicroArenaBlock;
typedef struct
{
  guint8 *next;
  guint8 *end;
  MicroArenaBlock *blocks;
} MicroArena;

/**
 * MicroCall:
 *
 * The head of a transport's own struct for a call, which it allocates zeroed.
 */
struct _MicroCall
{
  const MicroCallOps *ops;       /* set by the transport */
  const MicroCallEvents *events; /* set by who serves or makes the call */
  gpointer user_data;            /* theirs too */
  MicroLoop *loop;
  const MicroRoute *route;   /* server: how to answer */
  const MicroMethod *method; /* nullable for raw calls */
  gpointer request;          /* unpacked, in the arena */
  gint64 deadline_us;
  MicroCodec codec;
  guint cancelled : 1;
  guint answered : 1;
  /* client: the request may have reached a handler, so only safe calls may be tried again */
  guint sent : 1;
  guint declined : 1;       /* client: by a peer that is well, and has not looked at it */
  guint streaming : 1;      /* set before the first message: count what is queued */
  guint compress : 1;       /* the messages that follow */
  guint was_compressed : 1; /* the message that came last, before it is told */
  guint held : 1;
  guint started : 1; /* server: the handler runs, or has run */
  int queued;        /* atomic: bytes given to the transport and not yet sent, when streaming */
  int blocked;       /* atomic: somebody waits for writable */
  const MicroStreamFuncs *stream; /* server: the handler's */
  gpointer stream_data;
  gpointer *intercepted;         /* server: a state an interceptor; (nullable) */
  MicroLoopTimer *patience;      /* server: while the end of the requests is awaited */
  struct _MicroContext *context; /* server: what calls made for it inherit; (nullable) */
  struct _MicroScope *scope;     /* server: while its handler runs; (nullable) */
  struct _MicroRefusal *refusal; /* server: what it will end with, whatever its handler says */
  MicroArena arena;              /* lives as long as the call */
  MicroArena message_arena;      /* of a stream's message in hand */
};

MICRO_API void micro_call_init_arena (MicroCall *self, guint8 *inline_space, gsize size);
MICRO_API void micro_call_clear_arena (MicroCall *self);
/* The peer has broken the rules of a served call: it ends with @status.  A handler that streams is
 * told as if the caller had gone; the call belongs to the core until it has ended it. */
MICRO_API void micro_call_refuse (MicroCall *self, MicroStatus status, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* The message, and details, for the caller of a served call that the transport ends itself. */
MICRO_API char *
micro_call_explain (MicroCall *self, MicroStatus status, const char *text, GBytes **ret_details);
/* @bytes of messages have left for the peer; only for a call that is streaming. */
MICRO_API void micro_call_sent (MicroCall *self, gsize bytes);

G_END_DECLS
