/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A connection, what its side makes of it, and how it ends.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include <micro/micro.h>

#include "grpc-address.h"
#include "grpc-thread.h"
#include "grpc-wire.h"

G_BEGIN_DECLS

typedef struct _GrpcConnection GrpcConnection;
typedef struct _GrpcSide GrpcSide;
typedef struct _GrpcPeer GrpcPeer;

/**
 * GrpcSide:
 * @callbacks: (transfer none): what nghttp2 calls, of every session
 * @failed: the connection will be freed at the end of this turn
 * @freed: the connection has left its list, and goes
 * @end_call: the peer has ended the call, and all that it had sent was taken; may free the call
 * @lose_call: the call has left its connection, which ended; may free the call
 * @refuse_call: a message of the peer's cannot be taken: the call ends with this
 *
 * What client and server do each in its own way: so a connection and a call speak to what is above
 * them.
 */
struct _GrpcSide
{
  gboolean server;
  nghttp2_session_callbacks *(*callbacks) (void);
  void (*failed) (GrpcConnection *self, const char *problem);
  void (*freed) (GrpcConnection *self);
  void (*end_call) (GrpcCall *call);
  void (*lose_call) (GrpcCall *call, const char *problem);
  void (*refuse_call) (GrpcCall *call, MicroStatus status, const char *message);
};

#define GRPC_REMEMBERED 4

/**
 * GrpcFrames:
 *
 * Where in the frames of its peer a connection is; of a server, which streams the client has ended.
 */
typedef struct
{
  gsize skip; /* to the next frame header */
  guint8 head[9];
  guint n_head;
  gint32 last_begun;
  gint32 gap_begin; /* numbers of streams that were left out: [begin, end) */
  gint32 gap_end;
  gint32 ended[GRPC_REMEMBERED];
  guint next_ended;
  gboolean in_block; /* headers are to be continued */
  gboolean in_data;
} GrpcFrames;

struct _GrpcConnection
{
  MicroLoopSource source;
  MicroLoopTask flush;
  MicroLoopTimer timer;
  MicroLoopTimer life;
  gint64 heard_us;     /* when something was read last */
  gint64 ping_sent_us; /* 0: none is under way */
  gint64 begun_us;
  gint64 doubted_us;    /* client: when it was last */
  gint64 idle_since_us; /* when n_calls is 0 */
  gint64 old_at_us;
  gint64 pinged_us;   /* server: by its client */
  gint64 stuck_us;    /* server: since when it is inside a header block or a frame; 0: it is not */
  gint64 scanned_us;  /* server: for requests that do not arrive */
  gint64 mischief_us; /* server: when all of it will be forgotten */
  gint64 linger_until_us;
  int untaken;        /* of what was sent, by a peer that is lingered for */
  guint ping_strikes; /* its pings that came too early */
  guint n_doubts;     /* client: since it answered a call */
  GrpcThread *thread;
  MicroRouter *router; /* server */
  const GrpcSide *side;
  nghttp2_session *session;
  GrpcCall *calls;
  guint n_calls;
  gsize holds;        /* their sum */
  GrpcCall *receives; /* (nullable): the call that was looked up last, and its stream */
  gint32 receives_on;
  GList link; /* in thread->served or ->called */
  guint8 *unsent;
  gsize unsent_at;
  gsize unsent_length;
  GrpcTls *tls;                     /* (nullable): plain */
  GrpcPeer *peer;                   /* (nullable): until somebody asks */
  char *address;                    /* client: the key in thread->made */
  char timeout[GRPC_TIMEOUT_BYTES]; /* client: of the call that was sent last */
  GrpcRace *race;                   /* client: while it connects */
  GCancellable *resolving;
  char *problem; /* why it ended, for the calls */
  GrpcFrames frames;
  guint8 first[16]; /* client: what the peer began with */
  guint8 n_first;
  guint server : 1;
  guint greeted : 1;     /* the peer's first SETTINGS have come */
  guint connecting : 1;  /* no frames yet: the socket or TLS is not ready */
  guint handshaking : 1; /* of TLS */
  guint lingering : 1;   /* all is said, and the peer may read it */
  guint proven : 1;      /* TLS: the peer has said something */
  guint closing : 1;     /* GOAWAY seen or sent */
  guint ending : 1;      /* nothing of the peer counts any more */
  guint aged : 1;        /* too old, and it knows */
  guint doubted : 1;     /* client: no new calls until something is heard */
  guint answered_since_ping : 1;
  guint dead : 1;
};

/* --- grpc-connection.c --- */
gboolean grpc_connection_attach (GrpcConnection *self, int fd, guint32 events, GError **error);
void grpc_connection_flush_soon (GrpcConnection *self);
void grpc_connection_retire (GrpcConnection *self);
void grpc_connection_replace (GrpcConnection *self);
void grpc_connection_restore (GrpcConnection *self);
void grpc_connection_fail (GrpcConnection *self, const char *problem);
/* @code: what nghttp2 returned; a connection of which it does not take something goes no further */
static inline void
grpc_connection_check (GrpcConnection *self, int code)
{
  if (G_UNLIKELY (code < 0))
    grpc_connection_fail (self, nghttp2_strerror (code));
}
GrpcCall *grpc_connection_look_up_call (GrpcConnection *self, gint32 stream_id);
/* (nullable): the call of a stream; a header block asks for the same one ten times. */
static inline GrpcCall *
grpc_connection_find_call (GrpcConnection *self, gint32 stream_id)
{
  if (self->receives != NULL && self->receives_on == stream_id)
    return self->receives;
  return grpc_connection_look_up_call (self, stream_id);
}
/* Ends a stream with this code. */
void grpc_connection_reset (GrpcConnection *self, gint32 stream_id, guint32 code);
/* What still comes on this stream is nobody's. */
void grpc_connection_disown (GrpcConnection *self, gint32 stream_id);

/* --- grpc-lost.c --- */
void grpc_lost (GrpcConnection *self, const char *why);
void grpc_lost_sending (GrpcConnection *self, const char *why);
gboolean grpc_lost_look (GrpcConnection *self, const guint8 *data, gsize length);

/* --- grpc-end.c: how a connection is ended --- */
#define GRPC_TOO_MANY_PINGS "too_many_pings" /* what gRPC says */
/* Between the two steps of GOAWAY is a PING's round trip; at most this, of a peer that answers
 * none.  Only tests change it. */
extern guint grpc_end_notice_ms;
void grpc_end_kindly (GrpcConnection *self);
void grpc_end_sent (GrpcConnection *self);
void grpc_end_answered (GrpcConnection *self, const guint8 *opaque);
void grpc_end_now (GrpcConnection *self, guint32 code, const char *why);
void grpc_end_linger (GrpcConnection *self);
void grpc_end_discard (GrpcConnection *self);
void grpc_end_close (GrpcConnection *self);

/* --- grpc-frames.c --- */
/* How much of it may go to nghttp2: up to @max_frames frames; with *ret_code it is the last the
 * peer may say. */
gsize grpc_frames_take (
    GrpcConnection *self, const guint8 *data, gsize length, guint max_frames, guint32 *ret_code);

G_END_DECLS
