/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a watch has to tell: a registry pushes, a reader pulls, and only the newest of a name waits.
 */
#pragma once

#include <micro/micro-event.h>

G_BEGIN_DECLS

#define MICRO_TYPE_WATCHER (micro_watcher_get_type ())
MICRO_API
G_DECLARE_FINAL_TYPE (MicroWatcher, micro_watcher, MICRO, WATCHER, GObject)

/* For registries.  @stopped runs once, when the reader stops or drops the watcher. Any thread. */
MICRO_API MicroWatcher *micro_watcher_new (GDestroyNotify stopped, gpointer user_data);
MICRO_API void micro_watcher_push (MicroWatcher *self, MicroEvent *event);
MICRO_API void micro_watcher_fail (MicroWatcher *self, const GError *error);

/* For readers.  One next at a time; after stop, next fails with %G_IO_ERROR_CLOSED. */
MICRO_API void micro_watcher_next_async (MicroWatcher *self,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
MICRO_API MicroEvent *
micro_watcher_next_finish (MicroWatcher *self, GAsyncResult *result, GError **error);
MICRO_API void micro_watcher_stop (MicroWatcher *self);

G_END_DECLS
