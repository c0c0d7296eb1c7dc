/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: gRPC over HTTP/2, a connection a node and loop.
 */
#include "config.h"

#include <unistd.h>

#include "grpc-private.h"

#define GRPC_TYPE_TRANSPORT (grpc_transport_get_type ())
static GType grpc_transport_get_type (void);

struct _GrpcTransport
{
  GObject parent_instance;

  GrpcLimits limits;
  GMutex mutex;
  GCond gone;
  guint n_served; /* connections, under the mutex */
  GPtrArray *threads;
  GArray *descriptors; /* listening */
};

typedef struct
{
  GObjectClass parent_class;
} GrpcTransportClass;

static void grpc_transport_iface_init (MicroTransportInterface *iface);

G_DEFINE_TYPE_WITH_CODE (GrpcTransport,
                         grpc_transport,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_TRANSPORT, grpc_transport_iface_init))

enum
{
  PROP_MAX_RECEIVE_BYTES = 1,
  PROP_MAX_HEADER_BYTES,
  PROP_MAX_CONCURRENT_STREAMS,
  PROP_CONNECT_TIMEOUT_MS,
  N_PROPERTIES
};

/* The thread record of the calling loop; each loop has one entry, kept for its lifetime. */
static _Thread_local GrpcThread *last_thread;

static void
thread_free (gpointer data)
{
  GrpcThread *thread = data;

  while (thread->free_calls != NULL)
    {
      GrpcCall *call = thread->free_calls;

      thread->free_calls = call->next;
      g_free (call);
    }
  g_hash_table_unref (thread->made);
  grpc_flow_clear (thread);
  g_free (thread->receive_buffer);
  g_free (thread->send_buffer);
  g_free (thread);
}

static GrpcThread *
find_thread (GrpcTransport *self, MicroLoop *loop)
{
  GrpcThread *thread = NULL;

  if (last_thread != NULL && last_thread->transport == self && last_thread->loop == loop)
    return last_thread;
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->threads->len && thread == NULL; i++)
    if (((GrpcThread *) g_ptr_array_index (self->threads, i))->loop == loop)
      thread = g_ptr_array_index (self->threads, i);
  if (thread == NULL)
    {
      thread = g_new0 (GrpcThread, 1);
      thread->transport = self;
      thread->loop = loop;
      thread->limits = &self->limits;
      thread->listener.fd = -1;
      thread->made = g_hash_table_new (g_str_hash, g_str_equal);
      thread->receive_buffer = g_malloc (GRPC_BUFFER_SIZE);
      thread->send_buffer = g_malloc (GRPC_BUFFER_SIZE);
      grpc_flow_init (thread);
      g_ptr_array_add (self->threads, thread);
    }
  g_mutex_unlock (&self->mutex);
  if (micro_loop_get_current () == loop)
    last_thread = thread;
  return thread;
}

void
grpc_transport_connection_gone (GrpcTransport *self)
{
  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->gone);
  g_mutex_unlock (&self->mutex);
}

typedef struct
{
  GrpcThread *thread;
  int fd;
  gboolean ok;
  GError **error;
} ListenJob;

static void
listen_on_loop (gpointer user_data)
{
  ListenJob *job = user_data;

  job->ok = grpc_listener_start (job->thread, job->fd, job->error);
}

static char *
grpc_transport_listen (MicroTransport *transport,
                       const char *address,
                       MicroRouter *router,
                       GPtrArray *loops,
                       GError **error)
{
  GrpcTransport *self = (GrpcTransport *) transport;
  g_autofree char *bound = NULL;
  int fd = grpc_listen_socket (address, &bound, error);

  if (fd < 0)
    return NULL;
  g_array_append_val (self->descriptors, fd);
  for (guint i = 0; i < loops->len; i++)
    {
      MicroLoop *loop = g_ptr_array_index (loops, i);
      ListenJob job = { find_thread (self, loop), fd, FALSE, error };

      job.thread->router = router;
      micro_loop_run_sync (loop, listen_on_loop, &job);
      if (!job.ok)
        return NULL;
    }
  return g_steal_pointer (&bound);
}

static MicroCall *
grpc_transport_open (MicroTransport *transport,
                     MicroLoop *loop,
                     const MicroCallStart *start,
                     const MicroCallEvents *events,
                     gpointer user_data)
{
  return grpc_client_open (find_thread ((GrpcTransport *) transport, loop), start, events,
                           user_data);
}

/* --- Ending -------------------------------------------------------------------------------------
 */

static void
drain_on_loop (gpointer user_data)
{
  GrpcThread *thread = user_data;

  grpc_listener_stop (thread);
  for (GList *at = thread->served.head; at != NULL; at = at->next)
    grpc_connection_go_away (at->data);
}

static void
close_on_loop (gpointer user_data)
{
  GrpcThread *thread = user_data;
  g_autoptr (GList) made = g_hash_table_get_values (thread->made);

  grpc_listener_stop (thread);
  for (GList *at = thread->served.head; at != NULL; at = at->next)
    grpc_connection_fail (at->data, "the server stops");
  for (GList *at = made; at != NULL; at = at->next)
    grpc_connection_fail (at->data, "the client stops");
  while (thread->waiting != NULL)
    grpc_client_give_up (thread->waiting, MICRO_STATUS_UNAVAILABLE, "the client stops");
}

static void
nothing (gpointer user_data)
{
  (void) user_data;
}

static void
close_listeners (GrpcTransport *self)
{
  for (guint i = 0; i < self->descriptors->len; i++)
    close (g_array_index (self->descriptors, int, i));
  g_array_set_size (self->descriptors, 0);
}

static void
on_all_loops (GrpcTransport *self, MicroLoopFunc func)
{
  for (guint i = 0; i < self->threads->len; i++)
    {
      GrpcThread *thread = g_ptr_array_index (self->threads, i);

      micro_loop_run_sync (thread->loop, func, thread);
    }
}

static gboolean
serves_somebody (GrpcTransport *self)
{
  for (guint i = 0; i < self->threads->len; i++)
    if (((GrpcThread *) g_ptr_array_index (self->threads, i))->served.length > 0)
      return TRUE;
  return FALSE;
}

static void
grpc_transport_drain (MicroTransport *transport, guint timeout_ms)
{
  GrpcTransport *self = (GrpcTransport *) transport;
  gint64 until = g_get_monotonic_time () + timeout_ms * (gint64) 1000;

  on_all_loops (self, drain_on_loop);
  close_listeners (self);
  g_mutex_lock (&self->mutex);
  while (serves_somebody (self) && g_cond_wait_until (&self->gone, &self->mutex, until))
    continue;
  g_mutex_unlock (&self->mutex);
}

static void
grpc_transport_close (MicroTransport *transport)
{
  GrpcTransport *self = (GrpcTransport *) transport;

  on_all_loops (self, close_on_loop);
  /* The connections go at the end of that turn; the next turn comes after it. */
  on_all_loops (self, nothing);
  close_listeners (self);
}

/* --- The object
 * ----------------------------------------------------------------------------------- */

static guint *
limit (GrpcTransport *self, guint property_id)
{
  guint *const limits[] = { [PROP_MAX_RECEIVE_BYTES] = &self->limits.max_receive_bytes,
                            [PROP_MAX_HEADER_BYTES] = &self->limits.max_header_bytes,
                            [PROP_MAX_CONCURRENT_STREAMS] = &self->limits.max_concurrent_streams,
                            [PROP_CONNECT_TIMEOUT_MS] = &self->limits.connect_timeout_ms };

  return limits[property_id];
}

static void
grpc_transport_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  (void) pspec;
  g_value_set_uint (value, *limit ((GrpcTransport *) object, property_id));
}

static void
grpc_transport_set_property (GObject *object,
                             guint property_id,
                             const GValue *value,
                             GParamSpec *pspec)
{
  (void) pspec;
  *limit ((GrpcTransport *) object, property_id) = g_value_get_uint (value);
}

static void
grpc_transport_finalize (GObject *object)
{
  GrpcTransport *self = (GrpcTransport *) object;

  close_listeners (self);
  g_array_unref (self->descriptors);
  g_ptr_array_unref (self->threads);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->gone);
  G_OBJECT_CLASS (grpc_transport_parent_class)->finalize (object);
}

static void
install (GObjectClass *klass,
         guint id,
         const char *name,
         const char *metavar,
         const char *blurb,
         guint minimum,
         guint maximum,
         guint value)
{
  g_object_class_install_property (
      klass, id,
      g_param_spec_uint (name, metavar, blurb, minimum, maximum, value,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
grpc_transport_class_init (GrpcTransportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = grpc_transport_get_property;
  object_class->set_property = grpc_transport_set_property;
  object_class->finalize = grpc_transport_finalize;
  install (object_class, PROP_MAX_RECEIVE_BYTES, "max-receive-bytes", "BYTES",
           "Largest message taken", 1, G_MAXINT32, 4 * 1024 * 1024);
  install (object_class, PROP_MAX_HEADER_BYTES, "max-header-bytes", "BYTES",
           "Largest header list taken", 1024, 1024 * 1024, 16 * 1024);
  install (object_class, PROP_MAX_CONCURRENT_STREAMS, "max-concurrent-streams", "N",
           "Calls in flight on a served connection", 1, G_MAXINT32, 1000);
  install (object_class, PROP_CONNECT_TIMEOUT_MS, "connect-timeout-ms", "MS",
           "How long one connection attempt may take", 1, 3600000, 5000);
}

static void
grpc_transport_init (GrpcTransport *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->gone);
  self->threads = g_ptr_array_new_with_free_func (thread_free);
  self->descriptors = g_array_new (FALSE, FALSE, sizeof (int));
}

static void
grpc_transport_iface_init (MicroTransportInterface *iface)
{
  iface->listen = grpc_transport_listen;
  iface->open = grpc_transport_open;
  iface->drain = grpc_transport_drain;
  iface->close = grpc_transport_close;
}

MICRO_PLUGIN_DEFINE (grpc_transport,
                     .name = "grpc",
                     .summary = "gRPC over HTTP/2",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = grpc_transport_get_type)
