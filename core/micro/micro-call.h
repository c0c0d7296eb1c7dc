/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call, as its handler sees it.
 */
#pragma once

#include <micro/micro-error.h>
#include <micro/micro-loop.h>
#include <micro/micro-method.h>

G_BEGIN_DECLS

/**
 * MicroCall:
 *
 * A call that is served.  From the moment its handler is called until the one reply, failure or end
 * the call is the handler's, and its memory stays; the core may fail it meanwhile, says so once
 * (`cancelled`, or micro_call_is_cancelled()), and what the handler sends after that does nothing,
 * but it must still end the call.
 *
 * Whoever needs the pointer for longer, as a language binding does, takes a reference: it keeps the
 * memory, not the call, and what is done with a call that has ended is a programming error that is
 * reported and does nothing.
 */
#define MICRO_TYPE_CALL (micro_call_get_type ())
MICRO_API GType micro_call_get_type (void);
MICRO_API MicroCall *micro_call_ref (MicroCall *self); /* any thread */
MICRO_API void micro_call_unref (MicroCall *self);     /* likewise */

/* --- Answering --- */

/* Answers a unary call; any thread; takes nothing. The call is gone afterwards. */
MICRO_API void micro_call_reply (MicroCall *self, gconstpointer response);
MICRO_API void micro_call_fail (MicroCall *self, MicroStatus status, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* As go-micro's services fail: @code is an HTTP status. */
MICRO_API void
micro_call_fail_with_code (MicroCall *self, const char *id, int code, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
MICRO_API void micro_call_fail_error (MicroCall *self, const GError *error);
/* @details: (nullable): a serialised google.rpc.Status; any thread */
MICRO_API void micro_call_fail_with_details (MicroCall *self,
                                             MicroStatus status,
                                             const char *message,
                                             GBytes *details);

/* Of a method that was added with micro_router_add_bytes(): written as micro_call_get_codec() says.
 */
MICRO_API void micro_call_reply_bytes (MicroCall *self, GBytes *response);

/* --- What it is --- */

MICRO_API const MicroMethod *micro_call_get_method (MicroCall *self);
MICRO_API MicroCodec micro_call_get_codec (MicroCall *self);
MICRO_API gint64 micro_call_get_deadline (MicroCall *self); /* monotonic µs, G_MAXINT64: none */
MICRO_API gboolean micro_call_is_cancelled (MicroCall *self);
MICRO_API MicroLoop *micro_call_get_loop (MicroCall *self); /* (transfer none): whose it is */
/* (transfer none) (nullable): on the call's loop thread, as what follows. */
MICRO_API const char *micro_call_get_peer_address (MicroCall *self);
MICRO_API const char *micro_call_get_peer_identity (MicroCall *self);
MICRO_API GBytes *micro_call_get_peer_certificate (MicroCall *self);
MICRO_API gpointer micro_call_alloc (MicroCall *self, gsize size); /* lives as long as the call */
MICRO_API char *micro_call_printf (MicroCall *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* --- Headers --- */

/**
 * MicroHeaderFunc:
 * @name: lower-case
 * @value: of a name that ends in "-bin": base64, as on the wire
 *
 * Sees one header.  Returns %FALSE to see no more.
 */
typedef gboolean (*MicroHeaderFunc) (const char *name, const char *value, gpointer user_data);

MICRO_API const char *micro_call_get_header (MicroCall *self, const char *name);
/* Every header the caller sent, in order, duplicates too; on the call's loop thread. */
MICRO_API void
micro_call_foreach_header (MicroCall *self, MicroHeaderFunc callback, gpointer user_data);
/* For the answer, on the call's loop thread: headers before the first message, trailers before the
 * end.  A name may be added more than once; the value of a "-bin" name is base64. */
MICRO_API void micro_call_add_header (MicroCall *self, const char *name, const char *value);
MICRO_API void micro_call_add_trailer (MicroCall *self, const char *name, const char *value);
MICRO_API void micro_call_send_headers (MicroCall *self); /* now, before any message */
/* The following messages go out compressed, if the caller takes that. */
MICRO_API void micro_call_set_compress (MicroCall *self, gboolean compress);
MICRO_API gboolean micro_call_is_compressed (MicroCall *self); /* the last message that came */

/* --- Streams --- */

/**
 * MicroStreamFuncs:
 * @message: (nullable): the caller's next message, of a method that takes a stream; it lives until
 *   this returns or, if micro_call_hold() was called, until micro_call_resume()
 * @ended: (nullable): the caller has sent its last message
 * @writable: (nullable): micro_call_send() said %FALSE and may go on now
 * @cancelled: the caller has gone, told once: what is sent from now on does nothing; the call must
 *   still be ended, here or later, and is the handler's until then
 *
 * What a streaming handler is told, on the call's loop thread, one at a time.
 */
struct _MicroStreamFuncs
{
  void (*message) (MicroCall *call, gconstpointer message, gpointer user_data);
  void (*ended) (MicroCall *call, gpointer user_data);
  void (*writable) (MicroCall *call, gpointer user_data);
  void (*cancelled) (MicroCall *call, gpointer user_data);
  gpointer reserved[4];
};

/* In the handler of a stream, before it returns. @funcs is kept, not copied. */
MICRO_API void
micro_call_stream (MicroCall *self, const MicroStreamFuncs *funcs, gpointer user_data);

/**
 * MicroStreamEvent:
 * @MICRO_STREAM_HEADERS: to a caller: the answer has begun
 * @MICRO_STREAM_MESSAGE: a message has come
 * @MICRO_STREAM_ENDED: to a handler: the caller has sent its last message
 * @MICRO_STREAM_WRITABLE: there was no room to send, and is again
 * @MICRO_STREAM_CANCELLED: to a handler: the caller has gone; the call must still be ended
 * @MICRO_STREAM_CLOSED: to a caller: the end, once and last
 *
 * What one call-back is told of a stream of bytes.
 */
typedef enum
{
  MICRO_STREAM_HEADERS,
  MICRO_STREAM_MESSAGE,
  MICRO_STREAM_ENDED,
  MICRO_STREAM_WRITABLE,
  MICRO_STREAM_CANCELLED,
  MICRO_STREAM_CLOSED
} MicroStreamEvent;

/**
 * MicroCallBytesFunc:
 * @call: a call with a stream of requests or answers
 * @event: what has happened
 * @message: (nullable): of %MICRO_STREAM_MESSAGE
 * @user_data: what was given with the call-back
 *
 * Runs on the call's loop thread; must not block.
 */
typedef void (*MicroCallBytesFunc) (MicroCall *call,
                                    MicroStreamEvent event,
                                    GBytes *message,
                                    gpointer user_data);
/* micro_call_stream() for a method that was added with micro_router_add_bytes(). */
MICRO_API void micro_call_stream_bytes (MicroCall *self,
                                        MicroCallBytesFunc func,
                                        gpointer user_data,
                                        GDestroyNotify destroy);
/* Sends one message; any thread; takes nothing.  FALSE: it was taken, but the caller is slow, so
 * wait for writable before the next, or memory grows. */
MICRO_API gboolean micro_call_send (MicroCall *self, gconstpointer response);
MICRO_API gboolean micro_call_send_bytes (MicroCall *self, GBytes *response);
/* The status OK; any thread.  The call is gone afterwards.  micro_call_reply() sends a last
 * message and this, micro_call_fail() ends with an error. */
MICRO_API void micro_call_end (MicroCall *self);
/* No further message until resume, on the call's loop thread; the caller's window does not grow. */
MICRO_API void micro_call_hold (MicroCall *self);
MICRO_API void micro_call_resume (MicroCall *self);

G_END_DECLS
