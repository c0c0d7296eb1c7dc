/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Addresses: "host:port", "[v6]:port", ":port", "unix:/path".
 */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "grpc-private.h"

gboolean
grpc_address_split (const char *address, char **ret_host, guint16 *ret_port, GError **error)
{
  const char *colon = strrchr (address, ':');
  g_autofree char *host = NULL;
  guint64 port;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &port, NULL))
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "address “%s” has no port: write host:port, [v6]:port, :port or unix:/path",
                   address);
      return FALSE;
    }
  host = g_strndup (address, colon - address);
  if (host[0] == '[' && g_str_has_suffix (host, "]"))
    {
      g_autofree char *inner = g_strndup (host + 1, strlen (host) - 2);

      g_free (host);
      host = g_steal_pointer (&inner);
    }
  else if (strchr (host, ':') != NULL)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "address “%s” is ambiguous: write an IPv6 address as [%s]:%s", address, host,
                   colon + 1);
      return FALSE;
    }
  *ret_host = g_steal_pointer (&host);
  *ret_port = (guint16) port;
  return TRUE;
}

static GrpcSocketAddress *
unix_address (const char *path, GError **error)
{
  g_autofree GrpcSocketAddress *result = g_new0 (GrpcSocketAddress, 1);
  struct sockaddr_un *sun = (struct sockaddr_un *) &result->storage;

  if (strlen (path) == 0 || strlen (path) >= sizeof sun->sun_path)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "socket path “%s” must have 1 to %d bytes", path,
                   (int) sizeof sun->sun_path - 1);
      return NULL;
    }
  sun->sun_family = AF_UNIX;
  memcpy (sun->sun_path, path, strlen (path) + 1);
  result->length = sizeof *sun;
  return g_steal_pointer (&result);
}

/* The address when it needs no look-up, NULL otherwise. */
GrpcSocketAddress *
grpc_address_literal (const char *address)
{
  g_autofree char *host = NULL;
  g_autofree GrpcSocketAddress *result = NULL;
  struct sockaddr_in *v4;
  struct sockaddr_in6 *v6;
  guint16 port;

  if (g_str_has_prefix (address, "unix:"))
    return unix_address (address + 5, NULL);
  if (!grpc_address_split (address, &host, &port, NULL))
    return NULL;
  result = g_new0 (GrpcSocketAddress, 1);
  v4 = (struct sockaddr_in *) &result->storage;
  v6 = (struct sockaddr_in6 *) &result->storage;
  if (inet_pton (AF_INET, host, &v4->sin_addr) == 1)
    {
      v4->sin_family = AF_INET;
      v4->sin_port = htons (port);
      result->length = sizeof *v4;
      return g_steal_pointer (&result);
    }
  if (inet_pton (AF_INET6, host, &v6->sin6_addr) == 1)
    {
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons (port);
      result->length = sizeof *v6;
      return g_steal_pointer (&result);
    }
  return NULL;
}

/* Blocks on the resolver; @passive: for listening, an empty host is every interface. */
GPtrArray *
grpc_address_resolve (const char *address, gboolean passive, GError **error)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0 };
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *host = NULL;
  g_autofree char *service = NULL;
  struct addrinfo *list = NULL;
  guint16 port;
  int code;

  if (g_str_has_prefix (address, "unix:"))
    {
      GrpcSocketAddress *one = unix_address (address + 5, error);

      if (one == NULL)
        return NULL;
      g_ptr_array_add (results, one);
      return g_steal_pointer (&results);
    }
  if (!grpc_address_split (address, &host, &port, error))
    return NULL;
  service = g_strdup_printf ("%u", port);
  code = getaddrinfo (host[0] != '\0' ? host : NULL, service, &hints, &list);
  if (code != 0)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE, "cannot resolve “%s”: %s", host,
                   code == EAI_SYSTEM ? g_strerror (errno) : gai_strerror (code));
      return NULL;
    }
  for (struct addrinfo *at = list; at != NULL; at = at->ai_next)
    {
      GrpcSocketAddress *one = g_new0 (GrpcSocketAddress, 1);

      memcpy (&one->storage, at->ai_addr, at->ai_addrlen);
      one->length = at->ai_addrlen;
      g_ptr_array_add (results, one);
    }
  freeaddrinfo (list);
  return g_steal_pointer (&results);
}

char *
grpc_address_to_string (const GrpcSocketAddress *address)
{
  const struct sockaddr_in *v4 = (const struct sockaddr_in *) &address->storage;
  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &address->storage;
  char text[INET6_ADDRSTRLEN];

  if (address->storage.ss_family == AF_INET)
    return g_strdup_printf ("%s:%u", inet_ntop (AF_INET, &v4->sin_addr, text, sizeof text),
                            ntohs (v4->sin_port));
  if (address->storage.ss_family == AF_INET6)
    return g_strdup_printf ("[%s]:%u", inet_ntop (AF_INET6, &v6->sin6_addr, text, sizeof text),
                            ntohs (v6->sin6_port));
  return g_strdup_printf ("unix:%s", ((const struct sockaddr_un *) &address->storage)->sun_path);
}
