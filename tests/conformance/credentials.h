/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The suite's certificates, which come as bytes, for a transport, which wants files.
 */
#pragma once

#include "wire.h"

static inline char *
credentials_save (const char *folder, const char *name, const ProtobufCBinaryData *pem)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents (path, (const char *) pem->data, (gssize) pem->len, &error))
    {
      fprintf (stderr, "%s\n", error->message);
      exit (1);
    }
  return path;
}

typedef struct
{
  char *cert; /* each (nullable) */
  char *key;
  char *ca;
} Credentials;

/* @own: (nullable).  The files stay, in $TMPDIR. */
static inline Credentials
credentials_new (const V1 (TLSCreds) * own, const ProtobufCBinaryData *ca)
{
  g_autofree char *folder = g_dir_make_tmp ("XXXXXX", NULL);
  Credentials self = { NULL, NULL, NULL };

  if (own != NULL && own->cert.len > 0)
    {
      self.cert = credentials_save (folder, "cert.pem", &own->cert);
      self.key = credentials_save (folder, "key.pem", &own->key);
    }
  if (ca->len > 0)
    self.ca = credentials_save (folder, "ca.pem", ca);
  return self;
}
