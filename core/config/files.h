/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The files of a directory, all of one moment.
 */
#pragma once

#include <micro/micro-config-source.h>

G_BEGIN_DECLS

/* (transfer full) (nullable) (element-type utf8 GBytes): what is in the directory @path, by the
 * names below it.  Where Kubernetes swaps the link `..data`, all is from the same side of a swap;
 * @ret_generation (nullable: no such link) names it. */
GHashTable *micro_config_files_read (const char *path, char **ret_generation, GError **error);
/* (transfer full) (nullable): where `..data` leads now. */
char *micro_config_files_get_generation (const char *path);

/* How soon a directory that cannot be read is tried again; before it starts, for tests. */
void micro_config_directory_set_retry_ms (MicroConfigSource *source, guint ms);

G_END_DECLS
