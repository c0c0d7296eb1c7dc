/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: what all settings were at one moment.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/**
 * MicroSettings:
 *
 * Settings by key.  Immutable and reference-counted; any thread.
 *
 * A key is words with dots between them.  Case does not count, and `_`, `-` and `/` are dots:
 * DATABASE_HOST, database.host and database/host are one key.
 */
typedef struct _MicroSettings MicroSettings;

#define MICRO_TYPE_SETTINGS (micro_settings_get_type ())
MICRO_API GType micro_settings_get_type (void);
MICRO_API MicroSettings *micro_settings_ref (MicroSettings *self);
MICRO_API void micro_settings_unref (MicroSettings *self);

/* What a key says, or the fallback where nothing does.  A value that cannot be read that way is an
 * error, of MICRO_ERROR and INVALID_ARGUMENT, and the fallback is returned too; without a place for
 * the error it is warned of, once a change.  Texts live as long as @self. */
MICRO_API const char *micro_settings_get_string (MicroSettings *self,
                                                 const char *key,
                                                 const char *fallback,
                                                 GError **error);
MICRO_API gint64 micro_settings_get_int (MicroSettings *self,
                                         const char *key,
                                         gint64 fallback,
                                         GError **error);
MICRO_API double
micro_settings_get_double (MicroSettings *self, const char *key, double fallback, GError **error);
MICRO_API gboolean micro_settings_get_boolean (MicroSettings *self,
                                               const char *key,
                                               gboolean fallback,
                                               GError **error);
MICRO_API guint micro_settings_get_duration (MicroSettings *self,
                                             const char *key,
                                             guint fallback_ms,
                                             GError **error);
MICRO_API char **micro_settings_get_list (MicroSettings *self, const char *key, GError **error);
MICRO_API GBytes *micro_settings_get_bytes (MicroSettings *self, const char *key);
MICRO_API gboolean micro_settings_has (MicroSettings *self, const char *key);
MICRO_API const char *micro_settings_get_origin (MicroSettings *self, const char *key);
MICRO_API char **micro_settings_list_keys (MicroSettings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroSettings, micro_settings_unref)

G_END_DECLS
