/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A service for the tests of the tool: sends back what came, or is as slow as a dish is hot.
 */
#include "kitchen.micro.h"

static void
echo (MicroCall *call, const Micro__Test__V1__Dish *dish, gpointer user_data)
{
  /* HEAT_HIGH: never. */
  if (dish->heat != MICRO__TEST__V1__HEAT__HEAT_HIGH)
    micro_call_reply (call, dish);
}

int
main (int argc, char *argv[])
{
  const MicroTestV1KitchenHandlers handlers = { .echo = echo };
  g_autoptr (MicroApp) app = micro_app_new ("kitchen", "1.0.0");

  micro_test_v1_kitchen_add_handlers (micro_app_get_router (app), &handlers, NULL, NULL);
  return micro_app_run (app, argc, argv);
}
