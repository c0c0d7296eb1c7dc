/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What looks on at every call that is served: statistics, tracing, authorisation.
 */
#pragma once

#include <micro/micro-server.h>

G_BEGIN_DECLS

/**
 * MicroServerInterceptor:
 * @begin: (nullable): a call has come, its headers are there, its handler has not run; may refuse
 *   it with micro_call_fail(). Returns what @message and @end get as @state.
 * @message: (nullable): a message of @size bytes has come, or (@sent) is about to go
 * @end: (nullable): the status the call has been given, or CANCELLED because the caller went
 *
 * Each call of a server that has a method, unary or streaming, passes all interceptors: those of
 * the toolkit's own services too (Debug, grpc.health.v1, grpc.reflection), so that one which
 * refuses calls has to let the probes of those through.  @begin in the order they were added, the
 * others in the reverse one. All run on the call's loop thread and must not block.
 * @end runs exactly once for every call whose @begin ran and did not refuse it; memory of
 * micro_call_alloc() still lives then. A server without interceptors pays one test a call.
 */
typedef struct
{
  gpointer (*begin) (MicroCall *call, gpointer user_data);
  void (*message) (MicroCall *call, gboolean sent, gsize size, gpointer state, gpointer user_data);
  void (*end) (
      MicroCall *call, MicroStatus status, const char *message, gpointer state, gpointer user_data);
  gpointer reserved[4];
} MicroServerInterceptor;

/* Before the server listens. @interceptor is kept, not copied. */
MICRO_API void micro_router_add_interceptor (MicroRouter *self,
                                             const MicroServerInterceptor *interceptor,
                                             gpointer user_data,
                                             GDestroyNotify destroy);
/* Likewise, for what only looks on: not at calls of the toolkit's own services. */
MICRO_API void micro_router_add_observer (MicroRouter *self,
                                          const MicroServerInterceptor *interceptor,
                                          gpointer user_data);

G_END_DECLS
