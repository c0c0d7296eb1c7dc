/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: a transport one that does not say for which transport ABI it was built.
 */
#include <micro/micro-plugin.h>
#include <micro/micro-transport.h>

typedef GObject SilentTransport;
typedef GObjectClass SilentTransportClass;

static void
silent_transport_iface_init (MicroTransportInterface *iface)
{
}

GType silent_transport_get_type (void);
G_DEFINE_TYPE_WITH_CODE (SilentTransport,
                         silent_transport,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_TRANSPORT, silent_transport_iface_init))

static void
silent_transport_class_init (SilentTransportClass *klass)
{
}

static void
silent_transport_init (SilentTransport *self)
{
}

MICRO_PLUGIN_DEFINE (silent_transport,
                     .name = "silent",
                     .summary = "of another time",
                     .version = "1",
                     .license = "Apache-2.0",

                     .get_type = silent_transport_get_type)
