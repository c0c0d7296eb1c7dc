/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: connections and calls over some protocol.
 */
#pragma once

#include <micro/micro-call.h>
#include <micro/micro-loop.h>
#include <micro/micro-server.h>

G_BEGIN_DECLS

#define MICRO_TYPE_TRANSPORT (micro_transport_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroTransport, micro_transport, MICRO, TRANSPORT, GObject)

/**
 * MicroCallStart:
 *
 * What a client says when it opens a call; copied by the transport.
 */
typedef struct
{
  const char *address;        /* host:port, unix:/path, or the transport's own */
  const char *path;           /* "/greeter.Say/Hello" */
  const char *authority;      /* (nullable): address */
  const char *const *headers; /* (nullable): name, value, …, NULL */
  gint64 deadline_us;         /* monotonic; G_MAXINT64: none */
  MicroCodec codec;
  gsize max_receive_bytes;
  gboolean compress;  /* the messages of the request */
  gboolean streaming; /* sets MicroCall.streaming */
} MicroCallStart;

/**
 * MicroTransportInterface:
 * @listen: mandatory; opens @address ("host:port", ":0", "unix:/path") and serves the router's
 *   methods on @loops; returns the address really bound. Any thread; returns when the socket
 *   accepts.
 * @open: mandatory; a new call; on @loop's thread. Never fails: what goes wrong arrives as
 *   @events->closed, after open has returned, exactly once.
 * @drain: mandatory; no new calls: stop listening, tell the peers, wait for running calls up to
 *   @timeout_ms, then close. Any thread but a loop's; returns when done.
 * @close: mandatory; like drain without waiting, and the client connections too.
 * @check_address: optional; whether open would take @address, told without a look-up and without
 *   waiting: %MICRO_STATUS_INVALID_ARGUMENT if not. NULL: it takes any. Any thread.
 */
struct _MicroTransportInterface
{
  GTypeInterface parent_iface;

  char *(*listen) (MicroTransport *self,
                   const char *address,
                   MicroRouter *router,
                   GPtrArray *loops,
                   GError **error);
  MicroCall *(*open) (MicroTransport *self,
                      MicroLoop *loop,
                      const MicroCallStart *start,
                      const MicroCallEvents *events,
                      gpointer user_data);
  void (*drain) (MicroTransport *self, guint timeout_ms);
  void (*close) (MicroTransport *self);
  gboolean (*check_address) (MicroTransport *self, const char *address, GError **error);

  /*< private >*/
  gpointer reserved[7];
};

MICRO_API char *micro_transport_listen (MicroTransport *self,
                                        const char *address,
                                        MicroRouter *router,
                                        GPtrArray *loops,
                                        GError **error);
MICRO_API MicroCall *micro_transport_open (MicroTransport *self,
                                           MicroLoop *loop,
                                           const MicroCallStart *start,
                                           const MicroCallEvents *events,
                                           gpointer user_data);
MICRO_API void micro_transport_drain (MicroTransport *self, guint timeout_ms);
MICRO_API void micro_transport_close (MicroTransport *self);
MICRO_API gboolean micro_transport_check_address (MicroTransport *self,
                                                  const char *address,
                                                  GError **error);

G_END_DECLS
