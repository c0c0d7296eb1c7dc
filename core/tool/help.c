/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro help: the overview, and a page a command.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

const ToolCommand *
tool_find_command (const ToolCommand *commands, const char *name)
{
  for (const ToolCommand *command = commands; command->name != NULL; command++)
    if (strcmp (command->name, name) == 0)
      return command;
  return NULL;
}

int
tool_unknown_command (const ToolCommand *commands, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *hint = NULL;
  const char *nearest;

  for (const ToolCommand *command = commands; command->name != NULL; command++)
    g_ptr_array_add (names, (char *) command->name);
  nearest = tool_nearest (name, names);
  hint = nearest != NULL ? g_strdup_printf ("did you mean “micro %s”?", nearest)
                         : g_strdup ("micro help");
  return tool_fail (EXIT_USAGE, hint, "there is no command “%s”", name);
}

static void
print_overview (const ToolCommand *commands)
{
  g_print ("Usage: micro [OPTIONS] COMMAND ...\n\n"
           "Finds services and calls them.\n\n"
           "Examples:\n"
           "  micro list\n"
           "  micro call greeter Say.Hello name=John\n"
           "  micro --selector=static call greeter Say.Hello '{\"name\": \"John\"}'\n\n"
           "Commands:\n");
  for (const ToolCommand *command = commands; command->name != NULL; command++)
    g_print ("  %-9s %s\n", command->name, command->summary);
  g_print ("\nOptions, anywhere on the line:\n"
           "  -o, --output=FORMAT       %s  [MICRO_OUTPUT] (table)\n"
           "  --color=WHEN              auto, always, never  [NO_COLOR] (auto)\n"
           "  --registry=NAME           [MICRO_REGISTRY] (kubernetes in a pod, else local)\n"
           "  --selector=NAME           [MICRO_SELECTOR] (roundrobin)\n"
           "  --transport=NAME          [MICRO_TRANSPORT] (grpc)\n"
           "  -h, --help                this, or the help of a command\n"
           "  --help-registry, --help-selector, --help-transport   options of what is chosen\n"
           "  --help-all                options of the toolkit too\n\n"
           "See also: micro help COMMAND, man micro\n",
           "table, wide, json, jsonl, name, raw");
}

static void
print_command (const ToolCommand *command)
{
  g_print ("Usage: %s\n\n%s.\n\nExamples:\n%s", command->usage, command->sentence,
           command->examples);
  if (command->options != NULL || command->formats != NULL)
    g_print ("\nOptions:\n");
  if (command->options != NULL)
    g_print ("%s", command->options);
  if (command->formats != NULL)
    g_print ("  -o, --output=FORMAT       %s  [MICRO_OUTPUT]\n", command->formats);
  g_print ("\nSee also: micro help, man micro\n");
}

int
tool_help (Tool *tool)
{
  const ToolCommand *command;

  if (tool->argc == 0)
    {
      print_overview (tool->commands);
      return EXIT_OK;
    }
  if (tool->argc > 1)
    return tool_fail (EXIT_USAGE, "micro help", "help: of one command, not of “%s” too",
                      tool->argv[1]);
  command = tool_find_command (tool->commands, tool->argv[0]);
  if (command == NULL)
    return tool_unknown_command (tool->commands, tool->argv[0]);
  print_command (command);
  return EXIT_OK;
}
