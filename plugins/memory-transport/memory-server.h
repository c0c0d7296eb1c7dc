/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The served half of a call.
 */
#pragma once

#include "memory-call.h"

G_BEGIN_DECLS

/* @loop: (nullable): where nobody serves it */
void memory_server_init (MemoryCall *self, MicroLoop *loop, const MicroCallStart *start);

G_END_DECLS
