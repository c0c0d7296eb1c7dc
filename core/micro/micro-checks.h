/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a process needs to be well: conditions that somebody sets, and checks that run now and then.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/**
 * MicroChecks:
 *
 * The named conditions and checks of a process, in the order they were added.  Any thread.
 */

#define MICRO_TYPE_CHECKS (micro_checks_get_type ())
MICRO_API GType micro_checks_get_type (void);

/**
 * MicroCheckFlags:
 * @MICRO_CHECK_CRITICAL: the process is not ready while it fails
 * @MICRO_CHECK_LIVE: the process should be started anew while it fails
 */
typedef enum
{
  MICRO_CHECK_NONE = 0,
  MICRO_CHECK_CRITICAL = 1 << 0,
  MICRO_CHECK_LIVE = 1 << 1
} MicroCheckFlags;

/**
 * MicroCheckFunc:
 * @cancellable: is cancelled when the check has taken too long, or is wanted no more
 * @error: why it fails
 *
 * Looks whether something is well.  Runs on a thread of its own and may block; never twice at once.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
typedef gboolean (*MicroCheckFunc) (GCancellable *cancellable, gpointer user_data, GError **error);

/**
 * MicroCheckVisit:
 * @name: of the check or condition
 * @reason: (nullable): why it fails; %NULL: it does not
 *
 * Sees one of them.
 */
typedef void (*MicroCheckVisit) (const char *name,
                                 MicroCheckFlags flags,
                                 const char *reason,
                                 gpointer user_data);

MICRO_API MicroChecks *micro_checks_new (void);
MICRO_API MicroChecks *micro_checks_ref (MicroChecks *self);
MICRO_API void micro_checks_unref (MicroChecks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroChecks, micro_checks_unref)

/* @interval_ms: between two runs, 0: 10 s; @timeout_ms: of one, 0: 5 s. */
MICRO_API void micro_checks_add (MicroChecks *self,
                                 const char *name,
                                 MicroCheckFlags flags,
                                 guint interval_ms,
                                 guint timeout_ms,
                                 MicroCheckFunc func,
                                 gpointer user_data,
                                 GDestroyNotify destroy);
/* A condition: @reason says why it is not fulfilled, %NULL that it is. */
MICRO_API void
micro_checks_set (MicroChecks *self, const char *name, MicroCheckFlags flags, const char *reason);

/* Whether none of those with one of @flags fails; @ret_reason: "name: why" of the first that does.
 */
MICRO_API gboolean micro_checks_pass (MicroChecks *self, MicroCheckFlags flags, char **ret_reason);
/* @visit must not call micro_checks_*(). */
MICRO_API void micro_checks_foreach (MicroChecks *self, MicroCheckVisit visit, gpointer user_data);

G_END_DECLS
