/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call on its way out, as those see it who look on: statistics, tracing, credentials.
 */
#pragma once

#include <micro/micro-client.h>

G_BEGIN_DECLS

/**
 * MicroRequest:
 *
 * A call of a client with all its tries, unary or streaming.  It belongs to the client and to one
 * loop thread; interceptors see it there and keep no pointer to it after @end.
 */
typedef struct _MicroRequest MicroRequest;

/**
 * MicroClientInterceptor:
 * @begin: (nullable): before the first try; may add headers, and may refuse the call with
 *   micro_request_fail(). Returns what @message and @end get as @state.
 * @message: (nullable): a message of @size bytes goes out (@sent; again when the call is tried
 *   again) or has come
 * @end: (nullable): the call is over; @error is %NULL when its status is OK
 *
 * Each call of a client passes all interceptors: @begin in the order they were added, the others
 * in the reverse one.  All run on the call's loop thread and must not block.  @end runs exactly
 * once for every call whose @begin ran and did not refuse it, before the caller is told.  A client
 * without interceptors pays one test a call.
 */
typedef struct
{
  gpointer (*begin) (MicroRequest *request, gpointer user_data);
  void (*message) (
      MicroRequest *request, gboolean sent, gsize size, gpointer state, gpointer user_data);
  void (*end) (MicroRequest *request, const GError *error, gpointer state, gpointer user_data);
  gpointer reserved[4];
} MicroClientInterceptor;

/* For calls that have not begun yet.  @interceptor is kept, not copied. */
MICRO_API void micro_client_add_interceptor (MicroClient *self,
                                             const MicroClientInterceptor *interceptor,
                                             gpointer user_data,
                                             GDestroyNotify destroy);

/* (transfer none): "greeter"; what was called, not what answers for it. */
MICRO_API const char *micro_request_get_service (MicroRequest *self);
/* (transfer none): "/greeter.Say/Hello" */
MICRO_API const char *micro_request_get_path (MicroRequest *self);
/* (transfer none) (nullable): of the node that the running, or the last, try went to. */
MICRO_API const char *micro_request_get_address (MicroRequest *self);
MICRO_API gboolean micro_request_is_stream (MicroRequest *self);
/* (transfer none) (nullable): one that will be sent, as the caller set it or passed it on. */
MICRO_API const char *micro_request_get_header (MicroRequest *self, const char *name);
/* Only in begin: replaces all headers of this name; base64 for a name that ends in "-bin". */
MICRO_API void micro_request_set_header (MicroRequest *self, const char *name, const char *value);
/* Only in begin: the call ends with this status, and no node is asked. */
MICRO_API void micro_request_fail (MicroRequest *self, MicroStatus status, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
