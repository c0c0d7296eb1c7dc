/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A program of the next minor version, with what tests/test-abi-minor.sh has put into reserved
 * slots: uses the selector in a file, and says what it finds in them.
 */
#include <micro/micro.h>

static MicroService *
make_service (void)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  g_ptr_array_add (nodes, micro_node_new ("greeter-1", "127.0.0.1:1", NULL));
  return micro_service_new ("greeter", "1", NULL, NULL, nodes);
}

int
main (int argc, char *argv[])
{
  const MicroOutcome outcome = MICRO_OUTCOME_INIT;
  g_autoptr (GError) error = NULL;
  GType type = micro_plugin_find (MICRO_PLUGIN_SELECTOR, argv[1], &error);
  g_autoptr (MicroService) service = make_service ();
  g_autoptr (MicroNode) node = NULL;
  g_autoptr (GObject) selector = NULL;
  const MicroPluginInfo *info;

  if (type == G_TYPE_INVALID)
    {
      g_print ("%s\n", error->message);
      return 1;
    }
  info = micro_plugin_get_info (type);
  selector = g_object_new (type, NULL);
  micro_selector_update (MICRO_SELECTOR (selector), service);
  node = micro_selector_select (MICRO_SELECTOR (selector), service, NULL, &error);
  g_assert_no_error (error);
  micro_selector_done (MICRO_SELECTOR (selector), service, node, &outcome);
  g_print ("%s %u.%u of %s: chose %s, which weighs %d\n", info->name, info->abi_major,
           info->abi_minor, info->homepage != NULL ? info->homepage : "nowhere",
           micro_node_get_id (node), micro_selector_weigh (MICRO_SELECTOR (selector), node));
  return 0;
}
