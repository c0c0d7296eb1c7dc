/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: it crashes before any function of it is called.
 */
#include <micro/micro-plugin.h>

__attribute__ ((constructor)) static void
crash (void)
{
  __builtin_trap ();
}

const MicroPluginInfo *
micro_plugin_query (void)
{
  return NULL;
}
