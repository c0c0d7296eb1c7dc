/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The time that delays of the Kubernetes client are measured in; tests let it pass at once.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* g_get_monotonic_time(), or what the waiting has come to. */
gint64 kube_clock_get_time (void);
/* g_timeout_source_new() for waiting without need; not for time-outs. */
GSource *kube_clock_wait (guint ms);
/* For tests, on one thread: from now on kube_clock_wait() does not wait, but moves this clock on,
 * and nothing else does. */
void kube_clock_set_virtual (gboolean is_virtual);

G_END_DECLS
