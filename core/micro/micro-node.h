/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: one running instance of a service.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

#define MICRO_TYPE_NODE (micro_node_get_type ())
MICRO_API GType micro_node_get_type (void);

MICRO_API MicroNode *micro_node_new (const char *id, const char *address, MicroMetadata *metadata);
MICRO_API MicroNode *micro_node_ref (MicroNode *self);
MICRO_API void micro_node_unref (MicroNode *self);
MICRO_API const char *micro_node_get_id (MicroNode *self);
MICRO_API const char *micro_node_get_address (MicroNode *self);
MICRO_API MicroMetadata *micro_node_get_metadata (MicroNode *self);
MICRO_API gboolean micro_node_equal (MicroNode *a, MicroNode *b);
MICRO_API guint micro_node_hash (MicroNode *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroNode, micro_node_unref)

G_END_DECLS
