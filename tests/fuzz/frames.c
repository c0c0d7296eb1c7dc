/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Mutates inputs of sessions frame by frame, so that a length still fits what it is of.
 */
#include <string.h>

#include "session.h"

#define FRAME_HEAD 9

/* libFuzzer's own; not there when inputs are only replayed. */
extern __attribute__ ((weak)) gsize LLVMFuzzerMutate (guint8 *data, gsize size, gsize max_size);
gsize LLVMFuzzerCustomMutator (guint8 *data, gsize size, gsize max_size, unsigned int seed);

/* Grows an array of GByteArray, a frame each; what is left over is the last. */
static GPtrArray *
split (const guint8 *data, gsize size)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);

  while (size > 0)
    {
      GByteArray *frame = g_byte_array_new ();
      gsize length = size;

      if (size >= FRAME_HEAD)
        length = MIN (size, FRAME_HEAD + ((gsize) data[0] << 16 | data[1] << 8 | data[2]));
      g_byte_array_append (frame, data, (guint) length);
      g_ptr_array_add (frames, frame);
      data += length;
      size -= length;
    }
  return frames;
}

static void
set_length (GByteArray *frame)
{
  guint length = frame->len - FRAME_HEAD;

  frame->data[0] = (guint8) (length >> 16);
  frame->data[1] = (guint8) (length >> 8);
  frame->data[2] = (guint8) length;
}

static void
change_payload (GByteArray *frame)
{
  gsize size = frame->len - FRAME_HEAD;
  gsize most = size * 2 + 16;

  g_byte_array_set_size (frame, (guint) (FRAME_HEAD + most));
  size = LLVMFuzzerMutate (frame->data + FRAME_HEAD, size, most);
  g_byte_array_set_size (frame, (guint) (FRAME_HEAD + size));
  set_length (frame);
}

static void
change_head (GByteArray *frame, GRand *random)
{
  static const guint8 types[]
      = { 0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, SESSION_TURN, SESSION_SAY, SESSION_DEAF };

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      frame->data[3] = types[g_rand_int_range (random, 0, G_N_ELEMENTS (types))];
      break;
    case 1:
      frame->data[4] ^= (guint8) (1 << g_rand_int_range (random, 0, 8));
      break;
    case 2:
      frame->data[8] = (guint8) g_rand_int_range (random, 0, 12);
      break;
    default:
      frame->data[g_rand_int_range (random, 0, FRAME_HEAD)] = (guint8) g_rand_int (random);
      break;
    }
}

static GByteArray *
say_something (GRand *random)
{
  GByteArray *frame = g_byte_array_new ();
  guint8 head[FRAME_HEAD + 3] = { 0 };

  head[3] = g_rand_int_range (random, 0, 4) == 0 ? SESSION_TURN : SESSION_SAY;
  for (guint i = 0; i < 3; i++)
    head[FRAME_HEAD + i] = (guint8) g_rand_int_range (random, 0, i == 2 ? 256 : 16);
  g_byte_array_append (frame, head, sizeof head);
  set_length (frame);
  return frame;
}

static void
mutate (GPtrArray *frames, GRand *random)
{
  guint at = (guint) g_rand_int_range (random, 0, (gint32) frames->len);
  guint to = (guint) g_rand_int_range (random, 0, (gint32) frames->len);
  GByteArray *frame = frames->pdata[at];

  switch (g_rand_int_range (random, 0, 8))
    {
    case 0: /* again, somewhere else */
      g_ptr_array_insert (frames, (int) to,
                          g_byte_array_append (g_byte_array_new (), frame->data, frame->len));
      break;
    case 1:
      g_ptr_array_remove_index (frames, at);
      break;
    case 2:
      frames->pdata[at] = frames->pdata[to];
      frames->pdata[to] = frame;
      break;
    case 3:
    case 4:
      g_ptr_array_insert (frames, (int) to, say_something (random));
      break;
    case 5:
      if (frame->len >= FRAME_HEAD)
        change_head (frame, random);
      break;
    default:
      if (frame->len >= FRAME_HEAD)
        change_payload (frame);
      break;
    }
}

gsize
LLVMFuzzerCustomMutator (guint8 *data, gsize size, gsize max_size, unsigned int seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (GPtrArray) frames = NULL;
  gsize at = 1;

  if (size < 1 + FRAME_HEAD || g_rand_int_range (random, 0, 8) == 0)
    return LLVMFuzzerMutate (data, size, max_size);
  frames = split (data + 1, size - 1);
  mutate (frames, random);
  for (guint i = 0; i < frames->len; i++)
    {
      const GByteArray *frame = frames->pdata[i];
      gsize length = MIN (frame->len, max_size - at);

      memcpy (data + at, frame->data, length);
      at += length;
    }
  return at;
}
