/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The call that a selector chooses a node for, what it asks of it, and how it went.
 */
#include "config.h"

#include <string.h>

#include <micro/micro-selector.h>

G_DEFINE_BOXED_TYPE (MicroPick, micro_pick, micro_pick_copy, micro_pick_free)
G_DEFINE_BOXED_TYPE (MicroOutcome, micro_outcome, micro_outcome_copy, micro_outcome_free)

/**
 * micro_pick_may_use:
 * @self: what select() was given
 * @node: a node of the service
 *
 * Returns: whether @node may be chosen: the call has not failed on it, and it is not set aside
 */
gboolean
micro_pick_may_use (const MicroPick *self, MicroNode *node)
{
  for (guint i = 0; self->tried != NULL && i < self->tried->len; i++)
    if (micro_node_equal (self->tried->pdata[i], node))
      return FALSE;
  return TRUE;
}

/**
 * micro_pick_get_header:
 * @self: what select() was given
 * @name: in any case
 *
 * Returns: (nullable) (transfer none): the first value of a header that the caller sends
 */
const char *
micro_pick_get_header (const MicroPick *self, const char *name)
{
  for (guint i = 0; i + 1 < self->n_headers; i += 2)
    if (g_ascii_strcasecmp (self->headers[i], name) == 0)
      return self->headers[i + 1];
  return NULL;
}

/**
 * micro_pick_fail:
 * @self: what select() was given
 * @service: that has no node left for it
 * @error: return location
 *
 * The error of a selector that finds nothing to choose, with %MICRO_STATUS_UNAVAILABLE.
 */
void
micro_pick_fail (const MicroPick *self, MicroService *service, GError **error)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
               "no ready nodes for “%s” (%u known, %u tried)", micro_service_get_name (service),
               nodes != NULL ? nodes->len : 0, self->tried != NULL ? self->tried->len : 0);
}

/**
 * micro_pick_new:
 *
 * Returns: (transfer full): a call of which nothing is known
 */
MicroPick *
micro_pick_new (void)
{
  static const MicroPick nothing = MICRO_PICK_INIT;

  return g_memdup2 (&nothing, sizeof nothing);
}

static gpointer
copy_tried (gconstpointer node, gpointer user_data)
{
  return micro_node_ref ((MicroNode *) node);
}

/**
 * micro_pick_copy:
 * @self: a call, of this or an older size
 *
 * Returns: (transfer full): a copy, with copies of all that it points to
 */
MicroPick *
micro_pick_copy (const MicroPick *self)
{
  MicroPick *copy = micro_pick_new ();
  char **headers;

  memcpy (copy, self, MIN (self->size, sizeof *copy));
  copy->size = sizeof *copy;
  copy->method = g_strdup (copy->method);
  copy->hash_key = g_strdup (copy->hash_key);
  if (copy->tried != NULL)
    {
      copy->tried = g_ptr_array_copy (copy->tried, copy_tried, NULL);
      g_ptr_array_set_free_func (copy->tried, (GDestroyNotify) micro_node_unref);
    }
  if (copy->headers != NULL)
    {
      headers = g_new0 (char *, copy->n_headers + 1);
      for (guint i = 0; i < copy->n_headers; i++)
        headers[i] = g_strdup (copy->headers[i]);
      copy->headers = (const char *const *) headers;
    }
  return copy;
}

/**
 * micro_pick_free:
 * @self: (transfer full) (nullable): what micro_pick_new() or micro_pick_copy() gave
 *
 * Frees it.
 */
void
micro_pick_free (MicroPick *self)
{
  if (self == NULL)
    return;
  g_free ((char *) self->method);
  g_free ((char *) self->hash_key);
  g_clear_pointer (&self->tried, g_ptr_array_unref);
  g_strfreev ((char **) self->headers);
  g_free (self);
}

/**
 * micro_outcome_new:
 *
 * Returns: (transfer full): a call that went well
 */
MicroOutcome *
micro_outcome_new (void)
{
  static const MicroOutcome well = MICRO_OUTCOME_INIT;

  return g_memdup2 (&well, sizeof well);
}

/**
 * micro_outcome_copy:
 * @self: how a call went, of this or an older size
 *
 * Returns: (transfer full): a copy
 */
MicroOutcome *
micro_outcome_copy (const MicroOutcome *self)
{
  MicroOutcome *copy = micro_outcome_new ();

  memcpy (copy, self, MIN (self->size, sizeof *copy));
  copy->size = sizeof *copy;
  return copy;
}

/**
 * micro_outcome_free:
 * @self: (transfer full) (nullable): what micro_outcome_new() or micro_outcome_copy() gave
 *
 * Frees it.
 */
void
micro_outcome_free (MicroOutcome *self)
{
  g_free (self);
}
