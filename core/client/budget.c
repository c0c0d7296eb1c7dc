/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How many calls of a service may be tried again.
 */
#include "config.h"

#include "client/budget.h"

/* Retries stop when the tokens of a service are half gone (gRFC A6): a failure costs one, a success
 * gives a tenth back.  In tenths. */
#define BUDGET_FULL 100
#define BUDGET_HALF 50
#define FAILURE_COSTS 10
#define SUCCESS_GIVES 1
/* Calls that a node takes with it when it dies are one failure, on however many connections. */
#define ONE_LOSS_US G_USEC_PER_SEC

typedef struct
{
  int tokens;
  gint64 lost_us; /* 0: never */
} Budget;

struct _MicroBudgets
{
  GMutex mutex;
  GHashTable *table; /* service → Budget, of those that are not full */
  int n_short; /* atomic: their number, so that a call looks at nothing else while all is well */
};

MicroBudgets *
micro_budgets_new (void)
{
  MicroBudgets *self = g_new0 (MicroBudgets, 1);

  g_mutex_init (&self->mutex);
  self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
micro_budgets_free (MicroBudgets *self)
{
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->table);
  g_free (self);
}

/* With the lock held. */
static Budget *
get_budget (MicroBudgets *self, const char *service)
{
  Budget *budget = g_hash_table_lookup (self->table, service);

  if (budget != NULL)
    return budget;
  budget = g_new0 (Budget, 1);
  budget->tokens = BUDGET_FULL;
  g_hash_table_insert (self->table, g_strdup (service), budget);
  return budget;
}

static void
budgets_change (MicroBudgets *self, const char *service, int by, gboolean lost)
{
  gint64 now = lost ? g_get_monotonic_time () : 0;
  Budget *budget;

  g_mutex_lock (&self->mutex);
  budget = get_budget (self, service);
  if (!lost || budget->lost_us == 0 || now - budget->lost_us >= ONE_LOSS_US)
    {
      budget->tokens = MAX (budget->tokens + by, 0);
      budget->lost_us = lost ? now : budget->lost_us;
    }
  if (budget->tokens >= BUDGET_FULL)
    g_hash_table_remove (self->table, service);
  g_atomic_int_set (&self->n_short, (int) g_hash_table_size (self->table));
  g_mutex_unlock (&self->mutex);
}

gboolean
micro_budgets_allow (MicroBudgets *self, const char *service)
{
  const Budget *budget;
  gboolean allowed;

  if (g_atomic_int_get (&self->n_short) == 0)
    return TRUE;
  g_mutex_lock (&self->mutex);
  budget = g_hash_table_lookup (self->table, service);
  allowed = budget == NULL || budget->tokens > BUDGET_HALF;
  g_mutex_unlock (&self->mutex);
  return allowed;
}

void
micro_budgets_failed (MicroBudgets *self, const char *service, gboolean lost)
{
  budgets_change (self, service, -FAILURE_COSTS, lost);
}

void
micro_budgets_worked (MicroBudgets *self, const char *service)
{
  if (g_atomic_int_get (&self->n_short) > 0)
    budgets_change (self, service, SUCCESS_GIVES, FALSE);
}
