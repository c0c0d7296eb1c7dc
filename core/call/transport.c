/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The transport interface's wrappers.
 */
#include "config.h"

#include <micro/micro-error.h>
#include <micro/micro-transport.h>

G_DEFINE_INTERFACE (MicroTransport, micro_transport, G_TYPE_OBJECT)

static void
micro_transport_default_init (MicroTransportInterface *iface)
{
}

/**
 * micro_transport_listen:
 * @self: a transport
 * @address: `host:port`, `:0`, `unix:/path`, or what the transport documents
 * @router: the methods to serve
 * @loops: (element-type MicroLoop): the threads to serve them on
 * @error: return location
 *
 * Returns: (transfer full): the address really bound.  Connections are accepted when this returns.
 */
char *
micro_transport_listen (MicroTransport *self,
                        const char *address,
                        MicroRouter *router,
                        GPtrArray *loops,
                        GError **error)
{
  MicroTransportInterface *iface;

  g_return_val_if_fail (MICRO_IS_TRANSPORT (self) && address != NULL && loops->len > 0, NULL);
  iface = MICRO_TRANSPORT_GET_IFACE (self);
  if (iface->listen != NULL)
    return iface->listen (self, address, router, loops, error);
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNIMPLEMENTED,
               "the transport %s makes calls only and cannot listen at “%s”; choose another with "
               "--transport",
               G_OBJECT_TYPE_NAME (self), address);
  return NULL;
}

/**
 * micro_transport_open: (skip)
 * @self: a transport
 * @loop: the loop of the calling thread
 * @start: where to and how; copied
 * @events: what to tell the caller
 * @user_data: kept in the call
 *
 * Returns: (transfer none): the call, which lives until events->closed returns or ops->cancel
 */
MicroCall *
micro_transport_open (MicroTransport *self,
                      MicroLoop *loop,
                      const MicroCallStart *start,
                      const MicroCallEvents *events,
                      gpointer user_data)
{
  return MICRO_TRANSPORT_GET_IFACE (self)->open (self, loop, start, events, user_data);
}

/**
 * micro_transport_drain:
 * @self: a transport
 * @timeout_ms: how long running calls may go on
 *
 * Takes no new calls and waits for the running ones.  Not on a loop thread.
 */
void
micro_transport_drain (MicroTransport *self, guint timeout_ms)
{
  g_return_if_fail (MICRO_IS_TRANSPORT (self) && micro_loop_get_current () == NULL);
  if (MICRO_TRANSPORT_GET_IFACE (self)->drain != NULL)
    MICRO_TRANSPORT_GET_IFACE (self)->drain (self, timeout_ms);
}

/**
 * micro_transport_close:
 * @self: a transport
 *
 * Ends every connection, served and made.  Not on a loop thread.
 */
void
micro_transport_close (MicroTransport *self)
{
  g_return_if_fail (MICRO_IS_TRANSPORT (self) && micro_loop_get_current () == NULL);
  if (MICRO_TRANSPORT_GET_IFACE (self)->close != NULL)
    MICRO_TRANSPORT_GET_IFACE (self)->close (self);
}

/**
 * micro_transport_check_address:
 * @self: a transport
 * @address: where a call would go
 * @error: return location: %MICRO_STATUS_INVALID_ARGUMENT, and what it should look like
 *
 * Looks at an address as a person writes it, before anything is called.  Any thread; does not
 * block.
 *
 * Returns: whether calls can go there, as far as its form tells
 */
gboolean
micro_transport_check_address (MicroTransport *self, const char *address, GError **error)
{
  MicroTransportInterface *iface;

  g_return_val_if_fail (MICRO_IS_TRANSPORT (self) && address != NULL, FALSE);
  iface = MICRO_TRANSPORT_GET_IFACE (self);
  return iface->check_address == NULL || iface->check_address (self, address, error);
}
