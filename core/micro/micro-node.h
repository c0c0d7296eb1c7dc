/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: one running instance of a service.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/**
 * MicroNodeState:
 * @MICRO_NODE_READY: it takes calls
 * @MICRO_NODE_DRAINING: it is going: what runs there ends, and calls go to others while there are
 * any
 */
typedef enum
{
  MICRO_NODE_READY,
  MICRO_NODE_DRAINING
} MicroNodeState;

/* What metadata says of a node: its zone, a whole number from 0 on, "draining". */
#define MICRO_NODE_ZONE "zone"
#define MICRO_NODE_WEIGHT "weight"
#define MICRO_NODE_STATE "state"

#define MICRO_TYPE_NODE (micro_node_get_type ())
MICRO_API GType micro_node_get_type (void);

MICRO_API MicroNode *micro_node_new (const char *id, const char *address, MicroMetadata *metadata);
MICRO_API MicroNode *micro_node_ref (MicroNode *self);
MICRO_API void micro_node_unref (MicroNode *self);
MICRO_API const char *micro_node_get_id (MicroNode *self);
MICRO_API const char *micro_node_get_address (MicroNode *self);
MICRO_API MicroMetadata *micro_node_get_metadata (MicroNode *self);
/* (nullable): not known */
MICRO_API const char *micro_node_get_zone (MicroNode *self);
/* Its share of the calls, relative to that of the others; 1 unless its metadata say more. */
MICRO_API guint micro_node_get_weight (MicroNode *self);
MICRO_API MicroNodeState micro_node_get_state (MicroNode *self);
MICRO_API gboolean micro_node_equal (MicroNode *a, MicroNode *b);
MICRO_API guint micro_node_hash (MicroNode *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroNode, micro_node_unref)

G_END_DECLS
