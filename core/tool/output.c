/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Output: bytes as they are, tables with two blanks between columns, bold only on a terminal.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

static gboolean bold;
/* The first errno of standard output. */
static int output_error;

/* --- Streams --- */

/* GLib would turn what the locale cannot show into question marks: data must stay as it is. */
static void
print_out (const char *text)
{
  if (fputs (text, stdout) == EOF && output_error == 0)
    output_error = errno;
}

static void
print_err (const char *text)
{
  fputs (text, stderr);
}

/* A closed 0, 1 or 2 would be given to the next socket, and what is printed be sent to it. */
void
tool_output_reserve (void)
{
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0)
      (void) !open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Whether all that was printed has been taken; see tool_output_end(). */
gboolean
tool_output_flush (void)
{
  if (fflush (stdout) == EOF && output_error == 0)
    output_error = errno;
  return output_error == 0;
}

/* @status, or EXIT_OTHER when the output that goes with it was lost; a reader that has had enough
 * is no problem. */
int
tool_output_end (int status)
{
  if (tool_output_flush () || output_error == EPIPE)
    return status;
  return tool_fail (status != EXIT_OK ? status : EXIT_OTHER, NULL,
                    "cannot write standard output: %s", g_strerror (output_error));
}

/* @color: (nullable): auto, always or never */
void
tool_output_init (const char *color)
{
  const char *no_color = g_getenv ("NO_COLOR");

  g_set_print_handler (print_out);
  g_set_printerr_handler (print_err);
  if (color != NULL && strcmp (color, "auto") != 0)
    bold = strcmp (color, "always") == 0;
  else
    bold = isatty (STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0')
           && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

/* --- Formats --- */

static gboolean
takes_format (const ToolCommand *command, const char *name)
{
  g_auto (GStrv) formats = NULL;

  if (command->formats == NULL)
    return FALSE;
  formats = g_strsplit (command->formats, ", ", -1);
  return g_strv_contains ((const char *const *) formats, name);
}

/* The flag must suit the command; MICRO_OUTPUT counts where it does, and must suit one. */
gboolean
tool_set_output (Tool *tool)
{
  static const char *const names[]
      = { "table", "wide", "json", "jsonl", "name", "raw", NULL }; /* as in ToolOutput */
  const char *name = tool->output_name;

  if (name == NULL)
    {
      name = g_getenv ("MICRO_OUTPUT");
      if (name == NULL || *name == '\0')
        return TRUE;
      if (!takes_format (tool->command, name))
        return g_strv_contains (names, name);
    }
  for (gsize i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], name) == 0)
      tool->output = (ToolOutput) i;
  return takes_format (tool->command, name);
}

/* --- Tables --- */

struct _ToolTable
{
  guint n_columns;
  GPtrArray *cells;
};

ToolTable *
tool_table_new (const char *const *heads)
{
  ToolTable *self = g_new (ToolTable, 1);

  self->n_columns = g_strv_length ((char **) heads);
  self->cells = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < self->n_columns; i++)
    g_ptr_array_add (self->cells, g_strdup (heads[i]));
  return self;
}

/* A cell a column, then NULL; those not given stay empty. */
void
tool_table_add (ToolTable *self, ...)
{
  const char *cell = "";
  va_list arguments;

  va_start (arguments, self);
  for (guint i = 0; i < self->n_columns; i++)
    {
      if (cell != NULL)
        cell = va_arg (arguments, const char *);
      g_ptr_array_add (self->cells, tool_clean (cell));
    }
  va_end (arguments);
}

static void
print_cell (const char *cell, gboolean head, int pad)
{
  if (head && bold)
    g_print ("\033[1m%s\033[0m%*s", cell, pad, "");
  else
    g_print ("%s%*s", cell, pad, "");
}

void
tool_table_print (ToolTable *self)
{
  g_autofree int *widths = g_new0 (int, self->n_columns);

  for (guint i = 0; i < self->cells->len; i++)
    widths[i % self->n_columns]
        = MAX (widths[i % self->n_columns], (int) g_utf8_strlen (self->cells->pdata[i], -1));
  for (guint i = 0; i < self->cells->len; i++)
    {
      const char *cell = self->cells->pdata[i];
      guint column = i % self->n_columns;
      gboolean last = column + 1 == self->n_columns;

      print_cell (cell, i < self->n_columns,
                  last ? 0 : widths[column] + 2 - (int) g_utf8_strlen (cell, -1));
      if (last)
        g_print ("\n");
    }
  g_ptr_array_unref (self->cells);
  g_free (self);
}
