/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: a service of one version, its endpoints and its nodes.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

#define MICRO_TYPE_SERVICE (micro_service_get_type ())
MICRO_API GType micro_service_get_type (void);

/* @endpoints and @nodes: (element-type) MicroEndpoint, MicroNode; (nullable) (transfer none),
 * copied. */
MICRO_API MicroService *micro_service_new (const char *name,
                                           const char *version,
                                           MicroMetadata *metadata,
                                           GPtrArray *endpoints,
                                           GPtrArray *nodes);
MICRO_API MicroService *micro_service_ref (MicroService *self);
MICRO_API void micro_service_unref (MicroService *self);
MICRO_API const char *micro_service_get_name (MicroService *self);
MICRO_API const char *micro_service_get_version (MicroService *self);
MICRO_API MicroMetadata *micro_service_get_metadata (MicroService *self);
MICRO_API GPtrArray *micro_service_get_endpoints (MicroService *self);
MICRO_API GPtrArray *micro_service_get_nodes (MicroService *self);
MICRO_API MicroService *micro_service_with_nodes (MicroService *self, GPtrArray *nodes);
MICRO_API gboolean micro_service_equal (MicroService *a, MicroService *b);
MICRO_API char *micro_service_to_json (MicroService *self, gboolean pretty);
MICRO_API MicroService *micro_service_from_json (const char *json, gssize length, GError **error);
/* For selectors: a ring or a table, made once of a snapshot and gone with it. */
MICRO_API gpointer micro_service_get_data (MicroService *self, GQuark key);
MICRO_API gpointer micro_service_add_data (MicroService *self,
                                           GQuark key,
                                           gpointer data,
                                           GDestroyNotify destroy);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroService, micro_service_unref)

G_END_DECLS
