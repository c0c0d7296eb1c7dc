/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: its description is shorter than any there ever was.
 */
#include <stdlib.h>

#include <micro/micro-plugin.h>

static GType
get_type (void)
{
  abort ();
}

/* The macro has set these already. */
#pragma GCC diagnostic ignored "-Woverride-init"
MICRO_PLUGIN_DEFINE (short_selector,
                     .struct_size = 8,
                     .name = "short",
                     .summary = "too short",
                     .version = "1",
                     .license = "Apache-2.0",
                     .get_type = get_type)
