/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How libsoup has to be set up for the API server.
 */
#include "config.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "kube-session.h"

/* --- Sessions --- */

static GProxyResolver *
make_proxy_resolver (const KubeConfig *config)
{
  static const char *const names[] = { "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", NULL };
  const char *values[4] = { NULL };
  const char *proxy = config->proxy;
  g_auto (GStrv) ignored = NULL;

  if (proxy != NULL)
    return g_simple_proxy_resolver_new (proxy, NULL);
  /* A pod reaches its API server directly, whatever proxy the application uses. */
  if (config->in_cluster)
    return g_simple_proxy_resolver_new (NULL, NULL);
  for (guint i = 0; names[i] != NULL; i++)
    values[i] = g_getenv (names[i]);
  proxy = values[0] != NULL ? values[0] : values[1];
  if (proxy != NULL && *proxy != '\0')
    {
      const char *list = values[2] != NULL ? values[2] : values[3];
      g_autofree char *whole
          = g_strconcat ("localhost,127.0.0.0/8,::1", list != NULL ? "," : "", list, NULL);

      ignored = g_strsplit_set (whole, ", ", -1);
      return g_simple_proxy_resolver_new (proxy, ignored);
    }
  return g_simple_proxy_resolver_new (NULL, NULL);
}

SoupSession *
kube_session_new (const KubeConfig *config,
                  GTlsDatabase *database,
                  guint timeout_s,
                  int max_per_host)
{
  g_autoptr (GProxyResolver) resolver = make_proxy_resolver (config);
  SoupSession *session = soup_session_new_with_options (
      "timeout", timeout_s, "max-conns-per-host", max_per_host, "max-conns", max_per_host * 4,
      "user-agent", "micro/" PACKAGE_VERSION, "proxy-resolver", resolver, NULL);

  if (database != NULL)
    soup_session_set_tls_database (session, database);
  /* It would answer a 401 with questions of its own. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  return session;
}

/* --- Connections --- */

static void
set_socket_options (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPIDLE, 15, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPINTVL, 5, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPCNT, 3, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000, NULL);
}

/* libsoup 3.2 never learns that the server of an idle HTTP/2 stream has died, so that a watch would
 * stay silent for ever: HTTP/1.1 it is (soup_message_set_force_http1() came with 3.4). */
static void
on_network_event (SoupMessage *message,
                  GSocketClientEvent event,
                  GIOStream *connection,
                  gpointer user_data)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  const KubeConfig *config = user_data;

  if (event == G_SOCKET_CLIENT_CONNECTED && G_IS_SOCKET_CONNECTION (connection))
    set_socket_options (G_SOCKET_CONNECTION (connection));
  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING || !G_IS_TLS_CONNECTION (connection))
    return;
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection), protocols);
  if (config->server_name != NULL)
    {
      g_autoptr (GSocketConnectable) identity = g_network_address_new (config->server_name, 443);

      g_tls_client_connection_set_server_identity (G_TLS_CLIENT_CONNECTION (connection), identity);
    }
}

static gboolean
on_accept_certificate (SoupMessage *message,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags errors,
                       gpointer user_data)
{
  const KubeConfig *config = user_data;

  return config->insecure;
}

void
kube_session_prepare (SoupMessage *message, const KubeConfig *config)
{
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_headers_replace (soup_message_get_request_headers (message), "Accept",
                                "application/json");
  g_signal_connect (message, "network-event", G_CALLBACK (on_network_event), (gpointer) config);
  g_signal_connect (message, "accept-certificate", G_CALLBACK (on_accept_certificate),
                    (gpointer) config);
}

static void
on_handshake (SoupMessage *message,
              GSocketClientEvent event,
              GIOStream *connection,
              gpointer user_data)
{
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION (connection))
    g_tls_connection_set_certificate (G_TLS_CONNECTION (connection), user_data);
}

/* glib-networking resumes TLS sessions by the server and the connection's certificate, which
 * libsoup sets when it is asked for: too late, a new certificate would go on with the old one's
 * session. */
void
kube_session_show_certificate (SoupMessage *message, GTlsCertificate *certificate)
{
  soup_message_set_tls_client_certificate (message, certificate);
  g_signal_connect_data (message, "network-event", G_CALLBACK (on_handshake),
                         g_object_ref (certificate), (GClosureNotify) (GCallback) g_object_unref,
                         0);
}
