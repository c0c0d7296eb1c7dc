/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: calls inside one process, from any loop to any other.
 */
#include "config.h"

#include "memory-call.h"
#include "memory-client.h"
#include "memory-note.h"
#include "memory-server.h"

#define MEMORY_TYPE_TRANSPORT (memory_transport_get_type ())
static GType memory_transport_get_type (void);

typedef struct
{
  GObjectClass parent_class;
} MemoryTransportClass;

static void memory_transport_iface_init (MicroTransportInterface *iface);

G_DEFINE_TYPE_WITH_CODE (MemoryTransport,
                         memory_transport,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_TRANSPORT, memory_transport_iface_init))

typedef struct
{
  MemoryTransport *transport; /* not owned: it leaves when it ends */
  MicroRouter *router;
  GPtrArray *loops;       /* with a reference each: the array of a binding may have none */
  GPtrArray *loops_given; /* whose last reference may end them */
  guint next_loop;
} Listener;

/* The process is the network, so this is of the process. */
static GMutex mutex;
static GHashTable *listeners; /* address → Listener */
static guint last_address;

static void
listener_free (gpointer data)
{
  Listener *listener = data;

  g_object_unref (listener->router);
  g_ptr_array_unref (listener->loops);
  g_ptr_array_unref (listener->loops_given);
  g_free (listener);
}

static void
memory_transport_lock (void)
{
  g_mutex_lock (&mutex);
  if (listeners == NULL)
    listeners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, listener_free);
}

static void
memory_transport_unlock (void)
{
  g_mutex_unlock (&mutex);
}

static char *
memory_transport_listen (MicroTransport *transport,
                         const char *address,
                         MicroRouter *router,
                         GPtrArray *loops,
                         GError **error)
{
  g_autofree char *bound = NULL;
  Listener *listener;

  memory_transport_lock ();
  if (g_str_has_suffix (address, ":0"))
    bound = g_strdup_printf ("memory:%u", ++last_address);
  else
    bound = g_strdup (address);
  if (g_hash_table_contains (listeners, bound))
    {
      memory_transport_unlock ();
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                   "“%s” is served already in this process: choose another address, or “:0”",
                   bound);
      return NULL;
    }
  listener = g_new0 (Listener, 1);
  listener->transport = (MemoryTransport *) transport;
  listener->router = g_object_ref (router);
  listener->loops = micro_loop_ref_all (loops);
  listener->loops_given = g_ptr_array_ref (loops);
  g_hash_table_insert (listeners, g_strdup (bound), listener);
  memory_transport_unlock ();
  return g_steal_pointer (&bound);
}

/* The caller's own loop if it serves, so that a call to oneself stays where it is. */
static MicroLoop *
choose_loop (Listener *listener, MicroLoop *own)
{
  if (g_ptr_array_find (listener->loops, own, NULL))
    return own;
  return g_ptr_array_index (listener->loops, listener->next_loop++ % listener->loops->len);
}

static MicroCall *
memory_transport_open (MicroTransport *transport,
                       MicroLoop *loop,
                       const MicroCallStart *start,
                       const MicroCallEvents *events,
                       gpointer user_data)
{
  MemoryTransport *self = (MemoryTransport *) transport;
  g_autofree char *problem = NULL;
  MicroLoop *server_loop = NULL;
  Listener *listener;
  MemoryCall *call;

  /* Who stops to listen finds every call that was made to it. */
  memory_transport_lock ();
  listener = g_hash_table_lookup (listeners, start->address);
  call = memory_call_new (self, listener != NULL ? listener->transport : NULL,
                          listener != NULL ? listener->router : NULL, start);
  if (listener != NULL)
    server_loop = choose_loop (listener, loop);
  memory_client_init (call, loop, start, events, user_data);
  memory_server_init (call, server_loop, start);
  memory_call_add (call);
  memory_transport_unlock ();
  if (server_loop == NULL)
    {
      problem = g_strdup_printf ("nobody serves “%s” in this process", start->address);
      memory_note_tell_status (call, MICRO_STATUS_UNAVAILABLE, problem, NULL, NULL);
      return &call->client.head;
    }
  call->client.head.progress = MICRO_CALL_SENT;
  memory_half_post (&call->server, memory_note_new (call, MEMORY_START));
  return &call->client.head;
}

static gboolean
is_of (gpointer address, gpointer listener, gpointer transport)
{
  return ((Listener *) listener)->transport == transport;
}

static void
stop_listening (MemoryTransport *self)
{
  memory_transport_lock ();
  g_hash_table_foreach_remove (listeners, is_of, self);
  memory_transport_unlock ();
}

static void
memory_transport_drain (MicroTransport *transport, guint timeout_ms)
{
  MemoryTransport *self = (MemoryTransport *) transport;
  gint64 until_us = g_get_monotonic_time () + timeout_ms * (gint64) 1000;

  stop_listening (self);
  memory_call_wait_served (self, until_us);
}

static void
memory_transport_nothing (gpointer user_data)
{
}

/* Not on a loop thread; both sides know on return. */
static void
break_call (MemoryCall *call)
{
  if (call->server.head.loop != NULL)
    {
      memory_half_post (&call->server, memory_note_new (call, MEMORY_BREAK));
      /* What the server's half says to the client's is posted when this returns. */
      micro_loop_run_sync (call->server.head.loop, memory_transport_nothing, NULL);
    }
  memory_note_tell_status (call, MICRO_STATUS_UNAVAILABLE, "the client stops", NULL, NULL);
  micro_loop_run_sync (call->client.head.loop, memory_transport_nothing, NULL);
}

static void
memory_transport_close (MicroTransport *transport)
{
  MemoryTransport *self = (MemoryTransport *) transport;
  g_autoptr (GPtrArray) mine = NULL;

  stop_listening (self);
  mine = memory_call_list (self);
  for (guint i = 0; i < mine->len; i++)
    break_call (g_ptr_array_index (mine, i));
}

static void
memory_transport_finalize (GObject *object)
{
  stop_listening ((MemoryTransport *) object);
  G_OBJECT_CLASS (memory_transport_parent_class)->finalize (object);
}

static void
memory_transport_class_init (MemoryTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = memory_transport_finalize;
}

static void
memory_transport_init (MemoryTransport *self)
{
}

static void
memory_transport_iface_init (MicroTransportInterface *iface)
{
  iface->listen = memory_transport_listen;
  iface->open = memory_transport_open;
  iface->drain = memory_transport_drain;
  iface->close = memory_transport_close;
}

MICRO_TRANSPORT_DEFINE (memory_transport,
                        .name = "memory",
                        .summary = "calls inside one process",
                        .version = PACKAGE_VERSION,
                        .license = "Apache-2.0",
                        .get_type = memory_transport_get_type)
