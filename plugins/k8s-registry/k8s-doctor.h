/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Looks at each thing between a program and its cluster, for “micro doctor”.
 */
#pragma once

#include "k8s-registry.h"

G_BEGIN_DECLS

/* The registry's slots. */
void k8s_doctor_async (MicroRegistry *registry,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);

G_END_DECLS
