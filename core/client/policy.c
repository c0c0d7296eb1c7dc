/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The policies of a client: of a method, else of its service, else of all.
 */
#include "config.h"

#include <string.h>

#include "client/client.h"
#include "client/policy.h"

struct _MicroPolicies
{
  MicroPolicy all;
  GHashTable *table; /* (nullable): "service" or "service/Say.Hello" → MicroPolicy */
};

G_DEFINE_BOXED_TYPE (MicroPolicy, micro_policy, micro_policy_copy, micro_policy_free)

MicroPolicies *
micro_policies_new (void)
{
  MicroPolicies *self = g_new0 (MicroPolicies, 1);

  self->all = (MicroPolicy) MICRO_POLICY_INIT;
  return self;
}

void
micro_policies_free (MicroPolicies *self)
{
  g_clear_pointer (&self->table, g_hash_table_unref);
  g_free (self);
}

/* What an older or newer caller's struct says. */
static MicroPolicy
copy_policy (const MicroPolicy *policy)
{
  MicroPolicy copy = MICRO_POLICY_INIT;

  memcpy (&copy, policy, MIN (policy->size, sizeof copy));
  copy.size = sizeof copy;
  return copy;
}

void
micro_policies_set (MicroPolicies *self,
                    const char *service,
                    const char *method,
                    const MicroPolicy *policy)
{
  MicroPolicy copy = copy_policy (policy);

  if (service == NULL)
    {
      self->all = copy;
      return;
    }
  if (self->table == NULL)
    self->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (
      self->table, method != NULL ? g_strconcat (service, "/", method, NULL) : g_strdup (service),
      g_memdup2 (&copy, sizeof copy));
}

const MicroPolicy *
micro_policies_find (MicroPolicies *self, const char *service, const char *path)
{
  const MicroPolicy *found = NULL;
  const char *slash = strrchr (path, '/');

  if (self->table == NULL)
    return &self->all;
  if (slash != NULL && slash > path)
    {
      const char *begin = slash;
      g_autofree char *key = NULL;

      while (begin > path && begin[-1] != '.' && begin[-1] != '/')
        begin--;
      key = g_strdup_printf ("%s/%.*s.%s", service, (int) (slash - begin), begin, slash + 1);
      found = g_hash_table_lookup (self->table, key);
    }
  if (found == NULL)
    found = g_hash_table_lookup (self->table, service);
  return found != NULL ? found : &self->all;
}

/**
 * micro_policy_new:
 *
 * Returns: (transfer full): a policy that leaves all as it is
 */
MicroPolicy *
micro_policy_new (void)
{
  static const MicroPolicy nothing = MICRO_POLICY_INIT;

  return g_memdup2 (&nothing, sizeof nothing);
}

/**
 * micro_policy_copy:
 * @self: a policy, of this or an older size
 *
 * Returns: (transfer full): a copy
 */
MicroPolicy *
micro_policy_copy (const MicroPolicy *self)
{
  MicroPolicy copy = copy_policy (self);

  return g_memdup2 (&copy, sizeof copy);
}

/**
 * micro_policy_free:
 * @self: (transfer full) (nullable): what micro_policy_new() or micro_policy_copy() gave
 *
 * Frees it.
 */
void
micro_policy_free (MicroPolicy *self)
{
  g_free (self);
}
