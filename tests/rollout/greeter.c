/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A greeter that answers with the name of its pod, so that the caller knows who took the call.
 */
#include <micro/micro.h>

#include "greeter.micro.h"

static char *pod;

static const GOptionEntry options[]
    = { { "pod", 0, 0, G_OPTION_ARG_STRING, &pod, "Answer with this", "NAME" }, { NULL } };

static void
hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = pod;
  greeter_say_hello_reply (call, &response);
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("greeter", "1.0.0");

  pod = g_strdup ("nobody");
  micro_app_add_options (app, options);
  greeter_say_add_handlers (micro_app_get_router (app), &(GreeterSayHandlers){ .hello = hello },
                            NULL, NULL);
  return micro_app_run (app, argc, argv);
}
