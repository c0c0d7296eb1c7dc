/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * String pairs in the order of their keys: what records carry.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/* Immutable, sorted by key, atomically reference-counted; %NULL is the empty one everywhere. */
#define MICRO_TYPE_METADATA (micro_metadata_get_type ())
MICRO_API GType micro_metadata_get_type (void);

MICRO_API MicroMetadata *micro_metadata_new (const char *first_key, ...) G_GNUC_NULL_TERMINATED;
MICRO_API MicroMetadata *micro_metadata_new_from_pairs (const char *const *pairs);
MICRO_API MicroMetadata *micro_metadata_ref (MicroMetadata *self);
MICRO_API void micro_metadata_unref (MicroMetadata *self);
MICRO_API guint micro_metadata_get_length (MicroMetadata *self);
MICRO_API const char *micro_metadata_get_key (MicroMetadata *self, guint index);
MICRO_API const char *micro_metadata_get_value (MicroMetadata *self, guint index);
MICRO_API const char *micro_metadata_lookup (MicroMetadata *self, const char *key);
MICRO_API MicroMetadata *
micro_metadata_with (MicroMetadata *self, const char *key, const char *value);
MICRO_API gboolean micro_metadata_equal (MicroMetadata *a, MicroMetadata *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroMetadata, micro_metadata_unref)

G_END_DECLS
