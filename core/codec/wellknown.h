/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which messages are those of google.protobuf that JSON writes in a way of their own.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "codec/descriptor.h"

G_BEGIN_DECLS

typedef enum
{
  MICRO_WELL_KNOWN_NONE,
  MICRO_WELL_KNOWN_ANY,
  MICRO_WELL_KNOWN_TIMESTAMP,
  MICRO_WELL_KNOWN_DURATION,
  MICRO_WELL_KNOWN_FIELD_MASK,
  MICRO_WELL_KNOWN_STRUCT,
  MICRO_WELL_KNOWN_VALUE,
  MICRO_WELL_KNOWN_LIST,
  MICRO_WELL_KNOWN_WRAPPER,
  MICRO_WELL_KNOWN_N
} MicroWellKnown;

/* The fields of a Value, in order. */
enum
{
  MICRO_VALUE_NULL,
  MICRO_VALUE_NUMBER,
  MICRO_VALUE_STRING,
  MICRO_VALUE_BOOL,
  MICRO_VALUE_STRUCT,
  MICRO_VALUE_LIST
};

/* Field @i of a message whose kind says that it has it. */
#define MICRO_WELL_KNOWN_MEMBER(type, message, i)                                                  \
  MICRO_CODEC_MEMBER (type, message, (message)->descriptor->fields[i].offset)

MicroWellKnown micro_codec_well_known (const ProtobufCMessageDescriptor *descriptor);

G_END_DECLS
