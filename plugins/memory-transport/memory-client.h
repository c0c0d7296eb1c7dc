/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The caller's half of a call.
 */
#pragma once

#include "memory-call.h"

G_BEGIN_DECLS

/* On the loop thread of @loop. */
void memory_client_init (MemoryCall *self,
                         MicroLoop *loop,
                         const MicroCallStart *start,
                         const MicroCallEvents *events,
                         gpointer user_data);

G_END_DECLS
