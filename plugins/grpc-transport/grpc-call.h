/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call of either side, and what of it has come and is to go.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include <micro/micro-transport.h>

#include "grpc-connection.h"
#include "grpc-thread.h"
#include "grpc-wire.h"

G_BEGIN_DECLS

#define GRPC_INLINE_HEADERS 12
#define GRPC_INLINE_OUT 512
#define GRPC_INLINE_ARENA 768

typedef struct
{
  nghttp2_rcbuf *name;
  nghttp2_rcbuf *value;
  const uint8_t *text; /* of the name */
  gsize length;
} GrpcHeader;

/* Whose a call is; it is freed when it is nobody's and no event of it runs. */
typedef enum
{
  GRPC_ARRIVING, /* server: the transport's: its request is looked at */
  GRPC_SHARED,   /* the core's and the transport's, which has its stream */
  GRPC_LOST,     /* the core's: its stream has gone; a client's status waits to be told */
  GRPC_LEAVING,  /* server: the transport's: the core has finished it */
  GRPC_OVER      /* nobody's */
} GrpcOwner;

/* What it sends. */
typedef enum
{
  GRPC_OUT_UNSENT, /* nghttp2 knows of nothing */
  GRPC_OUT_OPEN,
  GRPC_OUT_IDLE, /* the same, and nghttp2 waits to hear of more */
  GRPC_OUT_LAST  /* nothing follows what is there: half-closed, or the status is known */
} GrpcOut;

/* What has come. */
typedef enum
{
  GRPC_IN_NOTHING,
  GRPC_IN_BEGUN,  /* client: the answer's headers */
  GRPC_IN_REFUSED /* what arrives has no meaning any more */
} GrpcIn;

struct _GrpcCall
{
  MicroCall head;
  GrpcThread *thread;
  const GrpcSide *side;
  GrpcConnection *connection; /* NULL once it has gone */
  GrpcCall *next;             /* in the connection's list, or in thread->waiting */
  GrpcCall *previous;
  gint32 stream_id;
  gint64 begun_us; /* client: when it was sent */
  MicroLoopTimer deadline;
  GrpcFramer framer;
  gsize max_receive_bytes;

  /* messages to send: bytes [sent, length) of out */
  guint8 *out;
  gsize out_size;
  gsize out_length;
  gsize out_sent;
  gsize message_at; /* of the message being written */

  char *out_message; /* escaped grpc-message */
  GBytes *out_details;
  GPtrArray *out_headers;  /* (nullable): name, value, … of the answer */
  GPtrArray *out_trailers; /* (nullable) */
  MicroStatus status;
  GrpcPeer *peer; /* (nullable): until somebody asks */

  /* grpc-flow.c */
  GByteArray *pending; /* (nullable): received while held */
  gsize unreported;    /* bytes sent and not yet told */
  gsize holds;         /* grpc-budget.c */
  guint in_event;      /* the core runs: do not free */

  GrpcOwner owner;
  GrpcOut sending;
  GrpcIn receiving;
  gboolean in_ended; /* the peer has said its last */

  gboolean held;
  gboolean woken;
  gboolean end_pends; /* the peer's end waits for what is pending */
  gboolean gzip_out;  /* grpc-encoding: gzip was said */
  gboolean is_post;
  gboolean is_head;
  gboolean lingered; /* server: its request was not whole when it was looked at */
  int http_status;

  gsize header_bytes;
  guint n_headers;
  guint n_leading;      /* client: headers that are not trailers */
  GArray *more_headers; /* (nullable): of GrpcHeader */
  nghttp2_rcbuf *path;

  /* Values among the headers that every call looks for; NULL where absent. */
  const char *content_type;
  const char *grpc_encoding;
  const char *grpc_accept_encoding;
  const char *grpc_timeout;
  const char *micro_timeout;
  const char *grpc_status;

  /* From here on nothing is zeroed. */
  GrpcHeader headers[GRPC_INLINE_HEADERS];

  guint8 inline_out[GRPC_INLINE_OUT];
  guint8 inline_arena[GRPC_INLINE_ARENA] __attribute__ ((aligned (16)));
};

/* --- grpc-call.c: its life --- */
GrpcCall *grpc_call_new (GrpcConnection *connection);
/* Onto a connection, and off the one it is on. */
void grpc_call_attach (GrpcCall *self, GrpcConnection *connection);
void grpc_call_detach (GrpcCall *self);
void grpc_call_enter (GrpcCall *self);
/* TRUE: the call has been freed. */
gboolean grpc_call_leave (GrpcCall *self);
/* Frees the call: at once, or after the event that it is in. */
void grpc_call_doom (GrpcCall *self);

/* --- grpc-peer.c: who is at the other end --- */
void grpc_peer_unref (GrpcPeer *self);
void grpc_peer_get (MicroCall *call, MicroPeer *peer);

/* --- grpc-headers.c: what a call has received of them --- */
int grpc_headers_on_header (nghttp2_session *session,
                            const nghttp2_frame *frame,
                            nghttp2_rcbuf *name,
                            nghttp2_rcbuf *value,
                            uint8_t flags,
                            void *user_data);
guint grpc_headers_count (GrpcCall *self);
const char *grpc_headers_get (MicroCall *call, const char *name);
void grpc_headers_foreach (MicroCall *call,
                           gboolean trailers,
                           MicroHeaderFunc callback,
                           gpointer user_data);
/* Those of an answer that is not the last (RFC 9110, 15.2). */
void grpc_headers_forget (GrpcCall *self);
void grpc_headers_clear (GrpcCall *self);

/* --- grpc-budget.c: what the calls of a served connection may hold --- */
void grpc_budget_change (GrpcCall *self, gssize by);
gboolean grpc_budget_is_over (const GrpcCall *self);
const char *grpc_budget_why (void);

/* --- grpc-flow.c: what a held call has received, and who waits for room --- */
/* DATA has arrived. The call may be gone afterwards. */
void grpc_flow_receive (GrpcCall *self, const guint8 *data, gsize length);
/* FALSE: what is pending comes first, then the side's end_call. */
gboolean grpc_flow_may_end (GrpcCall *self);
void grpc_flow_hold (MicroCall *call, gboolean hold);
void grpc_flow_sent (GrpcCall *self, gsize bytes);

/* --- grpc-outbox.c: messages to be sent --- */
guint8 *grpc_outbox_begin_message (MicroCall *call, gsize size);
void grpc_outbox_end_message (MicroCall *call);
void grpc_outbox_end (GrpcCall *self); /* nothing follows */
gsize grpc_outbox_get_unsent (GrpcCall *self);
gsize grpc_outbox_offer (GrpcCall *self, gsize size, guint32 *flags);
void grpc_outbox_read (GrpcCall *self, guint8 *buffer, gsize size);

G_END_DECLS
