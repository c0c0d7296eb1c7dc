/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The nodes of this process: one store for all its registries, usable from any thread.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/* Adds or replaces the nodes of @service.  @owner is only compared; @ttl_s 0 is for ever. */
void memory_store_add (gpointer owner, MicroService *service, guint ttl_s);
/* What @owner added and nobody has replaced. */
void memory_store_remove (gpointer owner, MicroService *service);
void memory_store_remove_owner (gpointer owner);
/* (transfer full) (element-type MicroService): one record a service and version; @name (nullable)
 */
GPtrArray *memory_store_find (const char *name);
/* Events come from the calling thread's default context. */
MicroWatcher *memory_store_watch (const char *name);

/* (transfer full): what a lookup says of a service that is not there */
GError *memory_store_not_found (const char *name);

G_END_DECLS
