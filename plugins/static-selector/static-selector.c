/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: the service's name is its address; balancing is left to the Kubernetes Service.
 */
#include "config.h"

#include <string.h>

#include <micro/micro.h>

#define STATIC_TYPE_SELECTOR (static_selector_get_type ())
G_DECLARE_FINAL_TYPE (StaticSelector, static_selector, STATIC, SELECTOR, GObject)

struct _StaticSelector
{
  GObject parent_instance;

  char *domain;
  guint port;
};

enum
{
  PROP_DOMAIN = 1,
  PROP_PORT,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void static_selector_iface_init (MicroSelectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (StaticSelector,
                               static_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR,
                                                      static_selector_iface_init))

/* (transfer full): the address of @name; %NULL if it cannot be one. */
static char *
make_address (StaticSelector *self, const char *name)
{
  const char *first = strchr (name, ':');

  if (name[0] == '\0' || strpbrk (name, " \t\r\n/") != NULL)
    return g_str_has_prefix (name, "unix:/") ? g_strdup (name) : NULL;
  if (name[0] == '[' && g_str_has_suffix (name, "]"))
    return g_strdup_printf ("%s:%u", name, self->port);
  if (name[0] == '[')
    return strstr (name, "]:") != NULL ? g_strdup (name) : NULL;
  if (first != NULL && first != strrchr (name, ':'))
    return g_hostname_is_ip_address (name) ? g_strdup_printf ("[%s]:%u", name, self->port) : NULL;
  if (first != NULL)
    return first != name && first[1] != '\0' ? g_strdup (name) : NULL;
  if (self->domain == NULL || *self->domain == '\0' || g_hostname_is_ip_address (name))
    return g_strdup_printf ("%s:%u", name, self->port);
  return g_strdup_printf ("%s.%s:%u", name, self->domain, self->port);
}

static MicroService *
static_selector_resolve (MicroSelector *selector, const char *name, GError **error)
{
  g_autofree char *address = make_address (STATIC_SELECTOR (selector), name);
  g_autoptr (GPtrArray) nodes = NULL;

  if (address == NULL)
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "“%s” cannot be made an address; write NAME, NAME:PORT or [IPV6]:PORT", name);
      return NULL;
    }
  nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);
  g_ptr_array_add (nodes, micro_node_new (name, address, NULL));
  return micro_service_new (name, "", NULL, NULL, nodes);
}

static MicroNode *
static_selector_select (MicroSelector *selector,
                        MicroService *service,
                        GPtrArray *tried,
                        GError **error)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    if (tried == NULL
        || !g_ptr_array_find_with_equal_func (tried, nodes->pdata[i], (GEqualFunc) micro_node_equal,
                                              NULL))
      return micro_node_ref (nodes->pdata[i]);
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
               "no ready nodes for “%s” (%u known, %u tried)", micro_service_get_name (service),
               nodes != NULL ? nodes->len : 0, tried != NULL ? tried->len : 0);
  return NULL;
}

static void
static_selector_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  StaticSelector *self = STATIC_SELECTOR (object);

  if (id == PROP_PORT)
    self->port = g_value_get_uint (value);
  else if (id == PROP_DOMAIN)
    self->domain = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
static_selector_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  StaticSelector *self = STATIC_SELECTOR (object);

  if (id == PROP_PORT)
    g_value_set_uint (value, self->port);
  else if (id == PROP_DOMAIN)
    g_value_set_string (value, self->domain);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
static_selector_finalize (GObject *object)
{
  g_free (STATIC_SELECTOR (object)->domain);
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
  props[PROP_DOMAIN] = g_param_spec_string ("domain", "DOMAIN",
                                            "Domain to append to the service name", NULL, flags);
  props[PROP_PORT]
      = g_param_spec_uint ("port", "PORT", "Port every service listens on", 1, 65535, 8080, flags);
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
