/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The life of the checks, for the program that has them.
 */
#pragma once

#include <micro/micro-checks.h>
#include <micro/micro-loop.h>

G_BEGIN_DECLS

/* Told on any thread, never twice at once, whenever a check may have changed. */
typedef void (*MicroChecksChanged) (gpointer user_data);

/* Begins to run the checks: timers on @loop, the functions on threads of a pool. */
void micro_checks_start (MicroChecks *self,
                         MicroLoop *loop,
                         MicroChecksChanged changed,
                         gpointer user_data);
/* No check begins any more; one that runs is cancelled, not waited for.  Not on @loop. */
void micro_checks_stop (MicroChecks *self);

G_END_DECLS
