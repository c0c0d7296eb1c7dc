/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: made for an ABI of long ago.
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
MICRO_PLUGIN_DEFINE (past_selector,
                     .abi_major = 0,
                     .abi_minor = 9,
                     .name = "past",
                     .summary = "from the past",
                     .version = "0",
                     .license = "Apache-2.0",
                     .get_type = get_type)
