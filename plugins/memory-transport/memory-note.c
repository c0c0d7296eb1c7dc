/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What one half of a call says to the other: copied, posted, and kept while that is held.
 */
#include "config.h"

#include "memory-call.h"
#include "memory-note.h"

MemoryNote *
memory_note_new (MemoryCall *call, MemoryNoteKind kind)
{
  MemoryNote *note = g_new0 (MemoryNote, 1);

  memory_call_ref (call);
  note->call = call;
  note->kind = kind;
  return note;
}

static void
note_free (MemoryNote *note)
{
  MemoryCall *call = note->call;

  g_clear_pointer (&note->details, g_bytes_unref);
  g_clear_pointer (&note->headers, g_ptr_array_unref);
  g_free (note->data);
  g_free (note->text);
  g_free (note);
  memory_call_unref (call);
}

static void
clear_pending (MemoryHalf *self)
{
  MemoryNote *note;

  while ((note = g_queue_pop_head (&self->pending)) != NULL)
    note_free (note);
}

/* The half is held, and what comes now has its place behind what came before. */
static gboolean
must_wait (MemoryHalf *self, MemoryNoteKind kind)
{
  return (kind == MEMORY_MESSAGE || kind == MEMORY_HALF_CLOSE || kind == MEMORY_CLOSED)
         && (self->held || !g_queue_is_empty (&self->pending));
}

static void
note_take (MemoryHalf *self, MemoryNote *note, MemoryHalf *other)
{
  MemoryNote *consumed = NULL;

  if (note->counted && !self->gone)
    {
      consumed = memory_note_new (note->call, MEMORY_CONSUMED);
      consumed->length = note->length;
    }
  self->take (note->call, note);
  if (consumed != NULL)
    memory_half_post (other, consumed);
  note_free (note);
}

static void
arrive (MemoryHalf *self, MemoryNote *note, MemoryHalf *other)
{
  if (note->kind == MEMORY_CONSUMED)
    {
      if (!self->gone)
        micro_call_sent (&self->head, note->length);
      note_free (note);
    }
  else if (note->kind == MEMORY_WAKE)
    {
      while (!self->held && !g_queue_is_empty (&self->pending))
        note_take (self, g_queue_pop_head (&self->pending), other);
      note_free (note);
    }
  else if (self->gone)
    note_free (note);
  else if (must_wait (self, note->kind))
    g_queue_push_tail (&self->pending, note);
  else
    note_take (self, note, other);
  if (self->gone)
    clear_pending (self);
}

static void
arrive_at_client (gpointer user_data)
{
  MemoryNote *note = user_data;
  MemoryCall *call = note->call;

  memory_call_ref (call);
  arrive (&call->client, note, &call->server);
  memory_call_unref (call);
}

static void
arrive_at_server (gpointer user_data)
{
  MemoryNote *note = user_data;
  MemoryCall *call = note->call;

  memory_call_ref (call);
  arrive (&call->server, note, &call->client);
  memory_call_unref (call);
}

void
memory_half_post (MemoryHalf *self, MemoryNote *note)
{
  if (self->head.loop == NULL)
    note_free (note);
  else
    micro_loop_post (self->head.loop,
                     self == &note->call->client ? arrive_at_client : arrive_at_server, note);
}

void
memory_note_tell_status (
    MemoryCall *call, MicroStatus status, const char *text, GBytes *details, GPtrArray *trailers)
{
  MemoryNote *note = memory_note_new (call, MEMORY_CLOSED);

  note->status = status;
  note->text = g_strdup (text);
  note->details = details != NULL ? g_bytes_ref (details) : NULL;
  note->headers = trailers;
  memory_half_post (&call->client, note);
}

void
memory_half_init (MemoryHalf *self,
                  MicroLoop *loop,
                  const MicroCallStart *start,
                  const MicroCallOps *ops,
                  void (*take) (MemoryCall *call, MemoryNote *note))
{
  self->head.ops = ops;
  self->head.loop = loop != NULL ? micro_loop_ref (loop) : NULL;
  self->head.codec = start->codec;
  self->head.deadline_us = start->deadline_us;
  self->take = take;
  micro_call_init (&self->head, NULL, 0);
}

/* Both ends are of this process. */
void
memory_half_get_peer (MicroCall *call, MicroPeer *peer)
{
  peer->address = "memory:";
}

guint8 *
memory_half_begin_message (MemoryHalf *self, gsize size)
{
  g_free (self->out);
  self->out = g_malloc (size + 1); /* never NULL */
  self->out_length = size;
  return self->out;
}

void
memory_half_end_message (MemoryHalf *self, MemoryCall *call, MemoryHalf *other)
{
  MemoryNote *note = memory_note_new (call, MEMORY_MESSAGE);

  note->data = g_steal_pointer (&self->out);
  note->length = self->out_length;
  note->counted = self->head.streaming;
  if (note->counted)
    g_atomic_int_add (&self->head.queued, (int) note->length);
  memory_half_post (other, note);
}

void
memory_half_hold (MemoryHalf *self, MemoryCall *call, gboolean hold)
{
  self->held = hold;
  if (!hold && !g_queue_is_empty (&self->pending))
    memory_half_post (self, memory_note_new (call, MEMORY_WAKE));
}

/* The core has let go of it.  Takes the half's reference to @call. */
void
memory_half_clear (MemoryHalf *self, MemoryCall *call, void (*release) (MicroCall *head))
{
  self->gone = TRUE;
  clear_pending (self);
  g_clear_pointer (&self->out, g_free);
  if (micro_call_clear (&self->head, release))
    memory_call_unref (call);
}
