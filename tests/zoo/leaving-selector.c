/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: it ends the process that loads it, without a word.
 */
#include <unistd.h>

#include <micro/micro-plugin.h>

__attribute__ ((constructor)) static void
leave (void)
{
  _exit (0);
}

const MicroPluginInfo *
micro_plugin_query (void)
{
  return NULL;
}
