/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: connections and calls over some protocol; for those who write one.
 *
 * What is in here is not what handlers and stubs are promised: it changes when the toolkit gets
 * better at it, and MICRO_TRANSPORT_ABI with it.  A plugin file is taken only if its number is the
 * same: it is rebuilt with each release that changes it.
 */
#pragma once

#include <micro/micro-call.h>
#include <micro/micro-loop.h>
#include <micro/micro-server.h>

G_BEGIN_DECLS

/* The layout and the rules of all below.  Written into the plugin's info by
 * MICRO_TRANSPORT_DEFINE. */
#define MICRO_TRANSPORT_ABI 1

/* --- A call --- */

/**
 * MicroCallState:
 * @MICRO_CALL_ARRIVING: the core's: it has no handler yet
 * @MICRO_CALL_HANDLED: its handler's
 * @MICRO_CALL_LOST: its handler's still, but the caller has gone or was refused
 * @MICRO_CALL_ENDING: the core's: interceptors see its outcome
 * @MICRO_CALL_ENDED: the transport's, which frees it when its last bytes have left
 *
 * Who owns a call that is served.  It only goes down this list.
 */
typedef enum
{
  MICRO_CALL_ARRIVING,
  MICRO_CALL_HANDLED,
  MICRO_CALL_LOST,
  MICRO_CALL_ENDING,
  MICRO_CALL_ENDED
} MicroCallState;

/**
 * MicroCallProgress:
 * @MICRO_CALL_KEPT: it has not left
 * @MICRO_CALL_SENT: a handler may have seen it, so only safe calls may be tried again
 * @MICRO_CALL_DECLINED: a peer that is well has given it back unseen
 * @MICRO_CALL_CUT_OFF: it was sent, and then its connection ended, with all that was on it
 *
 * How far a call that is made has come.
 */
typedef enum
{
  MICRO_CALL_KEPT,
  MICRO_CALL_SENT,
  MICRO_CALL_DECLINED,
  MICRO_CALL_CUT_OFF
} MicroCallProgress;

/**
 * MicroPeer:
 * @address: (nullable): as micro_call_get_peer_address() gives it
 * @identity: (nullable): likewise
 * @certificate: (nullable): likewise
 *
 * Who is at the other end.  What it points to is the transport's and lives as long as the call.
 */
typedef struct
{
  const char *address;
  const char *identity;
  GBytes *certificate;
} MicroPeer;

/**
 * MicroCallOps:
 * @begin_message: returns where @size bytes of a message are to be written
 * @end_message: the message of the last begin_message is whole
 * @half_close: client: no more messages
 * @finish: server: sends the status, and takes the call back (@message nullable, NUL-terminated;
 *   @details nullable, a serialised google.rpc.Status)
 * @cancel: client: gives the call up at once; the call is gone afterwards and no event follows
 * @get_header: the value, %NULL if there is none, of a received header or trailer, lower-case name
 * @foreach_header: sees the received headers, or (client) the received trailers
 * @add_header: server: a header or a trailer of the answer
 * @send_headers: server: what add_header gave leaves now
 * @hold: while a call is held nothing of it is delivered, and its flow-control window does not
 *   grow; a client's status waits for the messages before it
 * @get_peer: optional: fills zeroed memory with what it knows; more than once if asked
 *
 * What a transport does for one call.  All on the call's loop thread.  Those of the other side may
 * be missing.
 */
struct _MicroCallOps
{
  guint8 *(*begin_message) (MicroCall *self, gsize size);
  void (*end_message) (MicroCall *self);
  void (*half_close) (MicroCall *self);
  void (*finish) (MicroCall *self, MicroStatus status, const char *message, GBytes *details);
  void (*cancel) (MicroCall *self);
  const char *(*get_header) (MicroCall *self, const char *name);
  void (*foreach_header) (MicroCall *self,
                          gboolean trailers,
                          MicroHeaderFunc callback,
                          gpointer user_data);
  void (*add_header) (MicroCall *self, gboolean trailer, const char *name, const char *value);
  void (*send_headers) (MicroCall *self);
  void (*hold) (MicroCall *self, gboolean hold);
  void (*get_peer) (MicroCall *self, MicroPeer *peer);
};

/**
 * MicroCallEvents:
 * @message: a whole message arrived; @data is valid during the call-back only
 * @half_closed: server: the peer has sent its last message
 * @closed: client: the final status; server: the peer gave up or the connection broke
 *   (%MICRO_STATUS_CANCELLED), the answer will be dropped. For a client the call is gone
 *   when this returns.
 * @writable: optional: what was queued beyond %MICRO_CALL_HIGH_WATER has been sent;
 *   micro_call_sent() tells it
 * @headers: optional: client: the answer's headers are there
 * @sent: optional: client: the connection is there, the request leaves now; not told when the
 *   progress says so already when open returns; must not end the call
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

/* The head of a transport's own struct for a call, which it allocates zeroed. */
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
  MicroCallState state;       /* server; the core's to change */
  MicroCallProgress progress; /* client; the transport's to change */
  gboolean streaming;         /* set before the first message: count what is queued */
  gboolean compress;          /* the messages that follow */
  gboolean was_compressed;    /* the message that came last, before it is told */
  gboolean held;
  int references; /* atomic: of those who keep the pointer */
  int queued;     /* atomic: bytes given to the transport and not yet sent, when streaming */
  int blocked;    /* atomic: somebody waits for writable */
  const MicroStreamFuncs *stream; /* server: the handler's */
  gpointer stream_data;
  GDestroyNotify stream_destroy; /* (nullable) */
  gpointer *intercepted;         /* server: a state an interceptor; (nullable) */
  MicroLoopTimer *patience;      /* server: while the end of the requests is awaited */
  struct _MicroContext *context; /* server: what calls made for it inherit; (nullable) */
  struct _MicroScope *scope;     /* server: while its handler runs; (nullable) */
  struct _MicroRefusal *refusal; /* server: what it will end with, whatever its handler says */
  void (*release) (MicroCall *self);
  MicroArena arena;         /* lives as long as the call */
  MicroArena message_arena; /* of a stream's message in hand */
};

/* First of all, where all is zero: the call is the transport's, and has memory to begin with
 * (nullable; 16-byte aligned; lives as long as the call), so that a small call allocates none. */
static inline void
micro_call_init (MicroCall *self, guint8 *inline_space, gsize size)
{
  self->references = 1;
  self->arena.next = inline_space;
  self->arena.end = inline_space + size;
}

MICRO_API gboolean micro_call_clear_kept (MicroCall *self, void (*release) (MicroCall *self));
/* Before a transport frees a call.  FALSE: somebody keeps the pointer, so @release will be called,
 * on any thread, to free the memory alone. */
static inline gboolean
micro_call_clear (MicroCall *self, void (*release) (MicroCall *self))
{
  /* If ours is the only reference nobody can take another. */
  if (g_atomic_int_get (&self->references) == 1 && self->arena.blocks == NULL
      && self->message_arena.blocks == NULL)
    return TRUE;
  return micro_call_clear_kept (self, release);
}

/* The peer has broken the rules of a served call: it ends with @status.  A handler that streams is
 * told as if the caller had gone; the call belongs to it until it has ended it. */
MICRO_API void micro_call_refuse (MicroCall *self, MicroStatus status, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* The message, and details, for the caller of a served call that the transport ends itself. */
MICRO_API char *
micro_call_explain (MicroCall *self, MicroStatus status, const char *text, GBytes **ret_details);
/* @bytes of messages have left for the peer; only for a call that is streaming. */
MICRO_API void micro_call_sent (MicroCall *self, gsize bytes);
/* Starts @call, whose head is filled but for route and events; answers an unknown @path with
 * UNIMPLEMENTED. The transport then reports through call->events. */
MICRO_API void micro_router_dispatch (MicroRouter *self, MicroCall *call, const char *path);

/* --- A transport --- */

#define MICRO_TYPE_TRANSPORT (micro_transport_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroTransport, micro_transport, MICRO, TRANSPORT, GObject)

/**
 * MicroCallStart:
 *
 * What a client says when it opens a call; copied by the transport.
 */
typedef struct
{
  const char *address;        /* host:port, unix:/path, or the transport's own */
  const char *path;           /* "/greeter.Say/Hello" */
  const char *authority;      /* (nullable): address */
  const char *const *headers; /* (nullable): name, value, …, NULL */
  gint64 deadline_us;         /* monotonic; G_MAXINT64: none */
  MicroCodec codec;
  gsize max_receive_bytes;
  gboolean compress;  /* the messages of the request */
  gboolean streaming; /* sets MicroCall.streaming */
} MicroCallStart;

/**
 * MicroTransportInterface:
 * @listen: optional; opens @address ("host:port", ":0", "unix:/path") and serves the router's
 *   methods on @loops; returns the address really bound. Any thread; returns when the socket
 *   accepts.  NULL: it only calls.
 * @open: mandatory; a new call; on @loop's thread. Never fails: what goes wrong arrives as
 *   @events->closed, after open has returned, exactly once.
 * @drain: optional; no new calls: stop listening, tell the peers, wait for running calls up to
 *   @timeout_ms, then close. Any thread but a loop's; returns when done.
 * @close: optional; like drain without waiting, and the client connections too.  When it returns
 *   no call arrives any more; of calls that their handlers still have it only keeps the memory.
 * @check_address: optional; whether open would take @address, told without a look-up and without
 *   waiting: %MICRO_STATUS_INVALID_ARGUMENT if not. NULL: it takes any. Any thread.
 */
struct _MicroTransportInterface
{
  GTypeInterface parent_iface;

  char *(*listen) (MicroTransport *self,
                   const char *address,
                   MicroRouter *router,
                   GPtrArray *loops,
                   GError **error);
  MicroCall *(*open) (MicroTransport *self,
                      MicroLoop *loop,
                      const MicroCallStart *start,
                      const MicroCallEvents *events,
                      gpointer user_data);
  void (*drain) (MicroTransport *self, guint timeout_ms);
  void (*close) (MicroTransport *self);
  gboolean (*check_address) (MicroTransport *self, const char *address, GError **error);

  /*< private >*/
  gpointer reserved[7];
};

MICRO_API char *micro_transport_listen (MicroTransport *self,
                                        const char *address,
                                        MicroRouter *router,
                                        GPtrArray *loops,
                                        GError **error);
MICRO_API MicroCall *micro_transport_open (MicroTransport *self,
                                           MicroLoop *loop,
                                           const MicroCallStart *start,
                                           const MicroCallEvents *events,
                                           gpointer user_data);
MICRO_API void micro_transport_drain (MicroTransport *self, guint timeout_ms);
MICRO_API void micro_transport_close (MicroTransport *self);
MICRO_API gboolean micro_transport_check_address (MicroTransport *self,
                                                  const char *address,
                                                  GError **error);

/* MICRO_PLUGIN_DEFINE() for a transport. */
#define MICRO_TRANSPORT_DEFINE(c_name, ...)                                                        \
  MICRO_PLUGIN_DEFINE (c_name, .transport_abi = MICRO_TRANSPORT_ABI, __VA_ARGS__)

G_END_DECLS
