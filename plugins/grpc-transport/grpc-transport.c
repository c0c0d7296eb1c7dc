/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: gRPC over HTTP/2, a connection a node and loop.
 */
#include "config.h"

#include "grpc-address.h"
#include "grpc-client.h"
#include "grpc-connection.h"
#include "grpc-limits.h"
#include "grpc-server.h"
#include "grpc-thread.h"
#include "grpc-tls.h"

#define GRPC_TYPE_TRANSPORT (grpc_transport_get_type ())
static GType grpc_transport_get_type (void);

typedef struct
{
  GObject parent_instance;

  GrpcLimits limits;
  GrpcTlsOptions tls_options;
  GrpcThreads threads;
  GArray *descriptors; /* listening */
} GrpcTransport;

typedef struct
{
  GObjectClass parent_class;
} GrpcTransportClass;

static void grpc_transport_iface_init (MicroTransportInterface *iface);
static void grpc_transport_initable_init (GInitableIface *iface);

G_DEFINE_TYPE_WITH_CODE (GrpcTransport,
                         grpc_transport,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_TRANSPORT, grpc_transport_iface_init)
                             G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, grpc_transport_initable_init))

/* After those of the limits. */
enum
{
  PROP_TLS_CERT,
  PROP_TLS_KEY,
  PROP_TLS_CA,
  PROP_TLS_SERVER_NAME,
  PROP_TLS,
  PROP_TLS_VERIFY_CLIENTS
};

static guint first_own;

typedef struct
{
  GrpcThread *thread;
  int fd;
  MicroRouter *router;
  gboolean ok;
  GError **error;
} ListenJob;

static void
grpc_transport_listen_on_loop (gpointer user_data)
{
  ListenJob *job = user_data;

  job->ok = grpc_listener_start (job->thread, job->fd, job->router, job->error);
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
  int fd;

  if (self->tls_options.ca_file != NULL && self->tls_options.cert_file == NULL)
    {
      g_set_error_literal (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                           "cannot listen: --tls-ca is given without --tls-cert and --tls-key, and "
                           "a server does not mix TLS calls with a plain port; give it a "
                           "certificate");
      return NULL;
    }
  fd = grpc_listen_socket (address, &bound, error);
  if (fd < 0)
    return NULL;
  grpc_threads_set_closed (&self->threads, FALSE);
  g_array_append_val (self->descriptors, fd);
  for (guint i = 0; i < loops->len; i++)
    {
      MicroLoop *loop = g_ptr_array_index (loops, i);
      ListenJob job = { grpc_threads_find (&self->threads, loop), fd, router, FALSE, error };

      micro_loop_run_sync (loop, grpc_transport_listen_on_loop, &job);
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
  GrpcTransport *self = (GrpcTransport *) transport;

  return grpc_client_open (grpc_threads_find (&self->threads, loop), start, events, user_data);
}

/* --- Ending --- */

static void
drain_on_loop (gpointer user_data)
{
  GrpcThread *thread = user_data;

  grpc_listener_stop (thread);
  for (GList *at = thread->served.head; at != NULL; at = at->next)
    grpc_end_kindly (at->data);
}

static void
grpc_transport_close_on_loop (gpointer user_data)
{
  GrpcThread *thread = user_data;

  grpc_listener_stop (thread);
  thread->closed = TRUE;
  for (GList *at = thread->served.head; at != NULL; at = at->next)
    grpc_connection_fail (at->data, "the server stops");
  for (GList *at = thread->called.head; at != NULL; at = at->next)
    grpc_connection_fail (at->data, "the client stops");
  while (thread->waiting != NULL)
    grpc_client_give_up (thread->waiting, MICRO_STATUS_UNAVAILABLE, "the client stops");
}

static void
grpc_transport_nothing (gpointer user_data)
{
}

static void
close_listeners (GrpcTransport *self)
{
  for (guint i = 0; i < self->descriptors->len; i++)
    grpc_listen_close (g_array_index (self->descriptors, int, i));
  g_array_set_size (self->descriptors, 0);
}

static void
grpc_transport_drain (MicroTransport *transport, guint timeout_ms)
{
  GrpcTransport *self = (GrpcTransport *) transport;
  gint64 until = g_get_monotonic_time () + timeout_ms * (gint64) 1000;

  grpc_threads_run (&self->threads, drain_on_loop);
  close_listeners (self);
  grpc_threads_wait (&self->threads, until);
}

static void
grpc_transport_close (MicroTransport *transport)
{
  GrpcTransport *self = (GrpcTransport *) transport;

  grpc_threads_set_closed (&self->threads, TRUE);
  grpc_threads_run (&self->threads, grpc_transport_close_on_loop);
  /* The connections go at the end of that turn; the next turn comes after it. */
  grpc_threads_run (&self->threads, grpc_transport_nothing);
  close_listeners (self);
}

/* --- The object --- */

static char **
text (GrpcTransport *self, guint property_id)
{
  char **const texts[] = { [PROP_TLS_CERT] = &self->tls_options.cert_file,
                           [PROP_TLS_KEY] = &self->tls_options.key_file,
                           [PROP_TLS_CA] = &self->tls_options.ca_file,
                           [PROP_TLS_SERVER_NAME] = &self->tls_options.server_name };

  return texts[property_id];
}

static gboolean *
choice (GrpcTransport *self, guint property_id)
{
  return property_id == PROP_TLS ? &self->tls_options.calls : &self->tls_options.verify_clients;
}

static void
grpc_transport_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  GrpcTransport *self = (GrpcTransport *) object;

  if (grpc_limits_get (&self->limits, property_id, value))
    return;
  if (G_IS_PARAM_SPEC_STRING (pspec))
    g_value_set_string (value, *text (self, property_id - first_own));
  else
    g_value_set_boolean (value, *choice (self, property_id - first_own));
}

static void
grpc_transport_set_property (GObject *object,
                             guint property_id,
                             const GValue *value,
                             GParamSpec *pspec)
{
  GrpcTransport *self = (GrpcTransport *) object;

  if (grpc_limits_set (&self->limits, property_id, value))
    return;
  if (G_IS_PARAM_SPEC_STRING (pspec))
    *text (self, property_id - first_own) = g_value_dup_string (value);
  else
    *choice (self, property_id - first_own) = g_value_get_boolean (value);
}

static void
grpc_transport_finalize (GObject *object)
{
  GrpcTransport *self = (GrpcTransport *) object;

  close_listeners (self);
  g_array_unref (self->descriptors);
  grpc_threads_clear (&self->threads);
  if (self->threads.tls_files != NULL)
    grpc_tls->files_free (self->threads.tls_files);
  g_free (self->tls_options.cert_file);
  g_free (self->tls_options.key_file);
  g_free (self->tls_options.ca_file);
  g_free (self->tls_options.server_name);
  G_OBJECT_CLASS (grpc_transport_parent_class)->finalize (object);
}

static void
install_text (
    GObjectClass *klass, guint id, const char *name, const char *metavar, const char *blurb)
{
  g_object_class_install_property (
      klass, first_own + id,
      g_param_spec_string (name, metavar, blurb, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
install_choice (GObjectClass *klass, guint id, const char *name, const char *blurb, gboolean value)
{
  g_object_class_install_property (
      klass, first_own + id,
      g_param_spec_boolean (name, NULL, blurb, value,
                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
grpc_transport_class_init (GrpcTransportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = grpc_transport_get_property;
  object_class->set_property = grpc_transport_set_property;
  object_class->finalize = grpc_transport_finalize;
  first_own = grpc_limits_install (object_class) + 1;
  install_text (object_class, PROP_TLS_CERT, "tls-cert", "FILE",
                "Certificate chain to show, as PEM; with it, serve TLS");
  install_text (object_class, PROP_TLS_KEY, "tls-key", "FILE", "Private key of tls-cert, as PEM");
  install_text (object_class, PROP_TLS_CA, "tls-ca", "FILE",
                "Who must have signed the peer's certificate, as PEM");
  install_text (object_class, PROP_TLS_SERVER_NAME, "tls-server-name", "NAME",
                "Whom a called server's certificate must name");
  install_choice (object_class, PROP_TLS, "tls", "Call over TLS; without tls-ca trust the system's",
                  FALSE);
  install_choice (object_class, PROP_TLS_VERIFY_CLIENTS, "tls-verify-clients",
                  "With tls-ca, serve only who shows a certificate", TRUE);
}

static void
grpc_transport_init (GrpcTransport *self)
{
  grpc_threads_init (&self->threads, &self->limits);
  self->descriptors = g_array_new (FALSE, FALSE, sizeof (int));
}

static gboolean
grpc_transport_check_address (MicroTransport *transport, const char *address, GError **error)
{
  return grpc_address_check (address, error);
}

static void
grpc_transport_iface_init (MicroTransportInterface *iface)
{
  iface->listen = grpc_transport_listen;
  iface->open = grpc_transport_open;
  iface->drain = grpc_transport_drain;
  iface->close = grpc_transport_close;
  iface->check_address = grpc_transport_check_address;
}

/* Without somebody to trust there is nothing to verify a server by. */
static gboolean
calls_are_secure (const GrpcTlsOptions *options)
{
  return options->calls || options->ca_file != NULL;
}

static gboolean
grpc_transport_initable (GInitable *initable, GCancellable *cancellable, GError **error)
{
  GrpcTransport *self = (GrpcTransport *) initable;
  const GrpcTlsOptions *options = &self->tls_options;

  if (options->cert_file == NULL && options->key_file == NULL && !calls_are_secure (options))
    return TRUE;
  if (!grpc_tls_load (error))
    return FALSE;
  self->threads.tls_files = grpc_tls->files_new (options, MICRO_ERROR, error);
  self->threads.secure_serves = options->cert_file != NULL;
  self->threads.secure_calls = calls_are_secure (options);
  return self->threads.tls_files != NULL;
}

static void
grpc_transport_initable_init (GInitableIface *iface)
{
  iface->init = grpc_transport_initable;
}

MICRO_TRANSPORT_DEFINE (grpc_transport,
                        .name = "grpc",
                        .summary = "gRPC over HTTP/2",
                        .version = PACKAGE_VERSION,
                        .license = "Apache-2.0",
                        .get_type = grpc_transport_get_type)
