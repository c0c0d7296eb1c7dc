/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * go-micro's error record, {"id", "code", "detail", "status"}, in an error and on the wire.
 */
#pragma once

#include <micro/micro-error.h>

G_BEGIN_DECLS

/* (transfer full): an error with all that a peer said. */
GError *micro_error_new (
    MicroStatus status, const char *id, int code, const char *message, GBytes *details);

/* What go-micro calls an HTTP status, "Not Found" say. */
const char *micro_code_to_string (int code);

/* core/services/error-record.c: the wire. */
typedef struct
{
  char *id;
  int code; /* an HTTP status; 0: there is no record */
  char *detail;
} MicroErrorRecord;

/* @ret_json: for grpc-message.  Returns: (transfer full): a google.rpc.Status. */
GBytes *micro_error_record_encode (
    MicroStatus status, const char *id, int code, const char *detail, char **ret_json);
/* Of a call's @message and @details, both (nullable); FALSE: none of the two has one. */
gboolean
micro_error_record_decode (const char *message, GBytes *details, MicroErrorRecord *ret_record);
void micro_error_record_clear (MicroErrorRecord *self);

G_END_DECLS
