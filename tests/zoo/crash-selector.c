/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: its entry crashes.
 */
#include <signal.h>

#include <micro/micro-plugin.h>

const MicroPluginInfo *
micro_plugin_query (void)
{
  raise (SIGSEGV);
  return NULL;
}
