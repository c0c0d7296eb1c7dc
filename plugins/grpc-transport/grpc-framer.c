/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Length-prefixed messages out of DATA frames, without a copy when one is whole.
 */
#include "config.h"

#include <string.h>

#include "grpc-wire.h"

/* One step of growth of a message that spans chunks: memory follows what arrives, not what the
 * prefix promises. */
#define FIRST_SIZE 4096

static gboolean
keep (GrpcFramer *self, const guint8 *data, gsize length)
{
  gsize need = self->n_partial + length;

  if (need > self->partial_size)
    {
      gsize size = MIN (MAX (MAX (need, FIRST_SIZE), self->partial_size * 2), self->length);
      guint8 *bigger = micro_block_realloc (self->partial, size);

      if (bigger == NULL)
        return FALSE;
      self->partial = bigger;
      self->partial_size = size;
    }
  if (length > 0)
    memcpy (self->partial + self->n_partial, data, length);
  self->n_partial = need;
  return TRUE;
}

static gboolean
start_message (GrpcFramer *self, gsize max_bytes, MicroStatus *ret_status, const char **ret_message)
{
  guint32 length;

  memcpy (&length, self->prefix + 1, 4);
  self->length = GUINT32_FROM_BE (length);
  if (self->prefix[0] > 1)
    {
      *ret_status = MICRO_STATUS_INTERNAL;
      *ret_message = "a message begins with a compression flag that is neither 0 nor 1";
      return FALSE;
    }
  if (self->length > max_bytes)
    {
      *ret_status = MICRO_STATUS_RESOURCE_EXHAUSTED;
      *ret_message = "a message is larger than max-receive-bytes allows";
      return FALSE;
    }
  return TRUE;
}

gboolean
grpc_framer_feed (GrpcFramer *self,
                  const guint8 *data,
                  gsize length,
                  gsize max_bytes,
                  GrpcFramerFunc message,
                  gpointer user_data,
                  gsize *ret_used,
                  MicroStatus *ret_status,
                  const char **ret_message)
{
  const guint8 *const begin = data;
  const guint8 *const end = data + length;
  gboolean more = TRUE;

  *ret_used = length;
  while (data < end && more)
    {
      gsize available;

      if (self->n_prefix < sizeof self->prefix)
        {
          gsize n = MIN (sizeof self->prefix - self->n_prefix, (gsize) (end - data));

          memcpy (self->prefix + self->n_prefix, data, n);
          self->n_prefix += (guint) n;
          data += n;
          if (self->n_prefix < sizeof self->prefix)
            return TRUE;
          if (!start_message (self, max_bytes, ret_status, ret_message))
            return FALSE;
        }
      available = end - data;
      if (self->n_partial == 0 && available >= self->length)
        {
          self->n_prefix = 0;
          data += self->length;
          more = message (user_data, self->prefix[0], data - self->length, self->length);
          continue;
        }
      available = MIN (available, self->length - self->n_partial);
      if (!keep (self, data, available))
        {
          *ret_status = MICRO_STATUS_RESOURCE_EXHAUSTED;
          *ret_message = "no memory for the message";
          return FALSE;
        }
      data += available;
      if (self->n_partial == self->length)
        {
          guint8 *whole = g_steal_pointer (&self->partial);

          self->n_partial = self->partial_size = 0;
          self->n_prefix = 0;
          more = message (user_data, self->prefix[0], whole, self->length);
          micro_block_free (whole);
        }
    }
  *ret_used = data - begin;
  return TRUE;
}

gboolean
grpc_framer_is_whole (const GrpcFramer *self)
{
  return self->n_prefix == 0;
}

void
grpc_framer_clear (GrpcFramer *self)
{
  g_clear_pointer (&self->partial, micro_block_free);
  self->n_prefix = 0;
  self->n_partial = self->partial_size = 0;
}
