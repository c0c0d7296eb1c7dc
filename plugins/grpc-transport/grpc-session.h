/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What goes through a connection: bytes, TLS, frames.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include <micro/micro.h>

#include "grpc-connection.h"
#include "grpc-thread.h"

G_BEGIN_DECLS

/* --- grpc-send.c: what a connection sends --- */
/* FALSE: something is still kept. */
gboolean grpc_send_kept (GrpcConnection *self);
void grpc_send_frames (GrpcConnection *self);
/* The same for frames that may wait for others, until grpc_send_collected() before anything of
 * another connection is sent. */
void grpc_send_collect (GrpcConnection *self);
void grpc_send_collected (GrpcConnection *self);
void grpc_send_records (GrpcConnection *self, const guint8 *data, gsize length);
int grpc_send_data (nghttp2_session *session,
                    nghttp2_frame *frame,
                    const uint8_t *header,
                    size_t length,
                    nghttp2_data_source *source,
                    void *user_data);

/* --- grpc-secure.c: TLS between a connection and its socket --- */
void grpc_secure_accept (GrpcConnection *self);
void grpc_secure_connect (GrpcConnection *self);
gboolean grpc_secure_progress (GrpcConnection *self, guint32 events);
void grpc_secure_feed (GrpcConnection *self, const guint8 *data, gsize length);
gsize grpc_secure_read (GrpcConnection *self, const guint8 **ret_plain);
void grpc_secure_end (GrpcConnection *self);
void grpc_secure_bye (GrpcConnection *self);

/* --- grpc-session.c: what a connection does in a turn --- */
GrpcConnection *grpc_session_open (GrpcThread *thread, const GrpcSide *side);
void grpc_session_receive (GrpcConnection *self, const guint8 *data, gsize length);

G_END_DECLS
