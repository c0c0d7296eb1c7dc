/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A client that asks to be greeted, by the name on its command line.
 */
#include <stdio.h>

#include "greeter.micro.h"

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("greeter-client", "1.0.0");
  g_autoptr (Greeter__HelloResponse) response = NULL;
  g_autoptr (GError) error = NULL;
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;

  micro_app_set_usage (app, "[NAME]", "Asks the greeter for a greeting.");
  if (micro_app_init (app, &argc, &argv, &error))
    {
      request.name = argc > 1 ? argv[1] : "John";
      response
          = greeter_say_hello_sync (micro_app_get_client (app), "greeter", &request, NULL, &error);
    }
  if (response == NULL)
    {
      fprintf (stderr, "%s: %s\n", g_get_prgname (), error->message);
      return 1;
    }
  g_print ("%s\n", response->msg);
  return 0;
}
