/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One file a node in a folder; the lock on it is the life of its owner.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

#define LOCAL_STORE_MAX_BYTES (1024 * 1024)

char *local_store_file_name (const char *service, const char *node_id);
/* Returns the descriptor that holds the lock, or -1. */
int local_store_write (const char *folder, MicroService *service, MicroNode *node, GError **error);
/* The record in a file whose owner lives; NULL for anything else.  Removes what the dead left. */
MicroService *local_store_read (const char *folder, const char *file_name);
/* file name → MicroService; @service: (nullable): only this one's */
GHashTable *local_store_scan (const char *folder, const char *service);
/* One record a service and version out of records of one node each. */
GPtrArray *local_store_merge (GHashTable *records);

G_END_DECLS
