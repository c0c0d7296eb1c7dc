/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages from bytes that a stranger sent.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-types.h>

G_BEGIN_DECLS

/* protobuf_c_message_unpack(), but %NULL for what is nested more than 100 deep. */
ProtobufCMessage *micro_unpack (const ProtobufCMessageDescriptor *descriptor,
                                ProtobufCAllocator *allocator,
                                gsize length,
                                const guint8 *data);

G_END_DECLS
