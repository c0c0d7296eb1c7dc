/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Status codes: their names, and their twins in HTTP and go-micro.
 */
#include "config.h"

#include "base/error.h"

typedef struct
{
  char *id;
  int code;
  GBytes *details;
} MicroErrorPrivate;

static void
micro_error_private_init (MicroErrorPrivate *self)
{
}

static void
micro_error_private_copy (const MicroErrorPrivate *from, MicroErrorPrivate *to)
{
  to->id = g_strdup (from->id);
  to->code = from->code;
  to->details = from->details != NULL ? g_bytes_ref (from->details) : NULL;
}

static void
micro_error_private_clear (MicroErrorPrivate *self)
{
  g_free (self->id);
  g_clear_pointer (&self->details, g_bytes_unref);
}

G_DEFINE_EXTENDED_ERROR (MicroError, micro_error)

/* An error of this domain made by its name alone, as PyGObject makes it, has room for what is
 * private only if the domain is known by then. */
static void __attribute__ ((constructor)) register_domain (void) { micro_error_quark (); }

/* Not by G_DEFINE_QUARK(), into whose name clang-format puts spaces. */
GQuark
micro_plugin_error_quark (void)
{
  return g_quark_from_static_string ("micro-plugin-error-quark");
}

/* Names: grpc/grpc doc/statuscodes.md; HTTP: google.rpc.Code's comments. */
static const struct
{
  const char *name;
  int http;
} statuses[] = {
  { "OK", 200 },
  { "CANCELLED", 499 },
  { "UNKNOWN", 500 },
  { "INVALID_ARGUMENT", 400 },
  { "DEADLINE_EXCEEDED", 504 },
  { "NOT_FOUND", 404 },
  { "ALREADY_EXISTS", 409 },
  { "PERMISSION_DENIED", 403 },
  { "RESOURCE_EXHAUSTED", 429 },
  { "FAILED_PRECONDITION", 400 },
  { "ABORTED", 409 },
  { "OUT_OF_RANGE", 400 },
  { "UNIMPLEMENTED", 501 },
  { "INTERNAL", 500 },
  { "UNAVAILABLE", 503 },
  { "DATA_LOSS", 500 },
  { "UNAUTHENTICATED", 401 },
};

/**
 * micro_status_to_string:
 * @status: a status
 *
 * Returns: (transfer none): its name, "NOT_FOUND" say; "UNKNOWN" for a number gRPC does not have
 */
const char *
micro_status_to_string (MicroStatus status)
{
  return (guint) status < G_N_ELEMENTS (statuses) ? statuses[status].name : "UNKNOWN";
}

/**
 * micro_status_to_http:
 * @status: a status
 *
 * Returns: the HTTP status that a gateway answers for it
 */
int
micro_status_to_http (MicroStatus status)
{
  return (guint) status < G_N_ELEMENTS (statuses) ? statuses[status].http : 500;
}

/**
 * micro_status_from_http:
 * @http: an HTTP status
 *
 * Returns: the status a call has that got @http for an answer (grpc/grpc
 *   doc/http-grpc-status-mapping.md)
 */
MicroStatus
micro_status_from_http (int http)
{
  switch (http)
    {
    case 200:
      return MICRO_STATUS_OK;
    case 400:
      return MICRO_STATUS_INTERNAL;
    case 401:
      return MICRO_STATUS_UNAUTHENTICATED;
    case 403:
      return MICRO_STATUS_PERMISSION_DENIED;
    case 404:
      return MICRO_STATUS_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
      return MICRO_STATUS_UNAVAILABLE;
    default:
      return MICRO_STATUS_UNKNOWN;
    }
}

/**
 * micro_status_from_micro_code:
 * @code: the code of a go-micro error, which is an HTTP status
 *
 * Returns: the gRPC status go-micro maps it to
 */
MicroStatus
micro_status_from_micro_code (int code)
{
  static const struct
  {
    int code;
    MicroStatus status;
  } codes[] = {
    { 200, MICRO_STATUS_OK },
    { 400, MICRO_STATUS_INVALID_ARGUMENT },
    { 401, MICRO_STATUS_UNAUTHENTICATED },
    { 403, MICRO_STATUS_PERMISSION_DENIED },
    { 404, MICRO_STATUS_NOT_FOUND },
    { 408, MICRO_STATUS_DEADLINE_EXCEEDED },
    { 409, MICRO_STATUS_ALREADY_EXISTS },
    { 412, MICRO_STATUS_FAILED_PRECONDITION },
    { 500, MICRO_STATUS_INTERNAL },
    { 501, MICRO_STATUS_UNIMPLEMENTED },
    { 503, MICRO_STATUS_UNAVAILABLE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].code == code)
      return codes[i].status;
  return MICRO_STATUS_UNKNOWN;
}

/**
 * micro_error_get_status:
 * @error: an error of any domain
 *
 * Returns: its status: the code of a %MICRO_ERROR, the nearest for a %G_IO_ERROR, else UNKNOWN
 */
MicroStatus
micro_error_get_status (const GError *error)
{
  if (error->domain == MICRO_ERROR)
    return (MicroStatus) error->code;
  if (error->domain != G_IO_ERROR)
    return MICRO_STATUS_UNKNOWN;
  switch (error->code)
    {
    case G_IO_ERROR_CANCELLED:
      return MICRO_STATUS_CANCELLED;
    case G_IO_ERROR_NOT_FOUND:
      return MICRO_STATUS_NOT_FOUND;
    case G_IO_ERROR_EXISTS:
      return MICRO_STATUS_ALREADY_EXISTS;
    case G_IO_ERROR_PERMISSION_DENIED:
      return MICRO_STATUS_PERMISSION_DENIED;
    case G_IO_ERROR_TIMED_OUT:
      return MICRO_STATUS_DEADLINE_EXCEEDED;
    case G_IO_ERROR_INVALID_ARGUMENT:
    case G_IO_ERROR_INVALID_DATA:
      return MICRO_STATUS_INVALID_ARGUMENT;
    case G_IO_ERROR_NOT_SUPPORTED:
      return MICRO_STATUS_UNIMPLEMENTED;
    case G_IO_ERROR_CONNECTION_REFUSED:
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
      return MICRO_STATUS_UNAVAILABLE;
    default:
      return MICRO_STATUS_UNKNOWN;
    }
}

/* --- What a peer said beside its status --- */

GError *
micro_error_new (MicroStatus status, const char *id, int code, const char *message, GBytes *details)
{
  GError *error = g_error_new_literal (MICRO_ERROR, (int) status, message);
  MicroErrorPrivate *self = micro_error_get_private (error);

  self->id = g_strdup (id);
  self->code = code;
  self->details = details != NULL ? g_bytes_ref (details) : NULL;
  return error;
}

/**
 * micro_error_get_id:
 * @error: an error of any domain
 *
 * Returns: (nullable) (transfer none): the id in the error record of a go-micro peer, such as
 *   "go.micro.srv.greeter"
 */
const char *
micro_error_get_id (const GError *error)
{
  return error->domain == MICRO_ERROR ? micro_error_get_private (error)->id : NULL;
}

/**
 * micro_error_get_code:
 * @error: an error of any domain
 *
 * Returns: the code in the error record of a go-micro peer, which is an HTTP status; 0: none came
 */
int
micro_error_get_code (const GError *error)
{
  return error->domain == MICRO_ERROR ? micro_error_get_private (error)->code : 0;
}

/**
 * micro_error_get_details:
 * @error: an error of any domain
 *
 * Returns: (nullable) (transfer none): the serialised google.rpc.Status that came with it
 */
GBytes *
micro_error_get_details (const GError *error)
{
  return error->domain == MICRO_ERROR ? micro_error_get_private (error)->details : NULL;
}

/**
 * micro_status_to_micro_code:
 * @status: a status
 *
 * Returns: the HTTP status that go-micro has for it; the inverse of
 *   micro_status_from_micro_code() where that has one
 */
int
micro_status_to_micro_code (MicroStatus status)
{
  switch (status)
    {
    case MICRO_STATUS_DEADLINE_EXCEEDED:
      return 408;
    case MICRO_STATUS_ALREADY_EXISTS:
      return 409;
    case MICRO_STATUS_FAILED_PRECONDITION:
      return 412;
    default:
      return micro_status_to_http (status);
    }
}

/* The names that Go has for them, which go-micro sends: not always those of RFC 9110. */
const char *
micro_code_to_string (int code)
{
  static const struct
  {
    int code;
    const char *name;
  } names[] = {
    { 100, "Continue" },
    { 101, "Switching Protocols" },
    { 102, "Processing" },
    { 103, "Early Hints" },
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 203, "Non-Authoritative Information" },
    { 204, "No Content" },
    { 205, "Reset Content" },
    { 206, "Partial Content" },
    { 207, "Multi-Status" },
    { 208, "Already Reported" },
    { 226, "IM Used" },
    { 300, "Multiple Choices" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 305, "Use Proxy" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 402, "Payment Required" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 407, "Proxy Authentication Required" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Request Entity Too Large" },
    { 414, "Request URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Requested Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 418, "I'm a teapot" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Entity" },
    { 423, "Locked" },
    { 424, "Failed Dependency" },
    { 425, "Too Early" },
    { 426, "Upgrade Required" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 451, "Unavailable For Legal Reasons" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 506, "Variant Also Negotiates" },
    { 507, "Insufficient Storage" },
    { 508, "Loop Detected" },
    { 510, "Not Extended" },
    { 511, "Network Authentication Required" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].code == code)
      return names[i].name;
  return "";
}
