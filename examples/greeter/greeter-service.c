/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A service that says hello.
 */
#include "greeter-streams.h"

static void
hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = micro_call_printf (call, "Hello %s", request->name);
  greeter_say_hello_reply (call, &response);
}

int
main (int argc, char *argv[])
{
  GreeterSayHandlers handlers = { .hello = hello };
  g_autoptr (MicroApp) app = micro_app_new ("greeter", "1.0.0");

  greeter_streams_add (&handlers);
  greeter_say_add_handlers (micro_app_get_router (app), &handlers, NULL, NULL);
  return micro_app_run (app, argc, argv);
}
