/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which file a plugin's type is from.
 */
#pragma once

#include <micro/micro-plugin.h>

G_BEGIN_DECLS

/* (nullable) (transfer none): %NULL for what is linked in or offered by the program. */
const char *micro_plugin_get_file (GType type);

G_END_DECLS
