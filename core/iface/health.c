/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The health interface's wrappers.
 */
#include "config.h"

#include <micro/micro-health.h>

G_DEFINE_INTERFACE (MicroHealth, micro_health, G_TYPE_OBJECT)

static void
micro_health_default_init (MicroHealthInterface *iface)
{
}

/**
 * micro_health_start:
 * @self: a health endpoint
 * @error: return location
 *
 * Begins to answer probes.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
micro_health_start (MicroHealth *self, GError **error)
{
  MicroHealthInterface *iface;

  g_return_val_if_fail (MICRO_IS_HEALTH (self), FALSE);
  iface = MICRO_HEALTH_GET_IFACE (self);
  return iface->start == NULL || iface->start (self, error);
}

/**
 * micro_health_set_ready:
 * @self: a health endpoint
 * @ready: whether the process takes calls
 * @reason: (nullable): why not
 *
 * Any thread.
 */
void
micro_health_set_ready (MicroHealth *self, gboolean ready, const char *reason)
{
  MicroHealthInterface *iface;

  g_return_if_fail (MICRO_IS_HEALTH (self));
  iface = MICRO_HEALTH_GET_IFACE (self);
  if (iface->set_ready != NULL)
    iface->set_ready (self, ready, reason);
}

/**
 * micro_health_stop:
 * @self: a health endpoint
 *
 * Ends what micro_health_start() began.
 */
void
micro_health_stop (MicroHealth *self)
{
  MicroHealthInterface *iface;

  g_return_if_fail (MICRO_IS_HEALTH (self));
  iface = MICRO_HEALTH_GET_IFACE (self);
  if (iface->stop != NULL)
    iface->stop (self);
}

/**
 * micro_health_set_checks:
 * @self: a health endpoint
 * @checks: of the process
 *
 * Lets it tell of each check, and add its own.  Once, before micro_health_start().
 */
void
micro_health_set_checks (MicroHealth *self, MicroChecks *checks)
{
  MicroHealthInterface *iface;

  g_return_if_fail (MICRO_IS_HEALTH (self) && checks != NULL);
  iface = MICRO_HEALTH_GET_IFACE (self);
  if (iface->set_checks != NULL)
    iface->set_checks (self, checks);
}
