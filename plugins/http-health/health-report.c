/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What is answered to whom: the paths, and the report of ?verbose.
 */
#include "config.h"

#include <string.h>

#include "http-health.h"

HealthPath
health_path_parse (const char *path)
{
  if (strcmp (path, "/health") == 0 || strcmp (path, "/health/") == 0)
    return HEALTH_PATH_ALL;
  if (strcmp (path, "/health/live") == 0)
    return HEALTH_PATH_LIVE;
  return strcmp (path, "/health/ready") == 0 ? HEALTH_PATH_READY : HEALTH_PATH_UNKNOWN;
}

typedef struct
{
  GString *text;
  HealthPath path;
} Report;

/* A mark for the eye and for grep: + well, - not, ! not, which does not count. */
static void
report_check (const char *name, MicroCheckFlags flags, const char *reason, gpointer user_data)
{
  Report *self = user_data;
  MicroCheckFlags counts
      = self->path == HEALTH_PATH_LIVE ? MICRO_CHECK_LIVE : MICRO_CHECK_CRITICAL | MICRO_CHECK_LIVE;
  g_autofree char *line = NULL;

  if (self->path == HEALTH_PATH_LIVE && (flags & counts) == 0)
    return;
  if (reason == NULL)
    {
      g_string_append_printf (self->text, "+ %s\n", name);
      return;
    }
  line = g_strdelimit (g_strdup (reason), "\r\n", ' ');
  if ((flags & counts) != 0)
    g_string_append_printf (self->text, "- %s: %s\n", name, line);
  else
    g_string_append_printf (self->text, "! %s: %s (not critical)\n", name, line);
}

char *
health_report (MicroChecks *checks, HealthPath path, gboolean fine)
{
  Report self = { g_string_new (NULL), path };

  if (checks != NULL)
    micro_checks_foreach (checks, report_check, &self);
  g_string_append (self.text, fine ? "OK\n" : "NOT_HEALTHY\n");
  return g_string_free (self.text, FALSE);
}
