/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A loop thread: a GMainContext with one epoll instance and its timers inside.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/**
 * MICRO_CONTAINER_OF:
 * @pointer: to a member of a struct
 * @Type: of the struct
 * @member: its name
 *
 * The struct around what a call-back is given: sources, timers and tasks are embedded in theirs.
 */
#define MICRO_CONTAINER_OF(pointer, Type, member)                                                  \
  ((Type *) G_STRUCT_MEMBER_P (pointer, -G_STRUCT_OFFSET (Type, member)))

/**
 * MicroLoopSource:
 *
 * A file descriptor in a loop's epoll set.  The owner embeds it in its own struct.
 */
typedef struct _MicroLoopSource MicroLoopSource;
struct _MicroLoopSource
{
  int fd;
  guint32 events; /* the EPOLL* mask now asked for */
  void (*ready) (MicroLoopSource *self, guint32 events);
  gpointer reserved; /* zero */
};

/**
 * MicroLoopTimer:
 *
 * A one-shot timer of a loop, embedded by its owner; zero-initialised means not running.
 */
typedef struct _MicroLoopTimer MicroLoopTimer;
struct _MicroLoopTimer
{
  gint64 at_us;   /* g_get_monotonic_time() */
  guint position; /* in the heap, from 1; 0 when not running */
  void (*expired) (MicroLoopTimer *self);
  gpointer reserved; /* zero */
};

/**
 * MicroLoopTask:
 *
 * Something to do at the end of this turn of the loop (flush a connection, say); embedded.
 */
typedef struct _MicroLoopTask MicroLoopTask;
struct _MicroLoopTask
{
  MicroLoopTask *next;
  gboolean queued;
  void (*run) (MicroLoopTask *self);
  gpointer reserved; /* zero */
};

typedef void (*MicroLoopFunc) (gpointer user_data);

#define MICRO_TYPE_LOOP (micro_loop_get_type ())
MICRO_API GType micro_loop_get_type (void);
MICRO_API MicroLoop *micro_loop_new (const char *name);
MICRO_API MicroLoop *micro_loop_ref (MicroLoop *self);
MICRO_API void micro_loop_unref (MicroLoop *self);
/* (transfer full) (element-type MicroLoop): an array with a reference to each, for who keeps them
 */
MICRO_API GPtrArray *micro_loop_ref_all (GPtrArray *loops);
MICRO_API void micro_loop_free (MicroLoop *self); /* ends and joins the thread; drops a reference */
MICRO_API MicroLoop *micro_loop_get_current (void);
MICRO_API GMainContext *micro_loop_get_context (MicroLoop *self);
MICRO_API gint64 micro_loop_get_time (MicroLoop *self); /* µs, of this turn */

/* From any thread; runs on the loop's, in order.  Of a loop whose thread has ended: before this
 * returns, on the calling thread, one after another. */
MICRO_API void micro_loop_post (MicroLoop *self, MicroLoopFunc func, gpointer user_data);
MICRO_API void micro_loop_run_sync (MicroLoop *self, MicroLoopFunc func, gpointer user_data);

/* On the loop's own thread only. */
MICRO_API gboolean micro_loop_add_source (MicroLoop *self, MicroLoopSource *source, GError **error);
MICRO_API void micro_loop_change_source (MicroLoop *self, MicroLoopSource *source, guint32 events);
MICRO_API void micro_loop_remove_source (MicroLoop *self, MicroLoopSource *source);
MICRO_API void micro_loop_start_timer (MicroLoop *self, MicroLoopTimer *timer, gint64 at_us);
MICRO_API void micro_loop_stop_timer (MicroLoop *self, MicroLoopTimer *timer);
MICRO_API void micro_loop_queue_task (MicroLoop *self, MicroLoopTask *task);

/* realloc() and free() for messages, which may be large; any thread. */
MICRO_API gpointer micro_block_realloc (gpointer block, gsize size);
MICRO_API void micro_block_free (gpointer block);

G_END_DECLS
