/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a plugin returns is a result or an error, whatever its author did.
 */
#include "config.h"

#include "iface/contract.h"
#include <micro/micro-error.h>

gboolean
micro_keep_boolean (gpointer self, gboolean result, GError *local, GError **error)
{
  if (result)
    g_clear_error (&local);
  else if (local == NULL)
    g_set_error (&local, MICRO_ERROR, MICRO_STATUS_INTERNAL,
                 "%s gave neither a result nor an error; tell its author",
                 G_OBJECT_TYPE_NAME (self));
  if (local != NULL)
    g_propagate_error (error, local);
  return result;
}

gpointer
micro_keep_contract (gpointer self, gpointer result, GError *local, GError **error)
{
  micro_keep_boolean (self, result != NULL, local, error);
  return result;
}
