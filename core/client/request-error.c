/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a peer's status says, as an error.
 */
#include "config.h"

#include "base/error.h"
#include "client/request.h"

GError *
micro_request_error (MicroStatus status, const char *message, GBytes *details)
{
  MicroErrorRecord record;
  GError *error;

  if (!micro_error_record_decode (message, details, &record))
    return micro_error_new (
        status, NULL, 0,
        message != NULL && message[0] != '\0' ? message : "the peer gave no reason", details);
  error = micro_error_new (status, record.id, record.code, record.detail, details);
  micro_error_record_clear (&record);
  return error;
}
