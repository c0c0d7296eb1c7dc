/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call's arena as an allocator for protobuf-c.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-transport.h>

G_BEGIN_DECLS

gpointer micro_arena_try_alloc (MicroArena *self, gsize size);
void micro_arena_clear (MicroArena *self);
ProtobufCAllocator micro_arena_get_allocator (MicroArena *self);

G_END_DECLS
