/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of a loop share.
 */
#pragma once

#include <sys/epoll.h>

#include <micro/micro-loop.h>

G_BEGIN_DECLS

#define MICRO_LOOP_MAX_EVENTS 128
#define MICRO_LOOP_MAX_BLOCKS 64

struct _MicroScope; /* call/context.h: what runs on the loop now */

/* What waits on a loop, and is told, once and on its thread, that it will wait in vain. */
typedef struct _MicroLoopEnding MicroLoopEnding;
struct _MicroLoopEnding
{
  void (*ending) (MicroLoopEnding *self);
  MicroLoopEnding *next;
  MicroLoopEnding **link; /* what points to this; NULL: nothing */
};

struct _MicroLoop
{
  gatomicrefcount references; /* one is the thread's */
  GMainContext *context;
  GThread *thread;
  GSource *source;
  int epoll_fd;
  gboolean quit;
  gboolean dispatching;
  gboolean muted; /* somebody iterates the context inside a turn */
  gint64 now_us;
  struct _MicroScope *scope; /* (nullable) */

  MicroLoopTask *tasks;
  MicroLoopTask **tasks_tail;

  MicroLoopEnding *endings;

  MicroLoopTimer **heap; /* from 1 */
  guint n_timers;
  guint heap_size;

  struct epoll_event events[MICRO_LOOP_MAX_EVENTS];
  int n_events;
  int next_event;
  gboolean fetched; /* loop/poll.c: these are of this turn */
  int wakeup_fd;    /* GLib's, among the descriptors that are watched; or -1 */

  gpointer blocks[MICRO_LOOP_MAX_BLOCKS]; /* loop/block.c: free ones */
  guint n_blocks;
  gsize blocks_bytes;
  gint64 blocks_used_us;
  MicroLoopTimer blocks_quiet;
  gpointer arena_block; /* (nullable): call/arena.c's spare one */

  GMutex mutex;
  GArray *posted;
  int has_posted;     /* atomic */
  gboolean ended;     /* under the mutex: the thread runs nothing any more */
  GRecMutex runs_now; /* what is posted after that, on the thread that posts */
};

/* loop/ending.c: on the loop's thread; what has been told, or never added, may be removed. */
void micro_loop_add_ending (MicroLoop *self, MicroLoopEnding *ending);
void micro_loop_remove_ending (MicroLoopEnding *ending);
void micro_loop_tell_endings (MicroLoop *self);

/* loop/current.c: once, by the loop's thread. */
void micro_loop_set_current (MicroLoop *self);

/* Where the loop keeps it. */
struct _MicroScope **micro_loop_get_scope (MicroLoop *self);

/* Whether memory is kept for later: a sanitizer sees more if it is not. */
#ifdef KEEP_NO_MEMORY
#define MICRO_BLOCK_KEEP FALSE
#else
#define MICRO_BLOCK_KEEP TRUE
#endif

/* loop/block.c: what it keeps, from this size on; and frees that. */
#define MICRO_BLOCK_LARGE (64 * 1024)
void micro_block_clear (MicroLoop *loop);

/* loop/poll.c */
void micro_loop_init_poll (MicroLoop *self);
void micro_loop_fetch_events (MicroLoop *self);

/* loop/timer.c: those that were due when this turn began. */
void micro_loop_run_timers (MicroLoop *self);

G_END_DECLS
