/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Text in the arena of a call, of every length around the room that there is.
 */
#include <string>

#include <gtest/gtest.h>

#include <micro/micro-transport.h>
#include <micro/micro.h>

namespace
{
class Arena : public ::testing::Test
{
protected:
  void
  SetUp () override
  {
    micro_call_init (&call, space, sizeof space);
  }

  void
  TearDown () override
  {
    micro_call_clear (&call, NULL);
  }

  alignas (16) guint8 space[256];
  MicroCall call = {};
};

TEST_F (Arena, PrintsStringsOfAnyLength)
{
  for (size_t length : { 0, 1, 100, 249, 250, 251, 5000, 1 << 20 })
    {
      std::string name (length, 'x');

      EXPECT_EQ ("Hello " + name + "!", micro_call_printf (&call, "Hello %s!", name.c_str ()));
    }
}

TEST_F (Arena, PrintsOtherConversions)
{
  std::string name (1000, 'x');

  EXPECT_STREQ ("100 % of 7", micro_call_printf (&call, "%d %% of %s", 100, "7"));
  EXPECT_STREQ ("50 %", micro_call_printf (&call, "%s %%", "50"));
  EXPECT_EQ ("  a" + name + "7", micro_call_printf (&call, "%3s%s%d", "a", name.c_str (), 7));
  EXPECT_STREQ ("", micro_call_printf (&call, "%s", ""));
}

TEST_F (Arena, KeepsWhatWasPrintedBefore)
{
  const char *first = micro_call_printf (&call, "%s-%s", "a", "b");
  const char *second = micro_call_printf (&call, "%d", 12);
  const char *third = micro_call_printf (&call, "%s", std::string (300, 'y').c_str ());

  EXPECT_STREQ ("a-b", first);
  EXPECT_STREQ ("12", second);
  EXPECT_EQ (std::string (300, 'y'), third);
}
}
