/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: one thing that was looked at, how it is, and what would mend it.
 */
#include "config.h"

#include <micro/micro-finding.h>

struct _MicroFinding
{
  char *check;
  MicroFindingResult result;
  char *text;
  char *fix; /* (nullable) */
};

G_DEFINE_BOXED_TYPE (MicroFinding, micro_finding, micro_finding_ref, micro_finding_unref)

/**
 * micro_finding_new:
 * @check: what was looked at, in a few words: "address"
 * @result: how it is
 * @text: what was found, in one line
 * @fix: (nullable): what to do about it, in one line
 *
 * Returns: (transfer full): the finding
 */
MicroFinding *
micro_finding_new (const char *check, MicroFindingResult result, const char *text, const char *fix)
{
  MicroFinding *self = g_atomic_rc_box_new0 (MicroFinding);

  self->check = g_strdup (check);
  self->result = result;
  self->text = g_strdup (text);
  self->fix = g_strdup (fix);
  return self;
}

/**
 * micro_finding_ref:
 * @self: a finding
 *
 * Returns: (transfer full): @self
 */
MicroFinding *
micro_finding_ref (MicroFinding *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
finding_clear (gpointer data)
{
  MicroFinding *self = data;

  g_free (self->check);
  g_free (self->text);
  g_free (self->fix);
}

/**
 * micro_finding_unref:
 * @self: (transfer full) (nullable): a finding
 *
 * Drops a reference.  Any thread.
 */
void
micro_finding_unref (MicroFinding *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, finding_clear);
}

/**
 * micro_finding_get_check:
 * @self: a finding
 *
 * Returns: (transfer none): what was looked at
 */
const char *
micro_finding_get_check (MicroFinding *self)
{
  return self->check;
}

/**
 * micro_finding_get_result:
 * @self: a finding
 *
 * Returns: how it is
 */
MicroFindingResult
micro_finding_get_result (MicroFinding *self)
{
  return self->result;
}

/**
 * micro_finding_get_text:
 * @self: a finding
 *
 * Returns: (transfer none): what was found, in one line
 */
const char *
micro_finding_get_text (MicroFinding *self)
{
  return self->text;
}

/**
 * micro_finding_get_fix:
 * @self: a finding
 *
 * Returns: (nullable) (transfer none): what to do, %NULL if there is nothing to do
 */
const char *
micro_finding_get_fix (MicroFinding *self)
{
  return self->fix;
}

/**
 * micro_finding_result_to_string:
 * @result: how it is
 *
 * Returns: (transfer none): "ok", "skipped", "warning" or "failed"
 */
const char *
micro_finding_result_to_string (MicroFindingResult result)
{
  static const char *const names[] = { "ok", "skipped", "warning", "failed" };

  return (guint) result < G_N_ELEMENTS (names) ? names[result] : "failed";
}
