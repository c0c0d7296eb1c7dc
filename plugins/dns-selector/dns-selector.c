/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Selector: the nodes that DNS has for a service, by SRV priority and weight.
 */
#include "config.h"

#include "dns-private.h"

#define DNS_TYPE_SELECTOR (dns_selector_get_type ())
G_DECLARE_FINAL_TYPE (DnsSelector, dns_selector, DNS, SELECTOR, GObject)

struct _DnsSelector
{
  GObject parent_instance;

  SelectorTarget target; /* until constructed, as are the settings */
  DnsSettings settings;
  DnsRegistry *registry;
};

enum
{
  PROP_DASHES = 1,
  PROP_DOMAIN,
  PROP_NAMESPACE,
  PROP_PORT,
  PROP_PORT_NAME,
  PROP_SERVERS,
  PROP_TEMPLATE,
  PROP_TIMEOUT_MS,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void dns_selector_iface_init (MicroSelectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DnsSelector,
                               dns_selector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_SELECTOR, dns_selector_iface_init))

static MicroNode *
dns_selector_select (MicroSelector *selector,
                     MicroService *service,
                     const MicroPick *pick,
                     GError **error)
{
  DnsPicker *picker = dns_registry_get_picker (DNS_SELECTOR (selector)->registry);
  MicroNode *node = dns_picker_pick (picker, service, pick);

  if (node == NULL)
    micro_pick_fail (pick, service, error);
  return node;
}

static void
dns_selector_done (MicroSelector *selector,
                   MicroService *service,
                   MicroNode *node,
                   const MicroOutcome *outcome)
{
  if (outcome->status == MICRO_STATUS_UNAVAILABLE)
    dns_registry_distrust (DNS_SELECTOR (selector)->registry, micro_node_get_address (node));
}

static MicroRegistry *
dns_selector_get_registry (MicroSelector *selector)
{
  return MICRO_REGISTRY (DNS_SELECTOR (selector)->registry);
}

static void
dns_selector_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  DnsSelector *self = DNS_SELECTOR (object);

  if (id == PROP_DASHES)
    self->target.dashes = g_value_get_boolean (value);
  else if (id == PROP_DOMAIN)
    self->target.domain = g_value_dup_string (value);
  else if (id == PROP_NAMESPACE)
    self->target.namespace = g_value_dup_string (value);
  else if (id == PROP_PORT)
    self->target.port = g_value_get_uint (value);
  else if (id == PROP_PORT_NAME)
    self->settings.port_name = g_value_dup_string (value);
  else if (id == PROP_SERVERS)
    self->settings.servers = g_value_dup_string (value);
  else if (id == PROP_TEMPLATE)
    self->target.pattern = g_value_dup_string (value);
  else if (id == PROP_TIMEOUT_MS)
    self->settings.timeout_ms = g_value_get_uint (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
dns_selector_constructed (GObject *object)
{
  DnsSelector *self = DNS_SELECTOR (object);

  self->registry = dns_registry_new (&self->target, &self->settings);
  G_OBJECT_CLASS (dns_selector_parent_class)->constructed (object);
}

static void
dns_selector_finalize (GObject *object)
{
  g_clear_object (&DNS_SELECTOR (object)->registry);
  G_OBJECT_CLASS (dns_selector_parent_class)->finalize (object);
}

static void
dns_selector_class_init (DnsSelectorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->set_property = dns_selector_set_property;
  object_class->constructed = dns_selector_constructed;
  object_class->finalize = dns_selector_finalize;
  props[PROP_DASHES]
      = g_param_spec_boolean ("dashes", NULL, "Write - for . in service names", FALSE, flags);
  props[PROP_DOMAIN] = g_param_spec_string ("domain", "DOMAIN",
                                            "Domain to append to the service name", NULL, flags);
  props[PROP_NAMESPACE] = g_param_spec_string (
      "namespace", "NAMESPACE", "The template's {namespace}; the pod's own", NULL, flags);
  props[PROP_PORT] = g_param_spec_uint ("port", "PORT", "Port of services without SRV records", 1,
                                        65535, 8080, flags);
  props[PROP_PORT_NAME] = g_param_spec_string (
      "port-name", "NAME", "Asks for SRV records _NAME._tcp; empty: asks none", "grpc", flags);
  props[PROP_SERVERS] = g_param_spec_string ("servers", "HOST:PORT,...",
                                             "Servers to ask; /etc/resolv.conf's", NULL, flags);
  props[PROP_TEMPLATE]
      = g_param_spec_string ("template", "TEMPLATE", SELECTOR_TARGET_TEMPLATE_HELP, NULL, flags);
  props[PROP_TIMEOUT_MS] = g_param_spec_uint (
      "timeout-ms", "MS", "Wait for a server, twice that again", 10, 60000, 1000, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
dns_selector_init (DnsSelector *self)
{
}

static void
dns_selector_iface_init (MicroSelectorInterface *iface)
{
  iface->select = dns_selector_select;
  iface->done = dns_selector_done;
  iface->get_registry = dns_selector_get_registry;
}

MICRO_PLUGIN_DEFINE (dns_selector,
                     .name = "dns",
                     .summary = "the nodes that DNS has for a service, by SRV priority and weight",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = dns_selector_get_type)
