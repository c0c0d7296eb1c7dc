/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Follows the folder for all who watch it in one thread, with one inotify descriptor.
 */
#pragma once

#include "local-store.h"

G_BEGIN_DECLS

typedef struct _LocalMonitor LocalMonitor;

/* Belongs to the thread-default context of who makes it. */
LocalMonitor *local_monitor_new (LocalFolder *folder);
LocalMonitor *local_monitor_ref (LocalMonitor *self);
void local_monitor_unref (LocalMonitor *self);
/* @service: (nullable): of which; %NULL for all.  Returns: (transfer full) */
MicroWatcher *local_monitor_watch (LocalMonitor *self, const char *service, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LocalMonitor, local_monitor_unref)

G_END_DECLS
