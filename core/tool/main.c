/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The micro tool: finds the subcommand and gives it the rest of the line.
 */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "tool.h"

static int tool_help (Tool *tool);

const ToolCommand tool_commands[] = {
  { "list", "micro list [-o table|json|name]", "every service the registry knows",
    "  micro list\n  micro list -o json\n  micro --registry=local list\n", tool_list },
  { "get", "micro get SERVICE [-o table|json|name]", "one service, its nodes and its methods",
    "  micro get greeter\n  micro get greeter -o json\n", tool_get },
  { "call", "micro call SERVICE METHOD [REQUEST]", "call a method with JSON in and out",
    "  micro call greeter Say.Hello '{\"name\":\"John\"}'\n"
    "  micro call greeter Hello name=John            field=value, a.b=value, count:=3\n"
    "  micro call greeter Hello @request.json        from a file; - reads standard input\n"
    "  micro call greeter Say.Hello name=John --address=127.0.0.1:8080 --timeout=500ms\n",
    tool_call },
  { "plugins", "micro plugins [-o table|json]", "what can be chosen, and what does not load",
    "  micro plugins\n  MICRO_PLUGIN_PATH=$PWD micro plugins\n", tool_plugins },
  { "version", "micro version [-o table|json]", "version, plugin ABI, libraries",
    "  micro version\n", tool_version },
  { "help", "micro help [COMMAND]", "this, or one command", "  micro help call\n", tool_help },
  { NULL, NULL, NULL, NULL, NULL },
};

static const ToolCommand *
find_command (const char *name)
{
  for (const ToolCommand *command = tool_commands; command->name != NULL; command++)
    if (strcmp (command->name, name) == 0)
      return command;
  return NULL;
}

static int
unknown_command (const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *hint = NULL;
  const char *nearest;

  for (const ToolCommand *command = tool_commands; command->name != NULL; command++)
    g_ptr_array_add (names, (char *) command->name);
  nearest = tool_nearest (name, names);
  hint = nearest != NULL ? g_strdup_printf ("did you mean “micro %s”?", nearest)
                         : g_strdup ("micro help");
  return tool_fail (EXIT_USAGE, hint, "there is no command “%s”", name);
}

static void
print_overview (void)
{
  g_print ("Usage: micro [OPTIONS] COMMAND ...\n\n"
           "Finds services and calls them.\n\n"
           "Examples:\n"
           "  micro list\n"
           "  micro call greeter Say.Hello name=John\n"
           "  micro --selector=static call greeter Say.Hello '{\"name\":\"John\"}'\n\n"
           "Commands:\n");
  for (const ToolCommand *command = tool_commands; command->name != NULL; command++)
    g_print ("  %-9s %s\n", command->name, command->summary);
  g_print ("\nOptions:\n"
           "  -o, --output=FORMAT       table, json, name, raw  [MICRO_OUTPUT] (table)\n"
           "  --address=ADDRESS         call this address, past the registry  [MICRO_ADDRESS]\n"
           "  --metadata=KEY=VALUE      send a header; may be repeated\n"
           "  --timeout=TIME            for a call: 500ms, 5s, 1m\n"
           "  --registry=NAME           [MICRO_REGISTRY] (kubernetes in a pod, else local)\n"
           "  --selector=NAME           [MICRO_SELECTOR] (roundrobin)\n"
           "  --transport=NAME          [MICRO_TRANSPORT] (grpc)\n"
           "  --help-registry, --help-selector, --help-transport   options of what is chosen\n\n"
           "See also: man micro\n");
}

static int
tool_help (Tool *tool)
{
  const ToolCommand *command;

  if (tool->argc == 0)
    {
      print_overview ();
      return EXIT_OK;
    }
  command = find_command (tool->argv[0]);
  if (command == NULL)
    return unknown_command (tool->argv[0]);
  g_print ("Usage: %s\n\n%s: %s.\n\nExamples:\n%s\nSee also: micro help, man micro\n",
           command->usage, command->name, command->summary, command->help);
  return EXIT_OK;
}

static gboolean
set_output (Tool *tool)
{
  static const char *const names[] = { "table", "json", "name", "raw", NULL };

  if (tool->output_name == NULL)
    tool->output_name = g_strdup (g_getenv ("MICRO_OUTPUT"));
  if (tool->output_name == NULL)
    return TRUE;
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], tool->output_name) == 0)
      {
        tool->output = (ToolOutput) i;
        return TRUE;
      }
  return FALSE;
}

static int
run (Tool *tool, int argc, char *argv[])
{
  const ToolCommand *command;

  if (argc < 2)
    {
      print_overview ();
      return EXIT_USAGE;
    }
  command = find_command (argv[1]);
  if (command == NULL)
    return unknown_command (argv[1]);
  if (!set_output (tool))
    return tool_fail (EXIT_USAGE, NULL, "--output: “%s” is none of table, json, name, raw",
                      tool->output_name);
  if (tool->address == NULL)
    tool->address = g_strdup (g_getenv ("MICRO_ADDRESS"));
  tool->client = micro_app_get_client (tool->app);
  tool->argc = argc - 2;
  tool->argv = argv + 2;
  return command->run (tool);
}

/* "micro call --help" is "micro help call", and plain --help the overview. */
static gboolean
asks_for_help (int argc, char *argv[], const ToolCommand **ret_command)
{
  *ret_command = NULL;
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    {
      if (*ret_command == NULL && argv[i][0] != '-')
        *ret_command = find_command (argv[i]);
      if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0)
        return TRUE;
    }
  return FALSE;
}

int
main (int argc, char *argv[])
{
  Tool tool = { .output = TOOL_TABLE };
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_STRING, &tool.output_name, "Table, json, name or raw",
      "FORMAT" },
    { "address", 0, 0, G_OPTION_ARG_STRING, &tool.address, "Call this address", "ADDRESS" },
    { "metadata", 0, 0, G_OPTION_ARG_STRING_ARRAY, &tool.metadata, "Send a header", "KEY=VALUE" },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &tool.timeout, "How long a call may take", "TIME" },
    G_OPTION_ENTRY_NULL,
  };
  const ToolCommand *command;
  g_autoptr (GError) error = NULL;
  int status;

  setlocale (LC_ALL, "");
  if (argc == 4 && strcmp (argv[1], "plugins") == 0 && strcmp (argv[2], "--inspect") == 0)
    return tool_inspect (argv[3]);
  if (asks_for_help (argc, argv, &command))
    {
      tool.argc = command != NULL ? 1 : 0;
      tool.argv = command != NULL ? (char *[]){ (char *) command->name, NULL } : NULL;
      return tool_help (&tool);
    }
  tool.app = micro_app_new ("micro", MICRO_VERSION);
  micro_app_add_options (tool.app, entries);
  if (!micro_app_init (tool.app, &argc, &argv, &error))
    status = tool_fail (EXIT_USAGE, NULL, "%s", error->message);
  else
    status = run (&tool, argc, argv);
  g_free (tool.output_name);
  g_free (tool.address);
  g_strfreev (tool.metadata);
  g_free (tool.timeout);
  g_object_unref (tool.app);
  return status;
}
