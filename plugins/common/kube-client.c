/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Speaks HTTP to the API server: requests, and streams of lists and watches.
 */
#include "config.h"

#include <string.h>

#include "kube-client.h"
#include "kube-clock.h"
#include "kube-credential.h"
#include "kube-session.h"
#include "kube-tls.h"

#define REQUEST_TIMEOUT_S 30
#define IDLE_TIMEOUT_S 180
#define HEADERS_TIMEOUT_MS 30000
#define CHECK_FILES_US (300 * G_USEC_PER_SEC)
/* client-go's client-side limit. */
#define REQUESTS_PER_SECOND 5.0
#define REQUESTS_BURST 10.0

struct _KubeClient
{
  GObject parent_instance;

  KubeConfig *config;
  KubeCredential *credential;
  KubeTls *tls;
  SoupSession *requests;
  SoupSession *watches;
  guint idle_timeout_s;
  gboolean stream_lists;
  guint server; /* which of config->servers */
  gint64 checked_us;
  double allowance;
  gint64 allowed_us;
};

G_DEFINE_FINAL_TYPE (KubeClient, kube_client, G_TYPE_OBJECT)

typedef struct
{
  char *method;
  char *path;
  char *content_type;
  GBytes *body;
  gboolean is_stream;
  gboolean is_watch;
  SoupMessage *message;
  char *token;
  gboolean tried_again;
  guint server;
  GCancellable *cancellable; /* our own */
  gulong cancelled_id;
  GSource *timer;
  gboolean timed_out;
} Send;

static void kube_client_start (GTask *task);

/* --- Sessions --- */

static void
make_sessions (KubeClient *self)
{
  g_clear_object (&self->requests);
  g_clear_object (&self->watches);
  self->requests = kube_session_new (self->config, self->tls->database, REQUEST_TIMEOUT_S, 4);
  self->watches = kube_session_new (self->config, self->tls->database, self->idle_timeout_s, 64);
}

/* Certificates rotate.  Open watches go on with the session that they have.  TRUE: these are new.
 */
static gboolean
check_files (KubeClient *self, gboolean at_once)
{
  gint64 now = g_get_monotonic_time ();
  g_autoptr (KubeTls) tls = NULL;
  g_autoptr (GError) error = NULL;

  if (!at_once && now - self->checked_us < CHECK_FILES_US)
    return FALSE;
  self->checked_us = now;
  tls = kube_tls_load (self->config, &error);
  if (tls == NULL)
    {
      g_message ("%s; going on with what was read before", error->message);
      return FALSE;
    }
  if (strcmp (tls->digest, self->tls->digest) == 0)
    return FALSE;
  g_info ("the certificates for the API server have changed");
  kube_tls_free (self->tls);
  self->tls = g_steal_pointer (&tls);
  make_sessions (self);
  return TRUE;
}

/* --- One request --- */

static void
kube_client_stop_timer (Send *send)
{
  if (send->timer != NULL)
    g_source_destroy (send->timer);
  g_clear_pointer (&send->timer, g_source_unref);
}

static void
send_free (gpointer data)
{
  Send *send = data;

  kube_client_stop_timer (send);
  g_free (send->method);
  g_free (send->path);
  g_free (send->content_type);
  g_clear_pointer (&send->body, g_bytes_unref);
  g_clear_object (&send->message);
  g_free (send->token);
  g_clear_object (&send->cancellable);
  g_free (send);
}

/* Takes @timer. */
static void
kube_client_start_timer (GTask *task, GSource *timer, GSourceFunc func)
{
  Send *send = g_task_get_task_data (task);

  kube_client_stop_timer (send);
  send->timer = timer;
  g_source_set_callback (send->timer, func, task, NULL);
  g_source_attach (send->timer, g_task_get_context (task));
}

static void
kube_client_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
let_go_of_cancellable (GTask *task)
{
  Send *send = g_task_get_task_data (task);

  if (send->cancelled_id != 0)
    g_cancellable_disconnect (g_task_get_cancellable (task), send->cancelled_id);
  send->cancelled_id = 0;
}

/* Takes @task. */
static void
kube_client_fail (GTask *task, GError *error)
{
  let_go_of_cancellable (task);
  if (!g_task_return_error_if_cancelled (task))
    g_task_return_error (task, g_error_copy (error));
  g_object_unref (task);
}

/* Takes @task and @reply. */
static void
succeed (GTask *task, KubeReply *reply)
{
  let_go_of_cancellable (task);
  g_task_return_pointer (task, reply, (GDestroyNotify) kube_reply_free);
  g_object_unref (task);
}

static void
on_body (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Send *send = g_task_get_task_data (task);
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (source);
  g_autoptr (GError) error = NULL;
  KubeReply *reply;

  kube_client_stop_timer (send);
  if (g_output_stream_splice_finish (G_OUTPUT_STREAM (memory), result, &error) < 0)
    {
      g_prefix_error (&error, "the answer of the API server was cut short: ");
      kube_client_fail (task, error);
      return;
    }
  reply = kube_reply_new (send->message);
  kube_reply_set_body (reply, send->message, g_memory_output_stream_get_data (memory),
                       g_memory_output_stream_get_data_size (memory));
  succeed (task, reply);
}

static void
kube_client_describe_failure (KubeClient *self, Send *send, GError **error)
{
  const char *server = self->config->servers[send->server];
  GTlsCertificateFlags flags = soup_message_get_tls_peer_certificate_errors (send->message);

  if (send->timed_out)
    {
      g_clear_error (error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "no answer in %d s",
                   HEADERS_TIMEOUT_MS / 1000);
    }
  else if ((*error)->domain == G_TLS_ERROR && flags != 0)
    {
      g_autofree char *why = kube_tls_describe (flags, self->config);

      g_clear_error (error);
      g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, why);
    }
  g_prefix_error (error, "cannot reach the API server %s (%s): ", server, self->config->source);
}

/* Whether who asks may be somebody else by now: a token or a client certificate that was renewed.
 */
static gboolean
is_renewed (KubeClient *self, Send *send)
{
  guint status = soup_message_get_status (send->message);

  if (status == SOUP_STATUS_UNAUTHORIZED && kube_credential_refused (self->credential, send->token))
    return TRUE;
  return (status == SOUP_STATUS_UNAUTHORIZED || status == SOUP_STATUS_FORBIDDEN)
         && self->tls->certificate != NULL && check_files (self, TRUE);
}

static void
kube_client_on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  KubeClient *self = g_task_get_source_object (task);
  Send *send = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream
      = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  g_autoptr (GOutputStream) memory = NULL;

  kube_client_stop_timer (send);
  if (stream == NULL)
    {
      if (error->domain == G_TLS_ERROR)
        check_files (self, TRUE);
      if (self->server == send->server)
        self->server = (self->server + 1) % g_strv_length (self->config->servers);
      kube_client_describe_failure (self, send, &error);
      kube_client_fail (task, error);
      return;
    }
  if (!send->tried_again && is_renewed (self, send))
    {
      send->tried_again = TRUE;
      kube_client_start (task);
      return;
    }
  if (send->is_stream && soup_message_get_status (send->message) == SOUP_STATUS_OK)
    {
      KubeReply *reply = kube_reply_new (send->message);

      reply->stream = g_steal_pointer (&stream);
      succeed (task, reply);
      return;
    }
  memory = g_memory_output_stream_new_resizable ();
  g_output_stream_splice_async (
      memory, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
      G_PRIORITY_DEFAULT, send->cancellable, on_body, task);
}

static gboolean
on_no_answer (gpointer user_data)
{
  Send *send = g_task_get_task_data (user_data);

  send->timed_out = TRUE;
  g_cancellable_cancel (send->cancellable);
  return G_SOURCE_REMOVE;
}

static SoupMessage *
new_message (KubeClient *self, Send *send)
{
  g_autofree char *uri = NULL;
  SoupMessage *message;
  SoupMessageHeaders *headers;
  GTlsCertificate *certificate = kube_credential_get_certificate (self->credential);

  send->server = self->server;
  uri = g_strconcat (self->config->servers[send->server], send->path, NULL);
  message = soup_message_new (send->method, uri);
  headers = soup_message_get_request_headers (message);
  kube_session_prepare (message, self->config);
  /* An API server that compresses a streamed list sends several gzip streams, one after another, of
   * which libsoup 3.2 takes the first; others are not compressed anyway. */
  if (send->is_watch)
    soup_message_headers_replace (headers, "Accept-Encoding", "identity");
  if (send->token != NULL)
    {
      g_autofree char *value = g_strconcat ("Bearer ", send->token, NULL);

      soup_message_headers_replace (headers, "Authorization", value);
    }
  if (send->body != NULL)
    soup_message_set_request_body_from_bytes (message, send->content_type, send->body);
  if (certificate == NULL)
    certificate = self->tls->certificate;
  if (certificate != NULL)
    kube_session_show_certificate (message, certificate);
  return message;
}

static void
on_credential (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  KubeClient *self = g_task_get_source_object (task);
  Send *send = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&send->token, g_free);
  if (!kube_credential_get_finish (KUBE_CREDENTIAL (source), result, &send->token, &error))
    {
      kube_client_fail (task, error);
      return;
    }
  check_files (self, FALSE);
  g_clear_object (&send->message);
  send->message = new_message (self, send);
  kube_client_start_timer (task, g_timeout_source_new (HEADERS_TIMEOUT_MS), on_no_answer);
  soup_session_send_async (send->is_watch ? self->watches : self->requests, send->message,
                           G_PRIORITY_DEFAULT, send->cancellable, kube_client_on_sent, task);
}

static gboolean
on_allowed (gpointer user_data)
{
  GTask *task = user_data;
  KubeClient *self = g_task_get_source_object (task);
  Send *send = g_task_get_task_data (task);

  g_clear_pointer (&send->timer, g_source_unref);
  kube_credential_get_async (self->credential, send->cancellable, on_credential, task);
  return G_SOURCE_REMOVE;
}

static void
kube_client_start (GTask *task)
{
  KubeClient *self = g_task_get_source_object (task);
  gint64 now = kube_clock_get_time ();
  guint wait_ms;

  self->allowance += (double) (now - self->allowed_us) / G_USEC_PER_SEC * REQUESTS_PER_SECOND;
  self->allowance = MIN (self->allowance, REQUESTS_BURST) - 1;
  self->allowed_us = now;
  wait_ms = self->allowance >= 0 ? 0 : (guint) (-self->allowance / REQUESTS_PER_SECOND * 1000);
  kube_client_start_timer (task, kube_clock_wait (wait_ms), on_allowed);
}

/* --- What others call --- */

static void
send_async (KubeClient *self,
            Send *send,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_task_data (task, send, send_free);
  send->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    send->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (kube_client_on_cancelled),
                                                g_object_ref (send->cancellable), g_object_unref);
  kube_client_start (task);
}

void
kube_client_request_async (KubeClient *self,
                           const char *method,
                           const char *path,
                           const char *content_type,
                           const char *body,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  Send *send = g_new0 (Send, 1);

  send->method = g_strdup (method);
  send->path = g_strdup (path);
  send->content_type = g_strdup (content_type);
  send->body = body != NULL ? g_bytes_new (body, strlen (body)) : NULL;
  send_async (self, send, cancellable, callback, user_data);
}

KubeReply *
kube_client_request_finish (KubeClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kube_client_open_async (KubeClient *self,
                        const char *path,
                        gboolean is_watch,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  Send *send = g_new0 (Send, 1);

  send->method = g_strdup ("GET");
  send->path = g_strdup (path);
  send->is_stream = TRUE;
  send->is_watch = is_watch;
  send_async (self, send, cancellable, callback, user_data);
}

KubeReply *
kube_client_open_finish (KubeClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
kube_client_finalize (GObject *object)
{
  KubeClient *self = KUBE_CLIENT (object);

  g_clear_object (&self->requests);
  g_clear_object (&self->watches);
  g_clear_object (&self->credential);
  kube_tls_free (self->tls);
  kube_config_free (self->config);
  G_OBJECT_CLASS (kube_client_parent_class)->finalize (object);
}

static void
kube_client_class_init (KubeClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kube_client_finalize;
}

static void
kube_client_init (KubeClient *self)
{
  self->idle_timeout_s = IDLE_TIMEOUT_S;
  self->allowance = REQUESTS_BURST;
  self->allowed_us = kube_clock_get_time ();
  self->checked_us = g_get_monotonic_time ();
}

KubeClient *
kube_client_new (KubeConfig *config, GError **error)
{
  g_autoptr (KubeClient) self = g_object_new (KUBE_TYPE_CLIENT, NULL);

  self->config = config;
  self->tls = kube_tls_load (config, error);
  if (self->tls == NULL)
    return NULL;
  self->credential = kube_credential_new (self->config);
  make_sessions (self);
  return g_steal_pointer (&self);
}

const KubeConfig *
kube_client_get_config (KubeClient *self)
{
  return self->config;
}

void
kube_client_set_idle_timeout (KubeClient *self, guint seconds)
{
  self->idle_timeout_s = seconds;
  make_sessions (self);
}

void
kube_client_set_stream_lists (KubeClient *self, gboolean stream)
{
  self->stream_lists = stream;
}

gboolean
kube_client_get_stream_lists (KubeClient *self)
{
  return self->stream_lists;
}
