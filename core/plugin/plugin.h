/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Plugins, as the rest of the library sees them.
 */
#pragma once

#include <micro/micro-plugin.h>

G_BEGIN_DECLS

/* Registers the extension points and what is linked in; twice is once. */
void micro_plugin_init (void);

/* (nullable) (transfer none): %NULL for what is linked in or offered by the program. */
const char *micro_plugin_get_file (GType type);

G_END_DECLS
