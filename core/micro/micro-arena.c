/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call's arena: memory that goes when the call goes.
 */
#include "config.h"

#include <micro/micro-arena-private.h>
#include <micro/micro-call.h>

#define BLOCK_SIZE 4096
#define ALIGNMENT 16

struct _MicroArenaBlock
{
  MicroArenaBlock *next;
  gsize padding;
};

/**
 * micro_call_init_arena: (skip)
 * @self: a call
 * @inline_space: (nullable): memory that lives as long as the call, 16-byte aligned
 * @size: of @inline_space, bytes
 *
 * For transports: gives the call memory to begin with, so that a small call allocates none.
 */
void
micro_call_init_arena (MicroCall *self, guint8 *inline_space, gsize size)
{
  self->arena.next = inline_space;
  self->arena.end = inline_space + size;
  self->arena.blocks = NULL;
}

/**
 * micro_call_clear_arena: (skip)
 * @self: a call
 *
 * For transports: frees what was allocated.
 */
void
micro_call_clear_arena (MicroCall *self)
{
  micro_arena_clear (&self->arena);
  micro_arena_clear (&self->message_arena);
}

/* What was inline stays used. */
void
micro_arena_clear (MicroArena *self)
{
  if (self->blocks == NULL)
    return;
  while (self->blocks != NULL)
    {
      MicroArenaBlock *block = self->blocks;

      self->blocks = block->next;
      g_free (block);
    }
  self->next = self->end = NULL;
}

/* Unlike g_malloc this may fail: the size of a message field comes from the peer. */
gpointer
micro_arena_try_alloc (MicroArena *self, gsize size)
{
  gsize rounded = (size + ALIGNMENT - 1) & ~(gsize) (ALIGNMENT - 1);
  MicroArenaBlock *block;
  gpointer result;

  if (rounded < size)
    return NULL;
  if (rounded <= (gsize) (self->end - self->next))
    {
      result = self->next;
      self->next += rounded;
      return result;
    }
  if (rounded > BLOCK_SIZE / 2)
    {
      block = g_try_malloc (sizeof *block + rounded);
      if (block == NULL)
        return NULL;
      block->next = self->blocks;
      self->blocks = block;
      return block + 1;
    }
  block = g_malloc (sizeof *block + BLOCK_SIZE);
  block->next = self->blocks;
  self->blocks = block;
  self->next = (guint8 *) (block + 1) + rounded;
  self->end = (guint8 *) (block + 1) + BLOCK_SIZE;
  return block + 1;
}

static void *
allocator_alloc (void *user_data, size_t size)
{
  return micro_arena_try_alloc (user_data, size);
}

static void
allocator_free (void *user_data, void *pointer)
{
  (void) user_data;
  (void) pointer;
}

ProtobufCAllocator
micro_arena_get_allocator (MicroArena *self)
{
  return (ProtobufCAllocator){ allocator_alloc, allocator_free, self };
}

/**
 * micro_call_alloc: (skip)
 * @self: a call
 * @size: bytes
 *
 * Returns: (transfer none): uninitialised memory, 16-byte aligned, that lives until the call is
 *   answered; %NULL when there is none.  Only on the call's loop thread.
 */
gpointer
micro_call_alloc (MicroCall *self, gsize size)
{
  return micro_arena_try_alloc (&self->arena, size);
}

/**
 * micro_call_printf: (skip)
 * @self: a call
 * @format: as for printf()
 * @...: its arguments
 *
 * Returns: (transfer none): a string that lives until the call is answered.  Only on the call's
 *   loop thread.
 */
char *
micro_call_printf (MicroCall *self, const char *format, ...)
{
  gsize room = self->arena.end - self->arena.next;
  va_list arguments;
  char *result;
  int length;

  va_start (arguments, format);
  length = g_vsnprintf ((char *) self->arena.next, room, format, arguments);
  va_end (arguments);
  if ((gsize) length < room)
    return micro_call_alloc (self, length + 1);
  result = micro_call_alloc (self, length + 1);
  va_start (arguments, format);
  g_vsnprintf (result, length + 1, format, arguments);
  va_end (arguments);
  return result;
}
