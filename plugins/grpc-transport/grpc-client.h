/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A client: from an address to a connection, from a call to a request.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include <micro/micro-transport.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-thread.h"

G_BEGIN_DECLS

/* --- grpc-backoff.c: addresses that could not be connected to --- */
void
grpc_backoff_failed (GrpcThread *thread, const char *address, gint64 begun_us, const char *problem);
void grpc_backoff_worked (GrpcThread *thread, const char *address);
gint64 grpc_backoff_get_wait (GrpcThread *thread, const char *address);
const char *grpc_backoff_problem (GrpcThread *thread, const char *address);

/* --- grpc-connect.c: a client's connection, from its address to its socket --- */
GrpcConnection *grpc_connect_get (GrpcThread *thread, const GrpcSide *side, const char *address);
void grpc_connect_failed (GrpcConnection *self, const char *problem);
void grpc_connect_freed (GrpcConnection *self);

/* --- grpc-request.c: what a client sends of a call --- */
void grpc_request_submit (GrpcCall *self, const MicroCallStart *start);
void grpc_request_submit_fields (GrpcCall *self, const nghttp2_nv *fields, gsize n);

/* --- grpc-client.c --- */
extern const GrpcSide grpc_client_side;
MicroCall *grpc_client_open (GrpcThread *thread,
                             const MicroCallStart *start,
                             const MicroCallEvents *events,
                             gpointer user_data);
void grpc_client_give_up (GrpcCall *self, MicroStatus status, const char *message);

G_END_DECLS
