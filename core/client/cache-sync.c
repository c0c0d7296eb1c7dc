/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry cache for threads that wait.
 */
#include "config.h"

#include "client/cache.h"

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean done;
  MicroSnapshot *snapshot;
  GError *error;
} SyncGet;

static void
sync_done (MicroSnapshot *snapshot, const GError *error, gpointer user_data)
{
  SyncGet *get = user_data;

  g_mutex_lock (&get->mutex);
  get->snapshot = snapshot != NULL ? micro_snapshot_ref (snapshot) : NULL;
  get->error = error != NULL ? g_error_copy (error) : NULL;
  get->done = TRUE;
  g_cond_signal (&get->cond);
  g_mutex_unlock (&get->mutex);
}

MicroSnapshot *
micro_cache_get_sync (MicroCache *self, const char *name, GError **error)
{
  SyncGet get = { .done = FALSE };

  g_mutex_init (&get.mutex);
  g_cond_init (&get.cond);
  micro_cache_get (self, name, sync_done, &get);
  g_mutex_lock (&get.mutex);
  while (!get.done)
    g_cond_wait (&get.cond, &get.mutex);
  g_mutex_unlock (&get.mutex);
  g_mutex_clear (&get.mutex);
  g_cond_clear (&get.cond);
  if (get.error != NULL)
    g_propagate_error (error, get.error);
  return get.snapshot;
}
