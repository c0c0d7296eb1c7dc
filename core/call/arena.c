/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call's arena: memory that goes when the call goes.
 */
#include "config.h"

#include <string.h>

#include "call/arena.h"
#include "loop/loop.h"
#include <micro/micro-transport.h>

#define BLOCK_SIZE 4096
#define ALIGNMENT 16

struct _MicroArenaBlock
{
  MicroArenaBlock *next;
  gsize size;
};

/* Each message of a stream takes a block and gives it back; the loop keeps one for the next. */
static MicroArenaBlock *
block_new (void)
{
  MicroLoop *loop = micro_loop_get_current ();
  MicroArenaBlock *block;

  if (loop != NULL && loop->arena_block != NULL)
    return g_steal_pointer (&loop->arena_block);
  block = g_malloc (sizeof *block + BLOCK_SIZE);
  block->size = BLOCK_SIZE;
  return block;
}

static void
block_free (MicroArenaBlock *block)
{
  MicroLoop *loop = block->size == BLOCK_SIZE ? micro_loop_get_current () : NULL;

  if (MICRO_BLOCK_KEEP && loop != NULL && loop->arena_block == NULL)
    loop->arena_block = block;
  else
    micro_block_free (block);
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
      block_free (block);
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
      block = rounded < G_MAXSIZE - sizeof *block
                  ? micro_block_realloc (NULL, sizeof *block + rounded)
                  : NULL;
      if (block == NULL)
        return NULL;
      block->size = rounded;
      block->next = self->blocks;
      self->blocks = block;
      return block + 1;
    }
  block = block_new ();
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

/* --- Formatted text --- */

static const char *
next_string (va_list *arguments)
{
  const char *string = va_arg (*arguments, const char *);

  return string != NULL ? string : "(null)";
}

/* Without its NUL; FALSE: @format has other conversions than %s. */
static gboolean
measure_strings (const char *format, va_list arguments, gsize *ret_length)
{
  gboolean known = TRUE;
  gsize length = 0;
  va_list copy;

  va_copy (copy, arguments);
  for (const char *at = format; *at != '\0' && known; at++)
    if (*at != '%')
      length++;
    else if (*++at == 's')
      length += strlen (next_string (&copy));
    else
      known = FALSE;
  va_end (copy);
  *ret_length = length;
  return known;
}

static void
join_strings (char *result, const char *format, va_list arguments)
{
  va_list copy;

  va_copy (copy, arguments);
  while (*format != '\0')
    if (*format == '%')
      {
        result = stpcpy (result, next_string (&copy));
        format += 2;
      }
    else
      *result++ = *format++;
  *result = '\0';
  va_end (copy);
}

static char *
arena_print_any (MicroCall *self, const char *format, va_list arguments)
{
  gsize room = self->arena.end - self->arena.next;
  va_list copy;
  char *result;
  int length;

  va_copy (copy, arguments);
  length = g_vsnprintf ((char *) self->arena.next, room, format, copy);
  va_end (copy);
  result = micro_call_alloc (self, (gsize) length + 1);
  if (result != NULL && (gsize) length >= room)
    g_vsnprintf (result, (gulong) length + 1, format, arguments);
  return result;
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
  va_list arguments;
  char *result;
  gsize length;

  va_start (arguments, format);
  /* What printf() cannot place it counts byte by byte: milliseconds for a large message. */
  if (!measure_strings (format, arguments, &length))
    result = arena_print_any (self, format, arguments);
  else if ((result = micro_call_alloc (self, length + 1)) != NULL)
    join_strings (result, format, arguments);
  va_end (arguments);
  return result;
}
