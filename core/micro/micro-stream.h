/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls with more than one message, for a caller.
 */
#pragma once

#include <micro/micro-client.h>

G_BEGIN_DECLS

/**
 * MicroStreamEvents:
 * @headers: (nullable): the answer has begun
 * @message: the next message (the only one of a method without a stream of answers comes with its
 *   status OK); it lives until this returns or, if micro_stream_hold() was called,
 *   until micro_stream_resume()
 * @writable: (nullable): micro_stream_send() said %FALSE and may go on now
 * @closed: the end, exactly once and last; @error is %NULL for OK
 *
 * What a caller is told of its stream, on one loop thread.
 */
typedef struct
{
  void (*headers) (MicroStream *stream, gpointer user_data);
  void (*message) (MicroStream *stream, gconstpointer message, gpointer user_data);
  void (*writable) (MicroStream *stream, gpointer user_data);
  void (*closed) (MicroStream *stream, const GError *error, gpointer user_data);
  gpointer reserved[4];
} MicroStreamEvents;

#define MICRO_TYPE_STREAM (micro_stream_get_type ())
MICRO_API GType micro_stream_get_type (void);
MICRO_API MicroStream *micro_stream_ref (MicroStream *self);
MICRO_API void micro_stream_unref (MicroStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroStream, micro_stream_unref)

/* Any thread. Never fails: what goes wrong arrives as closed. @events is kept, not copied; %NULL
 * for a stream that is used with the blocking calls below. Without a timeout in @options a stream
 * has no deadline. (transfer full); dropping the last reference does not cancel. */
MICRO_API MicroStream *micro_client_open_stream (MicroClient *self,
                                                 const char *service,
                                                 const MicroMethod *method,
                                                 const MicroCallOptions *options,
                                                 const MicroStreamEvents *events,
                                                 gpointer user_data);
/* Without generated code: messages are GBytes of @codec; @endpoint as for call_bytes. */
MICRO_API MicroStream *micro_client_open_bytes_stream (MicroClient *self,
                                                       const char *service,
                                                       const char *endpoint,
                                                       MicroCodec codec,
                                                       const MicroCallOptions *options,
                                                       const MicroStreamEvents *events,
                                                       gpointer user_data);

/**
 * MicroStreamBytesFunc:
 * @stream: the stream
 * @event: what has happened
 * @message: (nullable): of %MICRO_STREAM_MESSAGE
 * @error: (nullable): of %MICRO_STREAM_CLOSED; %NULL for OK
 * @user_data: what was given with the call-back
 *
 * Runs on the stream's loop thread; must not block.
 */
typedef void (*MicroStreamBytesFunc) (MicroStream *stream,
                                      MicroStreamEvent event,
                                      GBytes *message,
                                      const GError *error,
                                      gpointer user_data);
/* For language bindings: one call-back, or the blocking calls below. */
MICRO_API MicroStream *micro_client_open_bytes_stream_with_func (MicroClient *self,
                                                                 const char *service,
                                                                 const char *endpoint,
                                                                 MicroCodec codec,
                                                                 const MicroCallOptions *options,
                                                                 MicroStreamBytesFunc func,
                                                                 gpointer user_data,
                                                                 GDestroyNotify destroy);
MICRO_API MicroStream *micro_client_open_bytes_stream_sync (MicroClient *self,
                                                            const char *service,
                                                            const char *endpoint,
                                                            MicroCodec codec,
                                                            const MicroCallOptions *options);

/* Any thread; takes nothing.  FALSE: it was taken, but the peer is slow: wait for writable. After
 * the end it does nothing. */
MICRO_API gboolean micro_stream_send (MicroStream *self, gconstpointer message);
MICRO_API gboolean micro_stream_send_bytes (MicroStream *self, GBytes *message);
/* The messages that follow; only if the options said compress; any thread. */
MICRO_API void micro_stream_set_compress (MicroStream *self, gboolean compress);
MICRO_API void micro_stream_end (MicroStream *self); /* no more from this side; any thread */
MICRO_API void
micro_stream_cancel (MicroStream *self);              /* closed comes with CANCELLED; any thread */
MICRO_API void micro_stream_hold (MicroStream *self); /* on its loop thread */
MICRO_API void micro_stream_resume (MicroStream *self);            /* any thread */
MICRO_API gboolean micro_stream_is_compressed (MicroStream *self); /* the message in hand */
/* (nullable) (transfer none): in events; trailers are there in closed */
MICRO_API const char *micro_stream_get_header (MicroStream *self, const char *name);
MICRO_API void micro_stream_foreach_header (MicroStream *self,
                                            gboolean trailers,
                                            MicroHeaderFunc callback,
                                            gpointer user_data);

/* Blocking; not on a loop thread; one thread may send while another receives.  send: FALSE when
 * the call has ended (then receive says why). */
MICRO_API gboolean micro_stream_send_sync (MicroStream *self, gconstpointer message);
/* (transfer full) (nullable): a message (free it with protobuf_c_message_free_unpacked()), or
 * GBytes for a bytes stream; %NULL without @error: the end, with status OK. */
MICRO_API gpointer micro_stream_receive_sync (MicroStream *self, GError **error);
/* The same of a stream of bytes. */
MICRO_API gboolean micro_stream_send_bytes_sync (MicroStream *self, GBytes *message);
MICRO_API GBytes *micro_stream_receive_bytes_sync (MicroStream *self, GError **error);

G_END_DECLS
