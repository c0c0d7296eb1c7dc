/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages from bytes: as deep as the stack can bear, and no deeper.
 */
#include <string>

#include <gtest/gtest.h>

#include "codec/unpack.h"

#include "kitchen.pb-c.h"

namespace
{
std::string
varint (size_t value)
{
  std::string out;

  for (; value >= 0x80; value >>= 7)
    out += (char) ((value & 0x7f) | 0x80);
  return out + (char) value;
}

/* A dish in field “next” of a dish, and so on. */
std::string
nested (size_t levels, std::string inner = "")
{
  std::string head = varint (19 << 3 | 2);

  for (size_t i = 1; i < levels; i++)
    inner = head + varint (inner.size ()) + inner;
  return inner;
}

bool
unpacks (const std::string &bytes)
{
  ProtobufCMessage *message = micro_unpack (&micro__test__v1__dish__descriptor, NULL, bytes.size (),
                                            (const guint8 *) bytes.data ());

  if (message == NULL)
    return false;
  protobuf_c_message_free_unpacked (message, NULL);
  return true;
}
}

TEST (Unpack, TakesAHundredLevels)
{
  std::string content = varint (14 << 3 | 2) + varint (300) + std::string (300, 'x');

  EXPECT_TRUE (unpacks (""));
  EXPECT_TRUE (unpacks (nested (100)));
  EXPECT_TRUE (unpacks (nested (100, content)));
}

TEST (Unpack, RefusesMore)
{
  EXPECT_FALSE (unpacks (nested (101)));
  EXPECT_FALSE (unpacks (nested (101, "\x18\x01")));
  EXPECT_FALSE (unpacks (nested (5000)));
}

/* protobuf-c's business, but it must get there. */
TEST (Unpack, RefusesWhatIsMalformed)
{
  EXPECT_FALSE (unpacks (std::string (300, '\xff')));
  EXPECT_FALSE (unpacks (nested (50).substr (1)));
  EXPECT_FALSE (unpacks (nested (100) + "\x9a"));
  EXPECT_FALSE (unpacks (std::string (300, '\x0b')));
}
