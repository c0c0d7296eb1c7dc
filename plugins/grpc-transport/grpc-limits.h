/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The transport's numbers and switches.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/**
 * GrpcLimits:
 *
 * The transport's properties, read by every connection.
 */
typedef struct
{
  guint max_receive_bytes;
  guint max_header_bytes;
  guint max_concurrent_streams;
  guint connect_timeout_ms;
  guint handshake_timeout_ms;
  guint tcp_user_timeout_ms;
  guint reconnect_min_ms;
  guint reconnect_max_ms;
  guint max_idle_ms;
  guint keepalive_ms;
  guint keepalive_timeout_ms;
  gboolean keepalive_without_calls;
  guint server_keepalive_ms;
  guint server_keepalive_timeout_ms;
  guint server_min_ping_interval_ms;
  gboolean server_permit_idle_pings;
  guint server_max_connection_age_ms;
  guint server_max_connection_age_grace_ms;
  guint server_max_connection_idle_ms;
  guint server_max_connection_bytes;
  guint server_request_timeout_ms;
} GrpcLimits;

guint grpc_limits_install (GObjectClass *klass);
/* FALSE: the property is not one of them. */
gboolean grpc_limits_get (GrpcLimits *self, guint property_id, GValue *value);
gboolean grpc_limits_set (GrpcLimits *self, guint property_id, const GValue *value);

G_END_DECLS
