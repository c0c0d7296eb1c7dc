/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: one method of a service and the shape of its messages.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/**
 * MicroValue:
 *
 * The shape of a message: name and type of a field, and the fields inside it
 * (go-micro's registry.Value).  Immutable, reference-counted.
 */
typedef struct _MicroValue MicroValue;

#define MICRO_TYPE_VALUE (micro_value_get_type ())
MICRO_API GType micro_value_get_type (void);
MICRO_API MicroValue *micro_value_new (const char *name, const char *type, GPtrArray *values);
MICRO_API MicroValue *micro_value_ref (MicroValue *self);
MICRO_API void micro_value_unref (MicroValue *self);
MICRO_API const char *micro_value_get_name (MicroValue *self);
MICRO_API const char *micro_value_get_value_type (MicroValue *self);
MICRO_API GPtrArray *micro_value_get_values (MicroValue *self);
MICRO_API gboolean micro_value_equal (MicroValue *a, MicroValue *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroValue, micro_value_unref)

#define MICRO_TYPE_ENDPOINT (micro_endpoint_get_type ())
MICRO_API GType micro_endpoint_get_type (void);

MICRO_API MicroEndpoint *micro_endpoint_new (const char *name,
                                             MicroValue *request,
                                             MicroValue *response,
                                             MicroMetadata *metadata);
MICRO_API MicroEndpoint *micro_endpoint_ref (MicroEndpoint *self);
MICRO_API void micro_endpoint_unref (MicroEndpoint *self);
MICRO_API const char *micro_endpoint_get_name (MicroEndpoint *self);
MICRO_API MicroValue *micro_endpoint_get_request (MicroEndpoint *self);
MICRO_API MicroValue *micro_endpoint_get_response (MicroEndpoint *self);
MICRO_API MicroMetadata *micro_endpoint_get_metadata (MicroEndpoint *self);
MICRO_API gboolean micro_endpoint_equal (MicroEndpoint *a, MicroEndpoint *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroEndpoint, micro_endpoint_unref)

G_END_DECLS
