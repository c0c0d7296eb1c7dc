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

/* The slots of each interface, without the second halves of asynchronous ones. */
#define SLOT(kind, Interface, member, name)                                                        \
  {                                                                                                \
    kind, G_STRUCT_OFFSET (Interface, member), name                                                \
  }
#define REGISTRY_SLOT(member, name)                                                                \
  SLOT (MICRO_PLUGIN_REGISTRY, MicroRegistryInterface, member, name)
#define SELECTOR_SLOT(member) SLOT (MICRO_PLUGIN_SELECTOR, MicroSelectorInterface, member, #member)
#define TRANSPORT_SLOT(member)                                                                     \
  SLOT (MICRO_PLUGIN_TRANSPORT, MicroTransportInterface, member, #member)
#define HEALTH_SLOT(member) SLOT (MICRO_PLUGIN_HEALTH, MicroHealthInterface, member, #member)
#define BROKER_SLOT(member, name) SLOT (MICRO_PLUGIN_BROKER, MicroBrokerInterface, member, name)

static const struct
{
  MicroPluginKind kind;
  glong offset;
  const char *name;
} slots[] = {
  REGISTRY_SLOT (register_async, "register"),
  REGISTRY_SLOT (deregister_async, "deregister"),
  REGISTRY_SLOT (get_service_async, "get_service"),
  REGISTRY_SLOT (list_services_async, "list_services"),
  REGISTRY_SLOT (watch_async, "watch"),
  REGISTRY_SLOT (diagnose_async, "diagnose"),
  REGISTRY_SLOT (get_config_source, "get_config_source"),
  REGISTRY_SLOT (get_renew_interval, "get_renew_interval"),
  REGISTRY_SLOT (is_local, "is_local"),
  SELECTOR_SLOT (select),
  SELECTOR_SLOT (done),
  SELECTOR_SLOT (update),
  SELECTOR_SLOT (resolve),
  SELECTOR_SLOT (get_registry),
  TRANSPORT_SLOT (listen),
  TRANSPORT_SLOT (open),
  TRANSPORT_SLOT (drain),
  TRANSPORT_SLOT (close),
  TRANSPORT_SLOT (check_address),
  HEALTH_SLOT (start),
  HEALTH_SLOT (set_ready),
  HEALTH_SLOT (stop),
  HEALTH_SLOT (set_checks),
  BROKER_SLOT (connect_async, "connect"),
  BROKER_SLOT (publish_async, "publish"),
  BROKER_SLOT (subscribe, "subscribe"),
  BROKER_SLOT (unsubscribe, "unsubscribe"),
  BROKER_SLOT (set_registry, "set_registry"),
  BROKER_SLOT (close_async, "close"),
};

/**
 * micro_plugin_get_slots:
 * @type: the type of a plugin
 *
 * Returns: (transfer full) (array zero-terminated=1): the slots of its interfaces that it fills, as
 *   their headers call them without `_async`
 */
char **
micro_plugin_get_slots (GType type)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GTypeClass) class = g_type_class_ref (type);

  for (gsize i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      gpointer iface
          = g_type_interface_peek (class, micro_plugin_kind_get_interface (slots[i].kind));

      if (iface != NULL && G_STRUCT_MEMBER (gpointer, iface, slots[i].offset) != NULL)
        g_strv_builder_add (builder, slots[i].name);
    }
  return g_strv_builder_end (builder);
}
