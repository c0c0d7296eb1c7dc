/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The forms of the protocol: texts, framed messages, gzip.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/* --- grpc-wire.c: text forms of the protocol --- */
gboolean grpc_timeout_parse (const char *text, gsize length, gint64 *ret_us);
#define GRPC_TIMEOUT_BYTES 12
gsize grpc_timeout_format (gint64 us, char buffer[GRPC_TIMEOUT_BYTES]);
/* @most: bytes of the result; what is longer ends at a character, and in an ellipsis */
char *grpc_message_escape (const char *message, gsize most);
char *grpc_message_unescape (const char *text, gsize length);
gboolean grpc_list_has (const char *list, const char *item);
gboolean grpc_content_type_parse (const char *text, gsize length, MicroCodec *ret_codec);
MicroStatus grpc_status_from_http2 (guint32 code);

/* --- grpc-framer.c: length-prefixed messages out of DATA frames --- */
typedef struct
{
  guint8 prefix[5];
  guint n_prefix;
  guint32 length;
  guint8 *partial; /* the message so far, when it spans chunks */
  gsize n_partial;
  gsize partial_size;
} GrpcFramer;

/* FALSE: no more for now. */
typedef gboolean (*GrpcFramerFunc) (gpointer user_data,
                                    gboolean compressed,
                                    const guint8 *data,
                                    gsize length);
/* FALSE: *ret_status and *ret_message (static) say why. */
gboolean grpc_framer_feed (GrpcFramer *self,
                           const guint8 *data,
                           gsize length,
                           gsize max_bytes,
                           GrpcFramerFunc message,
                           gpointer user_data,
                           gsize *ret_used,
                           MicroStatus *ret_status,
                           const char **ret_message);
gboolean grpc_framer_is_whole (const GrpcFramer *self);
void grpc_framer_clear (GrpcFramer *self);

/* --- grpc-gzip.c: messages compressed, one by one --- */
/* (transfer full) (nullable): NULL when it is broken or larger than @max_bytes */
guint8 *grpc_gzip_inflate (
    const guint8 *data, gsize length, gsize max_bytes, gsize *ret_length, gboolean *ret_too_large);
/* (transfer full) */
guint8 *grpc_gzip_deflate (const guint8 *data, gsize length, gsize *ret_length);

G_END_DECLS
