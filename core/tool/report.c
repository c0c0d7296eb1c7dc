/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What goes wrong, in one sentence and a hint, on stderr.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

/* What a registry says may end in lines to be copied, such as a Role; all else is one line. */
static char *
clean_message (int status, char *message)
{
  g_auto (GStrv) lines = NULL;

  if (status != EXIT_REGISTRY)
    return tool_clean (message);
  lines = g_strsplit (g_strchomp (message), "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_autofree char *raw = *line;

      *line = tool_clean (raw);
    }
  return g_strjoinv ("\n", lines);
}

int
tool_fail (int status, const char *hint, const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *clean = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  clean = clean_message (status, message);
  g_printerr ("micro: %s\n", clean);
  if (hint != NULL)
    g_printerr ("  hint: %s\n", hint);
  return status;
}

void
tool_set_bad (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (
      error, g_error_new_valist (MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, format, arguments));
  va_end (arguments);
}

/* --- Warnings of the library --- */

/* As MICRO_LOG_LEVEL has it: a person did not ask to see them. */
static gboolean
is_muted (GLogLevelFlags level)
{
  const char *name = g_getenv ("MICRO_LOG_LEVEL");

  if (name == NULL)
    return FALSE;
  return g_ascii_strcasecmp (name, "error") == 0 || g_ascii_strcasecmp (name, "fatal") == 0
         || (level == G_LOG_LEVEL_MESSAGE && g_ascii_strcasecmp (name, "warn") == 0);
}

static void
print_log (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  g_autofree char *clean = NULL;

  if (level != G_LOG_LEVEL_WARNING && level != G_LOG_LEVEL_MESSAGE)
    {
      g_log_default_handler (domain, level, message, user_data);
      return;
    }
  if (is_muted (level))
    return;
  clean = tool_clean (message);
  g_printerr ("micro: %s: %s\n", level == G_LOG_LEVEL_WARNING ? "warning" : "note", clean);
}

/* Not a writer, of which a process has only one: MICRO_LOG_LEVEL sets it. */
void
tool_log_init (void)
{
  g_log_set_default_handler (print_log, NULL);
}

/* --- Words that were meant --- */

static guint
report_distance (const char *a, const char *b)
{
  guint row[64];
  gsize n = MIN (strlen (b), G_N_ELEMENTS (row) - 1);

  for (guint j = 0; j <= n; j++)
    row[j] = j;
  for (guint i = 1; a[i - 1] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = i;
      for (guint j = 1; j <= n; j++)
        {
          guint above = row[j];
          guint cost = g_ascii_tolower (a[i - 1]) == g_ascii_tolower (b[j - 1]) ? 0 : 1;

          row[j] = MIN (MIN (above, row[j - 1]) + 1, diagonal + cost);
          diagonal = above;
        }
    }
  return row[n];
}

/* The word that was probably meant, or NULL. */
const char *
tool_nearest (const char *word, GPtrArray *words)
{
  const char *best = NULL;
  guint least = strlen (word) / 3 + 2;

  for (guint i = 0; i < words->len; i++)
    {
      guint d = report_distance (word, words->pdata[i]);

      if (d < least && d < strlen (words->pdata[i]))
        {
          least = d;
          best = words->pdata[i];
        }
    }
  return best;
}

/* A service could not be looked up: it is not there, its name is none, or the registry is not. */
int
tool_fail_lookup (Tool *tool, const char *what, const char *name, const GError *error)
{
  g_autoptr (GPtrArray) services = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *nearest;

  if (g_error_matches (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT))
    return tool_fail (EXIT_USAGE, "micro list", "%s: %s", what, error->message);
  if (!g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND))
    return tool_fail (EXIT_REGISTRY, NULL, "%s: %s", what, error->message);
  services = micro_client_list_services_sync (tool->client, NULL);
  for (guint i = 0; services != NULL && i < services->len; i++)
    g_ptr_array_add (names, (char *) micro_service_get_name (services->pdata[i]));
  nearest = tool_nearest (name, names);
  if (nearest != NULL)
    return tool_fail (EXIT_NOT_FOUND, "micro list", "%s: %s; did you mean “%s”?", what,
                      error->message, nearest);
  return tool_fail (EXIT_NOT_FOUND, "micro list", "%s: %s", what, error->message);
}
