/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Certificate, key and authorities from files, read again when they change.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "grpc-gnutls.h"

/* A swap of a mounted secret may happen while the files are read. */
#define TRIES 5
#define REPORT_US (60 * G_USEC_PER_SEC)
#define PEERS_MAX 1000

/* What tells one content of a file from another, through symbolic links. */
typedef struct
{
  dev_t device;
  ino_t inode;
  gint64 size;
  gint64 modified_s, modified_ns;
} Stamp;

typedef struct
{
  Stamp cert, key, ca;
} Stamps;

struct _GrpcTlsFiles
{
  GrpcTlsOptions options; /* borrowed strings are copied */
  GMutex mutex;
  GrpcTlsKeys *keys;
  Stamps stamps;        /* of the last reading, whole or not */
  GHashTable *reported; /* peer → when, as a gint64 */
};

static GQuark error_domain;

GrpcTlsKeys *
grpc_tls_keys_ref (GrpcTlsKeys *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

void
grpc_tls_keys_unref (GrpcTlsKeys *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  gnutls_certificate_free_credentials (self->credentials);
  gnutls_memset (self->ticket_key.data, 0, self->ticket_key.size);
  gnutls_free (self->ticket_key.data);
  g_free (self);
}

static Stamp
stamp_of (const char *file)
{
  struct stat status;
  Stamp stamp;

  memset (&stamp, 0, sizeof stamp); /* padding too: it is compared */
  if (file == NULL || stat (file, &status) != 0)
    return stamp;
  stamp.device = status.st_dev;
  stamp.inode = status.st_ino;
  stamp.size = status.st_size;
  stamp.modified_s = status.st_mtim.tv_sec;
  stamp.modified_ns = status.st_mtim.tv_nsec;
  return stamp;
}

static Stamps
stamps_of (const GrpcTlsOptions *options)
{
  return (Stamps){ stamp_of (options->cert_file), stamp_of (options->key_file),
                   stamp_of (options->ca_file) };
}

/* --- Reading --- */

static gboolean
tls_files_read_file (const char *option, const char *file, gnutls_datum_t *ret_data, GError **error)
{
  int code = gnutls_load_file (file, ret_data);

  if (code == 0)
    return TRUE;
  g_set_error (error, error_domain, MICRO_STATUS_FAILED_PRECONDITION,
               "--tls-%s: cannot read %s: %s", option, file,
               errno != 0 ? g_strerror (errno) : gnutls_strerror (code));
  return FALSE;
}

static void
forget_data (gnutls_datum_t *data)
{
  if (data->data == NULL)
    return;
  gnutls_memset (data->data, 0, data->size);
  gnutls_free (data->data);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (gnutls_datum_t, forget_data)

static gboolean
set_bad_pair (const GrpcTlsOptions *options, int code, GError **error)
{
  switch (code)
    {
    case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
      g_set_error (
          error, error_domain, MICRO_STATUS_FAILED_PRECONDITION,
          "--tls-key: %s is not the key of the certificate %s; give the pair that was made "
          "together",
          options->key_file, options->cert_file);
      return FALSE;
    case GNUTLS_E_DECRYPTION_FAILED:
      g_set_error (error, error_domain, MICRO_STATUS_FAILED_PRECONDITION,
                   "--tls-key: %s is encrypted; give a key without a password", options->key_file);
      return FALSE;
    default:
      g_set_error (error, error_domain, MICRO_STATUS_FAILED_PRECONDITION,
                   "--tls-cert, --tls-key: %s and %s are not a certificate and its key in PEM (%s)",
                   options->cert_file, options->key_file, gnutls_strerror (code));
      return FALSE;
    }
}

static gboolean
load_pair (GrpcTlsKeys *keys, const GrpcTlsOptions *options, GError **error)
{
  g_auto (gnutls_datum_t) cert = { NULL, 0 };
  g_auto (gnutls_datum_t) key = { NULL, 0 };
  int code;

  if (options->cert_file == NULL)
    return TRUE;
  if (!tls_files_read_file ("cert", options->cert_file, &cert, error)
      || !tls_files_read_file ("key", options->key_file, &key, error))
    return FALSE;
  code = gnutls_certificate_set_x509_key_mem2 (keys->credentials, &cert, &key, GNUTLS_X509_FMT_PEM,
                                               NULL, 0);
  if (code < 0)
    return set_bad_pair (options, code, error);
  keys->has_certificate = TRUE;
  return TRUE;
}

static gboolean
load_authorities (GrpcTlsKeys *keys, const GrpcTlsOptions *options, GError **error)
{
  g_auto (gnutls_datum_t) ca = { NULL, 0 };
  int n;

  if (options->ca_file == NULL)
    return TRUE;
  if (!tls_files_read_file ("ca", options->ca_file, &ca, error))
    return FALSE;
  n = gnutls_certificate_set_x509_trust_mem (keys->credentials, &ca, GNUTLS_X509_FMT_PEM);
  if (n > 0)
    return TRUE;
  g_set_error (error, error_domain, MICRO_STATUS_FAILED_PRECONDITION,
               "--tls-ca: %s holds no certificate in PEM%s%s%s", options->ca_file,
               n < 0 ? " (" : "", n < 0 ? gnutls_strerror (n) : "", n < 0 ? ")" : "");
  return FALSE;
}

static GrpcTlsKeys *
load (const GrpcTlsOptions *options, GError **error)
{
  g_autoptr (GrpcTlsKeys) keys = g_new0 (GrpcTlsKeys, 1);

  g_atomic_ref_count_init (&keys->count);
  gnutls_certificate_allocate_credentials (&keys->credentials);
  gnutls_session_ticket_key_generate (&keys->ticket_key);
  if (!load_pair (keys, options, error) || !load_authorities (keys, options, error))
    return NULL;
  /* A hundred certificates and 15 ms: only for a caller that named no authority. */
  if (options->ca_file == NULL && options->calls)
    gnutls_certificate_set_x509_system_trust (keys->credentials);
  return g_steal_pointer (&keys);
}

/* A set of files that belong together: what was read must not have changed meanwhile. */
static GrpcTlsKeys *
load_whole (GrpcTlsFiles *self, GError **error)
{
  for (int i = 0; i < TRIES; i++)
    {
      g_autoptr (GrpcTlsKeys) keys = NULL;
      Stamps after;

      self->stamps = stamps_of (&self->options);
      g_clear_error (error);
      keys = load (&self->options, error);
      after = stamps_of (&self->options);
      if (memcmp (&self->stamps, &after, sizeof after) == 0)
        return g_steal_pointer (&keys);
    }
  if (*error == NULL)
    g_set_error (error, error_domain, MICRO_STATUS_UNAVAILABLE, "%s changes while it is read",
                 self->options.cert_file != NULL ? self->options.cert_file : self->options.ca_file);
  return NULL;
}

/* --- The files --- */

static gboolean
check_options (const GrpcTlsOptions *options, GError **error)
{
  if ((options->cert_file == NULL) == (options->key_file == NULL))
    return TRUE;
  g_set_error (error, error_domain, MICRO_STATUS_INVALID_ARGUMENT,
               "--tls-%s is given without --tls-%s; a certificate and its key go together",
               options->cert_file != NULL ? "cert" : "key",
               options->cert_file != NULL ? "key" : "cert");
  return FALSE;
}

GrpcTlsFiles *
grpc_tls_files_new (const GrpcTlsOptions *options, GQuark domain, GError **error)
{
  g_autoptr (GrpcTlsFiles) self = g_new0 (GrpcTlsFiles, 1);
  g_autoptr (GError) why = NULL;

  error_domain = domain;
  g_mutex_init (&self->mutex);
  self->reported = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->options = *options;
  self->options.cert_file = g_strdup (options->cert_file);
  self->options.key_file = g_strdup (options->key_file);
  self->options.ca_file = g_strdup (options->ca_file);
  self->options.server_name = g_strdup (options->server_name);
  if (!check_options (options, error))
    return NULL;
  self->keys = load_whole (self, &why);
  if (self->keys != NULL)
    return g_steal_pointer (&self);
  g_propagate_error (error, g_steal_pointer (&why));
  return NULL;
}

void
grpc_tls_files_free (GrpcTlsFiles *self)
{
  g_clear_pointer (&self->keys, grpc_tls_keys_unref);
  g_free (self->options.cert_file);
  g_free (self->options.key_file);
  g_free (self->options.ca_file);
  g_free (self->options.server_name);
  g_hash_table_unref (self->reported);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

const GrpcTlsOptions *
grpc_tls_files_get_options (GrpcTlsFiles *self)
{
  return &self->options;
}

/* Under the mutex.  Files that are not whole are spoken of once: until they change again. */
static void
read_again (GrpcTlsFiles *self)
{
  g_autoptr (GError) error = NULL;
  GrpcTlsKeys *keys = load_whole (self, &error);

  if (keys == NULL)
    {
      g_warning ("the new TLS files are not taken, the old ones stay in use: %s", error->message);
      return;
    }
  grpc_tls_keys_unref (self->keys);
  self->keys = keys;
  g_info ("the TLS files have changed and are in use");
}

GrpcTlsKeys *
grpc_tls_files_get_keys (GrpcTlsFiles *self)
{
  Stamps now = stamps_of (&self->options);
  GrpcTlsKeys *keys;

  g_mutex_lock (&self->mutex);
  if (memcmp (&now, &self->stamps, sizeof now) != 0)
    read_again (self);
  keys = grpc_tls_keys_ref (self->keys);
  g_mutex_unlock (&self->mutex);
  return keys;
}

static gboolean
is_old (gpointer key, gpointer value, gpointer user_data)
{
  return *(gint64 *) value < *(gint64 *) user_data - REPORT_US;
}

gboolean
grpc_tls_files_may_report (GrpcTlsFiles *self, const char *peer)
{
  gint64 now = g_get_monotonic_time ();
  gboolean may;

  g_mutex_lock (&self->mutex);
  g_hash_table_foreach_remove (self->reported, is_old, &now);
  may = !g_hash_table_contains (self->reported, peer)
        && g_hash_table_size (self->reported) < PEERS_MAX;
  if (may)
    g_hash_table_insert (self->reported, g_strdup (peer), g_memdup2 (&now, sizeof now));
  g_mutex_unlock (&self->mutex);
  return may;
}
