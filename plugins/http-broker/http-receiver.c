/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Takes messages by POST, as go-micro's publishers and ours send them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include <micro/micro-error.h>

#include "../common/broker-envelope.h"
#include "http-private.h"

/* Of all bodies that are arriving; who is slow keeps the others out no longer than it has one. */
#define MAX_ARRIVING (64 * 1024 * 1024)
/* From the head of a request to the end of the answer. */
#define BODY_TIMEOUT_S 30
/* Without a byte either way, between requests too. */
#define IDLE_TIMEOUT_S 120
#define REAP_MS 1000
#define FORGET_AFTER 256

struct _HttpReceiver
{
  SoupServer *server;
  GSocketService *listener;
  GSocket *socket;      /* (nullable): it listens on */
  GHashTable *accepted; /* GSocket → whether it was found ended when looked at last */
  GSource *reaper;      /* (nullable) */
  guint n_reaped;       /* that libsoup still thinks of */
  HttpSubscriptions *subscriptions;
  gsize max_body; /* of an envelope */
  gsize arriving; /* bytes of bodies in memory */
  char *bound;
};

typedef struct
{
  HttpReceiver *server;
  SoupServerMessage *message; /* not owned: it owns this */
  gsize length;
  gboolean counted;
  GSource *timeout; /* (nullable) */
} Arrival;

/* go-micro's error record; its publishers look at neither that nor the status. */
static void
receiver_refuse (SoupServerMessage *message, guint status, const char *detail)
{
  const char *phrase
      = status == HTTP_TOO_MANY_REQUESTS ? "Too Many Requests" : soup_status_get_phrase (status);
  g_autoptr (GString) json = g_string_new (NULL);

  g_string_printf (json, "{\"id\":\"go.micro.broker\",\"code\":%u,\"detail\":", status);
  broker_envelope_append_string (json, detail);
  g_string_append_printf (json, ",\"status\":\"%s\"}", phrase);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, json->str,
                                    json->len);
  soup_server_message_set_status (message, status, phrase);
}

/* --- While it arrives --- */

static void
receiver_stop_timeout (Arrival *arrival)
{
  if (arrival->timeout == NULL)
    return;
  g_source_destroy (arrival->timeout);
  g_clear_pointer (&arrival->timeout, g_source_unref);
}

static void
arrival_free (gpointer data)
{
  receiver_stop_timeout (data);
  g_free (data);
}

/* The socket's end is what libsoup takes notice of. */
static gboolean
receiver_on_timeout (gpointer data)
{
  Arrival *arrival = data;
  GSocket *socket = soup_server_message_get_socket (arrival->message);

  if (socket != NULL)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
start_timeout (Arrival *arrival)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  arrival->timeout = g_timeout_source_new_seconds (BODY_TIMEOUT_S);
  g_source_set_callback (arrival->timeout, receiver_on_timeout, arrival, NULL);
  g_source_attach (arrival->timeout, context);
}

static void
stop_counting (Arrival *arrival)
{
  if (!arrival->counted)
    return;
  arrival->counted = FALSE;
  arrival->server->arriving -= arrival->length;
}

static void
receiver_on_ended (SoupServerMessage *message, Arrival *arrival)
{
  stop_counting (arrival);
  receiver_stop_timeout (arrival);
}

static void
drop_body (SoupServerMessage *message, Arrival *arrival)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  soup_message_body_set_accumulate (body, FALSE);
  soup_message_body_truncate (body);
  stop_counting (arrival);
}

static void
on_chunk (SoupServerMessage *message, GBytes *chunk, Arrival *arrival)
{
  HttpReceiver *self = arrival->server;
  gsize size = g_bytes_get_size (chunk);

  if (!arrival->counted)
    return;
  arrival->length += size;
  self->arriving += size;
  if (arrival->length <= self->max_body && self->arriving <= MAX_ARRIVING)
    return;
  receiver_refuse (message,
                   arrival->length > self->max_body ? SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE
                                                    : SOUP_STATUS_SERVICE_UNAVAILABLE,
                   arrival->length > self->max_body
                       ? "the message is too large"
                       : "too many messages are arriving; send it again later");
  drop_body (message, arrival);
}

/* Before the body: what is refused is not stored. */
static void
receiver_on_headers (SoupServer *server,
                     SoupServerMessage *message,
                     const char *path,
                     GHashTable *query,
                     gpointer user_data)
{
  HttpReceiver *self = user_data;
  goffset length
      = soup_message_headers_get_content_length (soup_server_message_get_request_headers (message));
  Arrival *arrival = g_new0 (Arrival, 1);

  arrival->server = self;
  arrival->message = message;
  arrival->counted = TRUE;
  start_timeout (arrival);
  g_object_set_data_full (G_OBJECT (message), "micro-arrival", arrival, arrival_free);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_chunk), arrival);
  g_signal_connect (message, "finished", G_CALLBACK (receiver_on_ended), arrival);
  g_signal_connect (message, "disconnected", G_CALLBACK (receiver_on_ended), arrival);
  if (soup_server_message_get_method (message) != SOUP_METHOD_POST)
    receiver_refuse (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "Method not allowed");
  else if (length > 0 && (gsize) length > self->max_body)
    receiver_refuse (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "the message is too large");
  else
    return;
  drop_body (message, arrival);
}

/* --- Once it is there --- */

static void
receiver_on_message (SoupServer *server,
                     SoupServerMessage *message,
                     const char *path,
                     GHashTable *query,
                     gpointer user_data)
{
  HttpReceiver *self = user_data;
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autoptr (GBytes) envelope = soup_message_body_flatten (body);
  g_autoptr (MicroMetadata) headers = NULL;
  g_autoptr (GBytes) content = NULL;
  g_autoptr (GError) error = NULL;
  const char *id = query != NULL ? g_hash_table_lookup (query, "id") : NULL;
  const char *topic;

  if (soup_server_message_get_status (message) != 0)
    return;
  content = broker_envelope_unpack (g_bytes_get_data (envelope, NULL), g_bytes_get_size (envelope),
                                    &headers, &error);
  if (content == NULL)
    {
      receiver_refuse (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, error->message);
      return;
    }
  topic = micro_metadata_lookup (headers, BROKER_HEADER_TOPIC);
  if (topic == NULL || *topic == '\0')
    receiver_refuse (message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "Topic not found");
  else if (http_subscriptions_deliver (self->subscriptions, id != NULL ? id : "", topic, headers,
                                       content, &error))
    soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  else
    receiver_refuse (message, micro_status_to_http (error->code), error->message);
}

/* libsoup 3.2 keeps connections alive only if it listens itself.  It does, on a copy of the
 * descriptor and in a context that never runs. */
static gboolean
pretend_to_listen (HttpReceiver *self, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  int fd = fcntl (g_socket_get_fd (self->socket), F_DUPFD_CLOEXEC, 0);
  g_autoptr (GSocket) copy = g_socket_new_from_fd (fd, error);
  gboolean fine;

  if (copy == NULL)
    return FALSE;
  g_main_context_push_thread_default (context);
  fine = soup_server_listen_socket (self->server, copy, 0, error);
  g_main_context_pop_thread_default (context);
  return fine;
}

/* --- Connections ---
 *
 * libsoup 3.2 (Debian 12) keeps the descriptor of each connection that it has accepted itself for
 * ever, and of the others those which the client ends between two requests.  So connections are
 * accepted here and handed to it, and those that have ended are looked for. */

static gboolean
has_ended (GSocket *socket)
{
  char byte;
  ssize_t n = recv (g_socket_get_fd (socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* Twice in a row: an answer may have been on its way. */
static gboolean
reap (gpointer data)
{
  HttpReceiver *self = data;
  GHashTableIter iter;
  gpointer socket, ended;

  g_hash_table_iter_init (&iter, self->accepted);
  while (g_hash_table_iter_next (&iter, &socket, &ended))
    {
      gboolean now = g_socket_is_closed (socket) || has_ended (socket);

      if (now && ended != NULL)
        {
          g_socket_close (socket, NULL);
          g_hash_table_iter_remove (&iter);
          self->n_reaped++;
        }
      else
        g_hash_table_iter_replace (&iter, GINT_TO_POINTER (now));
    }
  if (g_hash_table_size (self->accepted) > 0)
    return G_SOURCE_CONTINUE;
  g_clear_pointer (&self->reaper, g_source_unref);
  if (self->n_reaped >= FORGET_AFTER)
    {
      soup_server_disconnect (self->server);
      pretend_to_listen (self, NULL);
      self->n_reaped = 0;
    }
  return G_SOURCE_REMOVE;
}

static void
start_reaper (HttpReceiver *self)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (self->reaper != NULL)
    return;
  self->reaper = g_timeout_source_new (REAP_MS);
  g_source_set_callback (self->reaper, reap, self, NULL);
  g_source_attach (self->reaper, context);
}

static gboolean
on_incoming (GSocketService *listener,
             GSocketConnection *connection,
             GObject *source,
             gpointer user_data)
{
  HttpReceiver *self = user_data;
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autoptr (GSocketAddress) local = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  g_autoptr (GError) error = NULL;

  g_socket_set_timeout (socket, IDLE_TIMEOUT_S);
  if (!soup_server_accept_iostream (self->server, G_IO_STREAM (connection), local, remote, &error))
    {
      g_info ("a connection to the broker cannot be served: %s", error->message);
      return TRUE;
    }
  g_hash_table_insert (self->accepted, g_object_ref (socket), NULL);
  start_reaper (self);
  return TRUE;
}

/* --- Listening --- */

static gboolean
receiver_parse_port (const char *text, guint *ret_port)
{
  guint64 port;

  if (!g_ascii_string_to_unsigned (text, 10, 0, 65535, &port, NULL))
    return FALSE;
  *ret_port = (guint) port;
  return TRUE;
}

/* "", "*" for any address; NULL with an error for what is no HOST:PORT. */
static char *
receiver_split (const char *address, guint *ret_port, GError **error)
{
  const char *colon = strrchr (address, ':');
  g_autofree char *host = NULL;

  if (colon == NULL || !receiver_parse_port (colon + 1, ret_port)
      || (address[0] == '[' ? colon[-1] != ']' : memchr (address, ':', colon - address) != NULL))
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "the broker cannot listen on “%s”: write it as HOST:PORT, :PORT or [IPV6]:PORT",
                   address);
      return NULL;
    }
  host = g_strndup (address, colon - address);
  if (host[0] == '[')
    {
      host[strlen (host) - 1] = '\0';
      return g_strdup (host + 1);
    }
  return g_steal_pointer (&host);
}

static GInetAddress *
receiver_resolve (const char *host, GError **error)
{
  GInetAddress *address = g_inet_address_new_from_string (host);
  GList *found;

  if (address != NULL)
    return address;
  found = g_resolver_lookup_by_name (g_resolver_get_default (), host, NULL, error);
  if (found == NULL)
    return NULL;
  address = g_object_ref (found->data);
  g_resolver_free_addresses (found);
  return address;
}

static GSocket *
bind_socket (GInetAddress *address, guint port, GError **error)
{
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new (address, (guint16) port);
  g_autoptr (GSocket) socket = g_socket_new (g_inet_address_get_family (address),
                                             G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL || !g_socket_bind (socket, wanted, TRUE, error))
    return NULL;
  g_socket_set_listen_backlog (socket, 128);
  return g_socket_listen (socket, error) ? g_steal_pointer (&socket) : NULL;
}

/* Of all addresses, if the machine has IPv6, else of those of IPv4. */
static GSocket *
bind_any (guint port, GError **error)
{
  g_autoptr (GInetAddress) both = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr (GInetAddress) v4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  GSocket *socket = bind_socket (both, port, NULL);

  return socket != NULL ? socket : bind_socket (v4, port, error);
}

/* (transfer full) (nullable): where it listens. */
static char *
start_listening (HttpReceiver *self, const char *host, guint port, GError **error)
{
  gboolean any = *host == '\0' || g_str_equal (host, "*");
  g_autoptr (GInetAddress) address = any ? NULL : receiver_resolve (host, error);
  g_autoptr (GSocketAddress) bound = NULL;

  if (!any && address == NULL)
    return NULL;
  self->socket = any ? bind_any (port, error) : bind_socket (address, port, error);
  if (self->socket == NULL || !pretend_to_listen (self, error)
      || !g_socket_listener_add_socket (G_SOCKET_LISTENER (self->listener), self->socket, NULL,
                                        error)
      || (bound = g_socket_get_local_address (self->socket, error)) == NULL)
    return NULL;
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

HttpReceiver *
http_receiver_new (HttpSubscriptions *subscriptions,
                   gsize max_bytes,
                   const char *address,
                   GError **error)
{
  HttpReceiver *self;
  guint port;
  g_autofree char *host = receiver_split (address, &port, error);

  if (host == NULL)
    return NULL;
  self = g_new0 (HttpReceiver, 1);
  self->server = soup_server_new ("server-header", "micro/" PACKAGE_VERSION, NULL);
  self->subscriptions = http_subscriptions_ref (subscriptions);
  self->max_body = broker_envelope_limit (max_bytes);
  soup_server_add_early_handler (self->server, NULL, receiver_on_headers, self, NULL);
  soup_server_add_handler (self->server, NULL, receiver_on_message, self, NULL);
  self->listener = g_socket_service_new ();
  self->accepted = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  g_signal_connect (self->listener, "incoming", G_CALLBACK (on_incoming), self);
  self->bound = start_listening (self, host, port, error);
  if (self->bound == NULL)
    {
      g_prefix_error (error, "the broker cannot listen on %s: ", address);
      http_receiver_free (self);
      return NULL;
    }
  return self;
}

void
http_receiver_free (HttpReceiver *self)
{
  g_socket_service_stop (self->listener);
  g_socket_listener_close (G_SOCKET_LISTENER (self->listener));
  g_signal_handlers_disconnect_by_data (self->listener, self);
  g_object_unref (self->listener);
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  if (self->reaper != NULL)
    g_source_destroy (self->reaper);
  g_clear_pointer (&self->reaper, g_source_unref);
  g_hash_table_unref (self->accepted);
  g_clear_object (&self->socket);
  http_subscriptions_unref (self->subscriptions);
  g_free (self->bound);
  g_free (self);
}

const char *
http_receiver_get_bound (HttpReceiver *self)
{
  return self->bound;
}
