/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a client says of a connection that ended, and of a peer that is no HTTP/2 server.
 */
#include "config.h"

#include <string.h>
#include <sys/socket.h>

#include "grpc-connection.h"

/* Of an answer that is shown: enough for “SSH-2.0-Open”. */
#define SHOWN_BYTES 12
/* RFC 8446, B.1; a frame cannot be so long that this byte begins its length. */
#define TLS_ALERT 21
#define HTTP_1 "HTTP/1."

static gboolean
begins_with (const GrpcConnection *self, const char *text)
{
  return self->n_first >= strlen (text) && memcmp (self->first, text, strlen (text)) == 0;
}

/* Nothing but SETTINGS comes first (RFC 9113, 3.4), and those are few: the highest byte of their
 * length is 0 (4.1). */
static gboolean
is_foreign (const GrpcConnection *self)
{
  return self->n_first > 0 && (self->first[0] != 0 || (self->n_first > 3 && self->first[3] != 4));
}

static char *
show_first (const GrpcConnection *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (self->n_first, SHOWN_BYTES); i++)
    if (g_ascii_isprint (self->first[i]))
      g_string_append_c (text, (char) self->first[i]);
    else
      g_string_append_printf (text, "\\x%02x", self->first[i]);
  if (self->n_first > SHOWN_BYTES)
    g_string_append (text, "…");
  return g_string_free (text, FALSE);
}

/* (transfer full) (nullable) */
static char *
describe_foreigner (const GrpcConnection *self)
{
  g_autofree char *shown = NULL;

  if (self->greeted || !is_foreign (self))
    return NULL;
  if (self->tls == NULL && self->first[0] == TLS_ALERT)
    return g_strdup_printf ("cannot connect to %s: it speaks TLS; give --tls-ca, or --tls to trust "
                            "the system's authorities",
                            self->address);
  if (begins_with (self, HTTP_1))
    return g_strdup_printf ("%s answered HTTP/1.%c: it is not a gRPC server%s", self->address,
                            self->n_first > 7 && self->first[7] == '0' ? '0' : '1',
                            self->tls == NULL ? ", or wants TLS" : "");
  shown = show_first (self);
  return g_strdup_printf ("%s does not speak HTTP/2 (it answered “%s”)", self->address, shown);
}

/* Ends a connection, of a client with its address in @why. */
void
grpc_lost (GrpcConnection *self, const char *why)
{
  g_autofree char *problem = NULL;

  if (self->server || self->address == NULL)
    {
      grpc_connection_fail (self, why);
      return;
    }
  problem = describe_foreigner (self);
  if (problem == NULL)
    problem = g_strdup_printf ("the connection to %s failed: %s", self->address, why);
  grpc_connection_fail (self, problem);
}

/* A peer that refuses what we say may have said why before. */
void
grpc_lost_sending (GrpcConnection *self, const char *why)
{
  if (!self->server && !self->greeted && self->tls == NULL && self->n_first == 0)
    self->n_first
        = MAX (recv (self->source.fd, self->first, sizeof self->first, MSG_DONTWAIT | MSG_PEEK), 0);
  grpc_lost (self, why);
}

/* Looks at the first bytes of a server.  FALSE: they are not HTTP/2, and the connection ends. */
gboolean
grpc_lost_look (GrpcConnection *self, const guint8 *data, gsize length)
{
  gsize n = MIN (length, sizeof self->first - self->n_first);

  memcpy (self->first + self->n_first, data, n);
  self->n_first += (guint8) n;
  if (!is_foreign (self))
    return TRUE;
  /* The rest of a line comes with it, or the peer closes. */
  if (self->n_first <= strlen (HTTP_1) && memcmp (self->first, HTTP_1, self->n_first) == 0)
    return TRUE;
  grpc_lost (self, "it does not speak HTTP/2");
  return FALSE;
}
