/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A TLS session on memory buffers: records in, records out, never the socket itself.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <gnutls/x509.h>

#include "grpc-gnutls.h"

/* TLS 1.2 at least, and of it only what HTTP/2 allows (RFC 9113, 9.2 and appendix A). */
#define PRIORITY                                                                                   \
  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:"              \
  "+CHACHA20-POLY1305:-MAC-ALL:+AEAD:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:%SERVER_PRECEDENCE"
/* A ticket spares the certificates, so it must not outlive them by much. */
#define TICKET_SECONDS 3600
/* Of a record: a handshake that is one, or an alert (RFC 8446, 5.1). */
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22

struct _GrpcTls
{
  gnutls_session_t session;
  const GrpcTlsOptions *options;
  GrpcTlsKeys *keys;
  char *name;                      /* client: what the certificate must be for */
  gnutls_typed_vdata_st wanted[2]; /* of the peer's certificate: GnuTLS keeps the pointer to it */
  GByteArray *out;
  const guint8 *in; /* fed and not yet used up */
  gsize n_in;
  char *problem;
  guint server : 1;
  guint established : 1;
  guint heard : 1; /* the first byte was looked at */
};

static gnutls_priority_t
priority (void)
{
  static gnutls_priority_t made;

  if (g_once_init_enter (&made))
    {
      gnutls_priority_t fresh = NULL;

      gnutls_priority_init (&fresh, PRIORITY, NULL);
      g_once_init_leave (&made, fresh);
    }
  return made;
}

static ssize_t
tls_push (gnutls_transport_ptr_t data, const void *bytes, size_t length)
{
  GrpcTls *self = data;

  g_byte_array_append (self->out, bytes, (guint) length);
  return (ssize_t) length;
}

static ssize_t
pull (gnutls_transport_ptr_t data, void *bytes, size_t length)
{
  GrpcTls *self = data;
  gsize n = MIN (length, self->n_in);

  if (n == 0)
    {
      gnutls_transport_set_errno (self->session, EAGAIN);
      return -1;
    }
  memcpy (bytes, self->in, n);
  self->in += n;
  self->n_in -= n;
  return (ssize_t) n;
}

/* GnuTLS asks before it reads what a peer may have sent after the handshake. */
static int
pull_timeout (gnutls_transport_ptr_t data, unsigned int ms)
{
  return ((GrpcTls *) data)->n_in > 0;
}

static void
set_client (GrpcTls *self, GBytes *ticket)
{
  gsize length;
  const guint8 *data = ticket != NULL ? g_bytes_get_data (ticket, &length) : NULL;

  self->wanted[0]
      = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (guint8 *) self->name };
  self->wanted[1] = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_KEY_PURPOSE_OID,
                                             .data = (guint8 *) GNUTLS_KP_TLS_WWW_SERVER };
  gnutls_session_set_verify_cert2 (self->session, self->wanted, 2, 0);
  /* An address is no name to be served by (RFC 6066, 3). */
  if (!g_hostname_is_ip_address (self->name))
    gnutls_server_name_set (self->session, GNUTLS_NAME_DNS, self->name, strlen (self->name));
  if (data != NULL)
    gnutls_session_set_data (self->session, data, length);
}

static void
set_server (GrpcTls *self)
{
  gnutls_session_ticket_enable_server (self->session, &self->keys->ticket_key);
  gnutls_db_set_cache_expiration (self->session, TICKET_SECONDS);
  if (self->options->ca_file == NULL || !self->options->verify_clients)
    return;
  gnutls_certificate_server_set_request (self->session, GNUTLS_CERT_REQUIRE);
  self->wanted[0] = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_KEY_PURPOSE_OID,
                                             .data = (guint8 *) GNUTLS_KP_TLS_WWW_CLIENT };
  gnutls_session_set_verify_cert2 (self->session, self->wanted, 1, 0);
}

static GrpcTls *
grpc_tls_new (const GrpcTlsOptions *options,
              GrpcTlsKeys *keys,
              const char *host,
              GBytes *ticket,
              GByteArray *out)
{
  GrpcTls *self = g_new0 (GrpcTls, 1);
  const gnutls_datum_t h2 = { (guint8 *) "h2", 2 };
  gboolean server = host == NULL;

  self->server = server;
  self->out = out;
  self->options = options;
  self->keys = grpc_tls_keys_ref (keys);
  /* Our certificate goes to whoever asks for one: he who refuses it can say why, and the names of
   * authorities that servers send are not always those of the issuers they would take. */
  gnutls_init (&self->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT)
                                   | GNUTLS_NONBLOCK);
  gnutls_priority_set (self->session, priority ());
  gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, self->keys->credentials);
  gnutls_alpn_set_protocols (self->session, &h2, 1, GNUTLS_ALPN_MANDATORY);
  gnutls_transport_set_ptr (self->session, self);
  gnutls_transport_set_push_function (self->session, tls_push);
  gnutls_transport_set_pull_function (self->session, pull);
  gnutls_transport_set_pull_timeout_function (self->session, pull_timeout);
  gnutls_handshake_set_timeout (self->session, GNUTLS_INDEFINITE_TIMEOUT);
  if (server)
    set_server (self);
  else
    {
      self->name
          = g_strdup (self->options->server_name != NULL ? self->options->server_name : host);
      set_client (self, ticket);
    }
  return self;
}

static void
grpc_tls_free (GrpcTls *self)
{
  gnutls_deinit (self->session);
  grpc_tls_keys_unref (self->keys);
  g_free (self->name);
  g_free (self->problem);
  g_free (self);
}

static void
grpc_tls_feed (GrpcTls *self, const guint8 *data, gsize length)
{
  self->in = data;
  self->n_in = length;
}

static void
tls_fail (GrpcTls *self, int code)
{
  if (self->problem == NULL)
    self->problem = grpc_tls_explain (self->session, self->server, self->name, self->options, code);
  /* An alert in reply to an alert would be noise. */
  if (code != GNUTLS_E_FATAL_ALERT_RECEIVED && code != GNUTLS_E_PREMATURE_TERMINATION)
    gnutls_alert_send_appropriate (self->session, code);
}

/* What a peer without TLS says first is no record; GnuTLS would call it a bad length. */
static gboolean
is_tls (GrpcTls *self)
{
  if (self->heard || self->n_in == 0)
    return TRUE;
  self->heard = TRUE;
  if (self->in[0] == RECORD_HANDSHAKE || self->in[0] == RECORD_ALERT)
    return TRUE;
  if (self->server)
    self->problem = g_strdup (self->in[0] == 'P' ? "it speaks HTTP/2 without TLS; give it --tls-ca"
                                                 : "it does not speak TLS");
  else
    self->problem = g_strdup ("it answers without TLS; give it --tls-cert and --tls-key, or call "
                              "without --tls-ca");
  gnutls_alert_send (self->session, GNUTLS_AL_FATAL, GNUTLS_A_UNEXPECTED_MESSAGE);
  return FALSE;
}

static gboolean
has_h2 (GrpcTls *self)
{
  gnutls_datum_t chosen;

  return gnutls_alpn_get_selected_protocol (self->session, &chosen) == 0 && chosen.size == 2
         && memcmp (chosen.data, "h2", 2) == 0;
}

static GrpcTlsStep
grpc_tls_handshake (GrpcTls *self)
{
  int code;

  if (!is_tls (self))
    return GRPC_TLS_FAILED;
  do
    code = gnutls_handshake (self->session);
  while (code < 0 && !gnutls_error_is_fatal (code) && self->n_in > 0);
  if (code < 0 && !gnutls_error_is_fatal (code))
    return GRPC_TLS_MORE;
  if (code == 0 && !has_h2 (self))
    code = GNUTLS_E_NO_APPLICATION_PROTOCOL;
  if (code == 0)
    {
      self->established = TRUE;
      return GRPC_TLS_DONE;
    }
  tls_fail (self, code);
  return GRPC_TLS_FAILED;
}

static gssize
grpc_tls_read (GrpcTls *self, guint8 *buffer, gsize size)
{
  gsize before;
  ssize_t n;

  do
    {
      before = self->n_in;
      n = gnutls_record_recv (self->session, buffer, size);
      /* A message of the protocol itself ends a reading too, with more behind it. */
    }
  while ((n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) && self->n_in > 0
         && self->n_in < before);
  if (n > 0)
    return n;
  if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
    return 0;
  if (n == 0)
    self->problem = g_strdup ("the peer closed the connection");
  else
    tls_fail (self, (int) n);
  return -1;
}

static gboolean
grpc_tls_write (GrpcTls *self, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      ssize_t n = gnutls_record_send (self->session, data, length);

      if (n < 0)
        {
          tls_fail (self, (int) n);
          return FALSE;
        }
      data += n;
      length -= n;
    }
  return TRUE;
}

/* Tells the peer that nothing follows (RFC 8446, 6.1). */
static void
grpc_tls_close (GrpcTls *self)
{
  if (self->established)
    gnutls_bye (self->session, GNUTLS_SHUT_WR);
}

static const char *
grpc_tls_get_problem (GrpcTls *self)
{
  return self->problem;
}

/* What spares an exchange and the certificates next time; (nullable) (transfer full). */
static GBytes *
grpc_tls_get_ticket (GrpcTls *self)
{
  gnutls_datum_t data;
  GBytes *ticket;

  if (self->server || !self->established || self->problem != NULL
      || !(gnutls_session_get_flags (self->session) & GNUTLS_SFLAGS_SESSION_TICKET)
      || gnutls_session_get_data2 (self->session, &data) != 0)
    return NULL;
  ticket = g_bytes_new (data.data, data.size);
  gnutls_free (data.data);
  return ticket;
}

static GrpcTlsKeys *
grpc_tls_get_keys (GrpcTls *self)
{
  return self->keys;
}

static GBytes *
grpc_tls_get_peer (GrpcTls *self, char **ret_identity)
{
  const gnutls_datum_t *chain;
  unsigned length;

  *ret_identity = NULL;
  /* Nobody has looked at what a client shows otherwise. */
  if (self->server && (self->options->ca_file == NULL || !self->options->verify_clients))
    return NULL;
  chain = gnutls_certificate_get_peers (self->session, &length);
  if (chain == NULL || length == 0)
    return NULL;
  *ret_identity = grpc_tls_name_of (&chain[0]);
  return g_bytes_new (chain[0].data, chain[0].size);
}

const GrpcTlsEngine grpc_tls_engine = {
  .files_new = grpc_tls_files_new,
  .files_free = grpc_tls_files_free,
  .files_get_keys = grpc_tls_files_get_keys,
  .files_get_options = grpc_tls_files_get_options,
  .files_may_report = grpc_tls_files_may_report,
  .keys_ref = grpc_tls_keys_ref,
  .keys_unref = grpc_tls_keys_unref,
  .new = grpc_tls_new,
  .free = grpc_tls_free,
  .feed = grpc_tls_feed,
  .handshake = grpc_tls_handshake,
  .read = grpc_tls_read,
  .write = grpc_tls_write,
  .close = grpc_tls_close,
  .get_problem = grpc_tls_get_problem,
  .get_ticket = grpc_tls_get_ticket,
  .get_keys = grpc_tls_get_keys,
  .get_peer = grpc_tls_get_peer,
};
