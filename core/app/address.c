/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The address that others reach us at.
 */
#include "config.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "app/app.h"
#include <micro/micro-error.h>

/* "host", "host:port", "[v6]:port", "v6"; (transfer full), the host without brackets. */
static void
address_split_address (const char *address, char **ret_host, char **ret_port)
{
  const char *colon = strrchr (address, ':');
  const char *bracket = strrchr (address, ']');
  gboolean bare_v6 = bracket == NULL && colon != NULL && strchr (address, ':') != colon;
  gsize length;

  if (bare_v6 || (bracket != NULL && colon != NULL && colon < bracket))
    colon = NULL;
  length = colon != NULL ? (gsize) (colon - address) : strlen (address);
  *ret_port = colon != NULL && colon[1] != '\0' ? g_strdup (colon + 1) : NULL;
  *ret_host = address[0] == '[' && length >= 2 ? g_strndup (address + 1, length - 2)
                                               : g_strndup (address, length);
}

/* A name, an IPv4 or an IPv6 address; names that are not ASCII are the resolver's to judge. */
static gboolean
is_host (const char *host)
{
  if (strchr (host, ':') != NULL)
    return g_hostname_is_ip_address (host);
  for (; *host != '\0'; host++)
    if (!g_ascii_isalnum (*host) && (guchar) *host < 0x80 && strchr ("-._", *host) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
is_any (const char *host)
{
  return *host == '\0' || g_str_equal (host, "0.0.0.0") || g_str_equal (host, "::")
         || g_str_equal (host, "*");
}

/* 0: private; 1: public; 2: not to be told to others. */
static guint
rank_v4 (const struct in_addr *address)
{
  guint32 a = g_ntohl (address->s_addr);

  if (a >> 24 == 127 || a >> 16 == 0xa9fe)
    return 2;
  return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 22 == (0x6440 >> 6) ? 0 : 1;
}

static guint
rank_v6 (const struct in6_addr *address)
{
  if (IN6_IS_ADDR_LOOPBACK (address) || IN6_IS_ADDR_LINKLOCAL (address))
    return 2;
  return address->s6_addr[0] == 0xfd ? 0 : 1;
}

/* (transfer full): an interface's address, a private one if there is any. */
static char *
own_address (void)
{
  struct ifaddrs *list = NULL;
  const struct sockaddr *best = NULL;
  guint best_rank = 2;
  char *text = NULL;

  if (getifaddrs (&list) < 0)
    return g_strdup ("127.0.0.1");
  for (struct ifaddrs *item = list; item != NULL; item = item->ifa_next)
    {
      const struct sockaddr *address = item->ifa_addr;
      guint rank = 2;

      if (address == NULL || !(item->ifa_flags & IFF_UP) || (item->ifa_flags & IFF_LOOPBACK))
        continue;
      if (address->sa_family == AF_INET)
        rank = rank_v4 (&((const struct sockaddr_in *) address)->sin_addr);
      else if (address->sa_family == AF_INET6)
        rank = rank_v6 (&((const struct sockaddr_in6 *) address)->sin6_addr);
      if (rank < best_rank)
        {
          best_rank = rank;
          best = address;
        }
    }
  if (best != NULL)
    {
      g_autoptr (GSocketAddress) address = g_socket_address_new_from_native (
          (gpointer) best,
          best->sa_family == AF_INET ? sizeof (struct sockaddr_in) : sizeof (struct sockaddr_in6));

      text = g_inet_address_to_string (
          g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
    }
  freeifaddrs (list);
  return text != NULL ? text : g_strdup ("127.0.0.1");
}

/* What others would be told, and could not call. */
gboolean
micro_app_check_advertise (const char *wanted, GError **error)
{
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;

  if (wanted == NULL || *wanted == '\0')
    return TRUE;
  if (g_str_has_prefix (wanted, "unix:/"))
    return TRUE;
  address_split_address (wanted, &host, &port);
  if ((*host != '\0' || port != NULL) && (is_any (host) || is_host (host))
      && (wanted[0] == '[') == (strchr (wanted, ']') != NULL)
      && (port == NULL || g_ascii_string_to_unsigned (port, 10, 1, 65535, NULL, NULL)))
    return TRUE;
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "server-advertise: “%s” is no address that others can call: write HOST:PORT, "
               "[v6]:PORT, HOST, :PORT or unix:/path",
               wanted);
  return FALSE;
}

/**
 * micro_app_advertise:
 * @bound: "HOST:PORT" that is listened on
 * @wanted: (nullable): "HOST:PORT", "HOST" or ":PORT" that the user gave to be told
 * @same_machine: whether only this machine is told
 *
 * An address that says "any" becomes one of this machine, a private one if it has any.
 *
 * Returns: (transfer full): the address to tell others
 */
char *
micro_app_advertise (const char *bound, const char *wanted, gboolean same_machine)
{
  const char *address = wanted != NULL && *wanted != '\0' ? wanted : bound;
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;
  g_autofree char *bound_host = NULL;
  g_autofree char *bound_port = NULL;

  if (g_str_has_prefix (address, "unix:"))
    return g_strdup (address);
  address_split_address (address, &host, &port);
  address_split_address (bound, &bound_host, &bound_port);
  if (bound_port == NULL && port == NULL)
    return g_strdup (address);
  if (is_any (host))
    {
      g_free (host);
      host = same_machine ? g_strdup ("127.0.0.1") : own_address ();
    }
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
                          port != NULL ? port : bound_port);
}
