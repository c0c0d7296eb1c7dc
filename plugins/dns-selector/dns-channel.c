/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A channel of c-ares on a GMainContext: its sockets and its timer as sources.
 *
 * c-ares and not GResolver: that tells no TTL, has no records of addresses, and takes a thread of a
 * small pool for each question.
 */
#include "config.h"

#include <glib-unix.h>

#include "dns-channel.h"

#define TRIES 2

struct _DnsChannel
{
  GMainContext *context;
  GHashTable *sockets; /* fd → GSource */
  GSource *timer;
  ares_channel ares; /* (nullable) */
  DnsChannelFunc moved;
  gpointer user_data;
};

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_source_set_ready_time (source, -1);
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { NULL, NULL, timer_dispatch, NULL, NULL, NULL };

static void
set_timer (DnsChannel *self)
{
  struct timeval tv;

  if (ares_timeout (self->ares, NULL, &tv) == NULL)
    g_source_set_ready_time (self->timer, -1);
  else
    g_source_set_ready_time (self->timer,
                             g_get_monotonic_time () + tv.tv_sec * G_USEC_PER_SEC + tv.tv_usec);
}

/* The last thing that a dispatch does: moved() may free the channel. */
static void
process (DnsChannel *self, ares_socket_t readable, ares_socket_t writable)
{
  ares_process_fd (self->ares, readable, writable);
  set_timer (self);
  self->moved (self->user_data);
}

static gboolean
channel_on_timer (gpointer user_data)
{
  process (user_data, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_socket (int fd, GIOCondition condition, gpointer user_data)
{
  const GIOCondition broken = G_IO_ERR | G_IO_HUP | G_IO_NVAL;

  process (user_data, condition & (G_IO_IN | broken) ? fd : ARES_SOCKET_BAD,
           condition & G_IO_OUT ? fd : ARES_SOCKET_BAD);
  return G_SOURCE_CONTINUE;
}

static void
source_free (gpointer data)
{
  g_source_destroy (data);
  g_source_unref (data);
}

static void
on_state (void *user_data, ares_socket_t fd, int readable, int writable)
{
  DnsChannel *self = user_data;
  GSource *source;

  g_hash_table_remove (self->sockets, GINT_TO_POINTER (fd));
  if (!readable && !writable)
    return;
  source = g_unix_fd_source_new (fd, (readable ? G_IO_IN : 0) | (writable ? G_IO_OUT : 0));
  g_source_set_callback (source, G_SOURCE_FUNC (on_socket), self, NULL);
  g_source_set_static_name (source, "[micro] DNS");
  g_source_attach (source, self->context);
  g_hash_table_insert (self->sockets, GINT_TO_POINTER (fd), source);
}

static void
channel_fail (int status, const char *what, GError **error)
{
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION, "%s: %s", what,
               ares_strerror (status));
}

static int
open_channel (DnsChannel *self, const char *servers, guint timeout_ms, int flags, GError **error)
{
  struct ares_options options = {
    .flags = flags,
    .timeout = (int) timeout_ms,
    .tries = TRIES,
    .sock_state_cb = on_state,
    .sock_state_cb_data = self,
  };
  int status = ares_init_options (&self->ares, &options,
                                  ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
                                      | ARES_OPT_SOCK_STATE_CB);
  g_autofree char *what = NULL;

  if (status != ARES_SUCCESS)
    {
      self->ares = NULL;
      channel_fail (status, "the look-up of names cannot be set up", error);
      return status;
    }
  if (servers == NULL || servers[0] == '\0')
    return ARES_SUCCESS;
  status = ares_set_servers_ports_csv (self->ares, servers);
  if (status != ARES_SUCCESS)
    {
      what = g_strdup_printf ("--selector-servers=%s is no list of HOST:PORT", servers);
      channel_fail (status, what, error);
    }
  return status;
}

static gboolean
has_one_server (ares_channel ares)
{
  struct ares_addr_node *servers = NULL;
  gboolean one;

  if (ares_get_servers (ares, &servers) != ARES_SUCCESS)
    return FALSE;
  one = servers != NULL && servers->next == NULL;
  ares_free_data (servers);
  return one;
}

DnsChannel *
dns_channel_new (
    const char *servers, guint timeout_ms, DnsChannelFunc moved, gpointer user_data, GError **error)
{
  static gsize initialised;
  DnsChannel *self = g_new0 (DnsChannel, 1);
  int status;

  if (g_once_init_enter (&initialised))
    {
      ares_library_init (ARES_LIB_INIT_ALL);
      g_once_init_leave (&initialised, 1);
    }
  self->context = g_main_context_ref_thread_default ();
  self->sockets = g_hash_table_new_full (NULL, NULL, NULL, source_free);
  self->moved = moved;
  self->user_data = user_data;
  self->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_callback (self->timer, channel_on_timer, self, NULL);
  g_source_set_static_name (self->timer, "[micro] DNS timer");
  status = open_channel (self, servers, timeout_ms, 0, error);
  /* Where there is no other server to turn to, c-ares is to tell what the one said. */
  if (status == ARES_SUCCESS && has_one_server (self->ares))
    {
      ares_destroy (self->ares);
      status = open_channel (self, servers, timeout_ms, ARES_FLAG_NOCHECKRESP, error);
    }
  if (status != ARES_SUCCESS)
    {
      dns_channel_free (self);
      return NULL;
    }
  g_source_attach (self->timer, self->context);
  return self;
}

ares_channel
dns_channel_get_ares (DnsChannel *self)
{
  return self->ares;
}

void
dns_channel_asked (DnsChannel *self)
{
  set_timer (self);
}

void
dns_channel_wake (DnsChannel *self)
{
  g_source_set_ready_time (self->timer, 0);
}

void
dns_channel_free (DnsChannel *self)
{
  if (self->ares != NULL)
    ares_destroy (self->ares);
  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_hash_table_unref (self->sockets);
  g_main_context_unref (self->context);
  g_free (self);
}
