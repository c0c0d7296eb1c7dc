/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How many calls of a service may be tried again: a service in trouble is not called twice as
 * often.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _MicroBudgets MicroBudgets;

/* Any thread. */
MicroBudgets *micro_budgets_new (void);
void micro_budgets_free (MicroBudgets *self);
gboolean micro_budgets_allow (MicroBudgets *self, const char *service);
/* @lost: with its connection, as maybe many others in this moment. */
void micro_budgets_failed (MicroBudgets *self, const char *service, gboolean lost);
void micro_budgets_worked (MicroBudgets *self, const char *service);

G_END_DECLS
