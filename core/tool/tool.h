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
  TOOL_JSON,
  TOOL_NAME,
  TOOL_RAW
} ToolOutput;

/**
 * Tool:
 *
 * The command line after micro_app_init() has taken its part of it.
 */
typedef struct
{
  MicroApp *app;
  MicroClient *client;
  ToolOutput output;
  char *output_name;
  char *address;
  char **metadata;
  char *timeout;
  int argc; /* after the subcommand */
  char **argv;
} Tool;

typedef struct
{
  const char *name;
  const char *usage;
  const char *summary;
  const char *help;
  int (*run) (Tool *tool);
} ToolCommand;

extern const ToolCommand tool_commands[];

int tool_list (Tool *tool);
int tool_get (Tool *tool);
int tool_call (Tool *tool);
int tool_plugins (Tool *tool);
int tool_inspect (const char *path);
int tool_version (Tool *tool);

/* report.c: "micro: what: why" and "  hint: …" on stderr; returns @status */
int tool_fail (int status, const char *hint, const char *format, ...) G_GNUC_PRINTF (3, 4);
int tool_fail_lookup (Tool *tool, const char *name, const GError *error);
const char *tool_nearest (const char *word, GPtrArray *words);

/* table.c */
typedef struct _ToolTable ToolTable;
ToolTable *tool_table_new (const char *const *heads);
void tool_table_add (ToolTable *self, ...) G_GNUC_NULL_TERMINATED;
void tool_table_print (ToolTable *self); /* and free */

/* request.c */
char *tool_request_read (char **words, int n_words, GError **error);

G_END_DECLS
