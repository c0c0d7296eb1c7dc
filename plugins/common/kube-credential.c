/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The bearer token of the moment: given, in a file that rotates, or printed by a command.
 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include <micro/micro.h>

#include "kube-credential.h"

/* Of what a plugin prints: five. */
#define MAX_DEPTH 16
/* client-go reads it once a minute and leaves ten seconds. */
#define REREAD_US (50 * G_USEC_PER_SEC)
#define WARN_US (60 * G_USEC_PER_SEC)
#define EXEC_TIMEOUT_MS 30000
#define EXEC_AGAIN_US (10 * G_USEC_PER_SEC)
#define EXEC_EARLY_S 10

struct _KubeCredential
{
  GObject parent_instance;

  KubeConfig *config;
  char *token; /* (nullable): the last that could be had */
  gint64 read_us;
  gint64 warned_us;

  GPtrArray *waiting; /* of GTask: while the command runs */
  GSubprocess *process;
  GSource *timeout;
  gint64 run_us;
  gint64 expires_s; /* UNIX time; 0: never */
  GTlsCertificate *certificate;
};

G_DEFINE_FINAL_TYPE (KubeCredential, kube_credential, G_TYPE_OBJECT)

static void
kube_credential_finalize (GObject *object)
{
  KubeCredential *self = KUBE_CREDENTIAL (object);

  g_free (self->token);
  g_ptr_array_unref (self->waiting);
  g_clear_object (&self->certificate);
  G_OBJECT_CLASS (kube_credential_parent_class)->finalize (object);
}

static void
kube_credential_class_init (KubeCredentialClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kube_credential_finalize;
}

static void
kube_credential_init (KubeCredential *self)
{
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

KubeCredential *
kube_credential_new (KubeConfig *config)
{
  KubeCredential *self = g_object_new (KUBE_TYPE_CREDENTIAL, NULL);

  self->config = config;
  self->token = g_strdup (config->token);
  return self;
}

/* --- A file --- */

static void
warn_once_a_minute (KubeCredential *self, const char *why)
{
  gint64 now = g_get_monotonic_time ();

  if (self->warned_us != 0 && now - self->warned_us < WARN_US)
    return;
  self->warned_us = now;
  g_message ("the token file %s %s; going on with the token of before", self->config->token_file,
             why);
}

/* The kubelet swaps the file whole, but a sidecar may be caught writing it. */
static gboolean
credential_read_file (KubeCredential *self, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;
  const char *why = NULL;

  self->read_us = g_get_monotonic_time ();
  if (!g_file_get_contents (self->config->token_file, &text, NULL, &local))
    why = local->message;
  else if (*g_strstrip (text) == '\0')
    why = "is empty";
  if (why == NULL)
    {
      g_free (self->token);
      self->token = g_steal_pointer (&text);
      return TRUE;
    }
  if (self->token != NULL)
    {
      warn_once_a_minute (self, why);
      return TRUE;
    }
  self->read_us = 0;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "there is no token for the API server: %s %s", self->config->token_file, why);
  return FALSE;
}

/* --- A command --- */

static const char *
credential_get_string (JsonObject *object, const char *name)
{
  return object != NULL ? json_object_get_string_member_with_default (object, name, NULL) : NULL;
}

static gboolean
take_certificate (KubeCredential *self, JsonObject *status, GError **error)
{
  const char *certificate = credential_get_string (status, "clientCertificateData");
  const char *key = credential_get_string (status, "clientKeyData");
  g_autofree char *both = NULL;

  if (certificate == NULL || key == NULL)
    return TRUE;
  both = g_strconcat (certificate, "\n", key, NULL);
  g_clear_object (&self->certificate);
  self->certificate = g_tls_certificate_new_from_pem (both, -1, error);
  return self->certificate != NULL;
}

static gboolean
take_output (KubeCredential *self, const char *output, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root, *node;
  JsonObject *status = NULL;
  const char *expires;

  if (output == NULL)
    output = "";
  if (!micro_json_check (output, strlen (output), MAX_DEPTH, error)
      || !json_parser_load_from_data (parser, output, -1, error))
    return FALSE;
  root = json_parser_get_root (parser);
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
    {
      node = json_object_get_member (json_node_get_object (root), "status");
      status = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    }
  if (credential_get_string (status, "token") == NULL
      && credential_get_string (status, "clientCertificateData") == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "it printed no ExecCredential with a token or certificate");
      return FALSE;
    }
  g_free (self->token);
  self->token = g_strdup (credential_get_string (status, "token"));
  expires = credential_get_string (status, "expirationTimestamp");
  self->expires_s = 0;
  if (expires != NULL)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (expires, NULL);

      self->expires_s = time != NULL ? g_date_time_to_unix (time) : 0;
    }
  return take_certificate (self, status, error);
}

static void
credential_stop_timeout (KubeCredential *self)
{
  if (self->timeout != NULL)
    g_source_destroy (self->timeout);
  g_clear_pointer (&self->timeout, g_source_unref);
}

static void
credential_tell_waiting (KubeCredential *self, const GError *error)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    if (error != NULL)
      g_task_return_error (g_ptr_array_index (waiting, i), g_error_copy (error));
    else
      g_task_return_pointer (g_ptr_array_index (waiting, i), g_strdup (self->token), g_free);
}

static void
credential_on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KubeCredential) self = user_data;
  GSubprocess *process = G_SUBPROCESS (source);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  const KubeExec *exec = self->config->exec;

  credential_stop_timeout (self);
  if (g_subprocess_communicate_utf8_finish (process, result, &output, NULL, &error))
    {
      if (!g_subprocess_get_successful (process))
        g_set_error (&error, G_IO_ERROR, G_IO_ERROR_FAILED, "it failed or took longer than 30 s");
      else
        take_output (self, output, &error);
    }
  if (error != NULL)
    g_prefix_error (&error,
                    "the exec plugin %s of the kubeconfig gives no credential: ", exec->argv[0]);
  g_clear_object (&self->process);
  credential_tell_waiting (self, error);
}

static gboolean
credential_on_timeout (gpointer user_data)
{
  KubeCredential *self = user_data;

  g_subprocess_force_exit (self->process);
  return G_SOURCE_REMOVE;
}

static void
credential_run (KubeCredential *self)
{
  const KubeExec *exec = self->config->exec;
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *info
      = g_strdup_printf ("{\"apiVersion\":\"%s\",\"kind\":\"ExecCredential\",\"spec\":"
                         "{\"interactive\":false}}",
                         exec->api_version);
  g_autoptr (GError) error = NULL;

  for (char **pair = exec->environment; *pair != NULL; pair++)
    {
      char *equals = strchr (*pair, '=');
      g_autofree char *name = g_strndup (*pair, equals - *pair);

      g_subprocess_launcher_setenv (launcher, name, equals + 1, TRUE);
    }
  g_subprocess_launcher_setenv (launcher, "KUBERNETES_EXEC_INFO", info, TRUE);
  self->run_us = g_get_monotonic_time ();
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) exec->argv, &error);
  if (self->process == NULL)
    {
      g_prefix_error (&error,
                      "the exec plugin %s of the kubeconfig cannot be run: ", exec->argv[0]);
      if (exec->install_hint != NULL)
        {
          g_autofree char *hint = g_strdelimit (g_strdup (exec->install_hint), "\n", ' ');
          GError *whole = g_error_new (error->domain, error->code, "%s; %s", error->message, hint);

          g_clear_error (&error);
          error = whole;
        }
      credential_tell_waiting (self, error);
      return;
    }
  self->timeout = g_timeout_source_new (EXEC_TIMEOUT_MS);
  g_source_set_callback (self->timeout, credential_on_timeout, self, NULL);
  g_source_attach (self->timeout, g_main_context_get_thread_default ());
  g_subprocess_communicate_utf8_async (self->process, NULL, NULL, credential_on_ended,
                                       g_object_ref (self));
}

static gboolean
is_fresh (KubeCredential *self)
{
  if (self->token == NULL && self->certificate == NULL)
    return FALSE;
  return self->expires_s == 0
         || self->expires_s - EXEC_EARLY_S > g_get_real_time () / G_USEC_PER_SEC;
}

/* --- What clients call --- */

void
kube_credential_get_async (KubeCredential *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  gint64 now = g_get_monotonic_time ();
  GError *error = NULL;

  if (self->config->exec != NULL && !is_fresh (self))
    {
      g_ptr_array_add (self->waiting, g_object_ref (task));
      if (self->process == NULL)
        credential_run (self);
      return;
    }
  if (self->config->token_file != NULL && (self->read_us == 0 || now - self->read_us > REREAD_US)
      && !credential_read_file (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_return_pointer (task, g_strdup (self->token), g_free);
}

gboolean
kube_credential_get_finish (KubeCredential *self,
                            GAsyncResult *result,
                            char **ret_token,
                            GError **error)
{
  GError *local = NULL;
  char *token = g_task_propagate_pointer (G_TASK (result), &local);

  if (local != NULL)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  *ret_token = token;
  return TRUE;
}

gboolean
kube_credential_refused (KubeCredential *self, const char *token)
{
  if (g_strcmp0 (token, self->token) != 0)
    return TRUE; /* it has been replaced meanwhile */
  if (self->config->exec != NULL)
    {
      if (g_get_monotonic_time () - self->run_us < EXEC_AGAIN_US)
        return FALSE;
      g_clear_pointer (&self->token, g_free);
      g_clear_object (&self->certificate);
      return TRUE;
    }
  if (self->config->token_file == NULL || !credential_read_file (self, NULL))
    return FALSE;
  return g_strcmp0 (token, self->token) != 0;
}

GTlsCertificate *
kube_credential_get_certificate (KubeCredential *self)
{
  return self->certificate;
}
