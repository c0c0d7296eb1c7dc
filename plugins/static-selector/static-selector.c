/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: the service's name is its address; balancing is left to the Kubernetes Service.
 */
#include "config.h"

#include "../common/selector-target.h"

#define STATIC_TYPE_SELECTOR (static_selector_get_type ())
G_DECLARE_FINAL_TYPE (StaticSelector, static_selector, STATIC, SELECTOR, GObject)

struct _StaticSelector
{
  GObject parent_instance;

  SelectorTarget target;
};

enum
{
  PROP_DASHES = 1,
  PROP_DOMAIN,
  PROP_NAMESPACE,
  PROP_PORT,
  PROP_TEMPLATE,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void static_selector_iface_init (MicroSelectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (StaticSelector,
                               static_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR,
                                                      static_selector_iface_init))

static MicroService *
static_selector_resolve (MicroSelector *selector, const char *name, GError **error)
{
  g_autofree char *address
      = selector_target_make (&STATIC_SELECTOR (selector)->target, name, error);
  g_autoptr (GPtrArray) nodes = NULL;

  if (address == NULL)
    return NULL;
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_ptr_array_add (nodes, micro_node_new (name, address, NULL));
  return micro_service_new (name, "", NULL, NULL, nodes);
}

static MicroNode *
static_selector_select (MicroSelector *selector,
                        MicroService *service,
                        const MicroPick *pick,
                        GError **error)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    if (micro_pick_may_use (pick, nodes->pdata[i]))
      return micro_node_ref (nodes->pdata[i]);
  micro_pick_fail (pick, service, error);
  return NULL;
}

static void
static_selector_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  SelectorTarget *target = &STATIC_SELECTOR (object)->target;

  if (id == PROP_DASHES)
    target->dashes = g_value_get_boolean (value);
  else if (id == PROP_DOMAIN)
    target->domain = g_value_dup_string (value);
  else if (id == PROP_NAMESPACE)
    target->namespace = g_value_dup_string (value);
  else if (id == PROP_PORT)
    target->port = g_value_get_uint (value);
  else if (id == PROP_TEMPLATE)
    target->pattern = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
static_selector_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const SelectorTarget *target = &STATIC_SELECTOR (object)->target;

  if (id == PROP_DASHES)
    g_value_set_boolean (value, target->dashes);
  else if (id == PROP_DOMAIN)
    g_value_set_string (value, target->domain);
  else if (id == PROP_NAMESPACE)
    g_value_set_string (value, target->namespace);
  else if (id == PROP_PORT)
    g_value_set_uint (value, target->port);
  else if (id == PROP_TEMPLATE)
    g_value_set_string (value, target->pattern);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
static_selector_finalize (GObject *object)
{
  selector_target_clear (&STATIC_SELECTOR (object)->target);
  G_OBJECT_CLASS (static_selector_parent_class)->finalize (object);
}

static void
static_selector_class_init (StaticSelectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->set_property = static_selector_set_property;
  object_class->get_property = static_selector_get_property;
  object_class->finalize = static_selector_finalize;
  props[PROP_DASHES]
      = g_param_spec_boolean ("dashes", NULL, "Write - for . in service names", FALSE, flags);
  props[PROP_DOMAIN] = g_param_spec_string ("domain", "DOMAIN",
                                            "Domain to append to the service name", NULL, flags);
  props[PROP_NAMESPACE] = g_param_spec_string (
      "namespace", "NAMESPACE", "The template's {namespace}; the pod's own", NULL, flags);
  props[PROP_PORT]
      = g_param_spec_uint ("port", "PORT", "Port every service listens on", 1, 65535, 8080, flags);
  props[PROP_TEMPLATE]
      = g_param_spec_string ("template", "TEMPLATE", SELECTOR_TARGET_TEMPLATE_HELP, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
static_selector_init (StaticSelector *self)
{
}

static void
static_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = static_selector_select;
  iface->resolve = static_selector_resolve;
}

MICRO_PLUGIN_DEFINE (static_selector,
                     .name = "static",
                     .summary = "leaves balancing to the Kubernetes Service",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = static_selector_get_type)
