/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The frame headers of a peer, looked at on their way to nghttp2.
 *
 * nghttp2 forgets a stream that is closed (remembering costs 200 bytes each) and ignores what still
 * comes for it, since the peer may not know yet.  A client does know when it has ended the stream
 * itself, and also that a number it has left out is used up (RFC 9113, 5.1 and 5.1.1).
 */
#include "config.h"

#include <nghttp2/nghttp2.h>

#include "grpc-connection.h"

static guint32
check_frame (GrpcConnection *self, guint8 type, guint8 flags, gint32 stream_id)
{
  GrpcFrames *frames = &self->frames;

  if (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA && type != NGHTTP2_RST_STREAM)
    return NGHTTP2_NO_ERROR;
  if (type != NGHTTP2_RST_STREAM)
    for (guint i = 0; i < GRPC_REMEMBERED; i++)
      if (frames->ended[i] == stream_id)
        return NGHTTP2_STREAM_CLOSED;
  if (type == NGHTTP2_HEADERS && stream_id >= frames->gap_begin && stream_id < frames->gap_end)
    return NGHTTP2_PROTOCOL_ERROR;
  if (type == NGHTTP2_HEADERS && stream_id > frames->last_begun)
    {
      if (stream_id > frames->last_begun + 2)
        {
          frames->gap_begin = frames->last_begun + 1;
          frames->gap_end = stream_id;
        }
      frames->last_begun = stream_id;
    }
  if (stream_id <= frames->last_begun
      && (type == NGHTTP2_RST_STREAM || (flags & NGHTTP2_FLAG_END_STREAM)))
    frames->ended[frames->next_ended++ % GRPC_REMEMBERED] = stream_id;
  return NGHTTP2_NO_ERROR;
}

gsize
grpc_frames_take (
    GrpcConnection *self, const guint8 *data, gsize length, guint max_frames, guint32 *ret_code)
{
  GrpcFrames *frames = &self->frames;
  guint n_frames = 0;
  gsize at = 0;

  *ret_code = NGHTTP2_NO_ERROR;
  while (at < length)
    {
      const guint8 *head = frames->head;
      gsize n = MIN (length - at, frames->skip);

      frames->skip -= n;
      at += n;
      if (frames->skip > 0)
        break;
      if (n_frames++ == max_frames)
        return at;
      if (frames->n_head == 0 && length - at >= sizeof frames->head)
        {
          head = data + at;
          at += sizeof frames->head;
        }
      else
        {
          while (at < length && frames->skip == 0 && frames->n_head < sizeof frames->head)
            frames->head[frames->n_head++] = data[at++];
          if (frames->n_head < sizeof frames->head)
            continue;
        }
      if (self->server)
        *ret_code = check_frame (self, head[3], head[4],
                                 (head[5] & 0x7f) << 24 | head[6] << 16 | head[7] << 8 | head[8]);
      if (*ret_code != NGHTTP2_NO_ERROR)
        return at;
      frames->in_data = head[3] == NGHTTP2_DATA;
      if (head[3] == NGHTTP2_HEADERS || head[3] == NGHTTP2_CONTINUATION)
        frames->in_block = (head[4] & NGHTTP2_FLAG_END_HEADERS) == 0;
      frames->skip = head[0] << 16 | head[1] << 8 | head[2];
      frames->n_head = 0;
    }
  return length;
}
