/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Tables for people: two blanks between columns, upper-case heads.
 */
#include "config.h"

#include "tool.h"

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

void
tool_table_add (ToolTable *self, ...)
{
  va_list arguments;

  va_start (arguments, self);
  for (guint i = 0; i < self->n_columns; i++)
    g_ptr_array_add (self->cells, g_strdup (va_arg (arguments, const char *)));
  va_end (arguments);
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
      int pad = widths[column] - (int) g_utf8_strlen (cell, -1);

      if (column + 1 == self->n_columns)
        g_print ("%s\n", cell);
      else
        g_print ("%s%*s", cell, pad + 2, "");
    }
  g_ptr_array_unref (self->cells);
  g_free (self);
}
