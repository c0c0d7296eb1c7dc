/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How many CPUs the process may use: its cgroup's quota, then its affinity.
 */
#include "config.h"

#include <string.h>

#include "app/app.h"

#define CGROUP "/sys/fs/cgroup"

/* What "QUOTA PERIOD" allows; 0 for no limit or no such file. */
static guint
read_cpu_max (const char *folder)
{
  g_autofree char *file = g_build_filename (folder, "cpu.max", NULL);
  g_autofree char *text = NULL;
  char *end;
  gint64 quota, period;

  if (!g_file_get_contents (file, &text, NULL, NULL))
    return 0;
  quota = g_ascii_strtoll (text, &end, 10);
  period = g_ascii_strtoll (end, NULL, 10);
  return quota > 0 && period > 0 ? (guint) MAX (quota / period, 1) : 0;
}

static gint64
read_number (const char *file)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (file, &text, NULL, NULL) ? g_ascii_strtoll (text, NULL, 10) : 0;
}

/* The least limit from the process's own group up to the root. */
static guint
read_version_2 (void)
{
  g_autofree char *text = NULL;
  g_autofree char *folder = NULL;
  const char *line;
  guint least = 0;

  if (!g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL))
    return 0;
  line = strstr (text, "0::/");
  if (line == NULL)
    return 0;
  folder = g_strdup_printf (CGROUP "%.*s", (int) strcspn (line + strlen ("0::"), "\n"),
                            line + strlen ("0::"));
  while (strlen (folder) >= strlen (CGROUP))
    {
      guint limit = read_cpu_max (folder);
      char *slash = strrchr (folder, '/');

      if (limit > 0)
        least = least > 0 ? MIN (least, limit) : limit;
      *slash = '\0';
    }
  return least;
}

static guint
read_version_1 (void)
{
  gint64 quota = read_number (CGROUP "/cpu/cpu.cfs_quota_us");
  gint64 period = read_number (CGROUP "/cpu/cpu.cfs_period_us");

  return quota > 0 && period > 0 ? (guint) MAX (quota / period, 1) : 0;
}

guint
micro_quota_cpus (void)
{
  guint quota = read_version_2 ();
  guint cpus = g_get_num_processors ();

  if (quota == 0)
    quota = read_version_1 ();
  return quota > 0 ? MIN (quota, cpus) : cpus;
}
