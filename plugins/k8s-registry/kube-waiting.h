/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Tasks that wait for a state to be reached.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _KubeWaiting KubeWaiting;

KubeWaiting *kube_waiting_new (void);
void kube_waiting_free (KubeWaiting *self);
/* Takes @task, which waits for @generation, or for its cancellation. */
void kube_waiting_add (KubeWaiting *self, GTask *task, guint generation);
/* Those up to @generation are done: TRUE, or @error. */
void kube_waiting_tell (KubeWaiting *self, guint generation, const GError *error);

G_END_DECLS
