/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: a service of one version, and what happened to it.
 */
#include "config.h"

#include "base/intern.h"
#include <micro/micro-endpoint.h>
#include <micro/micro-metadata.h>
#include <micro/micro-node.h>
#include <micro/micro-service.h>

struct _MicroService
{
  char *name;
  char *version;
  MicroMetadata *metadata;
  GPtrArray *endpoints;
  GPtrArray *nodes;
  GData *data; /* what others have worked out from all that */
};

G_DEFINE_BOXED_TYPE (MicroService, micro_service, micro_service_ref, micro_service_unref)

static GPtrArray *
copy_nodes (GPtrArray *nodes)
{
  GPtrArray *copy
      = g_ptr_array_new_full (nodes != NULL ? nodes->len : 0, (GDestroyNotify) micro_node_unref);

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    g_ptr_array_add (copy, micro_node_ref (g_ptr_array_index (nodes, i)));
  return copy;
}

static GPtrArray *
copy_endpoints (GPtrArray *endpoints)
{
  GPtrArray *copy = g_ptr_array_new_full (endpoints != NULL ? endpoints->len : 0,
                                          (GDestroyNotify) micro_endpoint_unref);

  for (guint i = 0; endpoints != NULL && i < endpoints->len; i++)
    g_ptr_array_add (copy, micro_endpoint_ref (g_ptr_array_index (endpoints, i)));
  return copy;
}

/**
 * micro_service_new:
 * @name: the name others call it by
 * @version: (nullable): its version, "latest" when %NULL
 * @metadata: (nullable) (transfer none): what else is known
 * @endpoints: (nullable) (transfer none) (element-type MicroEndpoint): its methods
 * @nodes: (nullable) (transfer none) (element-type MicroNode): its instances
 *
 * Returns: (transfer full): the record, which never changes
 */
MicroService *
micro_service_new (const char *name,
                   const char *version,
                   MicroMetadata *metadata,
                   GPtrArray *endpoints,
                   GPtrArray *nodes)
{
  MicroService *self;

  g_return_val_if_fail (name != NULL, NULL);
  self = g_atomic_rc_box_new0 (MicroService);
  self->name = micro_intern (name);
  self->version = micro_intern (version != NULL ? version : "latest");
  self->metadata = micro_metadata_ref (metadata);
  self->endpoints = copy_endpoints (endpoints);
  self->nodes = copy_nodes (nodes);
  return self;
}

/**
 * micro_service_ref:
 * @self: a service
 *
 * Returns: (transfer full): @self
 */
MicroService *
micro_service_ref (MicroService *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
service_clear (gpointer data)
{
  MicroService *self = data;

  g_datalist_clear (&self->data);
  micro_intern_release (self->name);
  micro_intern_release (self->version);
  micro_metadata_unref (self->metadata);
  g_ptr_array_unref (self->endpoints);
  g_ptr_array_unref (self->nodes);
}

/**
 * micro_service_unref:
 * @self: (transfer full) (nullable): a service
 *
 * Drops a reference.  Any thread.
 */
void
micro_service_unref (MicroService *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, service_clear);
}

/**
 * micro_service_get_name:
 * @self: a service
 *
 * Returns: (transfer none): the name others call it by
 */
const char *
micro_service_get_name (MicroService *self)
{
  return self->name;
}

/**
 * micro_service_get_version:
 * @self: a service
 *
 * Returns: (transfer none): its version
 */
const char *
micro_service_get_version (MicroService *self)
{
  return self->version;
}

/**
 * micro_service_get_metadata:
 * @self: a service
 *
 * Returns: (transfer none) (nullable): its metadata; %NULL is the empty one
 */
MicroMetadata *
micro_service_get_metadata (MicroService *self)
{
  return self->metadata;
}

/**
 * micro_service_get_endpoints:
 * @self: a service
 *
 * Returns: (transfer none) (element-type MicroEndpoint): its methods, never %NULL; not to be
 * changed
 */
GPtrArray *
micro_service_get_endpoints (MicroService *self)
{
  return self->endpoints;
}

/**
 * micro_service_get_nodes:
 * @self: a service
 *
 * Returns: (transfer none) (element-type MicroNode): its instances, never %NULL; not to be changed
 */
GPtrArray *
micro_service_get_nodes (MicroService *self)
{
  return self->nodes;
}

/**
 * micro_service_with_nodes:
 * @self: a service
 * @nodes: (nullable) (element-type MicroNode): other nodes
 *
 * Returns: (transfer full): the same service with @nodes instead of its own
 */
MicroService *
micro_service_with_nodes (MicroService *self, GPtrArray *nodes)
{
  return micro_service_new (self->name, self->version, self->metadata, self->endpoints, nodes);
}

/**
 * micro_service_equal:
 * @a: one of two services
 * @b: the other
 *
 * Returns: whether all that they say is the same, nodes and endpoints in the same order
 */
gboolean
micro_service_equal (MicroService *a, MicroService *b)
{
  if (a == b)
    return TRUE;
  if (a->name != b->name || a->version != b->version || a->nodes->len != b->nodes->len
      || a->endpoints->len != b->endpoints->len || !micro_metadata_equal (a->metadata, b->metadata))
    return FALSE;
  for (guint i = 0; i < a->nodes->len; i++)
    if (!micro_node_equal (g_ptr_array_index (a->nodes, i), g_ptr_array_index (b->nodes, i)))
      return FALSE;
  for (guint i = 0; i < a->endpoints->len; i++)
    if (!micro_endpoint_equal (g_ptr_array_index (a->endpoints, i),
                               g_ptr_array_index (b->endpoints, i)))
      return FALSE;
  return TRUE;
}

/* --- What is worked out from it --- */

/**
 * micro_service_get_data: (skip)
 * @self: a service
 * @key: of what kind
 *
 * Any thread.
 *
 * Returns: (transfer none) (nullable): what micro_service_add_data() has added; lives as long as
 *   @self
 */
gpointer
micro_service_get_data (MicroService *self, GQuark key)
{
  return g_datalist_id_get_data (&self->data, key);
}

/**
 * micro_service_add_data: (skip)
 * @self: a service
 * @key: of what kind
 * @data: (transfer full): what has been worked out from the service, a table of its nodes say
 * @destroy: frees @data when the service goes
 *
 * Keeps @data with the service, unless there is such already: that counts then, and @data goes at
 * once.  Any thread.
 *
 * Returns: (transfer none): what is kept; lives as long as @self
 */
gpointer
micro_service_add_data (MicroService *self, GQuark key, gpointer data, GDestroyNotify destroy)
{
  g_return_val_if_fail (self != NULL && key != 0 && data != NULL && destroy != NULL, NULL);
  if (g_datalist_id_replace_data (&self->data, key, NULL, data, destroy, NULL))
    return data;
  destroy (data);
  return g_datalist_id_get_data (&self->data, key);
}
