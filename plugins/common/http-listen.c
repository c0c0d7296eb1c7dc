/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From HOST:PORT or :PORT to a listening socket.
 */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-private.h"

/* @ret_host: (nullable): %NULL for all interfaces */
static gboolean
listen_split (const char *address, char **ret_host, char **ret_port, GError **error)
{
  const char *colon = strrchr (address, ':');
  guint64 port;
  g_autofree char *host = colon != NULL ? g_strndup (address, colon - address) : NULL;
  gsize length = host != NULL ? strlen (host) : 0;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &port, NULL)
      || (length > 0 && (host[0] == '[') != (host[length - 1] == ']'))
      || (strchr (host, ':') != NULL && host[0] != '['))
    {
      g_set_error (
          error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
          "--health-address: “%s” is not an address to listen on; write :PORT or HOST:PORT",
          address);
      return FALSE;
    }
  if (length > 0 && host[0] == '[')
    *ret_host = g_strndup (host + 1, length - 2);
  else
    *ret_host = length > 0 && strcmp (host, "*") != 0 ? g_strdup (host) : NULL;
  *ret_port = g_strdup (colon + 1);
  return TRUE;
}

static int
open_socket (const struct addrinfo *info)
{
  const int on = 1, off = 0;
  int fd = socket (info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int code;

  if (fd < 0)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (info->ai_family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind (fd, info->ai_addr, info->ai_addrlen) == 0 && listen (fd, SOMAXCONN) == 0)
    return fd;
  code = errno;
  close (fd);
  errno = code;
  return -1;
}

/* (transfer full): "127.0.0.1:8080", "[::]:8080" */
static char *
bound_name (int fd)
{
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  char host[NI_MAXHOST], port[NI_MAXSERV];

  if (getsockname (fd, (struct sockaddr *) &storage, &length) != 0
      || getnameinfo ((struct sockaddr *) &storage, length, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV)
             != 0)
    return g_strdup ("?");
  return g_strdup_printf (storage.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* All interfaces are IPv6's, which IPv4 is a part of, where there is IPv6. */
int
http_listen (const char *address, char **ret_bound, GError **error)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
  struct addrinfo *found = NULL;
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;
  int fd = -1, code, problem = 0;

  if (!listen_split (address, &host, &port, error))
    return -1;
  code = getaddrinfo (host != NULL ? host : "::", port, &hints, &found);
  for (struct addrinfo *info = found; info != NULL && fd < 0; info = info->ai_next)
    {
      fd = open_socket (info);
      problem = fd < 0 ? errno : 0;
    }
  if (found != NULL)
    freeaddrinfo (found);
  if (fd < 0 && host == NULL && (code != 0 || problem == EAFNOSUPPORT || problem == EADDRNOTAVAIL))
    {
      struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons (atoi (port)) };
      struct addrinfo info
          = { .ai_family = AF_INET, .ai_addr = (struct sockaddr *) &any, .ai_addrlen = sizeof any };

      fd = open_socket (&info);
      problem = fd < 0 ? errno : 0;
      code = 0;
    }
  if (fd >= 0)
    *ret_bound = bound_name (fd);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (problem), "cannot listen on %s: %s%s",
                 address, code != 0 ? gai_strerror (code) : g_strerror (problem),
                 problem == EADDRINUSE ? "; choose another with --health-address" : "");
  return fd;
}
