/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages from bytes that a stranger sent: protobuf-c recurses as deep as they say.
 */
#include "config.h"

#include "codec/depth.h"
#include "codec/unpack.h"

#define LEVEL_BYTES 2 /* a tag and a length: no level takes less */

enum
{
  WIRE_VARINT = 0,
  WIRE_64 = 1,
  WIRE_BYTES = 2,
  WIRE_32 = 5
};

static gboolean
read_varint (const guint8 **data, const guint8 *end, guint64 *ret_value)
{
  guint64 value = 0;

  for (guint shift = 0; shift < 70 && *data < end; shift += 7)
    {
      guint8 byte = *(*data)++;

      if (shift < 64)
        value |= (guint64) (byte & 0x7f) << shift;
      if (byte < 0x80)
        {
          *ret_value = value;
          return TRUE;
        }
    }
  return FALSE;
}

/* Whether at most @levels are below this one.  What is malformed is TRUE: protobuf-c refuses it
 * before it goes deeper. */
static gboolean
unpack_fits (const ProtobufCMessageDescriptor *descriptor,
             const guint8 *data,
             gsize length,
             guint levels)
{
  const guint8 *end;
  guint64 tag = 0;
  guint64 size = 0;

  if (length / LEVEL_BYTES <= levels)
    return TRUE;
  end = data + length; /* only now: the bytes of nothing may be NULL */
  while (data < end && read_varint (&data, end, &tag))
    {
      const ProtobufCFieldDescriptor *field;

      switch (tag & 7)
        {
        case WIRE_VARINT:
          if (!read_varint (&data, end, &size))
            return TRUE;
          continue;
        case WIRE_64:
          size = 8;
          break;
        case WIRE_32:
          size = 4;
          break;
        case WIRE_BYTES:
          if (!read_varint (&data, end, &size))
            return TRUE;
          break;
        default:
          return TRUE;
        }
      if (size > (gsize) (end - data))
        return TRUE;
      field = (tag & 7) == WIRE_BYTES
                  ? protobuf_c_message_descriptor_get_field (descriptor, (guint) (tag >> 3))
                  : NULL;
      if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE
          && (levels == 0 || !unpack_fits (field->descriptor, data, size, levels - 1)))
        return FALSE;
      data += size;
    }
  return TRUE;
}

ProtobufCMessage *
micro_unpack (const ProtobufCMessageDescriptor *descriptor,
              ProtobufCAllocator *allocator,
              gsize length,
              const guint8 *data)
{
  /* The first level is @descriptor itself, which takes no tag. */
  if (!unpack_fits (descriptor, data, length, MICRO_CODEC_MAX_DEPTH - 1))
    return NULL;
  return protobuf_c_message_unpack (descriptor, allocator, length, data);
}
