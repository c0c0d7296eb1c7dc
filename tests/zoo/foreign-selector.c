/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: its type implements no interface of ours.
 */
#include <micro/micro-plugin.h>

static GType
get_type (void)
{
  return G_TYPE_SIMPLE_ACTION;
}

MICRO_PLUGIN_DEFINE (foreign_selector,
                     .name = "foreign",
                     .summary = "is not one of ours",
                     .version = "1",
                     .license = "Apache-2.0",
                     .get_type = get_type)
