/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What EndpointSlices say about services: discovery.k8s.io/v1 and v1beta1.
 */
#include "config.h"

#include <string.h>

#include "../common/kube-scan.h"
#include "kube-map.h"

#define LABEL_SERVICE "kubernetes.io/service-name"
#define LABEL_VERSION "app.kubernetes.io/version"
#define TOPOLOGY_ZONE "topology.kubernetes.io/zone"
#define TOPOLOGY_NODE "kubernetes.io/hostname"

typedef struct
{
  char *name;
  char *protocol;
  char *app_protocol;
  guint16 port;
} Port;

typedef struct
{
  GPtrArray *addresses;
  int ready, serving, terminating; /* -1 unless said */
  char *pod;
  char *zone;
  char *node;
  GPtrArray *hints;
} Endpoint;

typedef struct
{
  KubeEntry *entry;
  char *service;
  char *version;
  char *address_type;
  GPtrArray *endpoints;
  GPtrArray *ports;
} Slice;

static void
port_free (gpointer data)
{
  Port *self = data;

  g_free (self->name);
  g_free (self->protocol);
  g_free (self->app_protocol);
  g_free (self);
}

static void
endpoint_free (gpointer data)
{
  Endpoint *self = data;

  g_ptr_array_unref (self->addresses);
  g_ptr_array_unref (self->hints);
  g_free (self->pod);
  g_free (self->zone);
  g_free (self->node);
  g_free (self);
}

/* --- Reading --- */

static void
read_labels (KubeScan *scan, Slice *slice)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, LABEL_SERVICE))
      kube_scan_take_string (scan, &slice->service);
    else if (kube_scan_is (name, length, LABEL_VERSION))
      kube_scan_take_string (scan, &slice->version);
    else
      kube_scan_skip (scan);
}

static void
map_slice_read_metadata (KubeScan *scan, Slice *slice)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "name"))
      kube_scan_take_string (scan, &slice->entry->name);
    else if (kube_scan_is (name, length, "namespace"))
      kube_scan_take_string (scan, &slice->entry->namespace_);
    else if (kube_scan_is (name, length, "uid"))
      kube_scan_take_string (scan, &slice->entry->uid);
    else if (kube_scan_is (name, length, "labels"))
      read_labels (scan, slice);
    else
      kube_scan_skip (scan);
}

static void
read_port_members (KubeScan *scan, Port *port)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "name"))
      kube_scan_take_string (scan, &port->name);
    else if (kube_scan_is (name, length, "protocol"))
      kube_scan_take_string (scan, &port->protocol);
    else if (kube_scan_is (name, length, "appProtocol"))
      kube_scan_take_string (scan, &port->app_protocol);
    else if (kube_scan_is (name, length, "port"))
      {
        gint64 number = kube_scan_integer (scan, 0);

        port->port = number > 0 && number < 65536 ? (guint16) number : 0;
      }
    else
      kube_scan_skip (scan);
}

static void
read_port (KubeScan *scan, Slice *slice)
{
  Port *port = g_new0 (Port, 1);

  read_port_members (scan, port);
  /* A port without a number means all of them: nothing to call. */
  if (port->port != 0 && (port->protocol == NULL || strcmp (port->protocol, "TCP") == 0))
    g_ptr_array_add (slice->ports, port);
  else
    port_free (port);
}

static void
map_slice_read_conditions (KubeScan *scan, Endpoint *endpoint)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "ready"))
      endpoint->ready = kube_scan_boolean (scan, -1);
    else if (kube_scan_is (name, length, "serving"))
      endpoint->serving = kube_scan_boolean (scan, -1);
    else if (kube_scan_is (name, length, "terminating"))
      endpoint->terminating = kube_scan_boolean (scan, -1);
    else
      kube_scan_skip (scan);
}

/* v1beta1 */
static void
read_topology (KubeScan *scan, Endpoint *endpoint)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, TOPOLOGY_ZONE))
      kube_scan_take_string (scan, &endpoint->zone);
    else if (kube_scan_is (name, length, TOPOLOGY_NODE))
      kube_scan_take_string (scan, &endpoint->node);
    else
      kube_scan_skip (scan);
}

static void
map_slice_read_target (KubeScan *scan, Endpoint *endpoint)
{
  g_autofree char *kind = NULL;
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "kind"))
      kube_scan_take_string (scan, &kind);
    else if (kube_scan_is (name, length, "name"))
      kube_scan_take_string (scan, &endpoint->pod);
    else
      kube_scan_skip (scan);
  if (g_strcmp0 (kind, "Pod") != 0)
    g_clear_pointer (&endpoint->pod, g_free);
}

static void
read_strings (KubeScan *scan, GPtrArray *strings)
{
  if (!kube_scan_enter_array (scan))
    return;
  while (kube_scan_next_element (scan))
    {
      char *text = kube_scan_string (scan);

      if (text != NULL && *text != '\0')
        g_ptr_array_add (strings, text);
      else
        g_free (text);
    }
}

static void
read_hints (KubeScan *scan, Endpoint *endpoint)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    {
      if (!kube_scan_is (name, length, "forZones") || !kube_scan_enter_array (scan))
        {
          if (!kube_scan_is (name, length, "forZones"))
            kube_scan_skip (scan);
          continue;
        }
      while (kube_scan_next_element (scan))
        {
          if (!kube_scan_enter_object (scan))
            continue;
          while (kube_scan_next_member (scan, &name, &length))
            {
              char *zone = kube_scan_string (scan);

              if (zone != NULL && kube_scan_is (name, length, "name"))
                g_ptr_array_add (endpoint->hints, zone);
              else
                g_free (zone);
            }
        }
    }
}

static void
read_endpoint (KubeScan *scan, Slice *slice)
{
  Endpoint *endpoint = g_new0 (Endpoint, 1);
  const char *name;
  gsize length;

  endpoint->addresses = g_ptr_array_new_with_free_func (g_free);
  endpoint->hints = g_ptr_array_new_with_free_func (g_free);
  endpoint->ready = endpoint->serving = endpoint->terminating = -1;
  g_ptr_array_add (slice->endpoints, endpoint);
  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "addresses"))
      read_strings (scan, endpoint->addresses);
    else if (kube_scan_is (name, length, "conditions"))
      map_slice_read_conditions (scan, endpoint);
    else if (kube_scan_is (name, length, "targetRef"))
      map_slice_read_target (scan, endpoint);
    else if (kube_scan_is (name, length, "zone"))
      kube_scan_take_string (scan, &endpoint->zone);
    else if (kube_scan_is (name, length, "nodeName"))
      kube_scan_take_string (scan, &endpoint->node);
    else if (kube_scan_is (name, length, "topology"))
      read_topology (scan, endpoint);
    else if (kube_scan_is (name, length, "hints"))
      read_hints (scan, endpoint);
    else
      kube_scan_skip (scan);
}

static void
read_slice (KubeScan *scan, Slice *slice)
{
  const char *name;
  gsize length;

  if (!kube_scan_enter_object (scan))
    return;
  while (kube_scan_next_member (scan, &name, &length))
    if (kube_scan_is (name, length, "metadata"))
      map_slice_read_metadata (scan, slice);
    else if (kube_scan_is (name, length, "addressType"))
      kube_scan_take_string (scan, &slice->address_type);
    else if (kube_scan_is (name, length, "endpoints"))
      {
        if (kube_scan_enter_array (scan))
          while (kube_scan_next_element (scan))
            read_endpoint (scan, slice);
      }
    else if (kube_scan_is (name, length, "ports"))
      {
        if (kube_scan_enter_array (scan))
          while (kube_scan_next_element (scan))
            read_port (scan, slice);
      }
    else
      kube_scan_skip (scan);
}

/* --- Offering --- */

/* What speaks gRPC, by what its Service says of it. */
static gboolean
speaks_grpc (Port *port)
{
  const char *says = port->app_protocol;

  if (says != NULL)
    return strcmp (says, "grpc") == 0 || strcmp (says, "kubernetes.io/h2c") == 0
           || strcmp (says, "h2c") == 0;
  return port->name != NULL
         && (strcmp (port->name, "grpc") == 0 || g_str_has_prefix (port->name, "grpc-"));
}

static Port *
preferred_port (GPtrArray *ports)
{
  for (guint i = 0; i < ports->len; i++)
    if (speaks_grpc (g_ptr_array_index (ports, i)))
      return g_ptr_array_index (ports, i);
  return ports->len > 0 ? g_ptr_array_index (ports, 0) : NULL;
}

/* Nothing said of readiness means ready, of serving as ready, of terminating not (the API's
 * documentation of EndpointConditions). */
static KubeState
map_slice_state_of (Endpoint *endpoint)
{
  gboolean ready = endpoint->ready != FALSE;

  if (endpoint->terminating == TRUE && !ready)
    return KUBE_STATE_DRAINING;
  return ready ? KUBE_STATE_UP : KUBE_STATE_NOT_READY;
}

static MicroMetadata *
metadata_of (Slice *slice, Endpoint *endpoint, Port *port, const char *hints)
{
  const char *pairs[13];
  guint n = 0;
  const struct
  {
    const char *key;
    const char *value;
  } all[] = { { "namespace", slice->entry->namespace_ },
              { "zone", endpoint->zone },
              { "node", endpoint->node },
              { "hints", hints },
              { "port", port->name },
              { "app-protocol", port->app_protocol } };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i].value != NULL && *all[i].value != '\0')
      {
        pairs[n++] = all[i].key;
        pairs[n++] = all[i].value;
      }
  pairs[n] = NULL;
  return micro_metadata_new_from_pairs (pairs);
}

static void
add_offer (KubeMap *self, Slice *slice, Endpoint *endpoint, Port *port, MicroService *shape)
{
  KubeOffer offer = { .port = port->port, .state = map_slice_state_of (endpoint) };
  /* All addresses of an endpoint are the same thing; consumers take the first. */
  const char *ip = g_ptr_array_index (endpoint->addresses, 0);
  g_autofree char *address
      = g_strdup_printf (strchr (ip, ':') != NULL ? "[%s]:%u" : "%s:%u", ip, port->port);
  g_autofree char *hints = NULL;
  g_autoptr (MicroMetadata) metadata = NULL;

  if (endpoint->hints->len > 0)
    {
      g_ptr_array_add (endpoint->hints, NULL);
      hints = g_strjoinv (",", (char **) endpoint->hints->pdata);
      g_ptr_array_set_size (endpoint->hints, endpoint->hints->len - 1);
    }
  metadata = metadata_of (slice, endpoint, port, hints);
  offer.family = (guint8) kube_map_family_of (ip);
  offer.port_name = g_intern_string (port->name);
  offer.hints = g_intern_string (hints);
  offer.preferred = port == preferred_port (slice->ports);
  offer.node = kube_map_make_node (self, endpoint->pod != NULL ? endpoint->pod : address, address,
                                   metadata);
  kube_map_add_offer (self, slice->entry, &offer, shape);
}

static void
add_offers (KubeMap *self, Slice *slice)
{
  g_autoptr (MicroService) shape = NULL;

  /* A slice of names is an ExternalName in disguise: whoever writes it can point us anywhere. */
  if (slice->service == NULL || g_strcmp0 (slice->address_type, "FQDN") == 0)
    return;
  shape = micro_service_new (slice->service, slice->version, NULL, NULL, NULL);
  for (guint i = 0; i < slice->endpoints->len; i++)
    {
      Endpoint *endpoint = g_ptr_array_index (slice->endpoints, i);

      for (guint j = 0; j < slice->ports->len && endpoint->addresses->len > 0; j++)
        add_offer (self, slice, endpoint, g_ptr_array_index (slice->ports, j), shape);
    }
}

KubeEntry *
kube_map_slice (KubeMap *self, const char *json, gsize length)
{
  g_autoptr (KubeEntry) entry = kube_entry_new ();
  g_autoptr (GPtrArray) endpoints = g_ptr_array_new_with_free_func (endpoint_free);
  g_autoptr (GPtrArray) ports = g_ptr_array_new_with_free_func (port_free);
  Slice slice = { .entry = entry, .endpoints = endpoints, .ports = ports };
  KubeScan scan;

  entry->is_slice = TRUE;
  kube_scan_init (&scan, json, length);
  read_slice (&scan, &slice);
  if (!scan.failed && entry->name != NULL)
    {
      if (entry->namespace_ == NULL)
        entry->namespace_ = g_strdup ("");
      add_offers (self, &slice);
    }
  g_free (slice.service);
  g_free (slice.version);
  g_free (slice.address_type);
  return scan.failed || entry->name == NULL ? NULL : g_steal_pointer (&entry);
}
