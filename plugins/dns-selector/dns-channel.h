/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A channel of c-ares on a GMainContext.
 */
#pragma once

#include <ares.h>

#include <micro/micro.h>

G_BEGIN_DECLS

typedef struct _DnsChannel DnsChannel;
/* After c-ares has called back what there was to call; it may free the channel. */
typedef void (*DnsChannelFunc) (gpointer user_data);

/* On the thread-default context, which has to be the same for all else.  @servers: (nullable):
 * HOST:PORT,…; otherwise, and for search domains always, what /etc/resolv.conf says now. */
DnsChannel *dns_channel_new (const char *servers,
                             guint timeout_ms,
                             DnsChannelFunc moved,
                             gpointer user_data,
                             GError **error);
ares_channel dns_channel_get_ares (DnsChannel *self);
/* Call it after questions were asked outside of a call-back. */
void dns_channel_asked (DnsChannel *self);
/* moved() will be called soon, even if nothing comes. */
void dns_channel_wake (DnsChannel *self);
/* Questions that run are called back with ARES_EDESTRUCTION.  Not within a call-back of c-ares. */
void dns_channel_free (DnsChannel *self);

G_END_DECLS
