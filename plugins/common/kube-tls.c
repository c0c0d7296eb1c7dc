/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Who is trusted and who we are, from files that may be replaced while we run.
 */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kube-tls.h"

void
kube_tls_free (KubeTls *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->database);
  g_clear_object (&self->certificate);
  g_free (self->digest);
  g_free (self);
}

static gboolean
read_pem (const char *data, const char *path, const char *what, char **ret_pem, GError **error)
{
  if (data != NULL)
    {
      *ret_pem = g_strdup (data);
      return TRUE;
    }
  if (path == NULL)
    return TRUE;
  if (g_file_get_contents (path, ret_pem, NULL, error))
    return TRUE;
  g_prefix_error (error, "the %s for the API server cannot be read: ", what);
  return FALSE;
}

static void
close_fd (gpointer data)
{
  close (GPOINTER_TO_INT (data));
}

/* GIO takes authorities from a file only, and the one given must not change while it is read.
 * glib-networking reads it again for each connection, so that the file has to stay as long as the
 * database. */
static GTlsDatabase *
database_of_pem (const char *pem, GError **error)
{
  g_autofree char *path = NULL;
  gsize length = strlen (pem);
  GTlsDatabase *database = NULL;
  int fd;

  /* A file without a certificate would be an empty set of authorities, and nothing would be said
   * before the first connection. */
  if (strstr (pem, "-----BEGIN ") == NULL)
    {
      g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC, "there is no certificate in it");
      return NULL;
    }
  fd = memfd_create ("micro-kube-ca", MFD_CLOEXEC);
  if (fd < 0 || write (fd, pem, length) != (gssize) length)
    g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC, "no memory for it");
  else
    {
      path = g_strdup_printf ("/proc/self/fd/%d", fd);
      database = G_TLS_DATABASE (g_tls_file_database_new (path, error));
    }
  if (database != NULL)
    g_object_set_data_full (G_OBJECT (database), "micro-kube-ca", GINT_TO_POINTER (fd), close_fd);
  else if (fd >= 0)
    close (fd);
  return database;
}

KubeTls *
kube_tls_load (const KubeConfig *config, GError **error)
{
  g_autoptr (KubeTls) self = g_new0 (KubeTls, 1);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *ca = NULL;
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;

  if (!read_pem (config->ca_data, config->ca_file, "certificate of the authority", &ca, error)
      || !read_pem (config->cert_data, config->cert_file, "client certificate", &certificate, error)
      || !read_pem (config->key_data, config->key_file, "client key", &key, error))
    return NULL;
  if (ca != NULL)
    {
      self->database = database_of_pem (ca, error);
      if (self->database == NULL)
        {
          g_prefix_error (error, "the certificate of the authority (%s) is of no use: ",
                          config->ca_file != NULL ? config->ca_file : config->source);
          return NULL;
        }
    }
  if (certificate != NULL)
    {
      g_autofree char *both = g_strconcat (certificate, "\n", key, NULL);

      self->certificate = g_tls_certificate_new_from_pem (both, -1, error);
      if (self->certificate == NULL)
        {
          g_prefix_error (error, "the client certificate (%s) is of no use: ",
                          config->cert_file != NULL ? config->cert_file : config->source);
          return NULL;
        }
    }
  for (guint i = 0; i < 3; i++)
    {
      const char *text = i == 0 ? ca : i == 1 ? certificate : key;

      if (text != NULL)
        g_checksum_update (checksum, (const guchar *) text, (gssize) strlen (text) + 1);
    }
  self->digest = g_strdup (g_checksum_get_string (checksum));
  return g_steal_pointer (&self);
}

char *
kube_tls_describe (GTlsCertificateFlags flags, const KubeConfig *config)
{
  const char *authority = config->ca_file != NULL   ? config->ca_file
                          : config->ca_data != NULL ? config->source
                                                    : "the system's authorities";

  if (flags & G_TLS_CERTIFICATE_UNKNOWN_CA)
    return g_strdup_printf ("its certificate was not issued by the authority that is trusted (%s); "
                            "give the cluster's with --registry-ca-file",
                            authority);
  if (flags & G_TLS_CERTIFICATE_BAD_IDENTITY)
    return g_strdup ("its certificate is for another name; use an address that it names, or "
                     "tls-server-name in the kubeconfig");
  if (flags & G_TLS_CERTIFICATE_EXPIRED)
    return g_strdup ("its certificate has expired; renew it, or set this machine's clock");
  if (flags & G_TLS_CERTIFICATE_NOT_ACTIVATED)
    return g_strdup ("its certificate is not valid yet; set this machine's clock");
  return g_strdup ("its certificate is not to be trusted");
}
