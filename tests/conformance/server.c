/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The server under test of the conformance suite.
 */
#include <stdlib.h>

#include <micro/micro-transport.h>

#include "credentials.h"

#define ANY_PREFIX "type.googleapis.com/"

/**
 * Exchange:
 *
 * One call: what came, and what is to be answered when.
 */
typedef struct
{
  MicroLoopTimer timer;
  MicroCall *call;
  WireHeaders headers;
  gint64 timeout_ms;   /* -1: none */
  GPtrArray *requests; /* of Google__Protobuf__Any *, not yet echoed */
  GByteArray *first;   /* (nullable): the first request, packed, which defines the answer */
  ProtobufCMessage *definition_of; /* (nullable): it, unpacked */
  const V1 (StreamResponseDefinition) * stream;
  const V1 (UnaryResponseDefinition) * unary;
  gsize n_sent;
  gboolean full_duplex;
  gboolean ended;   /* the requests have */
  gboolean started; /* answering has */
  gboolean over;
} Exchange;

static void
any_free (gpointer data)
{
  Google__Protobuf__Any *any = data;

  g_free (any->type_url);
  g_free (any->value.data);
  g_free (any);
}

static Exchange *
exchange_new (MicroCall *call)
{
  Exchange *self = g_new0 (Exchange, 1);
  gint64 deadline_us = micro_call_get_deadline (call);

  self->call = call;
  wire_headers_init (&self->headers);
  micro_call_foreach_header (call, wire_headers_add, &self->headers);
  self->timeout_ms
      = deadline_us == G_MAXINT64 ? -1 : (deadline_us - g_get_monotonic_time () + 500) / 1000;
  self->requests = g_ptr_array_new_with_free_func (any_free);
  return self;
}

static void
exchange_free (Exchange *self)
{
  g_ptr_array_unref (self->headers.headers);
  g_ptr_array_unref (self->requests);
  if (self->definition_of != NULL)
    protobuf_c_message_free_unpacked (self->definition_of, NULL);
  g_free (self);
}

static void
exchange_take (Exchange *self, const ProtobufCMessage *request)
{
  Google__Protobuf__Any *any = g_new (Google__Protobuf__Any, 1);

  google__protobuf__any__init (any);
  any->type_url = g_strconcat (ANY_PREFIX, request->descriptor->name, NULL);
  any->value.len = protobuf_c_message_get_packed_size (request);
  any->value.data = g_malloc (any->value.len + 1);
  protobuf_c_message_pack (request, any->value.data);
  if (self->definition_of == NULL)
    self->definition_of
        = protobuf_c_message_unpack (request->descriptor, NULL, any->value.len, any->value.data);
  g_ptr_array_add (self->requests, any);
}

/* --- What is answered --- */

static void
fill_info (Exchange *self, V1 (ConformancePayload__RequestInfo) * info, gboolean with_headers)
{
  connectrpc__conformance__v1__conformance_payload__request_info__init (info);
  info->requests = (Google__Protobuf__Any **) self->requests->pdata;
  info->n_requests = self->requests->len;
  if (!with_headers)
    return;
  info->request_headers = (V1 (Header) **) self->headers.headers->pdata;
  info->n_request_headers = self->headers.headers->len;
  if (self->timeout_ms >= 0)
    {
      info->_timeout_ms_case
          = CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__REQUEST_INFO___TIMEOUT_MS_TIMEOUT_MS;
      info->timeout_ms = self->timeout_ms;
    }
}

static void
add_headers (MicroCall *call, gboolean trailers, V1 (Header) * *headers, gsize n)
{
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < headers[i]->n_value; j++)
      if (trailers)
        micro_call_add_trailer (call, headers[i]->name, headers[i]->value[j]);
      else
        micro_call_add_header (call, headers[i]->name, headers[i]->value[j]);
}

/* @with_info: nothing was answered, so what came rides in the details. */
static void
fail (Exchange *self, const V1 (Error) * error, gboolean with_info)
{
  Micro__Conformance__Status status = MICRO__CONFORMANCE__STATUS__INIT;
  g_autofree Google__Protobuf__Any **details
      = g_new (Google__Protobuf__Any *, error->n_details + 1);
  Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
  V1 (ConformancePayload__RequestInfo) info;
  g_autofree guint8 *packed_info = NULL;
  g_autoptr (GBytes) packed = NULL;
  guint8 *data;
  gsize n = 0;

  for (; n < error->n_details; n++)
    details[n] = error->details[n];
  if (with_info)
    {
      fill_info (self, &info, TRUE);
      any.type_url = (char *) ANY_PREFIX "connectrpc.conformance.v1.ConformancePayload.RequestInfo";
      any.value.len = protobuf_c_message_get_packed_size (&info.base);
      any.value.data = packed_info = g_malloc (any.value.len + 1);
      protobuf_c_message_pack (&info.base, packed_info);
      details[n++] = &any;
    }
  status.code = (gint32) error->code;
  status.message = error->message;
  status.details = details;
  status.n_details = n;
  data = g_malloc (protobuf_c_message_get_packed_size (&status.base) + 1);
  packed = g_bytes_new_take (data, protobuf_c_message_pack (&status.base, data));
  micro_call_fail_with_details (self->call, (MicroStatus) error->code, error->message,
                                n > 0 ? packed : NULL);
}

static void
finish (Exchange *self)
{
  const V1 (StreamResponseDefinition) *definition = self->stream;

  if (definition != NULL)
    add_headers (self->call, TRUE, definition->response_trailers, definition->n_response_trailers);
  if (definition != NULL && definition->error != NULL)
    fail (self, definition->error, self->n_sent == 0);
  else
    micro_call_end (self->call);
  exchange_free (self);
}

/* --- Unary and client streams --- */

static void
answer_unary (MicroLoopTimer *timer)
{
  Exchange *self = (Exchange *) timer;
  const V1 (UnaryResponseDefinition) *definition = self->unary;
  V1 (UnaryResponse) response = CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE__INIT;
  V1 (ConformancePayload) payload = CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__INIT;
  V1 (ConformancePayload__RequestInfo) info;

  fill_info (self, &info, TRUE);
  payload.request_info = &info;
  response.payload = &payload;
  if (definition != NULL)
    {
      add_headers (self->call, FALSE, definition->response_headers, definition->n_response_headers);
      add_headers (self->call, TRUE, definition->response_trailers,
                   definition->n_response_trailers);
    }
  if (definition != NULL
      && definition->response_case
             == CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_ERROR)
    fail (self, definition->error, TRUE);
  else
    {
      if (definition != NULL
          && definition->response_case
                 == CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_RESPONSE_DATA)
        payload.data = definition->response_data;
      micro_call_reply (self->call, &response);
    }
  exchange_free (self);
}

static void
start_unary (Exchange *self, const V1 (UnaryResponseDefinition) * definition)
{
  guint delay_ms = definition != NULL ? definition->response_delay_ms : 0;

  self->unary = definition;
  self->timer.expired = answer_unary;
  if (delay_ms == 0)
    answer_unary (&self->timer);
  else
    micro_loop_start_timer (micro_loop_get_current (), &self->timer,
                            g_get_monotonic_time () + delay_ms * 1000);
}

static void
unary (MicroCall *call, const V1 (UnaryRequest) * request, gpointer user_data)
{
  Exchange *self = exchange_new (call);

  exchange_take (self, &request->base);
  start_unary (self, ((V1 (UnaryRequest) *) self->definition_of)->response_definition);
}

static void
idempotent_unary (MicroCall *call, const V1 (IdempotentUnaryRequest) * request, gpointer user_data)
{
  Exchange *self = exchange_new (call);

  exchange_take (self, &request->base);
  start_unary (self, ((V1 (IdempotentUnaryRequest) *) self->definition_of)->response_definition);
}

static void
collect_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  exchange_take (user_data, message);
}

static void
collect_ended (MicroCall *call, gpointer user_data)
{
  Exchange *self = user_data;
  V1 (ClientStreamRequest) *first = (V1 (ClientStreamRequest) *) self->definition_of;

  self->over = TRUE;
  start_unary (self, first != NULL ? first->response_definition : NULL);
}

static void
collect_cancelled (MicroCall *call, gpointer user_data)
{
  Exchange *self = user_data;

  if (self->over) /* the timer answers */
    return;
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
  exchange_free (self);
}

static void
client_stream (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = collect_message, .ended = collect_ended, .cancelled = collect_cancelled };

  micro_call_stream (call, &funcs, exchange_new (call));
}

/* --- Server streams and both ways --- */

static void go_on (Exchange *self);

static void
send_next (MicroLoopTimer *timer)
{
  Exchange *self = (Exchange *) timer;
  V1 (ServerStreamResponse) response = CONNECTRPC__CONFORMANCE__V1__SERVER_STREAM_RESPONSE__INIT;
  V1 (ConformancePayload) payload = CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__INIT;
  V1 (ConformancePayload__RequestInfo) info;

  if (self->n_sent == 0 || self->full_duplex)
    {
      fill_info (self, &info, self->n_sent == 0);
      payload.request_info = &info;
    }
  payload.data = self->stream->response_data[self->n_sent++];
  response.payload = &payload;
  micro_call_send (self->call, &response);
  g_ptr_array_set_size (self->requests, 0);
  self->started = FALSE;
  go_on (self);
}

static void
start_next (Exchange *self)
{
  guint delay_ms = self->stream->response_delay_ms;

  self->started = TRUE;
  self->timer.expired = send_next;
  if (delay_ms == 0)
    send_next (&self->timer);
  else
    micro_loop_start_timer (micro_loop_get_current (), &self->timer,
                            g_get_monotonic_time () + delay_ms * 1000);
}

/* Half duplex: everything once the requests have ended.  Full duplex: an answer a request, and
 * what is left at the end. */
static void
go_on (Exchange *self)
{
  gsize n = self->stream != NULL ? self->stream->n_response_data : 0;

  if (self->started || self->over)
    return;
  if (self->n_sent < n && (self->ended || (self->full_duplex && self->requests->len > 0)))
    start_next (self);
  else if (self->ended || (self->full_duplex && self->requests->len > 0))
    {
      self->over = TRUE;
      finish (self);
    }
}

static void
begin_stream (Exchange *self, const V1 (StreamResponseDefinition) * definition)
{
  self->stream = definition;
  if (definition == NULL)
    return;
  add_headers (self->call, FALSE, definition->response_headers, definition->n_response_headers);
  if (definition->n_response_data > 0)
    micro_call_send_headers (self->call);
}

static void
stream_cancelled (MicroCall *call, gpointer user_data)
{
  Exchange *self = user_data;

  micro_loop_stop_timer (micro_loop_get_current (), &self->timer);
  micro_call_fail (call, MICRO_STATUS_CANCELLED, "the caller has gone");
  exchange_free (self);
}

static void
server_stream (MicroCall *call, const V1 (ServerStreamRequest) * request, gpointer user_data)
{
  static const MicroStreamFuncs funcs = { .cancelled = stream_cancelled };
  Exchange *self = exchange_new (call);

  exchange_take (self, &request->base);
  micro_call_stream (call, &funcs, self);
  begin_stream (self, ((V1 (ServerStreamRequest) *) self->definition_of)->response_definition);
  self->ended = TRUE;
  go_on (self);
}

static void
bidi_message (MicroCall *call, gconstpointer message, gpointer user_data)
{
  Exchange *self = user_data;
  gboolean first = self->definition_of == NULL;
  V1 (BidiStreamRequest) * request;

  exchange_take (self, message);
  if (first)
    {
      request = (V1 (BidiStreamRequest) *) self->definition_of;
      self->full_duplex = request->full_duplex;
      begin_stream (self, request->response_definition);
    }
  if (self->full_duplex)
    go_on (self);
}

static void
bidi_ended (MicroCall *call, gpointer user_data)
{
  Exchange *self = user_data;

  self->ended = TRUE;
  go_on (self);
}

static void
bidi_stream (MicroCall *call, gconstpointer unused, gpointer user_data)
{
  static const MicroStreamFuncs funcs
      = { .message = bidi_message, .ended = bidi_ended, .cancelled = stream_cancelled };

  micro_call_stream (call, &funcs, exchange_new (call));
}

/* --- main --- */

static MicroTransport *
make_transport (const V1 (ServerCompatRequest) * request)
{
  g_autoptr (GError) error = NULL;
  GType type = micro_plugin_find (MICRO_PLUGIN_TRANSPORT, "grpc", &error);
  MicroTransport *transport;
  Credentials credentials = { NULL, NULL, NULL };
  guint limit = request->message_receive_limit != 0 ? request->message_receive_limit : 4 << 20;

  if (error != NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      exit (1);
    }
  if (request->use_tls)
    credentials = credentials_new (request->server_creds, &request->client_tls_cert);
  transport = g_initable_new (type, NULL, &error, "max-receive-bytes", limit, "tls-cert",
                              credentials.cert, "tls-key", credentials.key, "tls-ca",
                              credentials.ca, NULL);
  if (transport == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      exit (1);
    }
  return transport;
}

int
main (void)
{
  static const ConnectrpcConformanceV1ConformanceServiceHandlers handlers = {
    .unary = unary,
    .server_stream = server_stream,
    .client_stream = client_stream,
    .bidi_stream = bidi_stream,
    .idempotent_unary = idempotent_unary,
  };
  g_autoptr (GBytes) input = wire_read (stdin);
  V1 (ServerCompatRequest) * request;
  V1 (ServerCompatResponse) response = CONNECTRPC__CONFORMANCE__V1__SERVER_COMPAT_RESPONSE__INIT;
  g_autoptr (MicroRouter) router = micro_router_new ();
  g_autoptr (GPtrArray) loops = g_ptr_array_new ();
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;
  MicroTransport *transport;

  if (input == NULL)
    return 1;
  request = connectrpc__conformance__v1__server_compat_request__unpack (
      NULL, g_bytes_get_size (input), g_bytes_get_data (input, NULL));
  connectrpc_conformance_v1_conformance_service_add_handlers (router, &handlers, NULL, NULL);
  g_ptr_array_add (loops, micro_loop_new ("one"));
  g_ptr_array_add (loops, micro_loop_new ("two"));
  transport = make_transport (request);
  address = micro_transport_listen (transport, "127.0.0.1:0", router, loops, &error);
  if (address == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return 1;
    }
  response.host = (char *) "127.0.0.1";
  if (request->use_tls)
    response.pem_cert = request->server_creds->cert;
  response.port = (guint32) atoi (strrchr (address, ':') + 1);
  wire_write (stdout, &response.base);
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return 0;
}
