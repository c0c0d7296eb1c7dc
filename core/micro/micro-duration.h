/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Durations in flags, variables and settings.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/* A text as go-micro writes durations: 5s, 500ms, 1m30s, 0. */
MICRO_API gboolean micro_duration_parse (const char *text, guint *ret_ms);

G_END_DECLS
