/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Headers of calls and answers, which gRPC calls metadata: what may be one.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/* Whether the two can be sent as they are, and are not a call's own; INVALID_ARGUMENT says why not.
 */
MICRO_API gboolean micro_header_check (const char *name, const char *value, GError **error);

G_END_DECLS
