/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Why a TLS handshake failed, in a sentence for the person at the terminal.
 */
#include "config.h"

#include <gnutls/x509.h>

#include "grpc-gnutls.h"

#define NAMES_MAX 8

typedef struct
{
  gnutls_session_t session;
  gboolean server;
  const char *name;
  const GrpcTlsOptions *options;
} Handshake;

static gnutls_x509_crt_t
certificate_of_peer (const Handshake *self)
{
  unsigned int n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (self->session, &n);
  gnutls_x509_crt_t certificate;

  if (chain == NULL || n == 0 || gnutls_x509_crt_init (&certificate) != 0)
    return NULL;
  if (gnutls_x509_crt_import (certificate, &chain[0], GNUTLS_X509_FMT_DER) == 0)
    return certificate;
  gnutls_x509_crt_deinit (certificate);
  return NULL;
}

static char *
format_time (time_t when)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (when);

  return utc != NULL ? g_date_time_format (utc, "%Y-%m-%d %H:%M:%S UTC") : g_strdup ("?");
}

/* The names a certificate is for, or its subject when it lists none. */
static char *
names_of (gnutls_x509_crt_t certificate)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (unsigned int i = 0; i < NAMES_MAX; i++)
    {
      char name[256];
      size_t size = sizeof name;
      int type = gnutls_x509_crt_get_subject_alt_name (certificate, i, name, &size, NULL);

      if (type == GNUTLS_SAN_DNSNAME)
        g_ptr_array_add (names, g_strndup (name, size));
      else if (type == GNUTLS_SAN_IPADDRESS && (size == 4 || size == 16))
        {
          g_autoptr (GInetAddress) address = g_inet_address_new_from_bytes (
              (const guint8 *) name, size == 4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6);

          g_ptr_array_add (names, g_inet_address_to_string (address));
        }
      else if (type < 0)
        break;
    }
  if (names->len == 0)
    return g_strdup ("nobody by name");
  g_ptr_array_add (names, NULL);
  return g_strjoinv (", ", (char **) names->pdata);
}

static char *
issuer_of (gnutls_x509_crt_t certificate)
{
  gnutls_datum_t text;
  char *issuer;

  if (gnutls_x509_crt_get_issuer_dn3 (certificate, &text, 0) != 0)
    return g_strdup ("?");
  issuer = g_strndup ((const char *) text.data, text.size);
  gnutls_free (text.data);
  return issuer;
}

static char *
explain_expiry (gnutls_x509_crt_t certificate)
{
  time_t end = gnutls_x509_crt_get_expiration_time (certificate);
  g_autofree char *when = format_time (end);

  if (end > time (NULL))
    return g_strdup ("an authority above its certificate has expired; renew that");
  return g_strdup_printf ("its certificate expired on %s; renew it", when);
}

static char *
explain_begin (gnutls_x509_crt_t certificate)
{
  time_t begin = gnutls_x509_crt_get_activation_time (certificate);
  g_autofree char *when = format_time (begin);

  if (begin <= time (NULL))
    return g_strdup ("an authority above its certificate is not valid yet; check the clocks");
  return g_strdup_printf ("its certificate is not valid before %s; check the clocks", when);
}

static char *
explain_owner (const Handshake *self, gnutls_x509_crt_t certificate)
{
  g_autofree char *names = names_of (certificate);

  return g_strdup_printf ("its certificate is for %s, not for %s; call it by that name or give "
                          "--tls-server-name",
                          names, self->name);
}

static char *
explain_signer (const Handshake *self, gnutls_x509_crt_t certificate)
{
  g_autofree char *issuer = issuer_of (certificate);

  if (self->options->ca_file == NULL)
    return g_strdup_printf ("its certificate is signed by “%s”, whom this system does not trust; "
                            "give its authority by --tls-ca",
                            issuer);
  return g_strdup_printf ("its certificate is signed by “%s”, which is not in %s (--tls-ca)",
                          issuer, self->options->ca_file);
}

static char *
explain_status (gnutls_session_t session, unsigned int status)
{
  gnutls_datum_t text;
  char *result;

  if (gnutls_certificate_verification_status_print (status, gnutls_certificate_type_get (session),
                                                    &text, 0)
      != 0)
    return g_strdup ("its certificate is not trusted");
  result = g_strdup_printf ("its certificate is refused: %s", (const char *) text.data);
  gnutls_free (text.data);
  return g_strchomp (result);
}

static char *
explain_certificate (const Handshake *self)
{
  unsigned int status = gnutls_session_get_verify_cert_status (self->session);
  gnutls_x509_crt_t certificate = certificate_of_peer (self);
  char *result;

  if (certificate == NULL)
    return g_strdup ("it shows no certificate");
  if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
    result = explain_signer (self, certificate);
  else if (status & GNUTLS_CERT_EXPIRED)
    result = explain_expiry (certificate);
  else if (status & GNUTLS_CERT_NOT_ACTIVATED)
    result = explain_begin (certificate);
  else if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
    result = g_strdup_printf ("its certificate is not made for a %s (extended key usage)",
                              self->server ? "client" : "server");
  else if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
    result = explain_owner (self, certificate);
  else
    result = explain_status (self->session, status);
  gnutls_x509_crt_deinit (certificate);
  return result;
}

static const char *
own_certificate (const Handshake *self)
{
  return self->options->cert_file;
}

static char *
explain_alert_of_server (const Handshake *self, gnutls_alert_description_t alert)
{
  gboolean asked = gnutls_certificate_client_get_request_status (self->session) != 0;

  if (own_certificate (self) == NULL
      && (alert == GNUTLS_A_CERTIFICATE_REQUIRED
          || (asked && (alert == GNUTLS_A_HANDSHAKE_FAILURE || alert == GNUTLS_A_BAD_CERTIFICATE))))
    return g_strdup ("it demands a client certificate; give --tls-cert and --tls-key");
  if (own_certificate (self) == NULL && alert != GNUTLS_A_UNRECOGNIZED_NAME)
    return NULL;
  switch (alert)
    {
    case GNUTLS_A_CERTIFICATE_EXPIRED:
      return g_strdup_printf ("it says that our certificate %s has expired; renew it",
                              own_certificate (self));
    case GNUTLS_A_UNKNOWN_CA:
    case GNUTLS_A_BAD_CERTIFICATE:
    case GNUTLS_A_CERTIFICATE_UNKNOWN:
    case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
    case GNUTLS_A_ACCESS_DENIED:
    case GNUTLS_A_CERTIFICATE_REQUIRED:
      return g_strdup_printf ("it refuses our certificate %s (%s); its log says why",
                              own_certificate (self), gnutls_alert_get_name (alert));
    case GNUTLS_A_UNRECOGNIZED_NAME:
      return g_strdup_printf ("it has no certificate for %s; give --tls-server-name", self->name);
    default:
      return NULL;
    }
}

static char *
explain_alert_of_client (const Handshake *self, gnutls_alert_description_t alert)
{
  switch (alert)
    {
    case GNUTLS_A_UNKNOWN_CA:
    case GNUTLS_A_BAD_CERTIFICATE:
    case GNUTLS_A_CERTIFICATE_UNKNOWN:
    case GNUTLS_A_CERTIFICATE_EXPIRED:
    case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
      return g_strdup_printf ("it does not trust our certificate %s (%s); its own message says why",
                              own_certificate (self), gnutls_alert_get_name (alert));
    default:
      return NULL;
    }
}

static char *
explain_alert (const Handshake *self)
{
  gnutls_alert_description_t alert = gnutls_alert_get (self->session);
  char *result = self->server ? explain_alert_of_client (self, alert)
                              : explain_alert_of_server (self, alert);

  if (result != NULL)
    return result;
  if (alert == GNUTLS_A_NO_APPLICATION_PROTOCOL)
    return g_strdup ("it speaks TLS but not HTTP/2 (it has no “h2” by ALPN)");
  if (alert == GNUTLS_A_PROTOCOL_VERSION)
    return g_strdup ("it speaks neither TLS 1.3 nor TLS 1.2");
  if (alert == GNUTLS_A_HANDSHAKE_FAILURE || alert == GNUTLS_A_INSUFFICIENT_SECURITY)
    return g_strdup ("it has no cipher or kind of key in common with us");
  return g_strdup_printf ("it ended the TLS handshake: %s", gnutls_alert_get_name (alert));
}

char *
grpc_tls_explain (gnutls_session_t session,
                  gboolean server,
                  const char *name,
                  const GrpcTlsOptions *options,
                  int code)
{
  const Handshake self = { session, server, name, options };

  switch (code)
    {
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
    case GNUTLS_E_CERTIFICATE_ERROR:
      return explain_certificate (&self);
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
    case GNUTLS_E_CERTIFICATE_REQUIRED:
      return g_strdup (server ? "it shows no client certificate, which --tls-ca demands"
                              : "it shows no certificate");
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
      return explain_alert (&self);
    case GNUTLS_E_NO_APPLICATION_PROTOCOL:
      return g_strdup ("it speaks TLS but not HTTP/2 (it has no “h2” by ALPN)");
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
      return g_strdup ("it speaks neither TLS 1.3 nor TLS 1.2");
    case GNUTLS_E_NO_CIPHER_SUITES:
    case GNUTLS_E_NO_COMMON_KEY_SHARE:
    case GNUTLS_E_INSUFFICIENT_CREDENTIALS:
      return g_strdup ("it has no cipher or kind of key in common with us");
    default:
      return g_strdup_printf ("TLS failed: %s", gnutls_strerror (code));
    }
}
