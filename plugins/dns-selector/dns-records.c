/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * SRV records and the addresses that come with them, read from an answer.
 *
 * By the C library's reader: c-ares before 1.28 tells no TTL of SRV records, nor what came along.
 */
#include "config.h"

#include <string.h>

#include <sys/types.h>

#include <netinet/in.h>

#include <arpa/nameser.h>
#include <resolv.h>

#include "dns-private.h"

#define SRV_FIXED 6 /* priority, weight and port, two bytes each */

static void
records_target_free (gpointer data)
{
  DnsTarget *self = data;

  g_free (self->host);
  g_ptr_array_unref (self->addresses);
  g_free (self);
}

static guint16
get_16 (const guint8 *data)
{
  return (guint16) (data[0] << 8 | data[1]);
}

static DnsTarget *
records_read_target (ns_msg *message, const ns_rr *record)
{
  const guint8 *data = ns_rr_rdata (*record);
  char host[NS_MAXDNAME];
  DnsTarget *self;

  if (ns_rr_rdlen (*record) <= SRV_FIXED
      || ns_name_uncompress (ns_msg_base (*message), ns_msg_end (*message), data + SRV_FIXED, host,
                             sizeof host)
             < 0)
    return NULL;
  self = g_new0 (DnsTarget, 1);
  self->priority = get_16 (data);
  self->weight = get_16 (data + 2);
  self->port = get_16 (data + 4);
  self->host = g_ascii_strdown (host, -1);
  if (g_str_has_suffix (self->host, "."))
    self->host[strlen (self->host) - 1] = '\0';
  self->addresses = g_ptr_array_new_with_free_func (g_free);
  return self;
}

/* (transfer full) (nullable): of an A or AAAA record. */
static char *
records_read_address (const ns_rr *record)
{
  g_autoptr (GInetAddress) address = NULL;

  if (ns_rr_type (*record) == ns_t_a && ns_rr_rdlen (*record) == NS_INADDRSZ)
    address = g_inet_address_new_from_bytes (ns_rr_rdata (*record), G_SOCKET_FAMILY_IPV4);
  else if (ns_rr_type (*record) == ns_t_aaaa && ns_rr_rdlen (*record) == NS_IN6ADDRSZ)
    address = g_inet_address_new_from_bytes (ns_rr_rdata (*record), G_SOCKET_FAMILY_IPV6);
  return address != NULL ? g_inet_address_to_string (address) : NULL;
}

static void
read_additional (ns_msg *message, GPtrArray *targets, guint *ret_ttl_s)
{
  g_autoptr (GHashTable) by_host
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  ns_rr record;

  for (int i = 0; i < ns_msg_count (*message, ns_s_ar); i++)
    {
      g_autofree char *address = NULL;
      g_autofree char *host = NULL;
      GPtrArray *list;

      if (ns_parserr (message, ns_s_ar, i, &record) < 0)
        return; /* what the targets lack is asked for */
      address = records_read_address (&record);
      if (address == NULL)
        continue;
      host = g_ascii_strdown (ns_rr_name (record), -1);
      list = g_hash_table_lookup (by_host, host);
      if (list == NULL)
        {
          list = g_ptr_array_new_with_free_func (g_free);
          g_hash_table_insert (by_host, g_steal_pointer (&host), list);
        }
      g_ptr_array_add (list, g_steal_pointer (&address));
      *ret_ttl_s = MIN (*ret_ttl_s, (guint) ns_rr_ttl (record));
    }
  for (guint i = 0; i < targets->len; i++)
    {
      DnsTarget *target = g_ptr_array_index (targets, i);
      GPtrArray *list = g_hash_table_lookup (by_host, target->host);

      for (guint j = 0; list != NULL && j < list->len; j++)
        g_ptr_array_add (target->addresses, g_strdup (g_ptr_array_index (list, j)));
    }
}

GPtrArray *
dns_records_read_srv (const guint8 *data, gsize length, guint *ret_ttl_s)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (records_target_free);
  ns_msg message;
  ns_rr record;

  if (length > G_MAXINT || ns_initparse (data, (int) length, &message) < 0)
    return NULL;
  for (int i = 0; i < ns_msg_count (message, ns_s_an); i++)
    {
      DnsTarget *target;

      if (ns_parserr (&message, ns_s_an, i, &record) < 0)
        return NULL;
      /* A CNAME before them has a TTL as well. */
      *ret_ttl_s = MIN (*ret_ttl_s, (guint) ns_rr_ttl (record));
      if (ns_rr_type (record) != ns_t_srv)
        continue;
      target = records_read_target (&message, &record);
      if (target == NULL)
        return NULL;
      g_ptr_array_add (targets, target);
    }
  read_additional (&message, targets, ret_ttl_s);
  return g_steal_pointer (&targets);
}
