/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a process knows of the services in its registry, for all of its clients.
 */
#pragma once

#include <micro/micro-loop.h>
#include <micro/micro-registry.h>

G_BEGIN_DECLS

/**
 * MicroCache:
 *
 * One watch a service that is called, and what it last said.  Reference-counted; any thread.
 */
typedef struct _MicroCache MicroCache;

#define MICRO_TYPE_CACHE (micro_cache_get_type ())
MICRO_API GType micro_cache_get_type (void);

/* @lookup: (nullable): asked for single services in place of @registry: a selector's own.  @loop:
 * the thread that owns both; it outlives the cache, and is no thread that serves: they may be busy.
 */
MICRO_API MicroCache *
micro_cache_new (MicroRegistry *registry, MicroRegistry *lookup, MicroLoop *loop);
MICRO_API MicroCache *micro_cache_ref (MicroCache *self);
MICRO_API void micro_cache_unref (MicroCache *self); /* the last one waits: not on a loop thread */
MICRO_API MicroRegistry *micro_cache_get_registry (MicroCache *self);
MICRO_API MicroLoop *micro_cache_get_loop (MicroCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroCache, micro_cache_unref)

G_END_DECLS
