/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A bad plugin: a selector in a registry's file.
 */
#include "zoo.h"

ZOO_SELECTOR (ZooMisfiled, zoo_misfiled)

MICRO_PLUGIN_DEFINE (misfiled_registry,
                     .name = "misfiled",
                     .summary = "is no registry",
                     .version = "1",
                     .license = "Apache-2.0",
                     .get_type = zoo_misfiled_get_type)
