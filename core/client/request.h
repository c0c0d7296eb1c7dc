/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call on its way out, with all its tries: what unary calls and streams have in common.
 */
#pragma once

#include "call/context.h"
#include "client/client.h"
#include <micro/micro-request.h>

G_BEGIN_DECLS

typedef struct
{
  const MicroCallEvents *events; /* their closed is micro_request_closed() */
  gboolean streaming;
  /* self->call is open: say what there is to say, again at each try. */
  void (*opened) (MicroRequest *self);
  /* (nullable): whether opened() could say it all again */
  gboolean (*may_repeat) (MicroRequest *self);
  /* (nullable): whether an OK is one; if not, the reason (static); may end the request itself */
  const char *(*check) (MicroRequest *self);
  /* Once and last; self->call is there if a peer was reached.  @error NULL: OK. */
  void (*ended) (MicroRequest *self, const GError *error);
  void (*clear) (MicroRequest *self); /* before it is freed */
} MicroRequestFuncs;

/* On its loop's thread, but for references. */
struct _MicroRequest
{
  const MicroRequestFuncs *funcs;
  gatomicrefcount references;
  MicroClient *client;
  MicroLoop *loop;

  /* What was asked for. */
  char *service;
  char *path;
  char *address;      /* (nullable): past registry and selector */
  char *version;      /* (nullable) */
  GPtrArray *headers; /* (nullable): name, value, … */
  MicroCodec codec;
  guint timeout_ms; /* 0: none */
  gint64 deadline_us;
  gsize max_receive_bytes;
  guint retry_safe : 1;
  guint compress : 1;
  guint wait_for_ready : 1;

  /* How far it is. */
  guint done : 1;
  guint closed : 1; /* the call is, and goes by itself */
  guint held : 1;
  guint marked : 1;     /* the selector knows how it went on the node */
  guint declined : 1;   /* once, by a peer that is well */
  guint may_return : 1; /* the next try is free or paid for, on nodes that were tried too */
  int retries_left;
  guint n_backoffs;
  MicroCall *call;  /* (nullable): the running try */
  MicroNode *node;  /* (nullable): the selector's */
  GPtrArray *tried; /* (nullable) */
  GError *failure;  /* (nullable): of the last try */
  MicroLoopTimer deadline;
  MicroLoopTimer backoff;
  GCancellable *cancellable; /* (nullable) */
  gulong cancel_id;
  MicroContext *context; /* (nullable): of the handler that calls */
  MicroContextChild child;
  gpointer *intercepted; /* a state an interceptor; (nullable) */
  GError *refused;       /* by an interceptor; (nullable) */
};

/* Fills zeroed memory whose first reference is the caller's.  Takes @path. */
void micro_request_init (MicroRequest *self,
                         const MicroRequestFuncs *funcs,
                         MicroClient *client,
                         const char *service,
                         char *path,
                         MicroCodec codec,
                         guint default_timeout_ms,
                         const MicroCallOptions *options);
/* Any thread; ended() follows. */
void micro_request_start (MicroRequest *self, GCancellable *cancellable);
MicroRequest *micro_request_ref (MicroRequest *self);
void micro_request_unref (MicroRequest *self);
/* On the loop: ends it, unless it has ended. */
void micro_request_end (MicroRequest *self, const GError *error);
/* Tells the selector, once a node, how it went there; %NULL @error: well. */
void micro_request_mark (MicroRequest *self, const GError *error);
/* client/request-try.c: finds a node and opens a call; again after a failure. */
void micro_request_try (MicroRequest *self);
/* For events->closed. */
void
micro_request_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details);

/* client/request-intercept.c: around the call; message and end only if self->intercepted. */
void micro_request_intercept_start (MicroRequest *self);
void micro_request_intercept_message (MicroRequest *self, gboolean sent, gsize size);
void micro_request_intercept_end (MicroRequest *self, const GError *error);
void micro_request_add_header (MicroRequest *self, const char *name, const char *value);

/* client/request-error.c: what a peer's status says, as an error. */
GError *micro_request_error (MicroStatus status, const char *message, GBytes *details);

G_END_DECLS
