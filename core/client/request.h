/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call on its way out: a list of attempts under a policy, for unary calls and streams alike.
 */
#pragma once

#include "call/context.h"
#include "client/client.h"
#include "client/policy.h"
#include "loop/loop.h"
#include <micro/micro-request.h>
#include <micro/micro-transport.h>

G_BEGIN_DECLS

typedef struct _MicroAttemptFuncs MicroAttemptFuncs;

/* One attempt: the node it went to, the transport's call, and how far it is. */
typedef struct _MicroAttempt MicroAttempt;
struct _MicroAttempt
{
  MicroRequest *request;
  MicroAttempt *before; /* (nullable) */
  gint64 begun_us;
  MicroService *service; /* (nullable): what the node was selected from */
  MicroNode *node;       /* (nullable): the selector's */
  MicroCall *call;       /* (nullable): while it runs, and in its closed event */
  guint closed : 1;      /* nothing follows; the call, if there was one, goes by itself */
  guint told : 1;        /* the selector knows how it went */
};

typedef struct
{
  const MicroCallEvents *events; /* their user_data is an attempt, closed micro_attempt_closed() */
  gboolean streaming;
  /* @call is open: say what there is to say, again at each attempt. */
  void (*opened) (MicroRequest *self, MicroCall *call);
  /* (nullable): whether opened() could say it all again */
  gboolean (*may_repeat) (MicroRequest *self);
  /* (nullable): whether an OK is one; if not, the reason (static); may end the request itself */
  const char *(*check) (MicroRequest *self);
  /* Once and last; its call is there if a peer was reached.  @error NULL: OK. */
  void (*ended) (MicroRequest *self, const GError *error);
  void (*clear) (MicroRequest *self); /* before it is freed */
} MicroRequestFuncs;

/* On its loop's thread, but for references. */
struct _MicroRequest
{
  const MicroRequestFuncs *funcs;
  const MicroAttemptFuncs *attempt_funcs;
  gatomicrefcount references;
  MicroClient *client;
  MicroLoop *loop;

  /* What was asked for. */
  char *service;
  char *path;
  char *address;      /* (nullable): past registry and selector */
  char *version;      /* (nullable) */
  char *hash_key;     /* (nullable) */
  GPtrArray *headers; /* (nullable): name, value, … */
  const MicroPolicy *policy;
  MicroCodec codec;
  guint timeout_ms; /* 0: none */
  gint64 deadline_us;
  gsize max_receive_bytes;
  guint retry_safe : 1;
  guint compress : 1;
  guint wait_for_ready : 1;

  /* How far it is. */
  guint done : 1;
  guint expired : 1; /* its own deadline ended it */
  guint held : 1;
  guint declined : 1;   /* once, by a peer that is well */
  guint unsent : 1;     /* once, as its connection had ended */
  guint may_return : 1; /* the next attempt is free or paid for, on nodes that were tried too */
  guint n_chosen;       /* nodes so far */
  int retries_left;
  guint n_backoffs;
  MicroAttempt first;
  MicroAttempt *attempt; /* (nullable): whose answer counts: the newest, or the one that answered */
  GPtrArray *tried;      /* (nullable): nodes */
  GError *failure;       /* (nullable): of the last attempt */
  MicroLoopTimer deadline;
  MicroLoopTimer backoff;
  MicroLoopTimer hedge;
  MicroLoopEnding ending;
  GCancellable *cancellable; /* (nullable) */
  gulong cancel_id;
  MicroContext *context; /* (nullable): of the handler that calls */
  MicroContextChild child;
  gpointer *intercepted; /* a state an interceptor; (nullable) */
  GError *refused;       /* before it began; (nullable) */
};

/* client/request-start.c
 * Fills zeroed memory whose first reference is the caller's.  Takes @path. */
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
/* Likewise, for what the answer that counts has said. */
void micro_request_end_answered (MicroRequest *self, const GError *error);
/* Likewise: a second message has come where there is one ("response cardinality violation" in
 * grpc/grpc doc/statuscodes.md). */
void micro_request_end_doubled (MicroRequest *self);
/* client/retry.c: the first attempt, and after a failure what follows. */
void micro_request_begin_attempts (MicroRequest *self);

/* What comes with the events of a call. */
static inline MicroRequest *
micro_request_of (MicroCall *call)
{
  return ((MicroAttempt *) call->user_data)->request;
}

/* (nullable): the call whose answer counts */
static inline MicroCall *
micro_request_get_call (MicroRequest *self)
{
  return self->attempt != NULL ? self->attempt->call : NULL;
}

/* Tells the selector, once, how it went on the node. */
void micro_attempt_tell (MicroAttempt *self, MicroStatus status, gboolean sent, gboolean declined);
/* Becomes self->attempt. */
MicroAttempt *micro_request_add_attempt (MicroRequest *self);
/* Whether another attempt than @one runs. */
gboolean micro_request_has_others (MicroRequest *self, MicroAttempt *one);
/* Its answer counts: the others are given up. */
void micro_request_settle_on (MicroRequest *self, MicroAttempt *one);

/* client/request-intercept.c: around the call; message and end only if self->intercepted. */
void micro_request_intercept_start (MicroRequest *self);
void micro_request_intercept_message (MicroRequest *self, gboolean sent, gsize size);
void micro_request_intercept_end (MicroRequest *self, const GError *error);
void micro_request_add_header (MicroRequest *self, const char *name, const char *value);

/* client/request-error.c: what a peer's status says, as an error. */
GError *micro_request_error (MicroStatus status, const char *message, GBytes *details);

G_END_DECLS
