/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the two files of the memory transport share.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

typedef struct _MemoryTransport MemoryTransport;
typedef struct _MemoryCall MemoryCall;

/* --- memory-transport.c --- */

/* The server's half of a call has ended, or the call has gone.  Any thread. */
void memory_transport_call_served (MemoryTransport *self);
void memory_transport_call_gone (MemoryCall *call);

/* --- memory-call.c --- */

/* A call to @router on @server_loop; @server and the rest are NULL when nobody serves @start's
 * address.  On the loop thread of @loop. */
MemoryCall *memory_call_new (MemoryTransport *client,
                             MemoryTransport *server,
                             MicroRouter *router,
                             MicroLoop *server_loop,
                             MicroLoop *loop,
                             const MicroCallStart *start,
                             const MicroCallEvents *events,
                             gpointer user_data);
MicroCall *memory_call_begin (MemoryCall *self);
gboolean memory_call_try_ref (MemoryCall *self); /* FALSE if it is going */
void memory_call_unref (MemoryCall *self);
gboolean memory_call_is_of (MemoryCall *self, MemoryTransport *transport);
void memory_call_break (MemoryCall *self); /* not on a loop thread; both sides know on return */

G_END_DECLS
