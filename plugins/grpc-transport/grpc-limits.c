/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The transport's numbers and switches, as properties.
 */
#include "config.h"

#include <stddef.h>

#include "grpc-limits.h"

#define HOUR_MS (60 * 60 * 1000)
#define DAY_MS (24 * HOUR_MS)

typedef struct
{
  const char *name;
  const char *metavar; /* NULL: a switch */
  const char *blurb;
  gsize offset;
  guint minimum;
  guint maximum;
  guint preset;
} Limit;

#define AT(field) offsetof (GrpcLimits, field)

/* The presets of keepalive and of ages are gRPC's (gRFC A8 and A9); that of TCP is its keepalive
 * timeout, as A18 has it. */
static const Limit limits[] = {
  { "max-receive-bytes", "BYTES", "Largest message taken", AT (max_receive_bytes), 1, G_MAXINT32,
    4 * 1024 * 1024 },
  { "max-header-bytes", "BYTES", "Largest header list taken", AT (max_header_bytes), 1024,
    1024 * 1024, 16 * 1024 },
  { "max-concurrent-streams", "N", "Calls in flight on a served connection",
    AT (max_concurrent_streams), 1, G_MAXINT32, 1000 },
  { "connect-timeout-ms", "MS", "How long one connection attempt may take", AT (connect_timeout_ms),
    1, HOUR_MS, 5000 },
  { "handshake-timeout-ms", "MS", "How long a TLS handshake may take", AT (handshake_timeout_ms), 1,
    HOUR_MS, 10000 },
  { "tcp-user-timeout-ms", "MS",
    "How long sent bytes may stay unacknowledged; 0: as the system has", AT (tcp_user_timeout_ms),
    0, DAY_MS, 20000 },
  { "reconnect-min-ms", "MS", "Wait before a failed connection is tried again; 0: none",
    AT (reconnect_min_ms), 0, HOUR_MS, 1000 },
  { "reconnect-max-ms", "MS", "The wait once it has failed often", AT (reconnect_max_ms), 1,
    HOUR_MS, 120000 },
  { "keepalive-ms", "MS", "Ping a silent server after this; 0: never", AT (keepalive_ms), 0, DAY_MS,
    0 },
  { "keepalive-timeout-ms", "MS", "How long it may take to answer", AT (keepalive_timeout_ms), 1,
    HOUR_MS, 20000 },
  { "keepalive-without-calls", NULL, "Ping also when no call is running",
    AT (keepalive_without_calls), 0, 0, FALSE },
  { "max-idle-ms", "MS", "Close a connection without calls after this; 0: never", AT (max_idle_ms),
    0, DAY_MS, 30 * 60 * 1000 },
  { "server-keepalive-ms", "MS", "Ping a silent client after this; 0: never",
    AT (server_keepalive_ms), 0, DAY_MS, 2 * HOUR_MS },
  { "server-keepalive-timeout-ms", "MS", "How long it may take to answer",
    AT (server_keepalive_timeout_ms), 1, HOUR_MS, 20000 },
  { "server-min-ping-interval-ms", "MS", "How often a client may ping at the most",
    AT (server_min_ping_interval_ms), 0, DAY_MS, 5 * 60 * 1000 },
  { "server-permit-idle-pings", NULL, "So often also when it has no call running",
    AT (server_permit_idle_pings), 0, 0, FALSE },
  { "server-max-connection-age-ms", "MS", "Send a client away after this; 0: never",
    AT (server_max_connection_age_ms), 0, DAY_MS, 0 },
  { "server-max-connection-age-grace-ms", "MS", "How long its calls may go on then; 0: for ever",
    AT (server_max_connection_age_grace_ms), 0, DAY_MS, 0 },
  { "server-max-connection-idle-ms", "MS", "Send it away without calls after this; 0: never",
    AT (server_max_connection_idle_ms), 0, DAY_MS, 0 },
  { "server-max-connection-bytes", "BYTES", "What a connection's calls may hold in memory",
    AT (server_max_connection_bytes), 64 * 1024, G_MAXINT32, 128 * 1024 * 1024 },
  { "server-request-timeout-ms", "MS", "How long a request may take to arrive",
    AT (server_request_timeout_ms), 1, HOUR_MS, 30000 },
};

static guint *
limit_at (GrpcLimits *self, guint property_id)
{
  return (guint *) ((char *) self + limits[property_id - 1].offset);
}

/* Properties 1 to the number that is returned. */
guint
grpc_limits_install (GObjectClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      const Limit *limit = &limits[i];
      GParamSpec *spec
          = limit->metavar == NULL
                ? g_param_spec_boolean (limit->name, NULL, limit->blurb, limit->preset != 0, flags)
                : g_param_spec_uint (limit->name, limit->metavar, limit->blurb, limit->minimum,
                                     limit->maximum, limit->preset, flags);

      g_object_class_install_property (klass, i + 1, spec);
    }
  return G_N_ELEMENTS (limits);
}

gboolean
grpc_limits_get (GrpcLimits *self, guint property_id, GValue *value)
{
  if (property_id > G_N_ELEMENTS (limits))
    return FALSE;
  if (limits[property_id - 1].metavar == NULL)
    g_value_set_boolean (value, *limit_at (self, property_id) != 0);
  else
    g_value_set_uint (value, *limit_at (self, property_id));
  return TRUE;
}

gboolean
grpc_limits_set (GrpcLimits *self, guint property_id, const GValue *value)
{
  if (property_id > G_N_ELEMENTS (limits))
    return FALSE;
  *limit_at (self, property_id) = limits[property_id - 1].metavar == NULL
                                      ? (guint) g_value_get_boolean (value)
                                      : g_value_get_uint (value);
  return TRUE;
}
