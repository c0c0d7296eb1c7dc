/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Opening a plugin file, up to the point where its entry has been called.
 */
#pragma once

#include <micro/micro-plugin.h>

G_BEGIN_DECLS

/* What the file says of itself, its ABI checked and nothing else of it called yet. */
const MicroPluginInfo *micro_plugin_file_open (const char *path, GError **error);
/* The directories as micro_plugin_get_path() gives them. */
char **micro_plugin_file_path (void);
gboolean micro_plugin_name_is_valid (const char *name);

G_END_DECLS
