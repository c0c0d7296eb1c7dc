/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The greeter and those who call it: a call of each kind, and how it ended.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

/**
 * Outcome:
 *
 * One call.  It outlives everything that could still end the call a second time.
 */
typedef struct
{
  MicroMethodKind kind;
  int n_closed; /* atomic */
  gint64 began_us;
  gint64 took_us;
  int n_answers;
  gboolean right; /* every answer is what it should be, and none is missing */
  MicroStatus status;
  char *message; /* (nullable) */
} Outcome;

const char *call_kind_name (MicroMethodKind kind);
Outcome *outcome_new (MicroMethodKind kind);
void outcome_free (Outcome *self);

/* With the client's own retries, unless @retries is 0 or more. */
void
call_start (Outcome *self, MicroClient *client, const char *address, guint timeout_ms, int retries);
/* FALSE: it has not ended @patience_ms after it began. */
gboolean call_wait (Outcome *self, guint patience_ms);

MicroRouter *calls_router_new (void);
int calls_get_served (void); /* those that have begun and have not ended */

G_END_DECLS
