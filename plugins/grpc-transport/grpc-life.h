/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How a connection is watched: silence, age, and peers that mean no good.
 */
#pragma once

#include <nghttp2/nghttp2.h>

#include <micro/micro.h>

#include "grpc-connection.h"

G_BEGIN_DECLS

/* --- grpc-life.c: when a connection has to be looked after --- */
void grpc_life_start (GrpcConnection *self);
void grpc_life_look (GrpcConnection *self);

/* --- grpc-keepalive.c --- */
gint64 grpc_keepalive_look (GrpcConnection *self, gint64 now);
/* TRUE: it has to be looked after from now on. */
gboolean grpc_keepalive_doubt (GrpcConnection *self, gint64 since_us);
void grpc_keepalive_complaint (GrpcConnection *self, const nghttp2_goaway *goaway);

/* --- grpc-age.c: connections that are too old, or that nobody uses --- */
void grpc_age_start (GrpcConnection *self, gint64 now);
gint64 grpc_age_look (GrpcConnection *self, gint64 now);

/* --- grpc-slow.c: clients that never come to the point --- */
/* Called after each read. */
void grpc_slow_watch (GrpcConnection *self);
gint64 grpc_slow_look (GrpcConnection *self, gint64 now);

/* --- grpc-pings.c: clients that ping too often --- */
void grpc_pings_count (GrpcConnection *self);

/* --- grpc-mischief.c: frames that no client in its right mind sends often --- */
void grpc_mischief_count (GrpcConnection *self);
/* Called after each read. */
void grpc_mischief_look (GrpcConnection *self);

G_END_DECLS
