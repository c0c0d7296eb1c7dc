/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages compressed with gzip, each for itself, as gRPC wants it (doc/compression.md).
 */
#include "config.h"

#include <zlib.h>

#include "grpc-wire.h"

/* zlib's windowBits for a gzip header and trailer. */
#define GZIP_WINDOW (15 + 16)
#define FIRST_SIZE 4096

guint8 *
grpc_gzip_inflate (
    const guint8 *data, gsize length, gsize max_bytes, gsize *ret_length, gboolean *ret_too_large)
{
  z_stream stream = { .next_in = (Bytef *) data, .avail_in = (uInt) length };
  gsize size = MIN (MAX (length * 4, FIRST_SIZE), max_bytes);
  g_autofree guint8 *out = g_malloc (size + 1);
  int result = Z_OK;

  *ret_too_large = FALSE;
  if (inflateInit2 (&stream, GZIP_WINDOW) != Z_OK)
    return NULL;
  while (result == Z_OK)
    {
      /* One byte more than allowed tells "too large" from "just fits". */
      stream.next_out = out + stream.total_out;
      stream.avail_out = (uInt) (size + 1 - stream.total_out);
      result = inflate (&stream, Z_NO_FLUSH);
      if (result != Z_OK || stream.avail_out > 0)
        break;
      if (size >= max_bytes)
        {
          *ret_too_large = TRUE;
          break;
        }
      size = MIN (size * 2, max_bytes);
      out = g_realloc (out, size + 1);
    }
  *ret_length = stream.total_out;
  *ret_too_large = *ret_too_large || stream.total_out > max_bytes;
  inflateEnd (&stream);
  return result == Z_STREAM_END && !*ret_too_large && stream.avail_in == 0 ? g_steal_pointer (&out)
                                                                           : NULL;
}

guint8 *
grpc_gzip_deflate (const guint8 *data, gsize length, gsize *ret_length)
{
  z_stream stream = { .next_in = (Bytef *) data, .avail_in = (uInt) length };
  guint8 *out;
  gsize size;

  /* Level 1: the caller asked for fewer bytes, not for the fewest; level 6 costs three times it. */
  deflateInit2 (&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY);
  size = deflateBound (&stream, length);
  out = g_malloc (size);
  stream.next_out = out;
  stream.avail_out = (uInt) size;
  deflate (&stream, Z_FINISH);
  *ret_length = stream.total_out;
  deflateEnd (&stream);
  return out;
}
