/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: messages by HTTP from process to process, found through the registry.
 */
#include "config.h"

#include <micro/micro-app.h>
#include <micro/micro-error.h>
#include <micro/micro-plugin.h>

#include "../common/broker-envelope.h"
#include "http-private.h"

/* Of messages on their way to others. */
#define MAX_PUBLICATIONS 1024
#define MAX_PUBLICATION_BYTES (64 * 1024 * 1024)
#define MAX_CONNECTIONS 1024

typedef struct
{
  GObject parent_instance;

  char *address;
  char *advertise;
  guint queue_length;
  guint max_bytes;
  guint timeout_ms;

  MicroRegistry *registry; /* (nullable): before set_registry */
  GMainContext *context;   /* of the registry */
  HttpSubscriptions *subscriptions;
  HttpRecord *record;
  HttpPeers *peers;

  GMutex mutex;
  MicroLoop *loop;      /* (nullable): once something is to be done */
  SoupSession *session; /* of the loop's thread, as is: */
  HttpReceiver *server; /* (nullable) */
  char *advertised;     /* (nullable): once it listens */
  guint n_publications;
  gsize publication_bytes;
} HttpBroker;

typedef struct
{
  GObjectClass parent_class;
} HttpBrokerClass;

enum
{
  PROP_ADDRESS = 1,
  PROP_ADVERTISE,
  PROP_QUEUE_LENGTH,
  PROP_MAX_BYTES,
  PROP_TIMEOUT_MS
};

static GType http_broker_get_type (void);
static void http_broker_iface_init (MicroBrokerInterface *iface);

G_DEFINE_TYPE_WITH_CODE (HttpBroker,
                         http_broker,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_BROKER, http_broker_iface_init))

static void
http_broker_set_registry (MicroBroker *broker, MicroRegistry *registry, GMainContext *context)
{
  HttpBroker *self = (HttpBroker *) broker;

  g_return_if_fail (self->registry == NULL);
  self->registry = g_object_ref (registry);
  self->context = g_main_context_ref (context);
  self->record = http_record_new (registry, context);
  self->peers = http_peers_new (registry, context);
}

static gboolean
check_registry (HttpBroker *self, GError **error)
{
  if (self->registry != NULL)
    return TRUE;
  g_set_error_literal (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                       "the http broker finds subscribers through a registry, and was given none");
  return FALSE;
}

/* --- On the loop's own thread --- */

static void
make_session (gpointer data)
{
  HttpBroker *self = data;

  /* One connection to each subscriber keeps its messages in order. */
  self->session = soup_session_new_with_options ("max-conns", MAX_CONNECTIONS, "max-conns-per-host",
                                                 1, "user-agent", "micro/" PACKAGE_VERSION,
                                                 "proxy-resolver", NULL, NULL);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
}

static void
drop_session (gpointer data)
{
  HttpBroker *self = data;

  g_clear_pointer (&self->server, http_receiver_free);
  soup_session_abort (self->session);
  g_clear_object (&self->session);
}

/* Under the mutex. */
static void
ensure_loop (HttpBroker *self)
{
  if (self->loop != NULL)
    return;
  self->loop = micro_loop_new ("http-broker");
  micro_loop_run_sync (self->loop, make_session, self);
}

typedef struct
{
  HttpBroker *broker;
  const char *address;
  GError *error;
} Listening;

static void
http_broker_listen_on_loop (gpointer data)
{
  Listening *listening = data;
  HttpBroker *self = listening->broker;

  self->server = http_receiver_new (self->subscriptions, self->max_bytes, listening->address,
                                    &listening->error);
}

static gboolean
is_same_machine (HttpBroker *self)
{
  const MicroPluginInfo *info = micro_plugin_get_info (G_OBJECT_TYPE (self->registry));

  return info != NULL && (g_str_equal (info->name, "local") || g_str_equal (info->name, "memory"));
}

/* Under the mutex. */
static gboolean
ensure_server (HttpBroker *self, GError **error)
{
  gboolean same_machine = is_same_machine (self);
  Listening listening
      = { self, self->address != NULL ? self->address : (same_machine ? "127.0.0.1:0" : ":0"),
          NULL };

  if (self->advertised != NULL)
    return TRUE;
  ensure_loop (self);
  micro_loop_run_sync (self->loop, http_broker_listen_on_loop, &listening);
  if (listening.error != NULL)
    {
      g_propagate_error (error, listening.error);
      return FALSE;
    }
  self->advertised
      = micro_app_advertise (http_receiver_get_bound (self->server), self->advertise, same_machine);
  g_info ("the broker listens on %s, known as %s", http_receiver_get_bound (self->server),
          self->advertised);
  return TRUE;
}

/* --- Publishing --- */

typedef struct
{
  HttpBroker *broker;
  GTask *task;
  GPtrArray *services;
  char *topic;
  GBytes *envelope;
} Publishing;

/* Runs when the task is done with, whatever its end. */
static void
publishing_free (gpointer data)
{
  Publishing *self = data;
  HttpBroker *broker = self->broker;

  g_mutex_lock (&broker->mutex);
  broker->n_publications--;
  broker->publication_bytes -= g_bytes_get_size (self->envelope);
  g_mutex_unlock (&broker->mutex);
  g_clear_pointer (&self->services, g_ptr_array_unref);
  g_bytes_unref (self->envelope);
  g_free (self->topic);
  g_free (self);
  g_object_unref (broker);
}

static void
publish_on_loop (gpointer data)
{
  Publishing *self = data;

  http_publish_start (self->broker->session, self->task, self->services, self->topic,
                      self->envelope, self->broker->timeout_ms);
}

static void
on_peers (GPtrArray *services, const GError *error, gpointer data)
{
  Publishing *self = data;

  if (services == NULL)
    {
      GTask *task = self->task;

      g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
                               "topic “%s”: its subscribers cannot be looked up: %s", self->topic,
                               error->message);
      g_object_unref (task);
      return;
    }
  self->services = g_ptr_array_ref (services);
  micro_loop_post (self->broker->loop, publish_on_loop, self);
}

static gboolean
take_place (HttpBroker *self, gsize size, GError **error)
{
  gboolean fine;

  g_mutex_lock (&self->mutex);
  ensure_loop (self);
  fine = self->n_publications < MAX_PUBLICATIONS
         && (self->n_publications == 0 || self->publication_bytes + size <= MAX_PUBLICATION_BYTES);
  if (fine)
    {
      self->n_publications++;
      self->publication_bytes += size;
    }
  else
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_RESOURCE_EXHAUSTED,
                 "%u messages are on their way to subscribers already; publish again when some "
                 "have arrived",
                 self->n_publications);
  g_mutex_unlock (&self->mutex);
  return fine;
}

static void
http_broker_publish_async (MicroBroker *broker,
                           const char *topic,
                           MicroMetadata *headers,
                           GBytes *body,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  HttpBroker *self = (HttpBroker *) broker;
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);
  g_autoptr (GBytes) envelope = NULL;
  GError *error = NULL;
  Publishing *publishing;

  g_task_set_source_tag (task, http_broker_publish_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (check_registry (self, &error))
    envelope = broker_envelope_pack (topic, headers, body, self->max_bytes, &error);
  if (envelope == NULL || !take_place (self, g_bytes_get_size (envelope), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  publishing = g_new0 (Publishing, 1);
  publishing->broker = g_object_ref (self);
  publishing->topic = g_strdup (topic);
  publishing->envelope = g_steal_pointer (&envelope);
  publishing->task = task;
  g_task_set_task_data (task, publishing, publishing_free);
  g_steal_pointer (&task);
  http_peers_find (self->peers, on_peers, publishing);
}

/* --- Subscribing --- */

static void
update_record (HttpBroker *self)
{
  g_autoptr (MicroService) service = NULL;

  g_mutex_lock (&self->mutex);
  service = self->advertised != NULL
                ? http_subscriptions_get_record (self->subscriptions, self->advertised)
                : NULL;
  http_record_set (self->record, service);
  g_mutex_unlock (&self->mutex);
}

static guint
http_broker_subscribe (MicroBroker *broker,
                       const char *topic,
                       const char *queue,
                       MicroMessageFunc callback,
                       gpointer user_data,
                       GDestroyNotify destroy,
                       GError **error)
{
  HttpBroker *self = (HttpBroker *) broker;
  gboolean fine;
  guint id;

  if (!check_registry (self, error))
    return 0;
  g_mutex_lock (&self->mutex);
  fine = ensure_server (self, error);
  g_mutex_unlock (&self->mutex);
  if (!fine)
    return 0;
  id = http_subscriptions_add (self->subscriptions, topic, queue, callback, user_data, destroy);
  update_record (self);
  return id;
}

static void
http_broker_unsubscribe (MicroBroker *broker, guint id)
{
  HttpBroker *self = (HttpBroker *) broker;

  if (http_subscriptions_remove (self->subscriptions, id))
    update_record (self);
}

/* --- Connecting and closing --- */

static gboolean
return_task (gpointer data)
{
  GTask *task = data;

  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

/* Done when what is subscribed to so far is registered, or is to be tried again. */
static void
http_broker_connect_async (MicroBroker *broker,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  HttpBroker *self = (HttpBroker *) broker;
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, http_broker_connect_async);
  if (check_registry (self, &error))
    http_record_flush (self->record, return_task, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
drop_server (gpointer data)
{
  GTask *task = data;
  HttpBroker *self = g_task_get_source_object (task);

  g_clear_pointer (&self->server, http_receiver_free);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
on_taken_out (gpointer data)
{
  GTask *task = data;
  HttpBroker *self = g_task_get_source_object (task);
  MicroLoop *loop;

  http_subscriptions_remove_all (self->subscriptions);
  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->advertised, g_free);
  loop = self->loop;
  g_mutex_unlock (&self->mutex);
  if (loop != NULL)
    micro_loop_post (loop, drop_server, task);
  else
    return_task (task);
  return G_SOURCE_REMOVE;
}

static void
http_broker_close_async (MicroBroker *broker,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  HttpBroker *self = (HttpBroker *) broker;
  g_autoptr (GTask) task = g_task_new (broker, cancellable, callback, user_data);

  g_task_set_source_tag (task, http_broker_close_async);
  if (self->record == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  http_record_set (self->record, NULL);
  http_record_flush (self->record, on_taken_out, g_steal_pointer (&task));
}

/* --- GObject --- */

static void
http_broker_set_property (GObject *object, guint property_id, const GValue *value, GParamSpec *spec)
{
  HttpBroker *self = (HttpBroker *) object;

  switch (property_id)
    {
    case PROP_ADDRESS:
      self->address = g_value_dup_string (value);
      break;
    case PROP_ADVERTISE:
      self->advertise = g_value_dup_string (value);
      break;
    case PROP_QUEUE_LENGTH:
      self->queue_length = g_value_get_uint (value);
      break;
    case PROP_MAX_BYTES:
      self->max_bytes = g_value_get_uint (value);
      break;
    case PROP_TIMEOUT_MS:
      self->timeout_ms = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, spec);
    }
}

static void
http_broker_constructed (GObject *object)
{
  HttpBroker *self = (HttpBroker *) object;

  G_OBJECT_CLASS (http_broker_parent_class)->constructed (object);
  self->subscriptions = http_subscriptions_new (self->queue_length);
}

static gpointer
free_loop (gpointer data)
{
  micro_loop_free (data);
  return NULL;
}

static void
http_broker_dispose (GObject *object)
{
  HttpBroker *self = (HttpBroker *) object;
  MicroLoop *loop = g_steal_pointer (&self->loop);

  if (self->record != NULL)
    http_record_set (self->record, NULL);
  if (loop != NULL)
    {
      micro_loop_run_sync (loop, drop_session, self);
      /* The last reference may have gone there, and a thread cannot wait for itself. */
      if (micro_loop_get_current () == loop)
        g_thread_unref (g_thread_new ("http-broker end", free_loop, loop));
      else
        micro_loop_free (loop);
    }
  g_clear_pointer (&self->record, http_record_unref);
  g_clear_pointer (&self->peers, http_peers_free);
  G_OBJECT_CLASS (http_broker_parent_class)->dispose (object);
}

static void
http_broker_finalize (GObject *object)
{
  HttpBroker *self = (HttpBroker *) object;

  http_subscriptions_unref (self->subscriptions);
  g_clear_object (&self->registry);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_clear (&self->mutex);
  g_free (self->address);
  g_free (self->advertise);
  g_free (self->advertised);
  G_OBJECT_CLASS (http_broker_parent_class)->finalize (object);
}

static void
http_broker_class_init (HttpBrokerClass *klass)
{
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = http_broker_set_property;
  object_class->constructed = http_broker_constructed;
  object_class->dispose = http_broker_dispose;
  object_class->finalize = http_broker_finalize;
  g_object_class_install_property (
      object_class, PROP_ADDRESS,
      g_param_spec_string ("address", "ADDRESS", "Where to listen for messages", NULL, flags));
  g_object_class_install_property (
      object_class, PROP_ADVERTISE,
      g_param_spec_string ("advertise", "ADDRESS", "What to register instead of it", NULL, flags));
  g_object_class_install_property (object_class, PROP_QUEUE_LENGTH,
                                   g_param_spec_uint ("queue-length", "N",
                                                      "Messages that may wait for a subscriber", 1,
                                                      1 << 20, MICRO_INBOX_DEFAULT_LENGTH, flags));
  g_object_class_install_property (object_class, PROP_MAX_BYTES,
                                   g_param_spec_uint ("max-bytes", "BYTES",
                                                      "How long a message may be", 1, 1 << 25,
                                                      4194304, flags));
  g_object_class_install_property (object_class, PROP_TIMEOUT_MS,
                                   g_param_spec_uint ("timeout-ms", "MS",
                                                      "How long publishing may take", 1, G_MAXINT,
                                                      5000, flags));
}

static void
http_broker_init (HttpBroker *self)
{
  g_mutex_init (&self->mutex);
}

static void
http_broker_iface_init (MicroBrokerInterface *iface)
{
  iface->connect_async = http_broker_connect_async;
  iface->publish_async = http_broker_publish_async;
  iface->subscribe = http_broker_subscribe;
  iface->unsubscribe = http_broker_unsubscribe;
  iface->set_registry = http_broker_set_registry;
  iface->close_async = http_broker_close_async;
}

MICRO_PLUGIN_DEFINE (http_broker,
                     .name = "http",
                     .summary = "messages from process to process by HTTP",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = http_broker_get_type)
