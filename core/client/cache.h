/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the process knows of the registry, as clients ask it.
 */
#pragma once

#include "client/snapshot.h"
#include <micro/micro-cache.h>

G_BEGIN_DECLS

/* Exactly one of them is set. */
typedef void (*MicroCacheFunc) (MicroSnapshot *snapshot, const GError *error, gpointer user_data);
/* On the cache's loop, before others see @service. */
typedef void (*MicroCacheUpdated) (MicroService *service, gpointer user_data);

/* (transfer full) (nullable): what is known now.  Any thread, without a lock. */
MicroSnapshot *micro_cache_peek (MicroCache *self, const char *name);
/* Asks the registry if need be, once for all who wait; @callback runs on the cache's loop. */
void
micro_cache_get (MicroCache *self, const char *name, MicroCacheFunc callback, gpointer user_data);
/* @services: (transfer full) (nullable): of MicroService; @error: (transfer full) (nullable) */
typedef void (*MicroCacheListFunc) (GPtrArray *services, GError *error, gpointer user_data);
/* Asks the registry for all it has; @callback runs on the cache's loop, or before this returns. The
 * caller holds a reference until then. */
void micro_cache_list (MicroCache *self, MicroCacheListFunc callback, gpointer user_data);
/* The end of the registry's thread is near: waits for what runs there, and fails what is asked
 * later.  Not on a loop thread; twice is once. */
void micro_cache_close (MicroCache *self);
/* Waits for it.  Not on a loop thread. */
MicroSnapshot *micro_cache_get_sync (MicroCache *self, const char *name, GError **error);

/* Told of what calls choose from, also of what is known already.  Any thread; after remove has
 * returned it is told no more. */
void micro_cache_add_listener (MicroCache *self, MicroCacheUpdated updated, gpointer user_data);
void micro_cache_remove_listener (MicroCache *self, gpointer user_data);

/* How many names it keeps.  Any thread. */
guint micro_cache_get_size (MicroCache *self);

/* How long what nobody asks for is kept, there and not there; only tests change them. */
extern guint micro_cache_idle_ms;
extern guint micro_cache_absent_ms;

G_END_DECLS
