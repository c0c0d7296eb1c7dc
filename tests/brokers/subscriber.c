/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A service that only hears: a line a message, "TOPIC QUEUE BODY".
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include <micro/micro.h>

static char *hold;

static void
on_message (const char *topic, MicroMetadata *headers, GBytes *body, gpointer queue)
{
  const char *trace = micro_metadata_lookup (headers, "Trace");
  gsize size;
  const char *data = g_bytes_get_data (body, &size);

  printf ("%s %s %.*s%s%s\n", topic, queue != NULL ? (char *) queue : "-", (int) size,
          data != NULL ? data : "", trace != NULL ? " Trace=" : "", trace != NULL ? trace : "");
  fflush (stdout);
  /* As long as the file is there, the subscriber blocks. */
  while (hold != NULL && access (hold, F_OK) == 0)
    g_usleep (10000);
}

int
main (int argc, char *argv[])
{
  const GOptionEntry entries[]
      = { { "hold", 0, 0, G_OPTION_ARG_FILENAME, &hold, "Block while it is there", "FILE" },
          G_OPTION_ENTRY_NULL };
  g_autoptr (MicroApp) app = micro_app_new ("subscriber", "1");

  /* TOPIC or TOPIC@QUEUE: options are not read yet. */
  g_auto (GStrv) wanted
      = g_strsplit (g_getenv ("TOPICS") != NULL ? g_getenv ("TOPICS") : "orders", " ", -1);

  for (char **one = wanted; *one != NULL; one++)
    {
      g_auto (GStrv) parts = g_strsplit (*one, "@", 2);

      micro_app_subscribe (app, parts[0], parts[1], on_message, g_strdup (parts[1]), g_free);
    }
  micro_app_add_options (app, entries);
  return micro_app_run (app, argc, argv);
}
