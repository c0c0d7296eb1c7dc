/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry's options: its properties.
 */
#include "config.h"

#include "k8s-registry.h"

enum
{
  PROP_ADDRESS = 1,
  PROP_NAMESPACE,
  PROP_DISCOVERY,
  PROP_REGISTER,
  PROP_CA_FILE,
  PROP_TOKEN_FILE,
  PROP_CERT_FILE,
  PROP_KEY_FILE,
  PROP_INSECURE,
  PROP_CONTEXT,
  PROP_POD_NAME,
  PROP_CONTAINER,
  PROP_READY,
  PROP_IP_FAMILY,
  PROP_ZONE,
  PROP_TIMEOUT_MS,
  PROP_IDLE_TIMEOUT_S,
  PROP_STREAM_LISTS,
  N_PROPS
};

/* --- Enumerations --- */

static GType
enum_type (gsize *type, const char *name, const GEnumValue *values)
{
  if (g_once_init_enter (type))
    g_once_init_leave (type, g_enum_register_static (name, values));
  return *type;
}

static GType
discovery_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = { { K8S_DISCOVERY_PODS, "pods", "pods" },
                                       { K8S_DISCOVERY_ENDPOINTS, "endpoints", "endpoints" },
                                       { K8S_DISCOVERY_BOTH, "both", "both" },
                                       { 0, NULL, NULL } };

  return enum_type (&type, "K8sDiscovery", values);
}

static GType
register_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = { { K8S_REGISTER_PATCH, "patch", "patch" },
                                       { K8S_REGISTER_STATIC, "static", "static" },
                                       { 0, NULL, NULL } };

  return enum_type (&type, "K8sRegister", values);
}

static GType
ready_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = { { K8S_READY_CONDITION, "condition", "condition" },
                                       { K8S_READY_RUNNING, "running", "running" },
                                       { 0, NULL, NULL } };

  return enum_type (&type, "K8sReady", values);
}

static GType
family_get_type (void)
{
  static gsize type;
  static const GEnumValue values[]
      = { { 0, "auto", "auto" }, { 4, "ipv4", "ipv4" }, { 6, "ipv6", "ipv6" }, { 0, NULL, NULL } };

  return enum_type (&type, "K8sIpFamily", values);
}

/* --- Values --- */

static char **
string_of (K8sRegistry *self, guint id)
{
  switch (id)
    {
    case PROP_ADDRESS:
      return &self->address;
    case PROP_NAMESPACE:
      return &self->namespaces;
    case PROP_CA_FILE:
      return &self->ca_file;
    case PROP_TOKEN_FILE:
      return &self->token_file;
    case PROP_CERT_FILE:
      return &self->cert_file;
    case PROP_KEY_FILE:
      return &self->key_file;
    case PROP_CONTEXT:
      return &self->context;
    case PROP_POD_NAME:
      return &self->pod_name;
    case PROP_CONTAINER:
      return &self->container;
    default:
      return &self->zone;
    }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  K8sRegistry *self = (K8sRegistry *) object;

  switch (id)
    {
    case PROP_DISCOVERY:
      self->discovery = g_value_get_enum (value);
      break;
    case PROP_REGISTER:
      self->registering = g_value_get_enum (value);
      break;
    case PROP_READY:
      self->ready = g_value_get_enum (value);
      break;
    case PROP_IP_FAMILY:
      self->family = g_value_get_enum (value);
      break;
    case PROP_INSECURE:
      self->insecure = g_value_get_boolean (value);
      break;
    case PROP_TIMEOUT_MS:
      self->timeout_ms = g_value_get_uint (value);
      break;
    case PROP_IDLE_TIMEOUT_S:
      self->idle_timeout_s = g_value_get_uint (value);
      break;
    case PROP_STREAM_LISTS:
      self->stream_lists = g_value_get_boolean (value);
      break;
    default:
      *string_of (self, id) = g_value_dup_string (value);
    }
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  K8sRegistry *self = (K8sRegistry *) object;

  switch (id)
    {
    case PROP_DISCOVERY:
      g_value_set_enum (value, self->discovery);
      break;
    case PROP_REGISTER:
      g_value_set_enum (value, self->registering);
      break;
    case PROP_READY:
      g_value_set_enum (value, self->ready);
      break;
    case PROP_IP_FAMILY:
      g_value_set_enum (value, self->family);
      break;
    case PROP_INSECURE:
      g_value_set_boolean (value, self->insecure);
      break;
    case PROP_TIMEOUT_MS:
      g_value_set_uint (value, self->timeout_ms);
      break;
    case PROP_IDLE_TIMEOUT_S:
      g_value_set_uint (value, self->idle_timeout_s);
      break;
    case PROP_STREAM_LISTS:
      g_value_set_boolean (value, self->stream_lists);
      break;
    default:
      g_value_set_string (value, *string_of (self, id));
    }
}

void
k8s_options_free (K8sRegistry *self)
{
  for (guint id = PROP_ADDRESS; id < N_PROPS; id++)
    {
      char **member = string_of (self, id);

      g_clear_pointer (member, g_free);
    }
}

/* --- Properties --- */

#define FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)

static void
install_string (
    GObjectClass *klass, guint id, const char *name, const char *metavar, const char *blurb)
{
  g_object_class_install_property (klass, id,
                                   g_param_spec_string (name, metavar, blurb, NULL, FLAGS));
}

static void
install_strings (GObjectClass *klass)
{
  install_string (klass, PROP_ADDRESS, "address", "URL",
                  "API server, such as kubectl proxy's http://127.0.0.1:8001");
  install_string (klass, PROP_NAMESPACE, "namespace", "NAMES",
                  "Namespaces to look in, with commas; * for all; ours");
  install_string (klass, PROP_CA_FILE, "ca-file", "FILE", "Authority of the API server, in PEM");
  install_string (klass, PROP_TOKEN_FILE, "token-file", "FILE", "Bearer token, read as it rotates");
  install_string (klass, PROP_CERT_FILE, "cert-file", "FILE", "Our certificate, in PEM");
  install_string (klass, PROP_KEY_FILE, "key-file", "FILE", "Its key, in PEM");
  install_string (klass, PROP_CONTEXT, "context", "NAME", "Context of the kubeconfig");
  install_string (klass, PROP_POD_NAME, "pod-name", "NAME", "Our pod, if it is not found out");
  install_string (klass, PROP_CONTAINER, "container", "NAME",
                  "Our container, if two of a pod serve one name");
  install_string (klass, PROP_ZONE, "zone", "ZONE", "Our zone, to follow slices' hints");
}

void
k8s_options_install (GObjectClass *klass)
{
  klass->set_property = set_property;
  klass->get_property = get_property;
  install_strings (klass);
  g_object_class_install_property (
      klass, PROP_DISCOVERY,
      g_param_spec_enum ("discovery", "HOW", "Found by pods, endpoints (slices) or both",
                         discovery_get_type (), K8S_DISCOVERY_PODS, FLAGS));
  g_object_class_install_property (
      klass, PROP_REGISTER,
      g_param_spec_enum ("register", "HOW", "Announced by a patch, or static in the pod template",
                         register_get_type (), K8S_REGISTER_PATCH, FLAGS));
  g_object_class_install_property (
      klass, PROP_READY,
      g_param_spec_enum ("ready", "WHEN", "A pod counts by its condition Ready, or when running",
                         ready_get_type (), K8S_READY_CONDITION, FLAGS));
  g_object_class_install_property (klass, PROP_IP_FAMILY,
                                   g_param_spec_enum ("ip-family", "FAMILY",
                                                      "Which addresses of dual stack: ipv4, ipv6",
                                                      family_get_type (), 0, FLAGS));
  g_object_class_install_property (klass, PROP_INSECURE,
                                   g_param_spec_boolean ("insecure-skip-tls-verify", NULL,
                                                         "Trust whoever answers", FALSE, FLAGS));
  g_object_class_install_property (klass, PROP_TIMEOUT_MS,
                                   g_param_spec_uint ("timeout-ms", "MS",
                                                      "Wait of the first lookup of a name", 0,
                                                      600000, 5000, FLAGS));
  g_object_class_install_property (klass, PROP_IDLE_TIMEOUT_S,
                                   g_param_spec_uint ("idle-timeout-s", "SECONDS",
                                                      "Silence after which a watch is made anew", 1,
                                                      86400, 180, FLAGS));
  g_object_class_install_property (klass, PROP_STREAM_LISTS,
                                   g_param_spec_boolean ("stream-lists", NULL,
                                                         "Lists as the beginning of watches", FALSE,
                                                         FLAGS));
}
