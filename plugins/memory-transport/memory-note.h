/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What one half of a call says to the other, in order.
 */
#pragma once

#include "memory-call.h"

G_BEGIN_DECLS

typedef enum
{
  MEMORY_START,
  MEMORY_HEADERS,
  MEMORY_MESSAGE,
  MEMORY_HALF_CLOSE,
  MEMORY_CLOSED,   /* to the client: the status */
  MEMORY_CANCEL,   /* to the server: nobody waits any more */
  MEMORY_BREAK,    /* to the server: it stops */
  MEMORY_CONSUMED, /* so many bytes of messages have been taken */
  MEMORY_WAKE      /* to oneself: no longer held */
} MemoryNoteKind;

struct _MemoryNote
{
  MemoryCall *call;
  MemoryNoteKind kind;
  guint8 *data; /* (nullable) */
  gsize length;
  gboolean counted; /* the sender wants to know when it is taken */
  MicroStatus status;
  char *text;         /* (nullable) */
  GBytes *details;    /* (nullable) */
  GPtrArray *headers; /* (nullable): of HEADERS, or the trailers of CLOSED */
};

MemoryNote *memory_note_new (MemoryCall *call, MemoryNoteKind kind);
/* The client's half is told how the call has ended.  Any thread; takes @trailers (nullable). */
void memory_note_tell_status (
    MemoryCall *call, MicroStatus status, const char *text, GBytes *details, GPtrArray *trailers);

void memory_half_init (MemoryHalf *self,
                       MicroLoop *loop,
                       const MicroCallStart *start,
                       const MicroCallOps *ops,
                       void (*take) (MemoryCall *call, MemoryNote *note));
/* Takes @note; it is dropped if the half has no loop. */
void memory_half_post (MemoryHalf *self, MemoryNote *note);
void memory_half_get_peer (MicroCall *call, MicroPeer *peer);
guint8 *memory_half_begin_message (MemoryHalf *self, gsize size);
void memory_half_end_message (MemoryHalf *self, MemoryCall *call, MemoryHalf *other);
void memory_half_hold (MemoryHalf *self, MemoryCall *call, gboolean hold);
void memory_half_clear (MemoryHalf *self, MemoryCall *call, void (*release) (MicroCall *head));

G_END_DECLS
