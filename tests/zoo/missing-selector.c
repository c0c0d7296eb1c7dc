/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: it calls a function that is nowhere.
 */
#include "zoo.h"

extern void zoo_nowhere (void);

ZOO_SELECTOR (ZooMissing, zoo_missing)

static GType
get_type (void)
{
  zoo_nowhere ();
  return zoo_missing_get_type ();
}

MICRO_PLUGIN_DEFINE (missing_selector,
                     .name = "missing",
                     .summary = "lacks a function",
                     .version = "1",
                     .license = "Apache-2.0",
                     .get_type = get_type)
