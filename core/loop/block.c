/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Memory of large messages, which a loop keeps as long as more of them come.
 *
 * A message of 1 MiB takes about four large blocks. malloc() would return them to the system, and
 * every 4 KiB of the next message would be a page fault.
 */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"

/* By one loop. */
#define MAX_KEPT_BYTES (MICRO_BLOCK_KEEP ? 32 * 1024 * 1024 : 0)
#define QUIET_US G_USEC_PER_SEC

void
micro_block_clear (MicroLoop *loop)
{
  while (loop->n_blocks > 0)
    free (loop->blocks[--loop->n_blocks]);
  loop->blocks_bytes = 0;
  g_clear_pointer (&loop->arena_block, free);
}

static void
when_quiet (MicroLoopTimer *timer)
{
  MicroLoop *loop = MICRO_CONTAINER_OF (timer, MicroLoop, blocks_quiet);
  gint64 quiet_at = loop->blocks_used_us + QUIET_US;

  if (quiet_at > loop->now_us)
    micro_loop_start_timer (loop, timer, quiet_at);
  else
    {
      micro_block_clear (loop);
#ifdef HAVE_MALLOC_TRIM
      malloc_trim (0); /* whatever small things lie behind them */
#endif
    }
}

/* The smallest that is kept and large enough. */
static gpointer
block_take (MicroLoop *loop, gsize size)
{
  guint best = G_MAXUINT;
  gsize best_size = G_MAXSIZE;
  gpointer block;

  for (guint i = 0; i < loop->n_blocks; i++)
    {
      gsize usable = malloc_usable_size (loop->blocks[i]);

      if (usable < size || usable >= best_size)
        continue;
      best = i;
      best_size = usable;
    }
  if (best == G_MAXUINT)
    return NULL;
  block = loop->blocks[best];
  loop->blocks[best] = loop->blocks[--loop->n_blocks];
  loop->blocks_bytes -= best_size;
  return block;
}

/**
 * micro_block_realloc: (skip)
 * @block: (nullable) (transfer full): from here or from malloc()
 * @size: bytes, not 0
 *
 * realloc() for what may be large and is needed again and again: on a loop thread, large blocks
 * that were freed there are used again.
 *
 * Returns: (nullable) (transfer full): uninitialised beyond what @block held; %NULL when there is
 *   no memory, and then @block is as it was.  Free it with micro_block_free().
 */
gpointer
micro_block_realloc (gpointer block, gsize size)
{
  MicroLoop *loop = size >= MICRO_BLOCK_LARGE ? micro_loop_get_current () : NULL;
  gpointer kept = NULL;
  gsize had;

  if (loop == NULL)
    return realloc (block, size);
  had = block != NULL ? malloc_usable_size (block) : 0;
  if (had >= size)
    return block;
  kept = block_take (loop, size);
  if (kept == NULL)
    return realloc (block, size);
  if (block != NULL)
    memcpy (kept, block, had);
  micro_block_free (block);
  return kept;
}

/**
 * micro_block_free: (skip)
 * @block: (nullable) (transfer full): from micro_block_realloc()
 *
 * On any thread; the loop of this one may keep it for a second or as long as more come.
 */
void
micro_block_free (gpointer block)
{
  gsize size = block != NULL ? malloc_usable_size (block) : 0;
  MicroLoop *loop = size >= MICRO_BLOCK_LARGE ? micro_loop_get_current () : NULL;

  if (loop == NULL || loop->n_blocks == MICRO_LOOP_MAX_BLOCKS
      || loop->blocks_bytes + size > MAX_KEPT_BYTES)
    {
      free (block);
      return;
    }
  loop->blocks[loop->n_blocks++] = block;
  loop->blocks_bytes += size;
  loop->blocks_used_us = loop->now_us;
  loop->blocks_quiet.expired = when_quiet;
  if (loop->blocks_quiet.position == 0)
    micro_loop_start_timer (loop, &loop->blocks_quiet, loop->blocks_used_us + QUIET_US);
}
