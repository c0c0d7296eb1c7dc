/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The kinds of plugins there are: their names and interfaces.
 */
#include "config.h"

#include <micro/micro-broker.h>
#include <micro/micro-health.h>
#include <micro/micro-plugin.h>
#include <micro/micro-registry.h>
#include <micro/micro-selector.h>
#include <micro/micro-transport.h>

static const char *const kind_names[MICRO_PLUGIN_N_KINDS]
    = { "registry", "selector", "transport", "health", "broker" };

/**
 * micro_plugin_kind_to_string:
 * @kind: a kind of plugin
 *
 * Returns: (transfer none): its name in flags and file names, "registry" and so on
 */
const char *
micro_plugin_kind_to_string (MicroPluginKind kind)
{
  g_return_val_if_fail (kind < MICRO_PLUGIN_N_KINDS, NULL);
  return kind_names[kind];
}

/**
 * micro_plugin_kind_get_interface:
 * @kind: a kind of plugin
 *
 * Returns: the type of the interface that such a plugin implements
 */
GType
micro_plugin_kind_get_interface (MicroPluginKind kind)
{
  switch (kind)
    {
    case MICRO_PLUGIN_REGISTRY:
      return MICRO_TYPE_REGISTRY;
    case MICRO_PLUGIN_SELECTOR:
      return MICRO_TYPE_SELECTOR;
    case MICRO_PLUGIN_TRANSPORT:
      return MICRO_TYPE_TRANSPORT;
    case MICRO_PLUGIN_HEALTH:
      return MICRO_TYPE_HEALTH;
    case MICRO_PLUGIN_BROKER:
      return MICRO_TYPE_BROKER;
    }
  g_return_val_if_reached (G_TYPE_INVALID);
}
