/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the process knows of the registry: one cache, one watch a name.
 */
#pragma once

#include <micro/micro-loop.h>
#include <micro/micro-registry.h>

G_BEGIN_DECLS

typedef struct _MicroCache MicroCache;

/* @services: (nullable) (element-type MicroService), with at least one element; @error otherwise */
typedef void (*MicroCacheFunc) (GPtrArray *services, const GError *error, gpointer user_data);

/* @loop owns @registry: the cache uses it there and nowhere else. */
MicroCache *micro_cache_new (MicroRegistry *registry, MicroLoop *loop);
void micro_cache_free (MicroCache *self); /* not on a loop thread */

/* What is known now, a reference to an immutable snapshot, or NULL.  Any thread. */
GPtrArray *micro_cache_peek (MicroCache *self, const char *name);
/* How many names it keeps.  Any thread. */
guint micro_cache_get_size (MicroCache *self);
/* Asks the registry if need be, once for all who wait; @callback runs on the cache's loop. */
void
micro_cache_get (MicroCache *self, const char *name, MicroCacheFunc callback, gpointer user_data);
/* Waits for it.  Not on a loop thread. */
GPtrArray *micro_cache_get_sync (MicroCache *self, const char *name, GError **error);

G_END_DECLS
