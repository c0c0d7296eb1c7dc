/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The connection to the NATS servers, which is lost and found without anybody's help.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-error.h>

#include "nats-private.h"

#define DEFAULT_ADDRESS "nats://127.0.0.1:4222"
#define RECONNECT_WAIT_MS 500
#define RECONNECT_JITTER_MS 500

/* (transfer full): without user and password, which are not for who reads a log. */
static char *
hide_secrets (const char *addresses)
{
  g_auto (GStrv) parts = g_strsplit (addresses, ",", -1);

  for (char **part = parts; *part != NULL; part++)
    {
      const char *at = strrchr (*part, '@');
      char *scheme = strstr (*part, "://");
      char *begin = scheme != NULL ? scheme + strlen ("://") : *part;

      if (at != NULL && begin <= at)
        memmove (begin, at + 1, strlen (at + 1) + 1);
    }
  return g_strjoinv (",", parts);
}

/* (nullable): what the server has against us, as the library remembers it: its thread forgets that
 * when it tries again, and then @known is what we know. */
static const char *
find_refusal (natsConnection *connection, gboolean known)
{
  const char *reason = NULL;
  natsStatus last = natsConnection_GetLastError (connection, &reason);

  if (last == NATS_OK && known)
    return natsStatus_GetText (NATS_CONNECTION_AUTH_FAILED);
  if (last != NATS_CONNECTION_AUTH_FAILED && last != NATS_NOT_PERMITTED)
    return NULL;
  return reason != NULL && *reason != '\0' ? reason : natsStatus_GetText (last);
}

/* The library gives a server up that refuses us twice; we do not, passwords are changed. */
static void
link_on_closed (natsConnection *connection, void *closure)
{
  NatsLink *link = closure;

  link->closed (link->data);
}

static void
on_disconnected (natsConnection *connection, void *closure)
{
  const char *reason = NULL;

  if (natsConnection_IsClosed (connection))
    return;
  natsConnection_GetLastError (connection, &reason);
  g_message ("the NATS server has gone%s%s; looking for it until it is back",
             reason != NULL && *reason != '\0' ? ": " : "", reason != NULL ? reason : "");
}

static void
on_connected (natsConnection *connection, void *closure)
{
  NatsLink *link = closure;
  char url[256] = "";
  g_autofree char *shown = NULL;

  g_atomic_int_set (&link->told, FALSE);
  natsConnection_GetConnectedUrl (connection, url, sizeof url);
  shown = hide_secrets (url);
  g_message ("connected to the NATS server %s", shown);
}

static void
on_error (natsConnection *connection,
          natsSubscription *subscription,
          natsStatus status,
          void *closure)
{
  NatsLink *link = closure;

  if (status == NATS_CONNECTION_AUTH_FAILED && g_atomic_int_get (&link->told))
    return;
  g_message ("NATS: %s", natsStatus_GetText (status));
}

/* go-micro's addresses need no scheme. */
static GPtrArray *
make_urls (const char *addresses)
{
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) parts = g_strsplit (addresses != NULL ? addresses : "", ",", -1);

  for (char **part = parts; *part != NULL; part++)
    {
      const char *address = g_strstrip (*part);

      if (*address != '\0')
        g_ptr_array_add (urls, strstr (address, "://") != NULL
                                   ? g_strdup (address)
                                   : g_strconcat ("nats://", address, NULL));
    }
  if (urls->len == 0)
    g_ptr_array_add (urls, g_strdup (DEFAULT_ADDRESS));
  return urls;
}

static natsStatus
set_options (natsOptions *options, GPtrArray *urls, guint timeout_ms, NatsLink *link)
{
  natsStatus status
      = natsOptions_SetServers (options, (const char **) urls->pdata, (int) urls->len);

  if (status == NATS_OK)
    status = natsOptions_SetTimeout (options, timeout_ms);
  if (status == NATS_OK)
    status = natsOptions_SetMaxReconnect (options, -1);
  if (status == NATS_OK)
    status = natsOptions_SetReconnectWait (options, RECONNECT_WAIT_MS);
  if (status == NATS_OK)
    status = natsOptions_SetReconnectJitter (options, RECONNECT_JITTER_MS, RECONNECT_JITTER_MS);
  if (status == NATS_OK)
    status = natsOptions_SetRetryOnFailedConnect (options, true, on_connected, link);
  if (status == NATS_OK)
    status = natsOptions_SetDisconnectedCB (options, on_disconnected, NULL);
  if (status == NATS_OK)
    status = natsOptions_SetReconnectedCB (options, on_connected, link);
  if (status == NATS_OK)
    status = natsOptions_SetClosedCB (options, link_on_closed, link);
  if (status == NATS_OK)
    status = natsOptions_SetErrorHandler (options, on_error, link);
  return status == NATS_OK ? natsOptions_SetName (options, g_get_prgname ()) : status;
}

static void
say_not_yet (const char *refusal, const char *address, NatsLink *link)
{
  g_autofree char *shown = hide_secrets (address);

  if (!g_atomic_int_compare_and_exchange (&link->told, FALSE, TRUE))
    return;
  if (refusal != NULL)
    g_message ("the NATS server at %s does not let us in (%s); asking again until it does", shown,
               refusal);
  else
    g_message ("no NATS server at %s yet; looking for it until it is there", shown);
}

natsConnection *
nats_link_connect (
    const char *addresses, guint timeout_ms, NatsLink *link, gboolean *refused, GError **error)
{
  g_autoptr (GPtrArray) urls = make_urls (addresses);
  g_autofree char *shown = hide_secrets (addresses != NULL ? addresses : DEFAULT_ADDRESS);
  natsConnection *connection = NULL;
  natsOptions *options = NULL;
  natsStatus status = natsOptions_Create (&options);

  if (status == NATS_OK)
    status = set_options (options, urls, timeout_ms, link);
  if (status == NATS_OK)
    status = natsConnection_Connect (&connection, options);
  natsOptions_Destroy (options);
  if (status == NATS_OK && g_atomic_int_get (&link->told))
    on_connected (connection, link);
  if (status == NATS_NOT_YET_CONNECTED)
    {
      const char *refusal = find_refusal (connection, *refused);

      *refused = refusal != NULL;
      say_not_yet (refusal, urls->pdata[0], link);
    }
  else
    *refused = FALSE;
  if (status == NATS_OK || status == NATS_NOT_YET_CONNECTED)
    return connection;
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "the NATS broker cannot use the address “%s”: %s", shown,
               natsStatus_GetText (status));
  return NULL;
}

void
nats_link_set_error (GError **error, natsStatus status, gboolean refused, const char *topic)
{
  MicroStatus code = MICRO_STATUS_UNAVAILABLE;
  const char *why = natsStatus_GetText (status);

  if (status == NATS_MAX_PAYLOAD)
    {
      code = MICRO_STATUS_INVALID_ARGUMENT;
      why = "the message is larger than the NATS server takes (its max_payload)";
    }
  else if (status == NATS_TIMEOUT)
    {
      code = MICRO_STATUS_DEADLINE_EXCEEDED;
      why = "the NATS server does not answer; it may have the message";
    }
  else if (status == NATS_CONNECTION_DISCONNECTED || status == NATS_CONNECTION_CLOSED)
    why = refused ? "the NATS server does not let us in; see user and password in --broker-address"
                  : "no NATS server can be reached now; see that one runs at --broker-address";
  else if (status == NATS_INVALID_SUBJECT || status == NATS_INVALID_ARG)
    code = MICRO_STATUS_INVALID_ARGUMENT;
  g_set_error (error, MICRO_ERROR, code, "topic “%s”: %s", topic, why);
}

/* (docs.nats.io, subjects) Words with dots between; * and > for subscribers. */
gboolean
nats_link_check_topic (const char *topic, gboolean wildcards, GError **error)
{
  gsize length = strlen (topic);
  gboolean fine
      = length > 0 && topic[0] != '.' && topic[length - 1] != '.' && strstr (topic, "..") == NULL;

  for (const char *c = topic; fine && *c != '\0'; c++)
    fine
        = !g_ascii_isspace (*c) && !g_ascii_iscntrl (*c) && (wildcards || (*c != '*' && *c != '>'));
  if (!fine)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                 "“%s” is not a topic for NATS: write words with dots between, without spaces%s",
                 topic, wildcards ? "" : ", * and >");
  return fine;
}
