/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Whom a verified certificate names.
 */
#include "config.h"

#include <string.h>

#include <gnutls/x509.h>

#include "grpc-gnutls.h"

/* Names longer than that are nobody's (a SPIFFE ID has at most 2048 bytes). */
#define MAX_NAME 2048

/* (transfer full) (nullable): the first name of @type.  One with a NUL in it would be read as
 * another one. */
static char *
find_name (gnutls_x509_crt_t certificate, gnutls_x509_subject_alt_name_t type)
{
  char name[MAX_NAME + 1];

  for (unsigned i = 0;; i++)
    {
      size_t size = sizeof name - 1;
      int found = gnutls_x509_crt_get_subject_alt_name (certificate, i, name, &size, NULL);

      if (found == GNUTLS_E_SHORT_MEMORY_BUFFER)
        continue;
      if (found < 0)
        return NULL;
      name[size] = '\0';
      if (found == (int) type && size > 0 && strlen (name) == size
          && g_utf8_validate (name, -1, NULL))
        return g_strdup (name);
    }
}

static char *
find_common_name (gnutls_x509_crt_t certificate)
{
  char name[MAX_NAME + 1];
  size_t size = sizeof name;

  if (gnutls_x509_crt_get_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size)
          != 0
      || size == 0 || strlen (name) != size || !g_utf8_validate (name, -1, NULL))
    return NULL;
  return g_strdup (name);
}

char *
grpc_tls_name_of (const gnutls_datum_t *der)
{
  gnutls_x509_crt_t certificate;
  char *name = NULL;

  if (gnutls_x509_crt_init (&certificate) != 0)
    return NULL;
  if (gnutls_x509_crt_import (certificate, der, GNUTLS_X509_FMT_DER) == 0)
    {
      name = find_name (certificate, GNUTLS_SAN_URI);
      if (name == NULL)
        name = find_name (certificate, GNUTLS_SAN_DNSNAME);
      if (name == NULL)
        name = find_common_name (certificate);
    }
  gnutls_x509_crt_deinit (certificate);
  return name;
}
