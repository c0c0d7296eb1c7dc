/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A server: from a listening socket to an answer.
 */
#pragma once

#include <micro/micro-transport.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-thread.h"

G_BEGIN_DECLS

/* --- grpc-fit.c: what its caller takes of it --- */
/* FALSE: they have been left out, and the status says so. */
gboolean grpc_fit_headers (GrpcCall *self);
/* Sets the message; @message: (nullable): UTF-8 */
void grpc_fit_status (GrpcCall *self, const char *message, GBytes *bytes);

/* --- grpc-answer.c: what a server sends of a call --- */
extern const MicroCallOps grpc_answer_ops;
void grpc_answer_late (GrpcCall *self);

/* --- grpc-refuse.c: requests that are not gRPC --- */
void grpc_refuse_request (GrpcCall *call);
void grpc_refuse_later (GrpcCall *call);

/* --- grpc-server.c --- */
extern const GrpcSide grpc_server_side;

/* --- grpc-listener.c --- */
void grpc_listen_close (int fd);
int grpc_listen_socket (const char *address, char **ret_bound, GError **error);
typedef struct _GrpcListener GrpcListener;
/* @router: of those that it accepts; must outlive them */
gboolean grpc_listener_start (GrpcThread *thread, int fd, MicroRouter *router, GError **error);
void grpc_listener_stop (GrpcThread *thread);

G_END_DECLS
