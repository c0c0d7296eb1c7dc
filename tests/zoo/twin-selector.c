/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: fine by itself, but there are two with a type of the same name.
 */
#include "zoo.h"

ZOO_SELECTOR (ZooTwin, zoo_twin)

MICRO_PLUGIN_DEFINE (twin_selector,
                     .name = "twin",
                     .summary = "one of two",
                     .version = "1",
                     .license = "Apache-2.0",
                     .get_type = zoo_twin_get_type)
