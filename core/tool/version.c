/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro version: of the toolkit, its plugin ABI and what it stands on.
 */
#include "config.h"

#include "tool.h"

int
tool_version (Tool *tool)
{
  if (tool->argc > 0)
    return tool_fail (EXIT_USAGE, "micro version", "version: takes no argument “%s”",
                      tool->argv[0]);
  if (tool->output == TOOL_JSON || tool->output == TOOL_JSONL)
    g_print ("{\"apiVersion\":\"micro/v1\",\"version\":\"%s\",\"pluginAbi\":\"%d.%d\","
             "\"glib\":\"%u.%u.%u\"}\n",
             MICRO_VERSION, MICRO_PLUGIN_ABI_MAJOR, MICRO_PLUGIN_ABI_MINOR, glib_major_version,
             glib_minor_version, glib_micro_version);
  else
    g_print ("micro %s\nplugin ABI %d.%d\nGLib %u.%u.%u\n", MICRO_VERSION, MICRO_PLUGIN_ABI_MAJOR,
             MICRO_PLUGIN_ABI_MINOR, glib_major_version, glib_minor_version, glib_micro_version);
  return EXIT_OK;
}
