/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls to services by name: discovery, selection, deadlines, retries.
 */
#pragma once

#include <micro/micro-cache.h>
#include <micro/micro-call.h>
#include <micro/micro-selector.h>

G_BEGIN_DECLS

#define MICRO_TYPE_CLIENT (micro_client_get_type ())
MICRO_API
G_DECLARE_FINAL_TYPE (MicroClient, micro_client, MICRO, CLIENT, GObject)

/**
 * MicroCallOptions:
 * @timeout_ms: for the whole call with its retries; 0: the client's default
 * @retries: further tries on other nodes; -1: the client's default
 * @address: (nullable): call this address, past registry and selector
 * @version: (nullable): only nodes of this version of the service
 * @headers: (nullable) (array zero-terminated=1): name, value, …, %NULL
 * @retry_safe: the method may run twice, so retry even what may have reached a handler
 * @compress: send the messages compressed (gzip)
 * @wait_for_ready: wait for a node that can be reached until the deadline
 * @max_receive_bytes: of a message; 0: the transport's default
 * @hash_key: (nullable): for selectors that send calls with equal keys to the same node
 * @answer_header: (nullable): of a call with one reply: sees each header and then each trailer of
 *   the answer that counts, also of one that says the call has failed; before the reply is told, on
 *   the thread where that is
 * @answer_data: for @answer_header
 *
 * Zero-initialise with MICRO_CALL_OPTIONS_INIT; everywhere %NULL means all defaults.
 */
struct _MicroCallOptions
{
  guint timeout_ms;
  int retries;
  const char *address;
  const char *version;
  const char *const *headers;
  gboolean retry_safe;
  gboolean compress;
  gboolean wait_for_ready;
  gsize max_receive_bytes;
  const char *hash_key;
  MicroHeaderFunc answer_header;
  gpointer answer_data;
  gpointer reserved[5];
};
#define MICRO_TYPE_CALL_OPTIONS (micro_call_options_get_type ())
MICRO_API GType micro_call_options_get_type (void);

#define MICRO_CALL_OPTIONS_INIT                                                                    \
  {                                                                                                \
    0, -1, NULL, NULL, NULL, FALSE, FALSE, FALSE, 0, NULL, NULL, NULL, { NULL }                    \
  }

/* For other languages: these own what they point to, so texts are set by functions. */
MICRO_API MicroCallOptions *micro_call_options_new (void);
MICRO_API MicroCallOptions *micro_call_options_copy (const MicroCallOptions *self);
MICRO_API void micro_call_options_free (MicroCallOptions *self);
MICRO_API void micro_call_options_set_address (MicroCallOptions *self, const char *address);
MICRO_API void micro_call_options_set_version (MicroCallOptions *self, const char *version);
MICRO_API void micro_call_options_set_headers (MicroCallOptions *self, const char *const *headers);
MICRO_API void micro_call_options_set_hash_key (MicroCallOptions *self, const char *hash_key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroCallOptions, micro_call_options_free)

/**
 * MicroReplyFunc:
 * @response: (nullable): the reply, valid during the call-back
 * @error: (nullable): set exactly when @response is %NULL
 *
 * Runs on a loop thread.
 */
typedef void (*MicroReplyFunc) (gconstpointer response, const GError *error, gpointer user_data);
typedef void (*MicroBytesFunc) (GBytes *response, const GError *error, gpointer user_data);

/* @loops: (element-type MicroLoop) */
MICRO_API MicroClient *micro_client_new (MicroCache *cache,
                                         MicroSelector *selector,
                                         MicroTransport *transport,
                                         GPtrArray *loops);

/* @timeout_ms > 0 and @retries >= 0 become the defaults. Before the first call only. */
MICRO_API void micro_client_set_defaults (MicroClient *self, guint timeout_ms, int retries);

/* Sent as micro-from-service.  Before the first call only. */
MICRO_API void micro_client_set_name (MicroClient *self, const char *name);
MICRO_API void micro_client_set_proxy (MicroClient *self, const char *proxy);

/* Any thread; @request is packed before this returns. On a loop thread the call stays there. */
MICRO_API void micro_client_call (MicroClient *self,
                                  const char *service,
                                  const MicroMethod *method,
                                  gconstpointer request,
                                  const MicroCallOptions *options,
                                  MicroReplyFunc callback,
                                  gpointer user_data);

/* GTask-style, completing in the caller's thread-default context. finish: (transfer full), to be
 * freed with protobuf_c_message_free_unpacked (message, NULL). */
MICRO_API void micro_client_call_async (MicroClient *self,
                                        const char *service,
                                        const MicroMethod *method,
                                        gconstpointer request,
                                        const MicroCallOptions *options,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
MICRO_API gpointer micro_client_call_finish (MicroClient *self,
                                             GAsyncResult *result,
                                             GError **error);

/* Blocks the calling thread, which must not be a loop thread (FAILED_PRECONDITION there). */
MICRO_API gpointer micro_client_call_sync (MicroClient *self,
                                           const char *service,
                                           const MicroMethod *method,
                                           gconstpointer request,
                                           const MicroCallOptions *options,
                                           GError **error);

/* Without generated code: bytes of @codec for "Say.Hello" (or "/package.Say/Hello" verbatim). */
MICRO_API void micro_client_call_bytes_async (MicroClient *self,
                                              const char *service,
                                              const char *endpoint,
                                              MicroCodec codec,
                                              GBytes *request,
                                              const MicroCallOptions *options,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
MICRO_API GBytes *
micro_client_call_bytes_finish (MicroClient *self, GAsyncResult *result, GError **error);
MICRO_API GBytes *micro_client_call_bytes_sync (MicroClient *self,
                                                const char *service,
                                                const char *endpoint,
                                                MicroCodec codec,
                                                GBytes *request,
                                                const MicroCallOptions *options,
                                                GError **error);

/* What registry and selector say now; blocks like micro_client_call_sync().
 * (transfer container) (element-type MicroService): the array is the caller's and frees what it
 * has. */
MICRO_API GPtrArray *micro_client_list_services_sync (MicroClient *self, GError **error);
MICRO_API GPtrArray *
micro_client_get_service_sync (MicroClient *self, const char *name, GError **error);

G_END_DECLS
