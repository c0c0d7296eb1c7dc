/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Status codes: their names, and their twins in HTTP and go-micro.
 */
#include "config.h"

#include <micro/micro-error.h>

G_DEFINE_QUARK (micro - error - quark, micro_error)
G_DEFINE_QUARK (micro - plugin - error - quark, micro_plugin_error)

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
