/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One attempt of a request: a node, the transport's call to it, and how that ended.
 */
#pragma once

#include "client/request.h"

G_BEGIN_DECLS

/* How an attempt ended. */
typedef struct
{
  MicroStatus status;
  const char *message; /* (nullable) */
  GBytes *details;     /* (nullable) */
  gboolean sent;       /* a handler may have seen it */
  gboolean declined;   /* by a peer that is well and has not looked at it */
  gboolean lost;       /* with its connection */
} MicroAttemptEnd;

/* What becomes of the request then; on its loop. */
struct _MicroAttemptFuncs
{
  /* @end: valid until this returns.  Not told of an attempt that was given up. */
  void (*ended) (MicroAttempt *self, const MicroAttemptEnd *end);
  void (*found_none) (MicroAttempt *self, const GError *error);
};

/* Finds a node and opens a call to it; one of request->attempt_funcs follows, maybe before this
 * returns. */
void micro_attempt_start (MicroRequest *request);
/* For events->sent and events->closed. */
void micro_attempt_sent (MicroCall *call);
void
micro_attempt_closed (MicroCall *call, MicroStatus status, const char *message, GBytes *details);

G_END_DECLS
