/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Nodes that cannot be reached are left alone, then tried by one call at a time.
 */
#include <gtest/gtest.h>

#include <micro/micro.h>

#include "../clock-test.h"

extern "C"
{
#include "client/ejection.h"
}

namespace
{
class EjectionTest : public testing::Test
{
protected:
  void
  SetUp () override
  {
    g_autoptr (GPtrArray) nodes
        = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

    for (const char *address : { "a:1", "b:1" })
      g_ptr_array_add (nodes, micro_node_new (address, address, nullptr));
    service = micro_service_new ("x", "1", nullptr, nullptr, nodes);
    ejection = micro_ejection_new ();
  }

  void
  TearDown () override
  {
    micro_ejection_free (ejection);
    micro_service_unref (service);
  }

  void
  Done (const char *address, MicroStatus status, bool sent = false, bool declined = false)
  {
    MicroOutcome outcome = MICRO_OUTCOME_INIT;

    outcome.status = status;
    outcome.sent = sent;
    outcome.declined = declined;
    micro_ejection_done (ejection, address, &outcome);
  }

  bool
  IsOut (const char *address)
  {
    g_autoptr (GPtrArray) tried = micro_ejection_get_tried (ejection, service, nullptr);

    for (guint i = 0; tried != nullptr && i < tried->len; i++)
      if (g_str_equal (micro_node_get_address ((MicroNode *) tried->pdata[i]), address))
        return true;
    return false;
  }

  /* How long it stays out from now on, to a tenth of a second. */
  int
  MsUntilBack (const char *address)
  {
    int ms = 0;

    for (; IsOut (address); ms += 100)
      advance_clock_ms (100);
    return ms;
  }

  StoppedClock clock;
  MicroService *service;
  MicroEjection *ejection;
};

TEST_F (EjectionTest, OfNodesThatCannotBeReachedAlone)
{
  Done ("a:1", MICRO_STATUS_UNAVAILABLE, true);
  Done ("a:1", MICRO_STATUS_UNAVAILABLE, false, true);
  Done ("a:1", MICRO_STATUS_CANCELLED);
  Done ("a:1", MICRO_STATUS_INTERNAL, true);
  Done ("a:1", MICRO_STATUS_DEADLINE_EXCEEDED, true);
  EXPECT_FALSE (IsOut ("a:1"));
  Done ("a:1", MICRO_STATUS_UNAVAILABLE);
  EXPECT_TRUE (IsOut ("a:1"));
  EXPECT_FALSE (IsOut ("b:1"));
  Done ("b:1", MICRO_STATUS_DEADLINE_EXCEEDED);
  EXPECT_TRUE (IsOut ("b:1")) << "it could not even be sent";
}

TEST_F (EjectionTest, IsLongerEachTime)
{
  Done ("a:1", MICRO_STATUS_UNAVAILABLE);
  Done ("a:1", MICRO_STATUS_UNAVAILABLE); /* was under way with the first */
  for (int expected : { 1000, 2000, 4000, 8000, 16000, 30000, 30000 })
    {
      int ms = MsUntilBack ("a:1");

      EXPECT_GE (ms, expected * 8 / 10);
      EXPECT_LE (ms, expected * 12 / 10 + 100);
      micro_ejection_chosen (ejection, "a:1");
      Done ("a:1", MICRO_STATUS_UNAVAILABLE);
    }
}

TEST_F (EjectionTest, EndsByASingleCall)
{
  Done ("a:1", MICRO_STATUS_UNAVAILABLE);
  MsUntilBack ("a:1");
  micro_ejection_chosen (ejection, "a:1");
  EXPECT_TRUE (IsOut ("a:1")) << "one call tries it, the others wait for that one";
  micro_ejection_reached (ejection, "b:1");
  EXPECT_TRUE (IsOut ("a:1"));
  /* Before anything is known of how that call will end. */
  micro_ejection_reached (ejection, "a:1");
  EXPECT_FALSE (IsOut ("a:1"));
  micro_ejection_chosen (ejection, "a:1");
  EXPECT_FALSE (IsOut ("a:1"));
}

TEST_F (EjectionTest, OutlivesNoCallThatIsNeverHeardOf)
{
  Done ("a:1", MICRO_STATUS_UNAVAILABLE);
  MsUntilBack ("a:1");
  micro_ejection_chosen (ejection, "a:1");
  Done ("a:1", MICRO_STATUS_CANCELLED); /* given up, and so nothing is known */
  EXPECT_LE (MsUntilBack ("a:1"), 1200);
}
}
