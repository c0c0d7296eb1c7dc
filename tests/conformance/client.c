/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The client under test of the conformance suite: every request at once, answers as they come.
 */
#include <stdlib.h>

#include "credentials.h"

#define MAX_AT_ONCE 16

typedef V1 (ClientCompatRequest) Request;

/**
 * Exchange:
 *
 * One call, on its loop's thread.
 */
typedef struct
{
  MicroLoopTimer timer;
  MicroLoopTimer cancel;
  Request *request;
  MicroClient *client;
  const MicroMethod *method;
  MicroStream *stream;
  gsize n_sent;
  guint n_received;
  gboolean closed;
  WireHeaders headers;
  WireHeaders trailers;
  GPtrArray *payloads; /* of V1 (UnaryResponse) *, which has what all have */
} Exchange;

static GPtrArray *loops;
static GMutex mutex;
static GCond cond;
static int n_running;

/* --- The report --- */

static Micro__Conformance__Status *
get_status (const GError *error)
{
  GBytes *details = micro_error_get_details (error);

  return details == NULL ? NULL
                         : micro__conformance__status__unpack (NULL, g_bytes_get_size (details),
                                                               g_bytes_get_data (details, NULL));
}

static void
report (Exchange *self, const GError *error)
{
  V1 (ClientCompatResponse) response = CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_RESPONSE__INIT;
  V1 (ClientResponseResult) result = CONNECTRPC__CONFORMANCE__V1__CLIENT_RESPONSE_RESULT__INIT;
  V1 (ConformancePayload) empty = CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__INIT;
  V1 (Error) failure = CONNECTRPC__CONFORMANCE__V1__ERROR__INIT;
  g_autofree V1 (ConformancePayload) **payloads
      = g_new (V1 (ConformancePayload) *, self->payloads->len + 1);
  Micro__Conformance__Status *status = NULL;

  for (guint i = 0; i < self->payloads->len; i++)
    {
      payloads[i] = ((V1 (UnaryResponse) *) self->payloads->pdata[i])->payload;
      if (payloads[i] == NULL)
        payloads[i] = &empty;
    }
  result.payloads = payloads;
  result.n_payloads = self->payloads->len;
  result.response_headers = (V1 (Header) **) self->headers.headers->pdata;
  result.n_response_headers = self->headers.headers->len;
  result.response_trailers = (V1 (Header) **) self->trailers.headers->pdata;
  result.n_response_trailers = self->trailers.headers->len;
  result.num_unsent_requests = (gint32) (self->request->n_request_messages - self->n_sent);
  if (error != NULL)
    {
      failure.code = (V1 (Code)) micro_error_get_status (error);
      failure._message_case = CONNECTRPC__CONFORMANCE__V1__ERROR___MESSAGE_MESSAGE;
      failure.message = error->message;
      status = get_status (error);
      if (status != NULL)
        {
          failure.details = status->details;
          failure.n_details = status->n_details;
        }
      result.error = &failure;
    }
  response.test_name = self->request->test_name;
  response.result_case = CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_RESPONSE__RESULT_RESPONSE;
  response.response = &result;
  g_mutex_lock (&mutex);
  wire_write (stdout, &response.base);
  n_running--;
  g_cond_signal (&cond);
  g_mutex_unlock (&mutex);
  if (status != NULL)
    micro__conformance__status__free_unpacked (status, NULL);
}

static void
payload_free (gpointer data)
{
  connectrpc__conformance__v1__unary_response__free_unpacked (data, NULL);
}

static void
exchange_free (Exchange *self)
{
  micro_stream_unref (self->stream);
  g_ptr_array_unref (self->headers.headers);
  g_ptr_array_unref (self->trailers.headers);
  g_ptr_array_unref (self->payloads);
  connectrpc__conformance__v1__client_compat_request__free_unpacked (self->request, NULL);
  g_free (self);
}

/* --- Sending --- */

static void
cancel_now (MicroLoopTimer *timer)
{
  Exchange *self = MICRO_CONTAINER_OF (timer, Exchange, cancel);

  micro_stream_cancel (self->stream);
}

static void
all_sent (Exchange *self)
{
  const V1 (ClientCompatRequest__Cancel) *cancel = self->request->cancel;

  if (cancel != NULL
      && cancel->cancel_timing_case
             == CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_REQUEST__CANCEL__CANCEL_TIMING_BEFORE_CLOSE_SEND)
    {
      micro_stream_cancel (self->stream);
      return;
    }
  micro_stream_end (self->stream);
  if (cancel == NULL
      || cancel->cancel_timing_case
             != CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_REQUEST__CANCEL__CANCEL_TIMING_AFTER_CLOSE_SEND_MS)
    return;
  self->cancel.expired = cancel_now;
  micro_loop_start_timer (micro_loop_get_current (), &self->cancel,
                          g_get_monotonic_time ()
                              + cancel->after_close_send_ms * G_TIME_SPAN_MILLISECOND);
}

static gboolean
waits_for_answers (Exchange *self)
{
  return self->request->stream_type
             == CONNECTRPC__CONFORMANCE__V1__STREAM_TYPE__STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM
         && self->n_received < self->n_sent;
}

static void send_more (Exchange *self);

static void
send_one (MicroLoopTimer *timer)
{
  Exchange *self = (Exchange *) timer;
  const ProtobufCBinaryData *value = &self->request->request_messages[self->n_sent]->value;
  ProtobufCMessage *message
      = protobuf_c_message_unpack (self->method->request, NULL, value->len, value->data);

  self->n_sent++;
  micro_stream_send (self->stream, message);
  protobuf_c_message_free_unpacked (message, NULL);
  send_more (self);
}

static void
send_more (Exchange *self)
{
  if (self->closed || waits_for_answers (self))
    return;
  if (self->n_sent == self->request->n_request_messages)
    all_sent (self);
  else if (self->request->request_delay_ms == 0)
    send_one (&self->timer);
  else
    {
      self->timer.expired = send_one;
      micro_loop_start_timer (micro_loop_get_current (), &self->timer,
                              g_get_monotonic_time ()
                                  + self->request->request_delay_ms * G_TIME_SPAN_MILLISECOND);
    }
}

/* --- Receiving --- */

static void
on_message (MicroStream *stream, gconstpointer message, gpointer user_data)
{
  Exchange *self = user_data;
  const V1 (ClientCompatRequest__Cancel) *cancel = self->request->cancel;
  gsize length = protobuf_c_message_get_packed_size (message);
  g_autofree guint8 *data = g_malloc (length + 1);

  protobuf_c_message_pack (message, data);
  g_ptr_array_add (self->payloads,
                   connectrpc__conformance__v1__unary_response__unpack (NULL, length, data));
  self->n_received++;
  if (cancel != NULL
      && cancel->cancel_timing_case
             == CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_REQUEST__CANCEL__CANCEL_TIMING_AFTER_NUM_RESPONSES
      && cancel->after_num_responses == self->n_received)
    micro_stream_cancel (stream);
  else if (self->request->stream_type
               == CONNECTRPC__CONFORMANCE__V1__STREAM_TYPE__STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM
           && self->n_received == self->n_sent)
    send_more (self);
}

static void
on_closed (MicroStream *stream, const GError *error, gpointer user_data)
{
  Exchange *self = user_data;

  self->closed = TRUE;
  micro_loop_stop_timer (micro_loop_get_current (), &self->timer);
  micro_loop_stop_timer (micro_loop_get_current (), &self->cancel);
  micro_stream_foreach_header (stream, FALSE, wire_headers_add, &self->headers);
  micro_stream_foreach_header (stream, TRUE, wire_headers_add, &self->trailers);
  report (self, error);
  if (self->stream != NULL)
    exchange_free (self);
}

/* --- Beginning --- */

static const MicroMethod *
find_method (const Request *request)
{
  const MicroServiceDescriptor *service = &connectrpc_conformance_v1_conformance_service_descriptor;

  for (guint i = 0; i < service->n_methods; i++)
    if (g_str_equal (service->methods[i].name, request->method))
      return &service->methods[i];
  return NULL;
}

static void
begin (gpointer user_data)
{
  static const MicroStreamEvents events = { .message = on_message, .closed = on_closed };
  Exchange *self = user_data;
  const Request *request = self->request;
  MicroCallOptions options = MICRO_CALL_OPTIONS_INIT;
  g_autoptr (GPtrArray) headers = g_ptr_array_new ();
  g_autofree char *address = g_strdup_printf ("%s:%u", request->host, request->port);

  for (gsize i = 0; i < request->n_request_headers; i++)
    for (gsize j = 0; j < request->request_headers[i]->n_value; j++)
      {
        g_ptr_array_add (headers, request->request_headers[i]->name);
        g_ptr_array_add (headers, request->request_headers[i]->value[j]);
      }
  g_ptr_array_add (headers, NULL);
  options.address = address;
  options.headers = (const char *const *) headers->pdata;
  options.retries = 0;
  options.timeout_ms = request->timeout_ms;
  options.compress
      = request->compression == CONNECTRPC__CONFORMANCE__V1__COMPRESSION__COMPRESSION_GZIP;
  options.max_receive_bytes = request->message_receive_limit;
  self->method = find_method (request);
  self->stream = micro_client_open_stream (self->client, "", self->method, &options, &events, self);
  if (self->closed)
    exchange_free (self);
  else
    send_more (self);
}

static GType
find_plugin (MicroPluginKind kind, const char *name)
{
  g_autoptr (GError) error = NULL;
  GType type = micro_plugin_find (kind, name, &error);

  if (error != NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      exit (1);
    }
  return type;
}

/* (transfer none): one for all requests with the same credentials */
static MicroClient *
get_client (const Request *request)
{
  static GHashTable *clients;
  static MicroCache *cache; /* nothing is looked up in it */
  V1 (TLSCreds) *own = request->client_tls_creds;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const ProtobufCBinaryData *ca = &request->server_tls_cert;
  g_autoptr (GError) error = NULL;
  Credentials credentials;
  MicroTransport *transport;
  MicroClient *client;

  if (clients == NULL)
    clients = g_hash_table_new (g_str_hash, g_str_equal);
  g_checksum_update (sum, ca->data, (gssize) ca->len);
  if (own != NULL)
    g_checksum_update (sum, own->cert.data, (gssize) own->cert.len);
  client = g_hash_table_lookup (clients, g_checksum_get_string (sum));
  if (client != NULL)
    return client;
  credentials = credentials_new (own, ca);
  transport = g_initable_new (find_plugin (MICRO_PLUGIN_TRANSPORT, "grpc"), NULL, &error,
                              "tls-cert", credentials.cert, "tls-key", credentials.key, "tls-ca",
                              credentials.ca, NULL);
  if (transport == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      exit (1);
    }
  if (cache == NULL)
    cache = micro_cache_new (g_object_new (find_plugin (MICRO_PLUGIN_REGISTRY, "memory"), NULL),
                             NULL, loops->pdata[0]);
  client = micro_client_new (
      cache, g_object_new (find_plugin (MICRO_PLUGIN_SELECTOR, "static"), NULL), transport, loops);
  g_hash_table_insert (clients, g_strdup (g_checksum_get_string (sum)), client);
  return client;
}

static void
run_one (Request *request)
{
  Exchange *self = g_new0 (Exchange, 1);

  self->request = request;
  self->client = get_client (request);
  self->payloads = g_ptr_array_new_with_free_func (payload_free);
  wire_headers_init (&self->headers);
  wire_headers_init (&self->trailers);
  g_mutex_lock (&mutex);
  while (n_running >= MAX_AT_ONCE)
    g_cond_wait (&cond, &mutex);
  n_running++;
  g_mutex_unlock (&mutex);
  micro_loop_post (loops->pdata[0], begin, self);
}

int
main (void)
{
  loops = g_ptr_array_new ();
  g_ptr_array_add (loops, micro_loop_new ("one"));
  while (TRUE)
    {
      g_autoptr (GBytes) input = wire_read (stdin);

      if (input == NULL)
        break;
      run_one (connectrpc__conformance__v1__client_compat_request__unpack (
          NULL, g_bytes_get_size (input), g_bytes_get_data (input, NULL)));
    }
  g_mutex_lock (&mutex);
  while (n_running > 0)
    g_cond_wait (&cond, &mutex);
  g_mutex_unlock (&mutex);
  return 0;
}
