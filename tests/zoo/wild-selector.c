/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: its entry gives a pointer to nowhere.
 */
#include <micro/micro-plugin.h>

const MicroPluginInfo *
micro_plugin_query (void)
{
  return (const MicroPluginInfo *) 8;
}
