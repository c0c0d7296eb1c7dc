/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The micro tool: finds the subcommand and gives it the rest of the line.
 */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define TARGET_OPTIONS                                                                             \
  "  --address=ADDRESS         call this address, past the registry  [MICRO_ADDRESS]\n"            \
  "  --metadata=KEY=VALUE      send a header; may be repeated\n"

static const ToolCommand commands[] = {
  { "list", "micro list [--watch]", "every service the registry knows",
    "Lists every service the registry knows",
    "  micro list\n  micro list -o json\n  micro --registry=local list\n"
    "  micro list --watch -o json                    an event a line, until Ctrl-C\n",
    "  --watch                   go on, with each change as it comes\n",
    "table, wide, json, jsonl, name", TRUE, tool_list },
  { "get", "micro get SERVICE", "one service, its nodes and its methods",
    "Shows a service: its nodes, and what its methods take and give",
    "  micro get greeter\n  micro get greeter -o json\n", NULL, "table, json, jsonl, name", TRUE,
    tool_get },
  { "call", "micro call SERVICE METHOD [REQUEST]", "call a method with JSON in and out",
    "Calls a method of any service, with JSON in and out",
    "  micro call greeter Say.Hello '{\"name\": \"John\"}'\n"
    "  micro call greeter Hello name=John            field=value, a.b=value, count:=3\n"
    "  micro call greeter Hello @request.json        from a file; - reads standard input\n"
    "  micro call greeter Say.Hello name=John --address=127.0.0.1:8080 --timeout=500ms\n",
    TARGET_OPTIONS "  --timeout=TIME            500ms, 5s, 1m (5s)\n", "table, json, jsonl, raw",
    TRUE, tool_call },
  { "stream", "micro stream SERVICE METHOD [REQUEST | -]",
    "call a method that streams, a reply a time",
    "Calls a method that streams and prints each reply as it comes",
    "  micro stream greeter Say.Repeat name=John\n"
    "  printf '{\"name\": \"%s\"}\\n' John Jane | micro stream greeter Say.Chat -\n",
    TARGET_OPTIONS "  --timeout=TIME            500ms, 5s, 1m (none)\n", "table, json, jsonl, raw",
    TRUE, tool_stream },
  { "publish", "micro publish TOPIC [MESSAGE]", "send a JSON message to who has subscribed",
    "Sends a JSON message to all who have subscribed to a topic, and to one of each queue",
    "  micro publish orders '{\"id\": 7}'\n"
    "  micro publish orders id:=7                    field=value, a.b=value, count:=3\n"
    "  micro publish orders @order.json              from a file; - reads standard input\n"
    "  micro --broker=nats publish orders id:=7\n",
    "  --metadata=KEY=VALUE      send a header; may be repeated\n"
    "  --timeout=TIME            500ms, 5s, 1m (the broker's)\n",
    NULL, TRUE, tool_publish },
  { "doctor", "micro doctor", "what is wrong between here and the registry",
    "Looks at each thing that the registry depends on, and says what would mend it",
    "  micro doctor\n  micro --registry=kubernetes doctor\n"
    "  kubectl exec POD -- micro doctor -o json\n",
    NULL, "table, json, jsonl", TRUE, tool_doctor },
  { "kube", "micro kube SERVICE", "manifests for a service in a cluster",
    "Prints what a service needs in Kubernetes: Deployment, Service, account, rights, probes, "
    "budget",
    "  micro kube greeter | kubectl apply -f -\n"
    "  micro kube greeter --image=registry.example/greeter:1 --namespace=shop --replicas=3\n"
    "  micro kube greeter --registry-register=static                no right to patch pods\n"
    "  micro kube greeter --selector=static --probe=sidecar\n",
    "  --image=IMAGE             of the service (SERVICE:latest)\n"
    "  -n, --namespace=NAMESPACE where it is to run (default)\n"
    "  --replicas=N              how many (2)\n"
    "  --port=PORT               where it serves (8080)\n"
    "  --registry=NAME           [MICRO_REGISTRY] (kubernetes); any other needs no rights\n"
    "  --registry-register=HOW   patch, or static: the record is in the template (patch)\n"
    "  --server-version=VERSION  its version (its own; latest, if static)\n"
    "  --selector=NAME           [MICRO_SELECTOR] (roundrobin); for dns the Service is headless\n"
    "  --broker=NAME             [MICRO_BROKER] (none)\n"
    "  --probe=HOW               http, grpc, exec, sidecar (http)\n"
    "  --health-image=IMAGE      of the sidecar (micro-health:latest)\n",
    NULL, FALSE, tool_kube },
  { "plugins", "micro plugins", "what can be chosen, and what does not load",
    "Lists the plugins that can be chosen, and why a broken file cannot",
    "  micro plugins\n  MICRO_PLUGIN_PATH=$PWD micro plugins\n", NULL, "table, json, jsonl, name",
    FALSE, tool_plugins },
  { "version", "micro version", "version, plugin ABI, libraries",
    "Tells the version of the toolkit, of its plugin ABI, and of GLib", "  micro version\n", NULL,
    "table, json, jsonl", FALSE, tool_version },
  { "help", "micro help [COMMAND]", "this, or one command",
    "Explains the tool, or one of its commands", "  micro help call\n", NULL, NULL, FALSE,
    tool_help },
  { NULL },
};

/* --- The line --- */

/* The first word that is a command. */
static const ToolCommand *
guess_command (int argc, char *argv[])
{
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    {
      const ToolCommand *command = tool_find_command (commands, argv[i]);

      if (command != NULL)
        return command;
    }
  return NULL;
}

/* -ojson and -o=json, as other tools have it; GLib would look for -j, -s, -o and -n. */
static void
spread_output (int argc, char *argv[])
{
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    if (g_str_has_prefix (argv[i], "-o") && argv[i][2] != '\0')
      {
        g_autofree char *word
            = g_strconcat ("--output=", argv[i] + (argv[i][2] == '=' ? 3 : 2), NULL);

        argv[i] = (char *) g_intern_string (word);
      }
}

static gboolean
asks_for_help (int argc, char *argv[])
{
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0)
      return TRUE;
  return FALSE;
}

/* Options of plugins, which a command without a client does not look at. */
static gboolean
is_of_plugin (const char *word)
{
  static const char *const kinds[]
      = { "--registry", "--selector", "--transport", "--health", "--broker",
          "--server",   "--client",   "--register",  "--drain",  "--config" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (word, kinds[i]))
      return TRUE;
  return FALSE;
}

/* “local” of “--registry local”: whether the option takes one, only the plugin could say. */
static gboolean
is_value_of_plugin (char **argv, int i)
{
  return i > 1 && is_of_plugin (argv[i - 1]) && strchr (argv[i - 1], '=') == NULL
         && tool_find_command (commands, argv[i]) == NULL;
}

static gboolean
parse_without_plugins (
    const GOptionEntry *entries, gboolean kube, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  int kept = 1;

  g_option_context_add_main_entries (context, entries, NULL);
  if (kube)
    g_option_context_add_main_entries (context, tool_kube_options (), NULL);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  for (int i = 1; i < *argc; i++)
    {
      if ((*argv)[i][0] == '-' && (*argv)[i][1] != '\0' && !is_of_plugin ((*argv)[i]))
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "unknown option %s",
                       (*argv)[i]);
          return FALSE;
        }
      if ((*argv)[i][0] != '-' && !is_value_of_plugin (*argv, i))
        (*argv)[kept++] = (*argv)[i];
    }
  *argc = kept;
  return TRUE;
}

/* GLib leaves the “--” behind which no options are, if there were words before it. */
static int
drop_separator (int argc, char *argv[])
{
  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--") == 0)
      {
        memmove (&argv[i], &argv[i + 1], (argc - i) * sizeof *argv);
        return argc - 1;
      }
  return argc;
}

static int
main_run (Tool *tool, int argc, char *argv[])
{
  argc = drop_separator (argc, argv);
  if (argc < 2)
    {
      tool_help (tool);
      return EXIT_USAGE;
    }
  tool->command = tool_find_command (commands, argv[1]);
  if (tool->command == NULL)
    return tool_unknown_command (commands, argv[1]);
  if (tool->color != NULL
      && !g_strv_contains ((const char *const[]){ "auto", "always", "never", NULL }, tool->color))
    return tool_fail (EXIT_USAGE, NULL, "--color: “%s” is none of auto, always, never",
                      tool->color);
  tool_output_init (tool->color);
  if (!tool_set_output (tool) && tool->output_name == NULL)
    return tool_fail (EXIT_USAGE, NULL,
                      "MICRO_OUTPUT: “%s” is none of table, wide, json, jsonl, name, raw",
                      g_getenv ("MICRO_OUTPUT"));
  if (!tool_set_output (tool))
    return tool->command->formats != NULL
               ? tool_fail (EXIT_USAGE, NULL, "--output: “%s” is none of %s", tool->output_name,
                            tool->command->formats)
               : tool_fail (EXIT_USAGE, NULL, "--output: “%s” has nothing to print in a format",
                            tool->command->name);
  if (tool->watch && tool->command->run != tool_list)
    return tool_fail (EXIT_USAGE, "micro list --watch", "--watch is of “list” alone");
  tool->address_from = tool->address != NULL ? "--address" : "MICRO_ADDRESS";
  if (tool->address == NULL)
    tool->address = g_strdup (g_getenv ("MICRO_ADDRESS"));
  tool->argc = argc - 2;
  tool->argv = argv + 2;
  return tool->command->run (tool);
}

static int
run_with_client (
    Tool *tool, const ToolCommand *command, const GOptionEntry *entries, int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("micro", MICRO_VERSION);
  g_autoptr (GError) error = NULL;

  micro_app_add_options (app, entries);
  if (command != NULL && command->run == tool_publish)
    micro_app_use_broker (app);
  if (!micro_app_init (app, &argc, &argv, &error))
    return tool_fail (EXIT_USAGE, NULL, "%s", error->message);
  tool->client = micro_app_get_client (app);
  tool->transport = micro_app_get_transport (app);
  tool->broker = micro_app_get_broker (app);
  tool->registry = micro_app_get_registry (app);
  tool->loop = micro_app_get_registry_loop (app);
  tool->registry_name = micro_app_get_option (app, "registry");
  return main_run (tool, argc, argv);
}

static int
run_without_client (
    Tool *tool, const ToolCommand *command, const GOptionEntry *entries, int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;

  if (!parse_without_plugins (entries, command != NULL && command->run == tool_kube, &argc, &argv,
                              &error))
    return tool_fail (EXIT_USAGE, "micro help", "%s", error->message);
  return main_run (tool, argc, argv);
}

int
main (int argc, char *argv[])
{
  Tool tool = { .commands = commands, .output = TOOL_TABLE };
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_STRING, &tool.output_name, "How to print [MICRO_OUTPUT]",
      "FORMAT" },
    { "color", 0, 0, G_OPTION_ARG_STRING, &tool.color, "auto, always or never", "WHEN" },
    { "address", 0, 0, G_OPTION_ARG_STRING, &tool.address, "Call this address [MICRO_ADDRESS]",
      "ADDRESS" },
    { "metadata", 0, 0, G_OPTION_ARG_STRING_ARRAY, &tool.metadata, "Send a header", "KEY=VALUE" },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &tool.timeout, "How long a call may take", "TIME" },
    { "watch", 0, 0, G_OPTION_ARG_NONE, &tool.watch, "Go on with what changes", NULL },
    G_OPTION_ENTRY_NULL,
  };
  const ToolCommand *command = guess_command (argc, argv);
  int status;

  spread_output (argc, argv);
  setlocale (LC_ALL, "");
  tool_output_reserve ();
  tool_output_init (NULL);
  tool_log_init ();
  if (argc == 5 && strcmp (argv[1], "plugins") == 0 && strcmp (argv[2], "--inspect") == 0)
    {
      alarm ((guint) atoi (argv[4]));
      return tool_inspect (argv[3]);
    }
  if (asks_for_help (argc, argv))
    {
      tool.argc = command != NULL ? 1 : 0;
      tool.argv = command != NULL ? (char *[]){ (char *) command->name, NULL } : NULL;
      return tool_output_end (tool_help (&tool));
    }
  if (argc < 2 || (command != NULL && !command->needs_client))
    status = run_without_client (&tool, command, entries, argc, argv);
  else
    status = run_with_client (&tool, command, entries, argc, argv);
  g_free (tool.output_name);
  g_free (tool.color);
  g_free (tool.address);
  g_strfreev (tool.metadata);
  g_free (tool.timeout);
  return tool_output_end (status);
}
