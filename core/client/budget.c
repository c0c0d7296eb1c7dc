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

struct _MicroBudgets
{
  GMutex mutex;
  GHashTable *tokens; /* service → what it has, of those that are not full */
  int n_short; /* atomic: their number, so that a call looks at nothing else while all is well */
};

MicroBudgets *
micro_budgets_new (void)
{
  MicroBudgets *self = g_new0 (MicroBudgets, 1);

  g_mutex_init (&self->mutex);
  self->tokens = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
micro_budgets_free (MicroBudgets *self)
{
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->tokens);
  g_free (self);
}

static int
get_tokens (MicroBudgets *self, const char *service)
{
  gpointer tokens;

  return g_hash_table_lookup_extended (self->tokens, service, NULL, &tokens)
             ? GPOINTER_TO_INT (tokens)
             : BUDGET_FULL;
}

static void
budgets_change (MicroBudgets *self, const char *service, int by)
{
  int tokens;

  g_mutex_lock (&self->mutex);
  tokens = MAX (get_tokens (self, service) + by, 0);
  if (tokens >= BUDGET_FULL)
    g_hash_table_remove (self->tokens, service);
  else
    g_hash_table_insert (self->tokens, g_strdup (service), GINT_TO_POINTER (tokens));
  g_atomic_int_set (&self->n_short, (int) g_hash_table_size (self->tokens));
  g_mutex_unlock (&self->mutex);
}

gboolean
micro_budgets_allow (MicroBudgets *self, const char *service)
{
  gboolean allowed;

  if (g_atomic_int_get (&self->n_short) == 0)
    return TRUE;
  g_mutex_lock (&self->mutex);
  allowed = get_tokens (self, service) > BUDGET_HALF;
  g_mutex_unlock (&self->mutex);
  return allowed;
}

void
micro_budgets_failed (MicroBudgets *self, const char *service)
{
  budgets_change (self, service, -FAILURE_COSTS);
}

void
micro_budgets_worked (MicroBudgets *self, const char *service)
{
  if (g_atomic_int_get (&self->n_short) > 0)
    budgets_change (self, service, SUCCESS_GIVES);
}
