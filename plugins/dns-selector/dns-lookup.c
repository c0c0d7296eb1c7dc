/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One look-up of a name: SRV records and addresses at a time, then the addresses of SRV's hosts.
 */
#include "config.h"

#include <string.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include "dns-channel.h"
#include "dns-private.h"

#define MAX_TTL_S (24 * 3600)
#define MAX_RUNNING 50 /* questions for the hosts of SRV records */

typedef struct
{
  DnsLookup *lookup;
  DnsTarget *target;
} Asked;

struct _DnsLookup
{
  DnsChannel *channel; /* (nullable) */
  char *service;
  char *host;
  guint16 port;
  char *srv_name;   /* (nullable): not asked for */
  char *asked_whom; /* for messages */
  gboolean need_srv;
  int n_running;
  int srv_status;
  int address_status;
  guint srv_ttl_s;
  guint address_ttl_s;
  GPtrArray *targets; /* (nullable): of DnsTarget */
  guint next_target;  /* whose addresses are still to be asked for */
  guint targets_running;
  GPtrArray *addresses; /* of char * */
  GError *failure;      /* (nullable): there was nothing to ask with */
  GSource *failed;      /* (nullable) */
  DnsLookupFunc callback;
  gpointer user_data;
};

static gboolean
lookup_is_over (int status)
{
  return status == ARES_EDESTRUCTION || status == ARES_ECANCELLED;
}

/* The servers say that there is no such thing; anything else may pass. */
static gboolean
is_denial (int status)
{
  return status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

/* --- Asking --- */

static void
lookup_collect (struct ares_addrinfo *found, GPtrArray *addresses, guint *ttl_s)
{
  for (struct ares_addrinfo_cname *alias = found->cnames; alias != NULL; alias = alias->next)
    *ttl_s = MIN (*ttl_s, (guint) MAX (alias->ttl, 0));
  for (struct ares_addrinfo_node *node = found->nodes; node != NULL; node = node->ai_next)
    {
      char text[NI_MAXHOST];

      if (getnameinfo (node->ai_addr, node->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST)
          != 0)
        continue;
      g_ptr_array_add (addresses, g_strdup (text));
      *ttl_s = MIN (*ttl_s, (guint) MAX (node->ai_ttl, 0));
    }
}

static void
ask_addresses (DnsLookup *self, const char *host, ares_addrinfo_callback callback, gpointer data)
{
  const struct ares_addrinfo_hints hints
      = { .ai_flags = ARES_AI_NOSORT, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

  self->n_running++;
  ares_getaddrinfo (dns_channel_get_ares (self->channel), host, NULL, &hints, callback, data);
}

static void ask_for_targets (DnsLookup *self);

static void
got_target (void *user_data, int status, int timeouts, struct ares_addrinfo *found)
{
  Asked *asked = user_data;
  DnsLookup *self = asked->lookup;

  if (found != NULL && status == ARES_SUCCESS)
    lookup_collect (found, asked->target->addresses, &self->srv_ttl_s);
  else if (!lookup_is_over (status))
    g_info ("%s, which SRV records of “%s” name, has no address: %s", asked->target->host,
            self->host, ares_strerror (status));
  g_clear_pointer (&found, ares_freeaddrinfo);
  g_free (asked);
  if (lookup_is_over (status))
    return;
  self->n_running--;
  self->targets_running--;
  ask_for_targets (self);
}

static void
ask_for_targets (DnsLookup *self)
{
  while (self->targets_running < MAX_RUNNING && self->next_target < self->targets->len)
    {
      DnsTarget *target = g_ptr_array_index (self->targets, self->next_target++);
      Asked *asked;

      if (target->addresses->len > 0 || target->host[0] == '\0')
        continue;
      asked = g_new (Asked, 1);
      *asked = (Asked){ self, target };
      self->targets_running++;
      ask_addresses (self, target->host, got_target, asked);
    }
}

static void
got_srv (void *user_data, int status, int timeouts, unsigned char *data, int length)
{
  DnsLookup *self = user_data;

  if (lookup_is_over (status))
    return;
  self->n_running--;
  self->srv_status = status;
  if (status != ARES_SUCCESS)
    return;
  self->targets = dns_records_read_srv (data, (gsize) length, &self->srv_ttl_s);
  if (self->targets == NULL)
    self->srv_status = ARES_EBADRESP;
  else
    ask_for_targets (self);
}

static void
got_addresses (void *user_data, int status, int timeouts, struct ares_addrinfo *found)
{
  DnsLookup *self = user_data;

  if (found != NULL && status == ARES_SUCCESS)
    lookup_collect (found, self->addresses, &self->address_ttl_s);
  g_clear_pointer (&found, ares_freeaddrinfo);
  if (lookup_is_over (status))
    return;
  self->n_running--;
  self->address_status = status;
}

/* --- Telling --- */

static void
lookup_add_node (
    GPtrArray *nodes, GHashTable *seen, const char *host, guint16 port, DnsTarget *target)
{
  g_autofree char *address
      = g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
  g_autofree char *priority = g_strdup_printf ("%u", target != NULL ? target->priority : 0);
  g_autofree char *weight = g_strdup_printf ("%u", target != NULL ? target->weight : 0);
  g_autoptr (MicroMetadata) metadata = NULL;

  if (!g_hash_table_add (seen, g_strdup (address)))
    return;
  if (target != NULL)
    metadata
        = micro_metadata_new ("host", target->host, "priority", priority, "weight", weight, NULL);
  g_ptr_array_add (nodes, micro_node_new (address, address, metadata));
}

static GPtrArray *
make_nodes (DnsLookup *self, gboolean srv)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  for (guint i = 0; srv && i < self->targets->len; i++)
    {
      DnsTarget *target = g_ptr_array_index (self->targets, i);

      for (guint j = 0; j < target->addresses->len; j++)
        lookup_add_node (nodes, seen, target->addresses->pdata[j], target->port, target);
    }
  for (guint i = 0; !srv && i < self->addresses->len; i++)
    lookup_add_node (nodes, seen, self->addresses->pdata[i], self->port, NULL);
  return nodes;
}

/* RFC 2782: one record with the root as its host says that there is decidedly no such service. */
static gboolean
is_refused (DnsLookup *self)
{
  return self->targets->len == 1
         && ((DnsTarget *) g_ptr_array_index (self->targets, 0))->host[0] == '\0';
}

static GError *
explain (DnsLookup *self)
{
  gboolean srv_denied = self->srv_name == NULL || is_denial (self->srv_status);
  int status = !is_denial (self->address_status) ? self->address_status : self->srv_status;
  const char *extra = self->srv_name != NULL ? self->srv_name : "";

  if (self->targets != NULL && self->targets->len > 0)
    return g_error_new (
        MICRO_ERROR, is_refused (self) ? MICRO_STATUS_NOT_FOUND : MICRO_STATUS_UNAVAILABLE,
        is_refused (self) ? "no service “%s” in DNS: the SRV record of %s says that there is none"
                          : "no node for “%s” in DNS: no host that %s names has an address",
        self->service, self->srv_name);
  if (self->address_status == ARES_EBADNAME)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                        "“%s” cannot be looked up: %s is no name for DNS", self->service,
                        self->host);
  if (is_denial (self->address_status) && srv_denied)
    return g_error_new (MICRO_ERROR, MICRO_STATUS_NOT_FOUND,
                        "no service “%s” in DNS: %s has no address%s%s (asked %s); is the name "
                        "right, and --selector-domain?",
                        self->service, self->host, extra[0] != '\0' ? ", and no SRV at " : "",
                        extra, self->asked_whom);
  if (status == ARES_ETIMEOUT)
    return g_error_new (
        MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
        "“%s” cannot be found: DNS does not answer for %s (asked %s); is the server "
        "up?",
        self->service, self->host, self->asked_whom);
  return g_error_new (MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                      "“%s” cannot be found: DNS fails for %s: %s (asked %s)", self->service,
                      self->host, ares_strerror (status), self->asked_whom);
}

static void
make_result (DnsLookup *self, DnsResult *result)
{
  gboolean srv = self->targets != NULL && self->targets->len > 0;
  gboolean unsure = self->need_srv && !srv && !is_denial (self->srv_status);
  guint ttl_s = srv ? self->srv_ttl_s : self->address_ttl_s;

  if (self->failure != NULL)
    {
      result->error = g_error_copy (self->failure);
      return;
    }
  /* The addresses that do without SRV would be called at a port of their own. */
  if (!unsure)
    result->nodes = make_nodes (self, srv);
  if (result->nodes != NULL && result->nodes->len == 0)
    g_clear_pointer (&result->nodes, g_ptr_array_unref);
  if (result->nodes == NULL)
    result->error = explain (self);
  result->srv = srv;
  result->ttl_s = MIN (ttl_s, MAX_TTL_S);
}

static void
lookup_finish (DnsLookup *self)
{
  DnsLookupFunc callback = self->callback;
  gpointer user_data = self->user_data;
  DnsResult result = { NULL, 0, FALSE, NULL };

  make_result (self, &result);
  dns_lookup_cancel (self);
  callback (&result, user_data);
  g_clear_pointer (&result.nodes, g_ptr_array_unref);
  g_clear_error (&result.error);
}

static void
moved (gpointer user_data)
{
  DnsLookup *self = user_data;
  gboolean all_targets = self->targets != NULL && self->targets->len > 0
                         && self->next_target == self->targets->len && self->targets_running == 0;

  if (self->n_running == 0 || all_targets)
    lookup_finish (self);
}

static gboolean
on_failed (gpointer user_data)
{
  lookup_finish (user_data);
  return G_SOURCE_REMOVE;
}

/* --- Life --- */

/* (transfer full): for messages. */
static char *
describe_servers (DnsLookup *self, const DnsSettings *settings)
{
  struct ares_addr_port_node *servers = NULL;
  g_autoptr (GString) text = g_string_new (settings->servers);

  if (text->len > 0)
    return g_string_free (g_steal_pointer (&text), FALSE);
  if (ares_get_servers_ports (dns_channel_get_ares (self->channel), &servers) != ARES_SUCCESS)
    return g_strdup ("/etc/resolv.conf's servers");
  for (struct ares_addr_port_node *server = servers; server != NULL; server = server->next)
    {
      char host[INET6_ADDRSTRLEN];

      if (inet_ntop (server->family, &server->addr, host, sizeof host) != NULL)
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", host);
    }
  ares_free_data (servers);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
fail_later (DnsLookup *self)
{
  self->failed = g_idle_source_new ();
  g_source_set_priority (self->failed, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->failed, on_failed, self, NULL);
  g_source_attach (self->failed, g_main_context_get_thread_default ());
}

DnsLookup *
dns_lookup_start (const DnsSettings *settings,
                  const char *service,
                  const char *address,
                  gboolean want_srv,
                  gboolean need_srv,
                  DnsLookupFunc callback,
                  gpointer user_data)
{
  DnsLookup *self = g_new0 (DnsLookup, 1);
  const char *colon = strrchr (address, ':');

  self->service = g_strdup (service);
  self->host = g_strndup (address, (gsize) (colon - address));
  self->port = (guint16) g_ascii_strtoull (colon + 1, NULL, 10);
  self->need_srv = need_srv;
  self->srv_status = self->address_status = ARES_ENODATA;
  self->srv_ttl_s = self->address_ttl_s = MAX_TTL_S;
  self->addresses = g_ptr_array_new_with_free_func (g_free);
  self->callback = callback;
  self->user_data = user_data;
  self->channel
      = dns_channel_new (settings->servers, settings->timeout_ms, moved, self, &self->failure);
  if (self->channel == NULL)
    {
      fail_later (self);
      return self;
    }
  self->asked_whom = describe_servers (self, settings);
  if (want_srv && settings->port_name != NULL && settings->port_name[0] != '\0')
    {
      self->srv_name = g_strdup_printf ("_%s._tcp.%s", settings->port_name, self->host);
      self->n_running++;
      ares_search (dns_channel_get_ares (self->channel), self->srv_name, ns_c_in, ns_t_srv, got_srv,
                   self);
    }
  ask_addresses (self, self->host, got_addresses, self);
  dns_channel_asked (self->channel);
  if (self->n_running == 0)
    dns_channel_wake (self->channel);
  return self;
}

void
dns_lookup_cancel (DnsLookup *self)
{
  g_clear_pointer (&self->channel, dns_channel_free);
  if (self->failed != NULL)
    g_source_destroy (self->failed);
  g_clear_pointer (&self->failed, g_source_unref);
  g_clear_pointer (&self->targets, g_ptr_array_unref);
  g_ptr_array_unref (self->addresses);
  g_clear_error (&self->failure);
  g_free (self->service);
  g_free (self->host);
  g_free (self->srv_name);
  g_free (self->asked_whom);
  g_free (self);
}
