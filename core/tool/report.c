/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What goes wrong, in one sentence and a hint, on stderr.
 */
#include "config.h"

#include <string.h>

#include "tool.h"

int
tool_fail (int status, const char *hint, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_printerr ("micro: %s\n", message);
  if (hint != NULL)
    g_printerr ("  hint: %s\n", hint);
  return status;
}

static guint
distance (const char *a, const char *b)
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
  guint least = MAX (1, strlen (word) / 3) + 1;

  for (guint i = 0; i < words->len; i++)
    {
      guint d = distance (word, words->pdata[i]);

      if (d < least)
        {
          least = d;
          best = words->pdata[i];
        }
    }
  return best;
}

/* A service could not be looked up: it is not there, or the registry is not. */
int
tool_fail_lookup (Tool *tool, const char *name, const GError *error)
{
  g_autoptr (GPtrArray) services = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *hint = NULL;
  const char *nearest;

  if (!g_error_matches (error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND))
    return tool_fail (EXIT_REGISTRY, NULL, "registry: %s", error->message);
  services = micro_client_list_services_sync (tool->client, NULL);
  for (guint i = 0; services != NULL && i < services->len; i++)
    g_ptr_array_add (names, (char *) micro_service_get_name (services->pdata[i]));
  nearest = tool_nearest (name, names);
  hint
      = nearest != NULL ? g_strdup_printf ("did you mean “%s”?", nearest) : g_strdup ("micro list");
  return tool_fail (EXIT_NOT_FOUND, hint, "%s", error->message);
}
