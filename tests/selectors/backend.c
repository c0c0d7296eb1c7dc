/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A greeter that says who it is, as slowly as it is told to.
 */
#include "config.h"

#include "greeter.micro.h"

static char *label;
static int delay_ms;
static gboolean refusing;

static void
answer (MicroCall *call)
{
  Greeter__HelloResponse response = GREETER__HELLO_RESPONSE__INIT;

  response.msg = label;
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
  g_autoptr (GSource) source = NULL;

  if (refusing)
    {
      micro_call_fail (call, MICRO_STATUS_UNAVAILABLE, "%s does not want to", label);
      return;
    }
  if (delay_ms <= 0)
    {
      answer (call);
      return;
    }
  source = g_timeout_source_new ((guint) delay_ms);
  g_source_set_callback (source, answer_late, call, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

int
main (int argc, char *argv[])
{
  const GOptionEntry entries[]
      = { { "label", 0, 0, G_OPTION_ARG_STRING, &label, "What it answers", "TEXT" },
          { "delay", 0, 0, G_OPTION_ARG_INT, &delay_ms, "How late", "MS" },
          { "refuse", 0, 0, G_OPTION_ARG_NONE, &refusing, "Answers UNAVAILABLE", NULL },
          G_OPTION_ENTRY_NULL };
  g_autoptr (MicroApp) app = micro_app_new ("backend", "1");

  greeter_say_add_handlers (micro_app_get_router (app), &(GreeterSayHandlers){ .hello = hello },
                            NULL, NULL);
  micro_app_add_options (app, entries);
  return micro_app_run (app, argc, argv);
}
