/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One name in the cache, and how the registry is followed for it.
 */
#pragma once

#include "client/cache.h"

G_BEGIN_DECLS

typedef struct _MicroCacheEntry MicroCacheEntry;

/* What an entry tells the cache, on the loop. */
typedef struct
{
  /* @snapshot: (nullable): there is none, and @reason says why */
  void (*changed) (MicroCacheEntry *entry, MicroSnapshot *snapshot);
  void (*operation_began) (gpointer owner);
  void (*operation_ended) (gpointer owner);
} MicroCacheEntryFuncs;

/* All on the loop. */
MicroCacheEntry *micro_cache_entry_new (const char *name,
                                        MicroRegistry *registry,
                                        MicroLoop *loop,
                                        GCancellable *cancellable,
                                        const MicroCacheEntryFuncs *funcs,
                                        gpointer owner);
/* Nothing of it runs any more. */
void micro_cache_entry_free (MicroCacheEntry *self);
/* Ends what runs; changed() is not told any more. */
void micro_cache_entry_stop (MicroCacheEntry *self);
/* What then is asked fails with. */
GError *micro_cache_ended_error (void);
gboolean micro_cache_entry_is_busy (MicroCacheEntry *self);

const char *micro_cache_entry_get_name (MicroCacheEntry *self);
gpointer micro_cache_entry_get_owner (MicroCacheEntry *self);
MicroSnapshot *micro_cache_entry_get_snapshot (MicroCacheEntry *self); /* (nullable) */

/* At once if it is known, otherwise as soon as it is. */
void micro_cache_entry_get (MicroCacheEntry *self, MicroCacheFunc callback, gpointer user_data);
/* Whether nobody has asked for so long: µs. */
gboolean micro_cache_entry_is_idle (MicroCacheEntry *self, gint64 now_us, gint64 idle_us);

G_END_DECLS
