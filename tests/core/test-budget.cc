/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How many failures of a service it takes until its calls are not tried again.
 */
#include <gtest/gtest.h>

extern "C"
{
#include "client/budget.h"
}

#include "../clock-test.h"

struct BudgetTest : testing::Test
{
  StoppedClock clock;
  MicroBudgets *budgets = micro_budgets_new ();

  ~BudgetTest () { micro_budgets_free (budgets); }

  void
  Fail (int n, const char *service = "a")
  {
    for (int i = 0; i < n; i++)
      micro_budgets_failed (budgets, service, FALSE);
  }
};

TEST_F (BudgetTest, EndsAtTheFifthFailureAndComesBackWithSuccess)
{
  EXPECT_TRUE (micro_budgets_allow (budgets, "a"));
  Fail (4);
  EXPECT_TRUE (micro_budgets_allow (budgets, "a"));
  Fail (1);
  EXPECT_FALSE (micro_budgets_allow (budgets, "a"));
  EXPECT_TRUE (micro_budgets_allow (budgets, "b")) << "another service is well";
  micro_budgets_worked (budgets, "b");
  EXPECT_FALSE (micro_budgets_allow (budgets, "a"));
  micro_budgets_worked (budgets, "a");
  EXPECT_TRUE (micro_budgets_allow (budgets, "a"));
}

TEST_F (BudgetTest, IsNeverLessThanEmptyNorMoreThanFull)
{
  Fail (1000);
  for (int i = 0; i < 50; i++)
    {
      EXPECT_FALSE (micro_budgets_allow (budgets, "a")) << i;
      micro_budgets_worked (budgets, "a");
    }
  EXPECT_FALSE (micro_budgets_allow (budgets, "a"));
  micro_budgets_worked (budgets, "a");
  EXPECT_TRUE (micro_budgets_allow (budgets, "a"));
  for (int i = 0; i < 1000; i++)
    micro_budgets_worked (budgets, "a");
  Fail (4);
  EXPECT_TRUE (micro_budgets_allow (budgets, "a"));
  Fail (1);
  EXPECT_FALSE (micro_budgets_allow (budgets, "a"));
}

TEST_F (BudgetTest, CountsTheCallsThatANodeTakesWithItAsOne)
{
  for (int second = 0; second < 4; second++)
    {
      for (int i = 0; i < 1000; i++)
        micro_budgets_failed (budgets, "a", TRUE);
      EXPECT_TRUE (micro_budgets_allow (budgets, "a")) << second;
      advance_clock_ms (999);
      micro_budgets_failed (budgets, "a", TRUE);
      EXPECT_TRUE (micro_budgets_allow (budgets, "a")) << second;
      advance_clock_ms (1);
    }
  micro_budgets_failed (budgets, "a", TRUE);
  EXPECT_FALSE (micro_budgets_allow (budgets, "a"));
}
