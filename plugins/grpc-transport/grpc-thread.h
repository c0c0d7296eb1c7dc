/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a transport keeps on each loop.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

#include "grpc-limits.h"

G_BEGIN_DECLS

typedef struct _GrpcThread GrpcThread;
typedef struct _GrpcCall GrpcCall;
typedef struct _GrpcPool GrpcPool;
typedef struct _GrpcTls GrpcTls;
typedef struct _GrpcTlsFiles GrpcTlsFiles;
typedef struct _GrpcTlsKeys GrpcTlsKeys;

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
  gboolean closed; /* those that are yet to come too */
} GrpcThreads;

/**
 * GrpcThread:
 *
 * What the transport keeps on one loop: nothing in it is touched from another thread.
 */
struct _GrpcThread
{
  gatomicrefcount references; /* the transport's, and those of calls that it has lost */
  GrpcThreads *all;
  MicroLoop *loop;
  const GrpcLimits *limits;
  guint keepalive_ms;   /* of clients; longer than asked once a server has complained */
  GPtrArray *listeners; /* of GrpcListener */
  GQueue served;        /* of GrpcConnection, through its link */
  GQueue called;        /* the same: made by us, also those that take no more calls */
  guint n_served;       /* these and those on their way here; under the mutex of all */
  gboolean accepting;   /* under the same */
  gboolean closed;      /* no connection is made, or taken */
  GHashTable *made;     /* address → GrpcConnection that takes calls */
  GHashTable *backoffs; /* (nullable): grpc-backoff.c's */
  GrpcPool *pool;
  GPtrArray *free_calls; /* of GrpcCall: the memory of some */
  guint n_freed;         /* served connections, since memory was given back */
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
void grpc_thread_ref (GrpcThread *self);
void grpc_thread_unref (GrpcThread *self); /* the last of them after the loop */
void grpc_threads_init (GrpcThreads *self, const GrpcLimits *limits);
void grpc_threads_clear (GrpcThreads *self);
/* Makes it if it is not there.  Any thread. */
GrpcThread *grpc_threads_find (GrpcThreads *self, MicroLoop *loop);
/* Of the threads that are made from now on. */
void grpc_threads_set_closed (GrpcThreads *self, gboolean closed);
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

/* --- grpc-tickets.c --- */
/* (transfer full) (nullable): one that was got with @keys */
GBytes *grpc_tickets_take (GrpcThread *thread, const char *address, GrpcTlsKeys *keys);
void grpc_tickets_keep (GrpcThread *thread, const char *address, GrpcTls *session);

G_END_DECLS
