/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a handler says of its call, and how the router and the streams share a call.
 */
#pragma once

#include "call/interceptor.h"
#include <micro/micro-interceptor.h>
#include <micro/micro-transport.h>

G_BEGIN_DECLS

/* call/interceptor.c */
void micro_interceptors_start (MicroInterceptors *self, MicroCall *call);
void micro_interceptors_message (MicroCall *call, gboolean sent, gsize size);
/* More than once does nothing. */
void micro_interceptors_end (MicroCall *call, MicroStatus status, const char *message);

struct _MicroRoute
{
  MicroRouter *router; /* whose it is */
  const MicroMethod *method;
  MicroHandler handler;            /* (nullable) */
  MicroBytesHandler bytes_handler; /* (nullable): instead, and messages are GBytes */
  gpointer user_data;
  char *path; /* "Say/Hello" */
  gsize length;
  gsize package_length;
  guint hash;
  gboolean internal;
  MicroInterceptors *interceptors; /* the router's; (nullable) */
};

typedef struct _MicroRefusal
{
  MicroStatus status;
  const char *text;
} MicroRefusal;

/* Not given back to its transport yet: whoever has the pointer may use it. */
static inline gboolean
micro_call_is_open (const MicroCall *self)
{
  return self != NULL && self->state != MICRO_CALL_ENDED;
}

/* call/answer.c: whatever the handler says from now on, the call ends with this; on its loop. */
void micro_call_set_refusal (MicroCall *self, MicroStatus status, const char *text);
/* call/answer.c: one message, and with @ends the status OK after it; any thread. */
void micro_call_put (MicroCall *self, gconstpointer response, gboolean ends);
void micro_call_put_bytes (MicroCall *self, GBytes *response, gboolean ends);
void micro_call_finish (MicroCall *self, MicroStatus status, const char *text, GBytes *details);

/* call/room.c: FALSE: a writable event will follow; any thread. */
gboolean micro_call_has_room (MicroCall *self);

/* call/serve.c: from here on the call is its handler's. */
void micro_serve (MicroCall *call);
/* Also for a call that is refused: what still arrives is dropped. */
extern const MicroCallEvents micro_serve_one_request;

G_END_DECLS
