/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One file a node in a folder, which says whose it is.
 */
#pragma once

#include "local-owner.h"
#include "local-record.h"

G_BEGIN_DECLS

#define LOCAL_STORE_MAX_BYTES (1024 * 1024)

/* All files of a service begin with its prefix and an “@”. */
char *local_store_prefix (const char *service);
/* (nullable): a set of the one prefix; NULL, for all, of NULL */
GHashTable *local_store_prefixes (const char *service);
char *local_store_file_name (const char *service, const char *node_id);

/* @ret_file: what is there then; anything else there later is not what was written. */
gboolean local_store_write (const char *folder,
                            LocalOwner *owner,
                            MicroService *service,
                            MicroNode *node,
                            struct stat *ret_file,
                            GError **error);
/* Removes a file if it still is this owner's. */
void local_store_remove (const char *folder, const char *file_name, const char *owner);

/* The record in a file whose owner lives; NULL for anything else.  Removes what the dead left.
 * @lives: (nullable): token → LocalLife, what has been found out in this round.
 * @ret_unsure: (nullable): set to TRUE if it may well be there, but it cannot be told just now. */
LocalRecord *local_store_read (LocalFolder *folder,
                               const char *file_name,
                               GHashTable *lives,
                               gboolean *ret_unsure);
/* file name → LocalRecord; @prefixes: (nullable): a set of the services wanted.  A folder that is
 * not there is empty. */
GHashTable *local_store_scan (LocalFolder *folder, GHashTable *prefixes, GError **error);
gboolean local_store_is_wanted (GHashTable *prefixes, const char *file_name);

/* (transfer full): what a lookup says of a service that is not there */
GError *local_store_not_found (const char *name, const char *directory);

G_END_DECLS
