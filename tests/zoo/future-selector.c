/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: made for a later ABI, and it minds if its type is asked for all the same.
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
MICRO_PLUGIN_DEFINE (future_selector,
                     .abi_minor = 7,
                     .name = "future",
                     .summary = "from the future",
                     .version = "9",
                     .license = "Apache-2.0",
                     .get_type = get_type)
