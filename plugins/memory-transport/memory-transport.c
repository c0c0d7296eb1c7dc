/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: calls inside one process, from any loop to any other.
 */
#include "config.h"

#include "memory-private.h"

#define MEMORY_TYPE_TRANSPORT (memory_transport_get_type ())
static GType memory_transport_get_type (void);

struct _MemoryTransport
{
  GObject parent_instance;

  guint n_served; /* calls, under the mutex */
};

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
  GPtrArray *loops;
  guint next_loop;
} Listener;

/* The process is the network, so this is of the process. */
static GMutex mutex;
static GCond served;
static GHashTable *listeners; /* address → Listener */
static GHashTable *calls;     /* of MemoryCall, not owned */
static guint last_address;

static void
listener_free (gpointer data)
{
  Listener *listener = data;

  g_object_unref (listener->router);
  g_ptr_array_unref (listener->loops);
  g_free (listener);
}

static void
memory_transport_lock (void)
{
  g_mutex_lock (&mutex);
  if (listeners != NULL)
    return;
  listeners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, listener_free);
  calls = g_hash_table_new (NULL, NULL);
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
  listener->loops = g_ptr_array_ref (loops);
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
  Listener *listener;
  MemoryCall *call;

  memory_transport_lock ();
  listener = g_hash_table_lookup (listeners, start->address);
  if (listener == NULL)
    call = memory_call_new (self, NULL, NULL, NULL, loop, start, events, user_data);
  else
    {
      listener->transport->n_served++;
      call = memory_call_new (self, listener->transport, listener->router,
                              choose_loop (listener, loop), loop, start, events, user_data);
    }
  g_hash_table_add (calls, call);
  memory_transport_unlock ();
  return memory_call_begin (call);
}

void
memory_transport_call_served (MemoryTransport *self)
{
  memory_transport_lock ();
  self->n_served--;
  g_cond_broadcast (&served);
  memory_transport_unlock ();
}

void
memory_transport_call_gone (MemoryCall *call)
{
  memory_transport_lock ();
  g_hash_table_remove (calls, call);
  memory_transport_unlock ();
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
  memory_transport_lock ();
  while (self->n_served > 0 && g_cond_wait_until (&served, &mutex, until_us))
    continue;
  memory_transport_unlock ();
}

static void
memory_transport_close (MicroTransport *transport)
{
  MemoryTransport *self = (MemoryTransport *) transport;
  g_autoptr (GPtrArray) mine = g_ptr_array_new_with_free_func ((GDestroyNotify) memory_call_unref);
  GHashTableIter iter;
  gpointer call;

  stop_listening (self);
  memory_transport_lock ();
  g_hash_table_iter_init (&iter, calls);
  while (g_hash_table_iter_next (&iter, &call, NULL))
    if (memory_call_is_of (call, self) && memory_call_try_ref (call))
      g_ptr_array_add (mine, call);
  memory_transport_unlock ();
  for (guint i = 0; i < mine->len; i++)
    memory_call_break (g_ptr_array_index (mine, i));
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

MICRO_PLUGIN_DEFINE (memory_transport,
                     .name = "memory",
                     .summary = "calls inside one process",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = memory_transport_get_type)
