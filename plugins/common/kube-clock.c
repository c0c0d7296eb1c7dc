/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The time that delays of the Kubernetes client are measured in; tests let it pass at once.
 */
#include "config.h"

#include "kube-clock.h"

static gint64 virtual_us; /* 0: the real one */

gint64
kube_clock_get_time (void)
{
  return virtual_us != 0 ? virtual_us : g_get_monotonic_time ();
}

GSource *
kube_clock_wait (guint ms)
{
  if (virtual_us == 0)
    return g_timeout_source_new (ms);
  virtual_us += ms * (gint64) 1000;
  return g_timeout_source_new (0);
}

void
kube_clock_set_virtual (gboolean is_virtual)
{
  virtual_us = is_virtual ? g_get_monotonic_time () : 0;
}
