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

typedef struct _GrpcThread GrpcThread;
typedef struct _GrpcConnection GrpcConnection;
typedef struct _GrpcCall GrpcCall;
typedef struct _GrpcSide GrpcSide;
typedef struct _GrpcPool GrpcPool;
typedef struct _GrpcRace GrpcRace;
typedef struct _GrpcTls GrpcTls;
typedef struct _GrpcTlsFiles GrpcTlsFiles;
typedef struct _GrpcTlsKeys GrpcTlsKeys;

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
  guint handshake_timeout_ms;
  guint reconnect_min_ms;
  guint reconnect_max_ms;
  guint max_idle_ms;
  guint keepalive_ms;
  guint keepalive_timeout_ms;
  gboolean keepalive_without_calls;
  guint server_keepalive_ms;
  guint server_keepalive_timeout_ms;
  guint server_min_ping_interval_ms;
  gboolean server_permit_idle_pings;
  guint server_max_connection_age_ms;
  guint server_max_connection_age_grace_ms;
  guint server_max_connection_idle_ms;
  guint server_max_connection_bytes;
  guint server_request_timeout_ms;
} GrpcLimits;

/* --- grpc-limits.c --- */
guint grpc_limits_install (GObjectClass *klass);
/* FALSE: the property is not one of them. */
gboolean grpc_limits_get (GrpcLimits *self, guint property_id, GValue *value);
gboolean grpc_limits_set (GrpcLimits *self, guint property_id, const GValue *value);

/**
 * GrpcThreads:
 *
 * The loops of a transport, and what they share.
 */
typedef struct
{
  guint serial; /* from 1 */
  const GrpcLimits *limits;
  GrpcTlsFiles *tls_files; /* (nullable): no TLS */
  gboolean secure_serves;
  gboolean secure_calls;
  GMutex mutex;
  GCond gone;
  GPtrArray *list; /* of GrpcThread */
} GrpcThreads;

/**
 * GrpcThread:
 *
 * What the transport keeps on one loop: nothing in it is touched from another thread.
 */
struct _GrpcThread
{
  GrpcThreads *all;
  MicroLoop *loop;
  MicroRouter *router; /* (nullable): only clients here */
  const GrpcLimits *limits;
  guint keepalive_ms;       /* of clients; longer than asked once a server has complained */
  MicroLoopSource listener; /* fd -1 when not listening */
  GQueue served;            /* of GrpcConnection, through its link */
  GQueue called;            /* the same: made by us, also those that take no more calls */
  guint n_served;           /* these and those on their way here; under the mutex of all */
  gboolean accepting;       /* under the same */
  gboolean closed;
  GHashTable *made;     /* address → GrpcConnection that takes calls */
  GHashTable *backoffs; /* (nullable): grpc-backoff.c's */
  GrpcPool *pool;
  GPtrArray *free_calls; /* of GrpcCall: the memory of some */
  MicroLoopTimer accept_again;
  guint n_freed; /* served connections, since memory was given back */
  guint8 *receive_buffer;
  guint8 *send_buffer;
  gsize send_filled;    /* by the connection that sends now */
  GByteArray *records;  /* of TLS: made and not yet handed to a socket */
  guint8 *plain_buffer; /* of TLS */
  GHashTable *tickets;  /* (nullable): grpc-tickets.c's */
  MicroLoopTask wake;
  GPtrArray *woken;  /* of GrpcCall, NULL where it has gone */
  GPtrArray *waking; /* those of this turn */
  GrpcCall *waiting; /* client: ended, but held; through next */
};

#define GRPC_BUFFER_SIZE (1024 * 1024)
/* A record's plain text, at most (RFC 8446, 5.1). */
#define GRPC_PLAIN_SIZE 16384

/* --- grpc-thread.c --- */
void grpc_threads_init (GrpcThreads *self, const GrpcLimits *limits);
void grpc_threads_clear (GrpcThreads *self);
/* Makes it if it is not there.  Any thread. */
GrpcThread *grpc_threads_find (GrpcThreads *self, MicroLoop *loop);
/* On every loop, with its GrpcThread, one after another. */
void grpc_threads_run (GrpcThreads *self, MicroLoopFunc func);
/* Until nobody is served any more. */
void grpc_threads_wait (GrpcThreads *self, gint64 until_us);
/* Who of those that accept is to serve a connection that @self has accepted. */
GrpcThread *grpc_thread_choose (GrpcThread *self);
void grpc_thread_set_accepting (GrpcThread *self, gboolean accepting);
void grpc_thread_connection_gone (GrpcThread *self);

/* --- grpc-pool.c --- */
GrpcPool *grpc_pool_new (void);
nghttp2_mem *grpc_pool_get_memory (GrpcPool *self);
void grpc_pool_empty (GrpcPool *self);
void grpc_pool_free (GrpcPool *self);

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
/* Whether it can be called, said without looking anything up. */
gboolean grpc_address_check (const char *address, GError **error);

/* --- grpc-wire.c: text forms of the protocol --- */
gboolean grpc_timeout_parse (const char *text, gsize length, gint64 *ret_us);
#define GRPC_TIMEOUT_BYTES 12
gsize grpc_timeout_format (gint64 us, char buffer[GRPC_TIMEOUT_BYTES]);
char *grpc_message_escape (const char *message);
char *grpc_message_unescape (const char *text, gsize length);
gboolean grpc_list_has (const char *list, const char *item);
gboolean grpc_content_type_parse (const char *text, gsize length, MicroCodec *ret_codec);
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
  const uint8_t *text; /* of the name */
  gsize length;
} GrpcHeader;

struct _GrpcCall
{
  MicroCall head;
  GrpcThread *thread;
  const GrpcSide *side;
  GrpcConnection *connection; /* NULL once it has gone */
  GrpcCall *next;             /* in the connection's list, or in thread->waiting */
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
  gsize holds;         /* grpc-budget.c */
  guint in_event;      /* the core runs: do not free */

  guint closed_by_core : 1; /* ops->close was called */
  guint held : 1;
  guint woken : 1;
  guint pending_end : 1; /* the peer's end waits for what is pending */
  guint doomed : 1;      /* to be freed after the event */
  guint refused : 1;     /* what arrives has no meaning any more */
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
  guint is_post : 1;
  guint ended : 1;    /* client: closed was told, or nobody wants it */
  guint waiting : 1;  /* client: in thread->waiting */
  guint lingered : 1; /* server: its request was not whole when it was looked at */
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

GrpcCall *grpc_call_new (GrpcConnection *connection);
void grpc_call_enter (GrpcCall *self);
/* TRUE: the call has been freed. */
gboolean grpc_call_leave (GrpcCall *self);
/* Frees the call: at once, or after the event that it is in. */
void grpc_call_doom (GrpcCall *self);

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
void grpc_headers_clear (GrpcCall *self);

/* --- grpc-outbox.c: messages to be sent --- */
guint8 *grpc_outbox_begin_message (MicroCall *call, gsize size);
void grpc_outbox_end_message (MicroCall *call);
void grpc_outbox_resume (GrpcCall *self);
gsize grpc_outbox_get_unsent (GrpcCall *self);
gsize grpc_outbox_offer (GrpcCall *self, gsize size, guint32 *flags);
void grpc_outbox_read (GrpcCall *self, guint8 *buffer, gsize size);

/* --- grpc-flow.c: what a held call has received, and who waits for room --- */
/* DATA has arrived. The call may be gone afterwards. */
void grpc_flow_receive (GrpcCall *self, const guint8 *data, gsize length);
/* FALSE: what is pending comes first, then the side's end_call. */
gboolean grpc_flow_may_end (GrpcCall *self);
void grpc_flow_hold (MicroCall *call, gboolean hold);
void grpc_flow_sent (GrpcCall *self, gsize bytes);

/* --- grpc-gzip.c: messages compressed, one by one --- */
/* (transfer full) (nullable): NULL when it is broken or larger than @max_bytes */
guint8 *grpc_gzip_inflate (
    const guint8 *data, gsize length, gsize max_bytes, gsize *ret_length, gboolean *ret_too_large);
/* (transfer full) */
guint8 *grpc_gzip_deflate (const guint8 *data, gsize length, gsize *ret_length);

/* --- grpc-budget.c: what the calls of a served connection may hold --- */
void grpc_budget_change (GrpcCall *self, gssize by);
gboolean grpc_budget_is_over (const GrpcCall *self);
const char *grpc_budget_why (void);

/* --- grpc-connection.c: a connection, both sides --- */
#define GRPC_REMEMBERED 4

/**
 * GrpcSide:
 * @callbacks: (transfer none): what nghttp2 calls, of every session
 * @failed: the connection will be freed at the end of this turn
 * @freed: the connection has left its list, and goes
 * @end_call: all that the peer has sent of the call was taken; frees it, or may
 * @lose_call: the call has left its connection, which ended
 * @refuse_call: what the peer has sent of the call is not taken
 *
 * What a client or a server makes of the same.
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
  gint64 idle_since_us; /* when n_calls is 0 */
  gint64 old_at_us;
  gint64 pinged_us;   /* server: by its client */
  gint64 stuck_us;    /* server: since when it is inside a header block or a frame; 0: it is not */
  gint64 scanned_us;  /* server: for requests that do not arrive */
  gint64 mischief_us; /* server: when all of it will be forgotten */
  guint ping_strikes; /* its pings that came too early */
  GrpcThread *thread;
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
  guint lingering : 1;   /* refused, until the peer has seen it */
  guint proven : 1;      /* TLS: the peer has said something */
  guint closing : 1;     /* GOAWAY seen or sent */
  guint ending : 1;      /* nothing of the peer counts any more */
  guint aged : 1;        /* too old, and it knows */
  guint answered_since_ping : 1;
  guint dead : 1;
};

gboolean grpc_connection_attach (GrpcConnection *self, int fd, guint32 events, GError **error);
void grpc_connection_flush_soon (GrpcConnection *self);
void grpc_connection_retire (GrpcConnection *self);
void grpc_connection_fail (GrpcConnection *self, const char *problem);
void grpc_connection_add_call (GrpcConnection *self, GrpcCall *call);
void grpc_connection_forget_call (GrpcConnection *self, GrpcCall *call);
/* (nullable): the call of a stream; a header block asks for the same one ten times. */
GrpcCall *grpc_connection_find_call (GrpcConnection *self, gint32 stream_id);
/* What still comes on this stream is nobody's. */
void grpc_connection_disown (GrpcConnection *self, gint32 stream_id);

/* --- grpc-lost.c --- */
void grpc_lost (GrpcConnection *self, const char *why);
void grpc_lost_sending (GrpcConnection *self, const char *why);
gboolean grpc_lost_look (GrpcConnection *self, const guint8 *data, gsize length);

/* --- grpc-session.c: what a connection does in a turn --- */
GrpcConnection *grpc_session_open (GrpcThread *thread, const GrpcSide *side);
void grpc_session_receive (GrpcConnection *self, const guint8 *data, gsize length);

/* --- grpc-send.c: what a connection sends --- */
/* FALSE: something is still kept. */
gboolean grpc_send_kept (GrpcConnection *self);
void grpc_send_frames (GrpcConnection *self);
/* The same for frames that may wait for others, until grpc_send_collected() before anything of
 * another connection is sent. */
void grpc_send_collect (GrpcConnection *self);
void grpc_send_collected (GrpcConnection *self);
void grpc_send_records (GrpcConnection *self, const guint8 *data, gsize length);
int grpc_send_data (nghttp2_session *session,
                    nghttp2_frame *frame,
                    const uint8_t *header,
                    size_t length,
                    nghttp2_data_source *source,
                    void *user_data);

/* --- grpc-life.c: when a connection has to be looked after --- */
void grpc_life_start (GrpcConnection *self);
void grpc_life_look (GrpcConnection *self);

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

/* --- grpc-age.c: connections that are too old, or that nobody uses --- */
void grpc_age_start (GrpcConnection *self, gint64 now);
gint64 grpc_age_look (GrpcConnection *self, gint64 now);

/* --- grpc-pings.c: clients that ping too often --- */
void grpc_pings_count (GrpcConnection *self);

/* --- grpc-mischief.c: frames that no client in its right mind sends often --- */
void grpc_mischief_count (GrpcConnection *self);
/* Called after each read. */
void grpc_mischief_look (GrpcConnection *self);

/* --- grpc-slow.c: clients that never come to the point --- */
/* Called after each read. */
void grpc_slow_watch (GrpcConnection *self);
gint64 grpc_slow_look (GrpcConnection *self, gint64 now);

/* --- grpc-keepalive.c --- */
gint64 grpc_keepalive_look (GrpcConnection *self, gint64 now);
void grpc_keepalive_complaint (GrpcConnection *self, const nghttp2_goaway *goaway);

/* --- grpc-answer.c: what a server sends of a call --- */
extern const MicroCallOps grpc_answer_ops;
void grpc_answer_late (GrpcCall *self);

/* --- grpc-server.c --- */
extern const GrpcSide grpc_server_side;

/* --- grpc-refuse.c: requests that are not gRPC --- */
void grpc_refuse_request (GrpcCall *call);
void grpc_refuse_later (GrpcCall *call);

/* --- grpc-frames.c --- */
/* How much of it may go to nghttp2: up to @max_frames frames; with *ret_code it is the last the
 * peer may say. */
gsize grpc_frames_take (
    GrpcConnection *self, const guint8 *data, gsize length, guint max_frames, guint32 *ret_code);

/* --- grpc-listener.c --- */
void grpc_listen_close (int fd);
int grpc_listen_socket (const char *address, char **ret_bound, GError **error);
gboolean grpc_listener_start (GrpcThread *thread, int fd, GError **error);
void grpc_listener_stop (GrpcThread *thread);

/* --- grpc-request.c: what a client sends of a call --- */
void grpc_request_submit (GrpcCall *self, const MicroCallStart *start);
void grpc_request_submit_fields (GrpcCall *self, const nghttp2_nv *fields, gsize n);

/* --- grpc-client.c --- */
extern const GrpcSide grpc_client_side;
MicroCall *grpc_client_open (GrpcThread *thread,
                             const MicroCallStart *start,
                             const MicroCallEvents *events,
                             gpointer user_data);
void grpc_client_give_up (GrpcCall *self, MicroStatus status, const char *message);

/* --- grpc-connect.c: a client's connection, from its address to its socket --- */
GrpcConnection *grpc_connect_get (GrpcThread *thread, const GrpcSide *side, const char *address);
void grpc_connect_failed (GrpcConnection *self, const char *problem);
void grpc_connect_freed (GrpcConnection *self);

/* --- grpc-race.c: the first of several addresses that answers --- */
/* @fd: a connected socket, the callee's; or -1 and an errno. */
typedef void (*GrpcRaceFunc) (int fd, int code, gpointer user_data);
/* After which the next address is tried beside the ones before (RFC 8305, 5 and 8). */
#define GRPC_RACE_STAGGER_MS 250
GrpcRace *grpc_race_new (MicroLoop *loop,
                         GPtrArray *addresses,
                         guint timeout_ms,
                         guint stagger_ms,
                         GrpcRaceFunc done,
                         gpointer user_data);
void grpc_race_start (GrpcRace *self);
void grpc_race_free (GrpcRace *self);

/* --- grpc-backoff.c: addresses that could not be connected to --- */
void
grpc_backoff_failed (GrpcThread *thread, const char *address, gint64 begun_us, const char *problem);
void grpc_backoff_worked (GrpcThread *thread, const char *address);
gint64 grpc_backoff_get_wait (GrpcThread *thread, const char *address);
const char *grpc_backoff_problem (GrpcThread *thread, const char *address);

/* --- grpc-tickets.c --- */
/* (transfer full) (nullable): one that was got with @keys */
GBytes *grpc_tickets_take (GrpcThread *thread, const char *address, GrpcTlsKeys *keys);
void grpc_tickets_keep (GrpcThread *thread, const char *address, GrpcTls *session);

/* --- grpc-secure.c: TLS between a connection and its socket --- */
void grpc_secure_accept (GrpcConnection *self);
void grpc_secure_connect (GrpcConnection *self);
gboolean grpc_secure_progress (GrpcConnection *self, guint32 events);
void grpc_secure_feed (GrpcConnection *self, const guint8 *data, gsize length);
gsize grpc_secure_read (GrpcConnection *self, const guint8 **ret_plain);
void grpc_secure_end (GrpcConnection *self);

G_END_DECLS
