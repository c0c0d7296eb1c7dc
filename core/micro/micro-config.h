/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Settings from several sources, of which the later win, and how they change.
 */
#pragma once

#include <micro/micro-config-source.h>
#include <micro/micro-settings.h>

G_BEGIN_DECLS

#define MICRO_TYPE_CONFIG (micro_config_get_type ())
MICRO_API
G_DECLARE_FINAL_TYPE (MicroConfig, micro_config, MICRO, CONFIG, GObject)

/* The signal "changed" (MicroSettings *now) comes on the thread that added the source, after
 * micro_config_get() has it too, and only if something is different. */
MICRO_API MicroConfig *micro_config_new (void);
MICRO_API void micro_config_add (MicroConfig *self, MicroConfigSource *source);
MICRO_API MicroSettings *micro_config_get (MicroConfig *self); /* any thread */
MICRO_API gboolean micro_config_wait (MicroConfig *self, guint timeout_ms);

G_END_DECLS
