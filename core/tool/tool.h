/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the subcommands share.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

enum
{
  EXIT_OK = 0,
  EXIT_OTHER = 1,
  EXIT_USAGE = 2,
  EXIT_NOT_FOUND = 3,
  EXIT_REGISTRY = 4,
  EXIT_RPC = 64 /* + the gRPC status */
};

typedef enum
{
  TOOL_TABLE,
  TOOL_WIDE,
  TOOL_JSON,
  TOOL_JSONL,
  TOOL_NAME,
  TOOL_RAW
} ToolOutput;

typedef struct _ToolCommand ToolCommand;

/**
 * Tool:
 *
 * The command line after micro_app_init() has taken its part of it.
 */
typedef struct
{
  const ToolCommand *commands; /* all there are */
  const ToolCommand *command;
  MicroClient *client;       /* NULL only for a command that needs none */
  MicroTransport *transport; /* likewise */
  MicroBroker *broker;       /* of publish */
  MicroRegistry *registry;   /* NULL without a client; only to be used on @loop */
  MicroLoop *loop;
  const char *registry_name;
  ToolOutput output;
  char *output_name;
  char *color;
  char *address;
  const char *address_from; /* the flag or the variable */
  char **metadata;
  char *timeout;
  gboolean watch;
  guint timeout_ms; /* what is left of it; 0: none was given */
  int argc;         /* after the subcommand */
  char **argv;
} Tool;

struct _ToolCommand
{
  const char *name;
  const char *usage;
  const char *summary;  /* in the overview */
  const char *sentence; /* in the command's own help */
  const char *examples;
  const char *options; /* (nullable): of the command alone */
  const char *formats; /* (nullable): of --output, in a list */
  gboolean needs_client;
  int (*run) (Tool *tool);
};

int tool_list (Tool *tool);
int tool_get (Tool *tool);
int tool_call (Tool *tool);
int tool_stream (Tool *tool);
int tool_publish (Tool *tool);
int tool_doctor (Tool *tool);
int tool_kube (Tool *tool);
int tool_plugins (Tool *tool);
int tool_watch (Tool *tool); /* of list */
int tool_version (Tool *tool);

/* kube.c: the options that this command has beyond the others */
const GOptionEntry *tool_kube_options (void);

/* help.c */
const ToolCommand *tool_find_command (const ToolCommand *commands, const char *name);
int tool_unknown_command (const ToolCommand *commands, const char *name);
int tool_help (Tool *tool);

/* report.c: "micro: what: why" and "  hint: …" on stderr; returns @status */
void tool_log_init (void);
int tool_fail (int status, const char *hint, const char *format, ...) G_GNUC_PRINTF (3, 4);
int tool_fail_lookup (Tool *tool, const char *what, const char *name, const GError *error);
const char *tool_nearest (const char *word, GPtrArray *words);
/* INVALID_ARGUMENT */
void tool_set_bad (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* clean.c: (transfer full): no control characters, and valid UTF-8 */
char *tool_clean (const char *text);

/* output.c: text as UTF-8 whatever the locale, and tables */
void tool_output_reserve (void); /* before any file is opened */
void tool_output_init (const char *color);
gboolean tool_output_flush (void);
int tool_output_end (int status); /* the exit status */
gboolean tool_set_output (Tool *tool);
typedef struct _ToolTable ToolTable;
ToolTable *tool_table_new (const char *const *heads);
void tool_table_add (ToolTable *self, ...) G_GNUC_NULL_TERMINATED;
void tool_table_print (ToolTable *self); /* and free */

/* json.c */
guint tool_json_depth (const char *text, gsize length);
char *tool_json_indent (const char *text, gsize length);
void tool_json_print_list (Tool *tool, const char *name, GPtrArray *objects);

/* syntax.c; only of what is no deeper than this */
#define TOOL_JSON_MAX_DEPTH 100
char *tool_json_problem (const char *text, gsize length);

/* input.c; MICRO_ERROR */
GString *tool_input_read (const char *path, guint *timeout_ms, GError **error);
gboolean tool_input_read_line (GString *line, GError **error);

/* request.c: (transfer full) a JSON object; MICRO_ERROR, DEADLINE_EXCEEDED when nobody wrote it */
GBytes *tool_request_read (Tool *tool, char **words, int n_words, GError **error);
int tool_request_fail (Tool *tool, const GError *error);

/* pairs.c: an object of field=value words; MICRO_ERROR */
GString *tool_pairs_read (char **words, int n_words, GError **error);

/* target.c: whom call and stream talk to, with what */
typedef struct
{
  const char *what; /* the command */
  const char *service;
  char *endpoint;
  char **headers;
  MicroCallOptions options;
} ToolTarget;
/* EXIT_OK, or the reason has been reported. */
int tool_target_read_timeout (Tool *tool); /* first */
int tool_target_init (ToolTarget *self, Tool *tool);
void tool_target_clear (ToolTarget *self);
int tool_target_fail (const ToolTarget *self, const GError *error);
void tool_print_reply (Tool *tool, GBytes *reply);

/* inspect.c: what a plugin file is, asked in a child so that a crash is only the child's */
typedef struct
{
  char *name; /* what --KIND= takes */
  char *kind;
  char *version;
  char *abi;
  char *file;
  char *slots;         /* that it fills */
  char *summary;       /* or what the problem is */
  const char *problem; /* (nullable): "does not load", "misfiled" */
  char **keys;         /* the files that this is found as, or instead of: "static-selector" */
  GPtrArray *hidden;   /* paths of those that come later in the search */
} ToolPlugin;
void tool_plugin_free (gpointer data);
ToolPlugin *tool_plugin_new_builtin (const MicroPluginInfo *info, const char *kind);
ToolPlugin *tool_plugin_inspect (const char *path);
/* "static-selector" of ".../static-selector.so"; (transfer full) */
char *tool_plugin_key (const char *path);
int tool_inspect (const char *path); /* in the child */

G_END_DECLS
