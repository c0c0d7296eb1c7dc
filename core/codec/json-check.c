/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Whether a text of others may be given to a JSON parser that recurses, or takes more than JSON.
 */
#include "config.h"

#include "codec/depth.h"
#include "codec/reader.h"
#include <micro/micro-codec.h>
#include <micro/micro-error.h>

/**
 * micro_json_check:
 * @json: (array length=length): a text; need not end in NUL
 * @length: in bytes
 * @max_depth: how deep objects and arrays may be in each other, at most; up to 100
 * @error: return location
 *
 * Looks whether a text is one value of JSON (RFC 8259), and nothing but that: no comments, no
 * single quotes, no comma too many.  Takes no more stack than @max_depth asks for.  A library that
 * knows no limit, such as JSON-GLib, may read it then.
 *
 * Returns: whether it is; %MICRO_STATUS_INVALID_ARGUMENT says where it is not
 */
gboolean
micro_json_check (const char *json, gsize length, guint max_depth, GError **error)
{
  MicroCodecReader reader = { .start = json, .cursor = json };
  gboolean fine;

  g_return_val_if_fail (json != NULL || length == 0, FALSE);
  g_return_val_if_fail (max_depth <= MICRO_CODEC_MAX_DEPTH, FALSE);
  reader.end = json + length;
  reader.max_depth = max_depth;
  reader.text = g_string_new (NULL);
  fine = micro_codec_reader_skip (&reader) && micro_codec_reader_end (&reader);
  g_string_free (reader.text, TRUE);
  if (!fine)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, "%s (at byte %zu)",
                 reader.problem, (gsize) (reader.cursor - reader.start));
  return fine;
}
