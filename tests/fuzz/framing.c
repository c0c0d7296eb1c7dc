/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes the framing of messages: what is found does not depend on how the bytes are cut, and gzip
 * stays below its limit.
 */
#include <string.h>

#include "../../plugins/grpc-transport/grpc-wire.h"
#include "fuzz.h"

#define MAX_BYTES 1024

typedef struct
{
  GByteArray *found;
  guint pause_every; /* 0: never */
  guint n_messages;
} Messages;

static gboolean
add_message (gpointer user_data, gboolean compressed, const guint8 *data, gsize length)
{
  Messages *self = user_data;
  const guint8 head[] = { compressed != FALSE, length >> 8, length & 0xff };

  g_assert (length <= MAX_BYTES);
  g_byte_array_append (self->found, head, sizeof head);
  if (length > 0)
    g_byte_array_append (self->found, data, (guint) length);
  self->n_messages++;
  return self->pause_every == 0 || self->n_messages % self->pause_every != 0;
}

/* What was found, the status behind it. */
static GByteArray *
cut (const guint8 *data, gsize size, gsize step, guint pause_every)
{
  Messages messages = { g_byte_array_new (), pause_every, 0 };
  GrpcFramer framer = { 0 };
  MicroStatus status = MICRO_STATUS_OK;
  guint8 end;

  while (size > 0 && status == MICRO_STATUS_OK)
    {
      gsize length = MIN (step, size);
      g_autofree guint8 *chunk = g_memdup2 (data, length); /* so that reading past it is seen */
      const char *why = NULL;
      gsize used = 0;

      if (!grpc_framer_feed (&framer, chunk, length, MAX_BYTES, add_message, &messages, &used,
                             &status, &why))
        {
          g_assert (why != NULL && status != MICRO_STATUS_OK);
          break;
        }
      g_assert (used <= length && (used == length || pause_every != 0));
      g_assert (used > 0);
      data += used;
      size -= used;
    }
  end = (guint8) (status | (grpc_framer_is_whole (&framer) ? 0x80 : 0));
  g_byte_array_append (messages.found, &end, 1);
  grpc_framer_clear (&framer);
  return messages.found;
}

static void
compare_cuts (const guint8 *data, gsize size, gsize step, guint pause_every)
{
  g_autoptr (GByteArray) whole = cut (data, size, G_MAXSIZE, 0);
  g_autoptr (GByteArray) cuts = cut (data, size, step, pause_every);

  g_assert_cmpmem (whole->data, whole->len, cuts->data, cuts->len);
}

static void
inflate_and_deflate (const guint8 *data, gsize size)
{
  g_autofree guint8 *packed = NULL;
  g_autofree guint8 *again = NULL;
  g_autofree guint8 *plain = NULL;
  gboolean too_large;
  gsize length;

  plain = grpc_gzip_inflate (data, size, MAX_BYTES, &length, &too_large);
  g_assert (plain == NULL || length <= MAX_BYTES);
  packed = grpc_gzip_deflate (data, size, &length);
  again = grpc_gzip_inflate (packed, length, size, &length, &too_large);
  g_assert (again != NULL && !too_large);
  g_assert_cmpmem (again, length, data, size);
  g_clear_pointer (&again, g_free);
  if (size == 0)
    return;
  g_clear_pointer (&packed, g_free);
  packed = grpc_gzip_deflate (data, size, &length);
  again = grpc_gzip_inflate (packed, length, size - 1, &length, &too_large);
  g_assert (again == NULL && too_large);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint step = 1 + fuzz_take (&data, &size, 40);
  guint pause_every = fuzz_take (&data, &size, 4);

  compare_cuts (data, size, step, pause_every);
  inflate_and_deflate (data, size);
  return 0;
}
