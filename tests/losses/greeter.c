/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A greeter that takes its time.
 */
#include <micro/micro.h>

#include "greeter.micro.h"

static int delay_ms;

static const GOptionEntry options[]
    = { { "delay", 0, 0, G_OPTION_ARG_INT, &delay_ms, "Of an answer, in milliseconds", "NUMBER" },
        { NULL } };

static void
answer (MicroCall *call)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = (char *) "Hello";
  greeter_say_hello_reply (call, &response);
}

static gboolean
answer_late (gpointer call)
{
  answer (call);
  return G_SOURCE_REMOVE;
}

static void
hello (MicroCall *call, const Greeter__HelloRequest *request, gpointer user_data)
{
  if (delay_ms == 0)
    answer (call);
  else
    g_timeout_add ((guint) delay_ms, answer_late, call);
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("greeter", "1.0.0");

  micro_app_add_options (app, options);
  greeter_say_add_handlers (micro_app_get_router (app), &(GreeterSayHandlers){ .hello = hello },
                            NULL, NULL);
  return micro_app_run (app, argc, argv);
}
