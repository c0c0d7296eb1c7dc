/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of a caller's stream share.
 */
#pragma once

#include "call/arena.h"
#include "client/request.h"
#include <micro/micro-stream.h>

G_BEGIN_DECLS

/* client/stream-inbox.c: for blocking callers: what has arrived and was not yet taken. */
typedef struct _MicroStreamInbox MicroStreamInbox;

struct _MicroStream
{
  MicroRequest base;
  const MicroMethod *method; /* (nullable): then messages are GBytes */
  const MicroStreamEvents *events;
  gpointer user_data;
  MicroStreamInbox *inbox; /* (nullable): instead of events */

  /* On the loop's thread. */
  GArray *outbox; /* what another try would need; (nullable): none will */
  gsize outbox_bytes;
  gboolean half_closed;
  guint n_received;
  MicroArena arena; /* of the message in hand */
  GBytes *bytes;    /* (nullable): likewise */
  GBytes *reply;    /* (nullable): the only one, until it is known to be */

  /* Atomic. */
  int posted;  /* bytes on their way to the loop */
  int full;    /* the call has no room */
  int blocked; /* somebody waits for writable */
  int compress;
};

/* client/stream-send.c; but has_room on the loop's thread only. */
gboolean micro_stream_has_room (MicroStream *self);
void micro_stream_look_for_room (MicroStream *self);
void micro_stream_tell_writable (MicroStream *self); /* if somebody waits and there is room */
void micro_stream_init_outbox (MicroStream *self);
void micro_stream_drop_outbox (MicroStream *self);   /* no other try will be made */
void micro_stream_repeat_outbox (MicroStream *self); /* into a new call */

/* NULL: the stream has been ended with the reason. */
gpointer micro_stream_unpack (MicroStream *self,
                              ProtobufCAllocator *allocator,
                              const guint8 *data,
                              gsize length);

MicroStreamInbox *micro_stream_inbox_new (void);
void micro_stream_inbox_free (MicroStreamInbox *self, gboolean is_bytes);
/* Whether the peer is to wait now. */
gboolean micro_stream_inbox_put (MicroStreamInbox *self, gpointer message, gsize size);
void micro_stream_inbox_writable (MicroStreamInbox *self);
void micro_stream_inbox_close (MicroStreamInbox *self, const GError *error);
/* Any thread but the loops'.  Waits until @is_ready, or returns FALSE at the end. */
gboolean micro_stream_inbox_wait (MicroStreamInbox *self,
                                  gboolean (*is_ready) (MicroStream *),
                                  MicroStream *stream);
/* Likewise, for a message; NULL at the end.  @resume: whether the peer need not wait any more. */
gpointer micro_stream_inbox_take (MicroStreamInbox *self, gboolean *resume, GError **error);

G_END_DECLS
