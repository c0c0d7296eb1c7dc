/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the gRPC transport share.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <nghttp2/nghttp2.h>

#include <micro/micro.h>

G_BEGIN_DECLS

typedef struct _GrpcTransport GrpcTransport;
typedef struct _GrpcThread GrpcThread;
typedef struct _GrpcConnection GrpcConnection;
typedef struct _GrpcCall GrpcCall;

/**
 * GrpcLimits:
 *
 * The transport's properties, read by every connection.
 */
typedef struct
{
  guint max_receive_bytes;
  guint max_header_bytes;
  guint max_concurrent_streams;
  guint connect_timeout_ms;
} GrpcLimits;

/**
 * GrpcThread:
 *
 * What the transport keeps on one loop: nothing in it is touched from another thread.
 */
struct _GrpcThread
{
  GrpcTransport *transport;
  MicroLoop *loop;
  MicroRouter *router; /* (nullable): only clients here */
  const GrpcLimits *limits;
  MicroLoopSource listener; /* fd -1 when not listening */
  GQueue served;            /* of GrpcConnection, through its link */
  GHashTable *made;         /* address → GrpcConnection */
  GrpcCall *free_calls;
  guint n_free_calls;
  MicroLoopTimer accept_again;
  guint n_freed; /* served connections, since memory was given back */
  guint8 *receive_buffer;
  guint8 *send_buffer;
  MicroLoopTask wake;
  GPtrArray *woken;  /* of GrpcCall, NULL where it has gone */
  GPtrArray *waking; /* those of this turn */
  GrpcCall *waiting; /* client: ended, but held; through next */
};

#define GRPC_BUFFER_SIZE (64 * 1024)

/* --- grpc-address.c --- */
typedef struct
{
  struct sockaddr_storage storage;
  socklen_t length;
} GrpcSocketAddress;

gboolean
grpc_address_split (const char *address, char **ret_host, guint16 *ret_port, GError **error);
GPtrArray *grpc_address_resolve (const char *address, gboolean passive, GError **error);
GrpcSocketAddress *grpc_address_literal (const char *address);
char *grpc_address_to_string (const GrpcSocketAddress *address);

/* --- grpc-wire.c: text forms of the protocol --- */
gboolean grpc_timeout_parse (const char *text, gsize length, gint64 *ret_us);
gsize grpc_timeout_format (gint64 us, char buffer[12]);
char *grpc_message_escape (const char *message);
char *grpc_message_unescape (const char *text, gsize length);
gboolean grpc_list_has (const char *list, const char *item);
gboolean grpc_content_type_parse (const char *text, gsize length, MicroCodec *ret_codec);
MicroStatus grpc_status_from_http (int http);
MicroStatus grpc_status_from_http2 (guint32 code);

/* --- grpc-framer.c: length-prefixed messages out of DATA frames --- */
typedef struct
{
  guint8 prefix[5];
  guint n_prefix;
  guint32 length;
  guint8 *partial; /* the message so far, when it spans chunks */
  gsize n_partial;
  gsize partial_size;
} GrpcFramer;

/* FALSE: no more for now. */
typedef gboolean (*GrpcFramerFunc) (GrpcCall *call,
                                    gboolean compressed,
                                    const guint8 *data,
                                    gsize length);
/* FALSE: *ret_status and *ret_message (static) say why. */
gboolean grpc_framer_feed (GrpcFramer *self,
                           GrpcCall *call,
                           const guint8 *data,
                           gsize length,
                           gsize max_bytes,
                           GrpcFramerFunc message,
                           gsize *ret_used,
                           MicroStatus *ret_status,
                           const char **ret_message);
gboolean grpc_framer_is_whole (const GrpcFramer *self);
void grpc_framer_clear (GrpcFramer *self);

/* --- grpc-call.c: the struct of a call, both sides --- */
#define GRPC_INLINE_HEADERS 12
#define GRPC_INLINE_OUT 512
#define GRPC_INLINE_ARENA 768

typedef struct
{
  nghttp2_rcbuf *name;
  nghttp2_rcbuf *value;
} GrpcHeader;

struct _GrpcCall
{
  MicroCall head;
  GrpcThread *thread;
  GrpcConnection *connection; /* NULL once it has gone */
  GrpcCall *next;             /* in the connection's list, or in the free list */
  GrpcCall *previous;
  gint32 stream_id;
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

  /* grpc-flow.c */
  GByteArray *pending; /* (nullable): received while held */
  gsize unreported;    /* bytes sent and not yet told */
  guint in_event;      /* the core runs: do not free */

  guint closed_by_core : 1; /* ops->close was called */
  guint held : 1;
  guint woken : 1;
  guint pending_end : 1; /* the peer's end waits for what is pending */
  guint doomed : 1;      /* to be freed after the event */
  guint gzip_out : 1;    /* grpc-encoding: gzip was said */
  guint stream_gone : 1; /* nghttp2 has forgotten the stream */
  guint submitted : 1;
  guint deferred : 1;
  guint half_closed : 1;   /* the peer's side */
  guint have_response : 1; /* client: the first headers came */
  guint have_status : 1;
  guint trailers_seen : 1;
  guint server : 1;
  guint dispatched : 1;
  guint ended : 1;   /* client: closed was told, or nobody wants it */
  guint waiting : 1; /* client: in thread->waiting */
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

GrpcCall *grpc_call_new (GrpcConnection *connection, gboolean server);
void grpc_call_free (GrpcCall *self, GrpcThread *thread);
void grpc_call_add_header (GrpcCall *self, nghttp2_rcbuf *name, nghttp2_rcbuf *value);
guint grpc_call_count_headers (GrpcCall *self);
const char *grpc_call_get_header (MicroCall *call, const char *name);
void grpc_call_foreach_header (MicroCall *call,
                               gboolean trailers,
                               MicroHeaderFunc callback,
                               gpointer user_data);
guint8 *grpc_call_begin_message (MicroCall *call, gsize size);
void grpc_call_end_message (MicroCall *call);
void grpc_call_resume_sending (GrpcCall *self);
ssize_t grpc_call_read_out (GrpcCall *self, guint8 *buffer, gsize size);

/* --- grpc-flow.c: what a held call has received, and who waits for room --- */
void grpc_flow_init (GrpcThread *thread);
void grpc_flow_clear (GrpcThread *thread);
/* DATA has arrived. The call may be gone afterwards. */
void grpc_flow_receive (GrpcCall *self, const guint8 *data, gsize length);
/* FALSE: what is pending comes first, then grpc_server_end_request() or _client_end(). */
gboolean grpc_flow_may_end (GrpcCall *self);
void grpc_flow_hold (MicroCall *call, gboolean hold);
void grpc_flow_sent (GrpcCall *self, gsize bytes);
void grpc_flow_forget (GrpcCall *self);
void grpc_flow_enter (GrpcCall *self);
/* TRUE: the call has been freed. */
gboolean grpc_flow_leave (GrpcCall *self);

/* --- grpc-gzip.c: messages compressed, one by one --- */
/* (transfer full) (nullable): NULL when it is broken or larger than @max_bytes */
guint8 *grpc_gzip_inflate (
    const guint8 *data, gsize length, gsize max_bytes, gsize *ret_length, gboolean *ret_too_large);
/* (transfer full) */
guint8 *grpc_gzip_deflate (const guint8 *data, gsize length, gsize *ret_length);

/* --- grpc-connection.c: socket and nghttp2 session, both sides --- */
struct _GrpcConnection
{
  MicroLoopSource source;
  MicroLoopTask flush;
  MicroLoopTimer timer;
  GrpcThread *thread;
  nghttp2_session *session;
  GrpcCall *calls;
  guint n_calls;
  GList link; /* in thread->served */
  guint8 *unsent;
  gsize unsent_at;
  gsize unsent_length;
  char *address;         /* client: the key in thread->made */
  GPtrArray *candidates; /* client: addresses still to be tried */
  guint next_candidate;
  GCancellable *resolving;
  char *problem; /* why it ended, for the calls */
  guint server : 1;
  guint connecting : 1;
  guint closing : 1; /* GOAWAY seen or sent */
  guint dead : 1;
};

GrpcConnection *grpc_connection_new (GrpcThread *thread, gboolean server);
gboolean grpc_connection_attach (GrpcConnection *self, int fd, guint32 events, GError **error);
void grpc_connection_flush_soon (GrpcConnection *self);
void grpc_connection_fail (GrpcConnection *self, const char *problem);
void grpc_connection_free (GrpcConnection *self);
void grpc_connection_go_away (GrpcConnection *self);
void grpc_connection_add_call (GrpcConnection *self, GrpcCall *call);
void grpc_connection_forget_call (GrpcConnection *self, GrpcCall *call);
int grpc_connection_on_header (nghttp2_session *session,
                               const nghttp2_frame *frame,
                               nghttp2_rcbuf *name,
                               nghttp2_rcbuf *value,
                               uint8_t flags,
                               void *user_data);

/* --- grpc-transport.c --- */
void grpc_transport_connection_gone (GrpcTransport *self);

/* --- grpc-answer.c: what a server sends of a call --- */
extern const MicroCallOps grpc_answer_ops;
void grpc_answer_late (GrpcCall *self);

/* --- grpc-server.c --- */
void grpc_server_connection_lost (GrpcCall *call);
void grpc_server_end_request (GrpcCall *call);
nghttp2_session_callbacks *grpc_server_callbacks (void);

/* --- grpc-listener.c --- */
int grpc_listen_socket (const char *address, char **ret_bound, GError **error);
gboolean grpc_listener_start (GrpcThread *thread, int fd, GError **error);
void grpc_listener_stop (GrpcThread *thread);

/* --- grpc-client.c --- */
nghttp2_session_callbacks *grpc_client_callbacks (void);
MicroCall *grpc_client_open (GrpcThread *thread,
                             const MicroCallStart *start,
                             const MicroCallEvents *events,
                             gpointer user_data);
void grpc_client_call_ended (GrpcCall *self, MicroStatus status, const char *message);
void grpc_client_give_up (GrpcCall *self, MicroStatus status, const char *message);
/* The status that came in the trailers. */
void grpc_client_end (GrpcCall *self);

/* --- grpc-connect.c: a client's connection, from its address to its socket --- */
GrpcConnection *grpc_connect_get (GrpcThread *thread, const char *address);
void grpc_connect_forget (GrpcConnection *self);
void grpc_connect_progress (GrpcConnection *self);

G_END_DECLS
