/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What is known of an API server: where it is, and how to speak to it.
 */
#include "config.h"

#include <string.h>

#include "kube-config.h"

KubeConfig *
kube_config_new (void)
{
  KubeConfig *self = g_new0 (KubeConfig, 1);

  self->servers = g_new0 (char *, 1);
  return self;
}

static void
exec_free (KubeExec *self)
{
  if (self == NULL)
    return;
  g_free (self->api_version);
  g_strfreev (self->argv);
  g_strfreev (self->environment);
  g_free (self->install_hint);
  g_free (self);
}

void
kube_config_free (KubeConfig *self)
{
  if (self == NULL)
    return;
  g_free (self->source);
  g_strfreev (self->servers);
  g_free (self->namespace_);
  g_free (self->ca_file);
  g_free (self->ca_data);
  g_free (self->server_name);
  g_free (self->proxy);
  g_free (self->token);
  g_free (self->token_file);
  g_free (self->cert_file);
  g_free (self->key_file);
  g_free (self->cert_data);
  g_free (self->key_data);
  exec_free (self->exec);
  g_free (self);
}

gboolean
kube_config_add_server (KubeConfig *self, const char *url, GError **error)
{
  g_autofree char *whole = NULL;
  g_autoptr (GUri) uri = NULL;
  const char *scheme;
  guint n = g_strv_length (self->servers);

  whole = strstr (url, "://") != NULL ? g_strdup (url) : g_strconcat ("https://", url, NULL);
  uri = g_uri_parse (whole, G_URI_FLAGS_NONE, NULL);
  scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  if ((strcmp (scheme, "http") != 0 && strcmp (scheme, "https") != 0)
      || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0'
      || g_uri_get_query (uri) != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s” is not the address of an API server; write it as https://HOST:PORT, or "
                   "http://127.0.0.1:8001 for kubectl proxy",
                   url);
      return FALSE;
    }
  while (g_str_has_suffix (whole, "/"))
    whole[strlen (whole) - 1] = '\0';
  self->servers = g_renew (char *, self->servers, n + 2);
  self->servers[n] = g_steal_pointer (&whole);
  self->servers[n + 1] = NULL;
  return TRUE;
}
