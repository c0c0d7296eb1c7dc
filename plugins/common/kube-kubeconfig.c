/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * kubeconfig files, merged as kubectl merges them: the first to say a thing wins.
 */
#include "config.h"

#include <string.h>

#include "kube-config.h"
#include "kube-yaml.h"

/* A file and the folder that its relative paths mean. */
typedef struct
{
  char *path;
  char *folder;
  JsonNode *root;
} File;

static void
file_free (gpointer data)
{
  File *self = data;

  g_free (self->path);
  g_free (self->folder);
  json_node_unref (self->root);
  g_free (self);
}

static const char *
kubeconfig_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  const char *text;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  text = json_node_get_string (node);
  return *text != '\0' ? text : NULL;
}

static JsonObject *
kubeconfig_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonArray *
kubeconfig_get_array (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

/* The member @member of the element of @list that is called @name. */
static JsonObject *
find_named (GPtrArray *files, const char *list, const char *name, const char *member, File **ret)
{
  for (guint i = 0; i < files->len; i++)
    {
      File *file = g_ptr_array_index (files, i);
      JsonArray *array = kubeconfig_get_array (json_node_get_object (file->root), list);

      for (guint j = 0; array != NULL && j < json_array_get_length (array); j++)
        {
          JsonNode *element = json_array_get_element (array, j);
          JsonObject *object
              = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

          if (g_strcmp0 (kubeconfig_get_string (object, "name"), name) != 0)
            continue;
          *ret = file;
          return kubeconfig_get_object (object, member);
        }
    }
  return NULL;
}

static GPtrArray *
read_files (const char *const *paths, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (file_free);

  for (; *paths != NULL; paths++)
    {
      g_autofree char *text = NULL;
      g_autoptr (GError) local = NULL;
      JsonNode *root;
      gsize length;
      File *file;

      if (**paths == '\0')
        continue;
      if (!g_file_get_contents (*paths, &text, &length, &local))
        {
          /* As kubectl: a file of the list may be missing. */
          if (g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            continue;
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      root = kube_yaml_parse (text, length, error);
      if (root == NULL)
        {
          g_prefix_error (error, "%s is not a kubeconfig: ", *paths);
          return NULL;
        }
      if (!JSON_NODE_HOLDS_OBJECT (root))
        {
          json_node_unref (root);
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is not a kubeconfig",
                       *paths);
          return NULL;
        }
      file = g_new0 (File, 1);
      file->path = g_strdup (*paths);
      file->folder = g_path_get_dirname (*paths);
      file->root = root;
      g_ptr_array_add (files, file);
    }
  return g_steal_pointer (&files);
}

/* --- The parts --- */

static char *
get_path (JsonObject *object, const char *name, File *file)
{
  const char *path = kubeconfig_get_string (object, name);

  if (path == NULL || g_path_is_absolute (path))
    return g_strdup (path);
  return g_build_filename (file->folder, path, NULL);
}

/* "x-data" in base64 goes before the file "x". */
static gboolean
get_data (JsonObject *object, const char *name, File *file, char **ret_data, GError **error)
{
  const char *text = kubeconfig_get_string (object, name);
  g_autofree char *decoded = NULL;
  gsize length;

  if (text == NULL)
    return TRUE;
  decoded = (char *) g_base64_decode (text, &length);
  if (decoded == NULL || !g_strstr_len (decoded, length, "-----BEGIN "))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: %s is not a PEM file in base64",
                   file->path, name);
      return FALSE;
    }
  *ret_data = g_strndup (decoded, length);
  return TRUE;
}

static gboolean
get_boolean (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
         && json_node_get_value_type (node) == G_TYPE_BOOLEAN && json_node_get_boolean (node);
}

static gboolean
take_cluster (KubeConfig *self, JsonObject *cluster, File *file, GError **error)
{
  const char *server = kubeconfig_get_string (cluster, "server");

  if (server == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: the cluster has no server",
                   file->path);
      return FALSE;
    }
  if (!kube_config_add_server (self, server, error)
      || !get_data (cluster, "certificate-authority-data", file, &self->ca_data, error))
    return FALSE;
  if (self->ca_data == NULL)
    self->ca_file = get_path (cluster, "certificate-authority", file);
  self->insecure = get_boolean (cluster, "insecure-skip-tls-verify");
  self->server_name = g_strdup (kubeconfig_get_string (cluster, "tls-server-name"));
  self->proxy = g_strdup (kubeconfig_get_string (cluster, "proxy-url"));
  return TRUE;
}

static void
append_strings (GPtrArray *strings, JsonArray *array)
{
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
        g_ptr_array_add (strings, g_strdup (json_node_get_string (node)));
    }
}

static gboolean
take_exec (KubeConfig *self, JsonObject *exec, File *file, GError **error)
{
  const char *version = kubeconfig_get_string (exec, "apiVersion");
  const char *command = kubeconfig_get_string (exec, "command");
  JsonArray *variables = kubeconfig_get_array (exec, "env");
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) environment = g_ptr_array_new_with_free_func (g_free);

  if (command == NULL || version == NULL
      || (strcmp (version, "client.authentication.k8s.io/v1") != 0
          && strcmp (version, "client.authentication.k8s.io/v1beta1") != 0))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s: the exec plugin “%s” speaks %s; only client.authentication.k8s.io/v1 and "
                   "v1beta1 are known: install a newer one",
                   file->path, command != NULL ? command : "", version != NULL ? version : "?");
      return FALSE;
    }
  /* A path with a slash means one beside the file, a bare name one in $PATH. */
  if (strchr (command, '/') != NULL && !g_path_is_absolute (command))
    g_ptr_array_add (argv, g_build_filename (file->folder, command, NULL));
  else
    g_ptr_array_add (argv, g_strdup (command));
  append_strings (argv, kubeconfig_get_array (exec, "args"));
  g_ptr_array_add (argv, NULL);
  for (guint i = 0; variables != NULL && i < json_array_get_length (variables); i++)
    {
      JsonNode *node = json_array_get_element (variables, i);
      JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *value = kubeconfig_get_string (object, "value");

      if (kubeconfig_get_string (object, "name") != NULL)
        g_ptr_array_add (environment,
                         g_strdup_printf ("%s=%s", kubeconfig_get_string (object, "name"),
                                          value != NULL ? value : ""));
    }
  g_ptr_array_add (environment, NULL);
  self->exec = g_new0 (KubeExec, 1);
  self->exec->api_version = g_strdup (version);
  self->exec->argv = (char **) g_ptr_array_steal (argv, NULL);
  self->exec->environment = (char **) g_ptr_array_steal (environment, NULL);
  self->exec->install_hint = g_strdup (kubeconfig_get_string (exec, "installHint"));
  return TRUE;
}

static gboolean
take_user (KubeConfig *self, JsonObject *user, File *file, GError **error)
{
  JsonObject *provider = kubeconfig_get_object (user, "auth-provider");

  if (!get_data (user, "client-certificate-data", file, &self->cert_data, error)
      || !get_data (user, "client-key-data", file, &self->key_data, error))
    return FALSE;
  if (self->cert_data == NULL)
    self->cert_file = get_path (user, "client-certificate", file);
  if (self->key_data == NULL)
    self->key_file = get_path (user, "client-key", file);
  self->token_file = get_path (user, "tokenFile", file);
  if (self->token_file == NULL)
    self->token = g_strdup (kubeconfig_get_string (user, "token"));
  if (kubeconfig_get_object (user, "exec") != NULL)
    return take_exec (self, kubeconfig_get_object (user, "exec"), file, error);
  if (provider != NULL && self->token == NULL && self->cert_data == NULL && self->cert_file == NULL)
    {
      const char *name = kubeconfig_get_string (provider, "name");

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s: the auth-provider “%s” was removed from Kubernetes in 1.26; use the exec "
                   "plugin of your provider, or kubectl proxy and --registry-address",
                   file->path, name != NULL ? name : "?");
      return FALSE;
    }
  return TRUE;
}

/* --- The whole --- */

static char *
current_context (GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    {
      File *file = g_ptr_array_index (files, i);
      const char *name
          = kubeconfig_get_string (json_node_get_object (file->root), "current-context");

      if (name != NULL)
        return g_strdup (name);
    }
  return NULL;
}

static KubeConfig *
take_context (GPtrArray *files, const char *name, GError **error)
{
  g_autoptr (KubeConfig) self = kube_config_new ();
  File *file = NULL;
  JsonObject *context = find_named (files, "contexts", name, "context", &file);
  const char *namespace_ = kubeconfig_get_string (context, "namespace");
  JsonObject *cluster, *user;
  File *cluster_file = NULL;

  if (context == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "the kubeconfig has no context “%s”; kubectl config get-contexts lists them",
                   name);
      return NULL;
    }
  cluster = find_named (files, "clusters", kubeconfig_get_string (context, "cluster"), "cluster",
                        &cluster_file);
  if (cluster == NULL)
    {
      const char *missing = kubeconfig_get_string (context, "cluster");

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "%s: the context “%s” names the cluster “%s”, which is not there", file->path,
                   name, missing != NULL ? missing : "");
      return NULL;
    }
  self->source = g_strdup_printf ("%s, context %s", file->path, name);
  self->namespace_ = g_strdup (namespace_ != NULL ? namespace_ : "default");
  if (!take_cluster (self, cluster, cluster_file, error))
    return NULL;
  user = find_named (files, "users", kubeconfig_get_string (context, "user"), "user", &file);
  if (user != NULL && !take_user (self, user, file, error))
    return NULL;
  return g_steal_pointer (&self);
}

KubeConfig *
kube_config_load_files (const char *const *paths, const char *context, GError **error)
{
  g_autoptr (GPtrArray) files = read_files (paths, error);
  g_autofree char *name = NULL;

  if (files == NULL)
    return NULL;
  name = context != NULL && *context != '\0' ? g_strdup (context) : current_context (files);
  if (files->len == 0 || name == NULL)
    {
      g_autofree char *list = g_strjoinv (":", (char **) paths);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   files->len == 0
                       ? "no kubeconfig at %s; correct KUBECONFIG, or unset it for the usual places"
                       : "%s has no current-context; give --registry-context or run kubectl config "
                         "use-context",
                   list);
      return NULL;
    }
  return take_context (files, name, error);
}
