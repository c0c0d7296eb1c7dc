/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A registry that is never asked.
 */
#pragma once

#include <micro/micro.h>

typedef GObject NoRegistry;
typedef GObjectClass NoRegistryClass;
G_DEFINE_TYPE_WITH_CODE (NoRegistry,
                         no_registry,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, NULL))

static void
no_registry_class_init (NoRegistryClass *)
{
}

static void
no_registry_init (NoRegistry *)
{
}
