/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The one error domain: its codes are the gRPC status codes.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/**
 * MICRO_ERROR:
 *
 * Error domain of every failure of a call or of the toolkit; the codes are #MicroStatus.
 */
#define MICRO_ERROR (micro_error_quark ())

/**
 * MicroStatus:
 *
 * The gRPC status codes (grpc/grpc doc/statuscodes.md), with gRPC's numbers.
 */
typedef enum
{
  MICRO_STATUS_OK = 0,
  MICRO_STATUS_CANCELLED = 1,
  MICRO_STATUS_UNKNOWN = 2,
  MICRO_STATUS_INVALID_ARGUMENT = 3,
  MICRO_STATUS_DEADLINE_EXCEEDED = 4,
  MICRO_STATUS_NOT_FOUND = 5,
  MICRO_STATUS_ALREADY_EXISTS = 6,
  MICRO_STATUS_PERMISSION_DENIED = 7,
  MICRO_STATUS_RESOURCE_EXHAUSTED = 8,
  MICRO_STATUS_FAILED_PRECONDITION = 9,
  MICRO_STATUS_ABORTED = 10,
  MICRO_STATUS_OUT_OF_RANGE = 11,
  MICRO_STATUS_UNIMPLEMENTED = 12,
  MICRO_STATUS_INTERNAL = 13,
  MICRO_STATUS_UNAVAILABLE = 14,
  MICRO_STATUS_DATA_LOSS = 15,
  MICRO_STATUS_UNAUTHENTICATED = 16
} MicroStatus;

/* Why a plugin could not be loaded; a domain of its own, so that a program can tell. */
#define MICRO_PLUGIN_ERROR (micro_plugin_error_quark ())

typedef enum
{
  MICRO_PLUGIN_ERROR_NOT_FOUND,
  MICRO_PLUGIN_ERROR_OPEN,
  MICRO_PLUGIN_ERROR_ENTRY,
  MICRO_PLUGIN_ERROR_ABI,
  MICRO_PLUGIN_ERROR_KIND,
  MICRO_PLUGIN_ERROR_OPTION
} MicroPluginError;

#ifndef __GI_SCANNER__ /* which wants an enumeration MicroError; micro_error_get_status() does it  \
                        */
MICRO_API GQuark micro_error_quark (void);
#endif
MICRO_API GQuark micro_plugin_error_quark (void);
MICRO_API const char *micro_status_to_string (MicroStatus status);
MICRO_API int micro_status_to_http (MicroStatus status);
MICRO_API MicroStatus micro_status_from_http (int http);
MICRO_API MicroStatus micro_status_from_micro_code (int code);
MICRO_API int micro_status_to_micro_code (MicroStatus status);
MICRO_API MicroStatus micro_error_get_status (const GError *error);
/* For messages: at most 48 characters of what others have written. */
MICRO_API char *micro_error_quote (const char *text);
/* What a peer said beside its status, in an error of MICRO_ERROR; nothing in others. */
MICRO_API const char *micro_error_get_id (const GError *error);
MICRO_API int micro_error_get_code (const GError *error);
MICRO_API GBytes *micro_error_get_details (const GError *error);

G_END_DECLS
