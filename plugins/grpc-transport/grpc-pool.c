/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The small blocks of HTTP/2 sessions: a stream takes eight and gives them back, and a hundred
 * streams at once are more than malloc's own cache of a thread holds (seven of a size).
 */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "grpc-thread.h"

/* malloc's blocks are multiples of 16 bytes of which 8 are its own. */
#define GRAIN 16
#define OVERHEAD 8
/* Kept at the most: what about 400 streams need. */
#ifdef KEEP_NO_MEMORY
#define MAX_KEPT_BYTES 0
#else
#define MAX_KEPT_BYTES (512 * 1024)
#endif

/* The largest is 1 KiB. */
#define N_SIZES 65

typedef struct _Block Block;
struct _Block
{
  Block *next;
};

/* Free blocks by size: those at N hold at least N * GRAIN - OVERHEAD bytes. */
struct _GrpcPool
{
  nghttp2_mem memory;
  gsize kept_bytes;
  Block *blocks[N_SIZES];
};

static void *
pool_malloc (size_t size, void *user_data)
{
  GrpcPool *self = user_data;
  gsize grains = (size + OVERHEAD + GRAIN - 1) / GRAIN;
  Block *block;

  if (grains >= N_SIZES || self->blocks[grains] == NULL)
    return malloc (size);
  block = self->blocks[grains];
  self->blocks[grains] = block->next;
  self->kept_bytes -= grains * GRAIN;
  return block;
}

static void
pool_free (void *memory, void *user_data)
{
  GrpcPool *self = user_data;
  Block *block = memory;
  gsize grains;

  if (memory == NULL)
    return;
  grains = (malloc_usable_size (memory) + OVERHEAD) / GRAIN;
  if (grains == 0 || grains >= N_SIZES || self->kept_bytes + grains * GRAIN > MAX_KEPT_BYTES)
    {
      free (memory);
      return;
    }
  block->next = self->blocks[grains];
  self->blocks[grains] = block;
  self->kept_bytes += grains * GRAIN;
}

static void *
pool_calloc (size_t n, size_t size, void *user_data)
{
  void *memory;

  if (size != 0 && n > G_MAXSIZE / 2 / size)
    return NULL;
  memory = pool_malloc (n * size, user_data);
  if (memory != NULL)
    memset (memory, 0, n * size);
  return memory;
}

static void *
pool_realloc (void *memory, size_t size, void *user_data)
{
  return realloc (memory, size);
}

GrpcPool *
grpc_pool_new (void)
{
  GrpcPool *self = g_new0 (GrpcPool, 1);

  self->memory = (nghttp2_mem){ self, pool_malloc, pool_free, pool_calloc, pool_realloc };
  return self;
}

/* For nghttp2_session_*_new3(); the sessions must be gone before the pool is. */
nghttp2_mem *
grpc_pool_get_memory (GrpcPool *self)
{
  return &self->memory;
}

/* Gives what is free back to malloc. */
void
grpc_pool_empty (GrpcPool *self)
{
  for (guint i = 0; i < N_SIZES; i++)
    while (self->blocks[i] != NULL)
      {
        Block *block = self->blocks[i];

        self->blocks[i] = block->next;
        free (block);
      }
  self->kept_bytes = 0;
}

void
grpc_pool_free (GrpcPool *self)
{
  grpc_pool_empty (self);
  g_free (self);
}
