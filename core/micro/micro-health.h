/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: how a process tells whether it is well.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

#define MICRO_TYPE_HEALTH (micro_health_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroHealth, micro_health, MICRO, HEALTH, GObject)

/**
 * MicroHealthInterface:
 * @start: (nullable): begins to answer probes; must not block
 * @set_ready: mandatory; the process is (not) ready for calls, and why; any thread
 * @stop: (nullable): ends what start began
 * @set_checks: (nullable): what else it may tell, and add to; once, before @start
 */
struct _MicroHealthInterface
{
  GTypeInterface parent_iface;

  gboolean (*start) (MicroHealth *self, GError **error);
  void (*set_ready) (MicroHealth *self, gboolean ready, const char *reason);
  void (*stop) (MicroHealth *self);
  void (*set_checks) (MicroHealth *self, MicroChecks *checks);

  /*< private >*/
  gpointer reserved[7];
};

MICRO_API gboolean micro_health_start (MicroHealth *self, GError **error);
MICRO_API void micro_health_set_ready (MicroHealth *self, gboolean ready, const char *reason);
MICRO_API void micro_health_stop (MicroHealth *self);
MICRO_API void micro_health_set_checks (MicroHealth *self, MicroChecks *checks);

G_END_DECLS
