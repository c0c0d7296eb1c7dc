/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: one thing that was looked at, how it is, and what would mend it.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

/**
 * MicroFindingResult:
 * @MICRO_FINDING_OK: as it should be
 * @MICRO_FINDING_SKIPPED: not looked at, and the text says why
 * @MICRO_FINDING_WARNING: works, and might surprise
 * @MICRO_FINDING_FAILED: does not work, or will not
 */
typedef enum
{
  MICRO_FINDING_OK,
  MICRO_FINDING_SKIPPED,
  MICRO_FINDING_WARNING,
  MICRO_FINDING_FAILED
} MicroFindingResult;

/**
 * MicroFinding:
 *
 * One line of a diagnosis.  Immutable, reference-counted.
 */
typedef struct _MicroFinding MicroFinding;

#define MICRO_TYPE_FINDING (micro_finding_get_type ())
MICRO_API GType micro_finding_get_type (void);

MICRO_API MicroFinding *
micro_finding_new (const char *check, MicroFindingResult result, const char *text, const char *fix);
MICRO_API MicroFinding *micro_finding_ref (MicroFinding *self);
MICRO_API void micro_finding_unref (MicroFinding *self);
MICRO_API const char *micro_finding_get_check (MicroFinding *self);
MICRO_API MicroFindingResult micro_finding_get_result (MicroFinding *self);
MICRO_API const char *micro_finding_get_text (MicroFinding *self);
MICRO_API const char *micro_finding_get_fix (MicroFinding *self);
MICRO_API const char *micro_finding_result_to_string (MicroFindingResult result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroFinding, micro_finding_unref)

G_END_DECLS
