/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Timestamps and durations as the JSON mapping writes them.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean micro_codec_timestamp_from_text (const char *text, gint64 *ret_seconds, gint32 *ret_nanos);
gboolean micro_codec_duration_from_text (const char *text, gint64 *ret_seconds, gint32 *ret_nanos);
char *micro_codec_timestamp_to_text (gint64 seconds, gint32 nanos);
char *micro_codec_duration_to_text (gint64 seconds, gint32 nanos);

G_END_DECLS
