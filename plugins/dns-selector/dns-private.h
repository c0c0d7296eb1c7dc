/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the dns selector share.
 */
#pragma once

#include "../common/selector-target.h"

G_BEGIN_DECLS

/* --- dns-records.c: what answers say --- */

typedef struct
{
  char *host; /* without the dot at its end; "" says that there is no such service */
  guint16 port;
  guint16 priority;
  guint16 weight;
  GPtrArray *addresses; /* of char *, numeric */
} DnsTarget;

/* Reads an answer from the wire (RFC 1035, RFC 2782): (transfer full) (element-type DnsTarget),
 * those whose addresses came along have them.  @ret_ttl_s becomes the least of it and what was
 * read. NULL: it is malformed. */
GPtrArray *dns_records_read_srv (const guint8 *data, gsize length, guint *ret_ttl_s);

/* --- dns-lookup.c: one question, asked through c-ares --- */

typedef struct
{
  char *servers;   /* (nullable): HOST:PORT,…; /etc/resolv.conf's */
  char *port_name; /* (nullable): for SRV, "grpc" */
  guint timeout_ms;
} DnsSettings;

typedef struct
{
  GPtrArray *nodes; /* (nullable): of MicroNode */
  guint ttl_s;
  gboolean srv;
  GError *error; /* (nullable): NOT_FOUND: the servers say so */
} DnsResult;

typedef struct _DnsLookup DnsLookup;
typedef void (*DnsLookupFunc) (const DnsResult *result, gpointer user_data);

/* Looks up @address ("host:port"); @service is for messages.  With @want_srv, SRV records are asked
 * for too and go before addresses; with @need_srv, addresses alone are no answer unless the servers
 * say that there are no SRV records.  @callback comes later, in the thread-default context, unless
 * it is cancelled before, which frees it. */
DnsLookup *dns_lookup_start (const DnsSettings *settings,
                             const char *service,
                             const char *address,
                             gboolean want_srv,
                             gboolean need_srv,
                             DnsLookupFunc callback,
                             gpointer user_data);
void dns_lookup_cancel (DnsLookup *self);

/* --- dns-picker.c: which node, by priority and weight --- */

typedef struct _DnsPicker DnsPicker;

/* Any thread. */
DnsPicker *dns_picker_new (void);
void dns_picker_free (DnsPicker *self);
MicroNode *dns_picker_pick (DnsPicker *self, MicroService *service, const MicroPick *pick);
/* Monotonic, in µs; 0: never picked. */
gint64 dns_picker_get_used (DnsPicker *self, const char *name);
void dns_picker_forget (DnsPicker *self, const char *name);

/* --- dns-registry.c: what is known of each name, as long as its TTL --- */

#define DNS_TYPE_REGISTRY (dns_registry_get_type ())
G_DECLARE_FINAL_TYPE (DnsRegistry, dns_registry, DNS, REGISTRY, GObject)

/* Both are taken (transfer full), and emptied in the caller. */
DnsRegistry *dns_registry_new (SelectorTarget *target, DnsSettings *settings);
DnsPicker *dns_registry_get_picker (DnsRegistry *self);
/* A node failed: whoever has it asks again before its TTL is over.  Any thread. */
void dns_registry_distrust (DnsRegistry *self, const char *address);

G_END_DECLS
