/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: one running instance of a service.
 */
#include "config.h"

#include <micro/micro-metadata.h>
#include <micro/micro-node.h>

struct _MicroNode
{
  char *id;
  char *address;
  MicroMetadata *metadata;
  const char *zone; /* (nullable): in the metadata, as are the others */
  guint weight;
  MicroNodeState state;
};

G_DEFINE_BOXED_TYPE (MicroNode, micro_node, micro_node_ref, micro_node_unref)

static void
read_own_metadata (MicroNode *self)
{
  const char *weight = micro_metadata_lookup (self->metadata, MICRO_NODE_WEIGHT);
  guint64 number;

  self->zone = micro_metadata_lookup (self->metadata, MICRO_NODE_ZONE);
  self->weight = 1;
  if (weight != NULL && g_ascii_string_to_unsigned (weight, 10, 0, G_MAXUINT, &number, NULL))
    self->weight = (guint) number;
  if (g_strcmp0 (micro_metadata_lookup (self->metadata, MICRO_NODE_STATE), "draining") == 0)
    self->state = MICRO_NODE_DRAINING;
}

/**
 * micro_node_new:
 * @id: unique among the nodes of the service
 * @address: `host:port`, or what the transport takes
 * @metadata: (nullable) (transfer none): what else is known; of it, %MICRO_NODE_ZONE,
 *   %MICRO_NODE_WEIGHT and %MICRO_NODE_STATE mean the same whatever the registry
 *
 * Returns: (transfer full): the node, which never changes
 */
MicroNode *
micro_node_new (const char *id, const char *address, MicroMetadata *metadata)
{
  MicroNode *self;

  g_return_val_if_fail (id != NULL && address != NULL, NULL);
  self = g_atomic_rc_box_new0 (MicroNode);
  self->id = g_strdup (id);
  self->address = g_strdup (address);
  self->metadata = micro_metadata_ref (metadata);
  read_own_metadata (self);
  return self;
}

/**
 * micro_node_ref:
 * @self: a node
 *
 * Returns: (transfer full): @self
 */
MicroNode *
micro_node_ref (MicroNode *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
node_clear (gpointer data)
{
  MicroNode *self = data;

  g_free (self->id);
  g_free (self->address);
  micro_metadata_unref (self->metadata);
}

/**
 * micro_node_unref:
 * @self: (transfer full) (nullable): a node
 *
 * Drops a reference.  Any thread.
 */
void
micro_node_unref (MicroNode *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, node_clear);
}

/**
 * micro_node_get_id:
 * @self: a node
 *
 * Returns: (transfer none): what it is told from the others of its service by
 */
const char *
micro_node_get_id (MicroNode *self)
{
  return self->id;
}

/**
 * micro_node_get_address:
 * @self: a node
 *
 * Returns: (transfer none): where it is: `host:port`, or what the transport takes
 */
const char *
micro_node_get_address (MicroNode *self)
{
  return self->address;
}

/**
 * micro_node_get_metadata:
 * @self: a node
 *
 * Returns: (transfer none) (nullable): its metadata; %NULL is the empty one
 */
MicroMetadata *
micro_node_get_metadata (MicroNode *self)
{
  return self->metadata;
}

/**
 * micro_node_get_zone:
 * @self: a node
 *
 * Returns: (transfer none) (nullable): the failure domain it runs in, such as "eu-west-1a"
 */
const char *
micro_node_get_zone (MicroNode *self)
{
  return self->zone;
}

/**
 * micro_node_get_weight:
 * @self: a node
 *
 * Returns: its share of the calls, relative to that of the others
 */
guint
micro_node_get_weight (MicroNode *self)
{
  return self->weight;
}

/**
 * micro_node_get_state:
 * @self: a node
 *
 * Returns: whether it is ready, or going
 */
MicroNodeState
micro_node_get_state (MicroNode *self)
{
  return self->state;
}

/**
 * micro_node_equal:
 * @a: one of two nodes
 * @b: the other
 *
 * Returns: whether id, address and metadata are the same
 */
gboolean
micro_node_equal (MicroNode *a, MicroNode *b)
{
  return a == b
         || (g_str_equal (a->id, b->id) && g_str_equal (a->address, b->address)
             && micro_metadata_equal (a->metadata, b->metadata));
}

/**
 * micro_node_hash:
 * @self: a node
 *
 * Returns: a hash of its id and address, for tables
 */
guint
micro_node_hash (MicroNode *self)
{
  return g_str_hash (self->id) ^ g_str_hash (self->address);
}
