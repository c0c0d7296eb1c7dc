/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What has been served, and what the process takes for it.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "services.h"

static void
count_end (
    MicroCall *call, MicroStatus status, const char *message, gpointer state, gpointer user_data)
{
  Stats *self = user_data;

  g_atomic_pointer_add (&self->requests, 1);
  if (status != MICRO_STATUS_OK)
    g_atomic_pointer_add (&self->errors, 1);
}

void
stats_watch (MicroRouter *router, Stats *stats)
{
  static const MicroServerInterceptor interceptor = { .end = count_end };

  micro_router_add_observer (router, &interceptor, stats);
}

/* /proc/self/statm (proc(5)): sizes in pages. */
guint64
stats_get_memory (void)
{
  g_autofree char *text = NULL;
  unsigned long size = 0, resident = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%lu %lu", &size, &resident);
  return (guint64) resident * (guint64) sysconf (_SC_PAGESIZE);
}

guint64
stats_get_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint64 n = 0;

  while (tasks != NULL && g_dir_read_name (tasks) != NULL)
    n++;
  return n;
}
