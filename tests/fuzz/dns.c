/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes the reader of SRV answers: what it takes is whole, and no TTL grows.
 */
#include <string.h>

#include "../../plugins/dns-selector/dns-private.h"
#include "fuzz.h"

#define MOST_TTL_S 86400

static void
check_target (const DnsTarget *target)
{
  g_assert (target->host != NULL && strlen (target->host) < 1024);
  for (guint i = 0; i < target->addresses->len; i++)
    g_assert (g_hostname_is_ip_address (g_ptr_array_index (target->addresses, i)));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint ttl_s = MOST_TTL_S;
  g_autoptr (GPtrArray) targets = dns_records_read_srv (data, size, &ttl_s);

  g_assert (ttl_s <= MOST_TTL_S);
  for (guint i = 0; targets != NULL && i < targets->len; i++)
    check_target (g_ptr_array_index (targets, i));
  return 0;
}
