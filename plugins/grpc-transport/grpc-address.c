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
#include <sys/un.h>

#include <arpa/inet.h>

#include "grpc-address.h"

#define FORMS "host:port, [v6]:port, :port or unix:/path"

G_GNUC_PRINTF (2, 3)
static gboolean
set_bad (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (
      error, g_error_new_valist (MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, format, arguments));
  va_end (arguments);
  return FALSE;
}

/* @text: (nullable): what is behind the colon */
static gboolean
address_parse_port (const char *address, const char *text, guint16 *ret_port, GError **error)
{
  g_autoptr (GError) local = NULL;
  guint64 port;

  if (text == NULL || *text == '\0')
    return set_bad (error, "address “%s” has no port: write " FORMS, address);
  if (g_ascii_string_to_unsigned (text, 10, 0, 65535, &port, &local))
    {
      *ret_port = (guint16) port;
      return TRUE;
    }
  if (g_error_matches (local, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
    return set_bad (error, "port %s of address “%s” is out of range: it must be 0 to 65535", text,
                    address);
  return set_bad (error, "port “%s” of address “%s” is not a number: write " FORMS, text, address);
}

static void
set_ambiguous (const char *address, const char *last_colon, GError **error)
{
  g_autofree char *host = g_strndup (address, last_colon - address);
  struct in6_addr v6;

  if (inet_pton (AF_INET6, host, &v6) == 1)
    set_bad (error, "address “%s” is ambiguous: write an IPv6 address as [%s]%s", address, host,
             last_colon);
  else
    set_bad (error, "address “%s” is ambiguous: write an IPv6 address as [v6]:port", address);
}

/* Points at what is behind the host, or returns NULL. */
static const char *
end_of_host (const char *address, GError **error)
{
  const char *end = strrchr (address, ':');

  if (*address == '\0')
    set_bad (error, "the address is empty: write " FORMS);
  else if (strstr (address, "://") != NULL)
    set_bad (error, "“%s” is a URL, not an address: write " FORMS, address);
  else if (*address == '[')
    {
      end = strchr (address, ']');
      if (end != NULL && (end[1] == '\0' || end[1] == ':'))
        return end + 1;
      set_bad (error,
               "address “%s” begins like an IPv6 address and does not end so: write [v6]:port",
               address);
    }
  else if (end != NULL && memchr (address, ':', end - address) != NULL)
    set_ambiguous (address, end, error);
  else
    return end != NULL ? end : address + strlen (address);
  return NULL;
}

gboolean
grpc_address_split (const char *address, char **ret_host, guint16 *ret_port, GError **error)
{
  const char *end = end_of_host (address, error);

  if (end == NULL || !address_parse_port (address, *end == ':' ? end + 1 : NULL, ret_port, error))
    return FALSE;
  *ret_host = *address == '[' ? g_strndup (address + 1, end - address - 2)
                              : g_strndup (address, end - address);
  return TRUE;
}

static GrpcSocketAddress *
unix_address (const char *path, GError **error)
{
  g_autofree GrpcSocketAddress *result = g_new0 (GrpcSocketAddress, 1);
  struct sockaddr_un *sun = (struct sockaddr_un *) &result->storage;

  if (strlen (path) == 0 || strlen (path) >= sizeof sun->sun_path)
    {
      set_bad (error, "socket path “%s” must have 1 to %d bytes", path,
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

gboolean
grpc_address_check (const char *address, GError **error)
{
  g_autofree GrpcSocketAddress *path = NULL;
  g_autofree char *host = NULL;
  guint16 port;

  if (g_str_has_prefix (address, "unix:"))
    {
      path = unix_address (address + 5, error);
      return path != NULL;
    }
  if (!grpc_address_split (address, &host, &port, error))
    return FALSE;
  return port != 0
         || set_bad (error, "port 0 of address “%s” is for listening: it cannot be called",
                     address);
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
