/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Checks of something else: whether a port takes connections, whether a URL answers 2xx or 3xx.
 */
#include "config.h"

#include <string.h>

#include "http-health.h"

#define MAX_STATUS_LINE 256

void
health_probe_free (HealthProbe *self)
{
  g_free (self->name);
  g_free (self->target);
  g_free (self);
}

static gboolean
is_target (const char *target, gboolean http)
{
  g_autoptr (GUri) uri = NULL;
  g_autoptr (GSocketConnectable) address = NULL;

  if (!http)
    {
      address = g_network_address_parse (target, 0, NULL);
      return address != NULL && g_network_address_get_port (G_NETWORK_ADDRESS (address)) != 0
             && g_network_address_get_hostname (G_NETWORK_ADDRESS (address))[0] != '\0';
    }
  uri = g_uri_parse (target, G_URI_FLAGS_ENCODED, NULL);
  return uri != NULL && g_uri_get_host (uri) != NULL && g_uri_get_host (uri)[0] != '\0'
         && (g_str_equal (g_uri_get_scheme (uri), "http")
             || g_str_equal (g_uri_get_scheme (uri), "https"));
}

HealthProbe *
health_probe_new (const char *text, gboolean http, GError **error)
{
  const char *equals = strchr (text, '=');
  HealthProbe *self;

  if (equals == NULL || equals == text || !is_target (equals + 1, http))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--health-%s: “%s” is not %s",
                   http ? "http" : "tcp", text,
                   http ? "NAME=URL, such as search=http://localhost:9200/"
                        : "NAME=HOST:PORT, such as database=localhost:5432");
      return NULL;
    }
  self = g_new0 (HealthProbe, 1);
  self->name = g_strndup (text, equals - text);
  self->target = g_strdup (equals + 1);
  self->http = http;
  self->flags = MICRO_CHECK_CRITICAL;
  return self;
}

/* --- On a thread of the checks --- */

/* "HTTP/1.1 200 OK"; 0: nothing like it.  Only as much is read as that line needs. */
static guint
health_probe_read_status (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  char line[MAX_STATUS_LINE + 1] = "";
  gsize length = 0;
  guint64 status;

  while (length < MAX_STATUS_LINE && strchr (line, '\n') == NULL)
    {
      gssize n = g_input_stream_read (g_io_stream_get_input_stream (stream), line + length,
                                      MAX_STATUS_LINE - length, cancellable, error);

      if (n < 0)
        return 0;
      if (n == 0)
        break;
      length += n;
      line[length] = '\0';
    }
  line[strcspn (line, "\r\n")] = '\0';
  if (g_str_has_prefix (line, "HTTP/") && strlen (line) >= 12)
    {
      line[12] = '\0';
      if (g_ascii_string_to_unsigned (line + 9, 10, 100, 599, &status, NULL))
        return status;
    }
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "what answers speaks no HTTP/1.1");
  return 0;
}

static gboolean
health_probe_ask (HealthProbe *self,
                  GSocketClient *client,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (self->target, G_URI_FLAGS_ENCODED, NULL);
  gboolean secure = g_str_equal (g_uri_get_scheme (uri), "https");
  const char *host = g_uri_get_host (uri);
  int port = g_uri_get_port (uri);
  gboolean brackets = strchr (host, ':') != NULL;
  g_autofree char *authority = port > 0
                                   ? g_strdup_printf (brackets ? "[%s]:%d" : "%s:%d", host, port)
                                   : g_strdup_printf (brackets ? "[%s]" : "%s", host);
  g_autofree char *request = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  guint status;

  /* 1.0, so that nothing is kept open. */
  request = g_strdup_printf ("GET %s%s%s HTTP/1.0\r\nHost: %s\r\nUser-Agent: micro-health/%s\r\n"
                             "Connection: close\r\n\r\n",
                             *g_uri_get_path (uri) != '\0' ? g_uri_get_path (uri) : "/",
                             g_uri_get_query (uri) != NULL ? "?" : "",
                             g_uri_get_query (uri) != NULL ? g_uri_get_query (uri) : "", authority,
                             PACKAGE_VERSION);
  g_socket_client_set_tls (client, secure);
  connection
      = g_socket_client_connect_to_host (client, authority, secure ? 443 : 80, cancellable, error);
  if (connection == NULL
      || !g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                     request, strlen (request), NULL, cancellable, error))
    return FALSE;
  status = health_probe_read_status (G_IO_STREAM (connection), cancellable, error);
  if (status == 0)
    return FALSE;
  if (status < 200 || status >= 400)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the answer is HTTP status %u", status);
  return status >= 200 && status < 400;
}

gboolean
health_probe_run (GCancellable *cancellable, gpointer user_data, GError **error)
{
  HealthProbe *self = user_data;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  gboolean fine;

  g_socket_client_set_enable_proxy (client, FALSE);
  if (self->http)
    fine = health_probe_ask (self, client, cancellable, error);
  else
    {
      connection = g_socket_client_connect_to_host (client, self->target, 0, cancellable, error);
      fine = connection != NULL;
    }
  if (!fine)
    g_prefix_error (error, "%s: ", self->target);
  return fine;
}
