/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A service that hears requests of a type, and publishes what it says to them, which it hears too.
 */
#include "config.h"

#include <stdio.h>

#include <greeter.micro.h>

static void
on_published (GObject *source, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;

  if (!micro_broker_publish_finish (MICRO_BROKER (source), result, &error))
    printf ("not published: %s\n", error->message);
}

static void
on_request (const Greeter__HelloRequest *request, MicroMetadata *headers, gpointer app)
{
  g_autofree char *text = g_strdup_printf ("Hello %s", request->name);
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  printf ("request %s %s\n", request->name, micro_metadata_lookup (headers, "Content-Type"));
  fflush (stdout);
  response.msg = text;
  greeter__hello_response__publish_async (micro_app_get_broker (app), "answers", &response, headers,
                                          NULL, on_published, NULL);
}

static void
on_answer (const Greeter__HelloResponse *response, MicroMetadata *headers, gpointer unused)
{
  const char *trace = micro_metadata_lookup (headers, "Trace");

  printf ("answer %s %s Trace=%s\n", response->msg, micro_metadata_lookup (headers, "Content-Type"),
          trace != NULL ? trace : "");
  fflush (stdout);
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("typed", "1");

  greeter__hello_request__subscribe (app, "greetings", "all", on_request, app, NULL);
  greeter__hello_response__subscribe (app, "answers", NULL, on_answer, g_strdup (""), g_free);
  return micro_app_run (app, argc, argv);
}
