/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: a transport built for another transport ABI.
 */
#include <micro/micro-plugin.h>
#include <micro/micro-transport.h>

typedef GObject StaleTransport;
typedef GObjectClass StaleTransportClass;

static void
stale_transport_iface_init (MicroTransportInterface *iface)
{
}

GType stale_transport_get_type (void);
G_DEFINE_TYPE_WITH_CODE (StaleTransport,
                         stale_transport,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_TRANSPORT, stale_transport_iface_init))

static void
stale_transport_class_init (StaleTransportClass *klass)
{
}

static void
stale_transport_init (StaleTransport *self)
{
}

MICRO_PLUGIN_DEFINE (stale_transport,
                     .name = "stale",
                     .summary = "of another time",
                     .version = "1",
                     .license = "Apache-2.0",
                     .transport_abi = MICRO_TRANSPORT_ABI + 1,
                     .get_type = stale_transport_get_type)
