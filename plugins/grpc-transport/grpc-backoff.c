/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Addresses that could not be connected to, and when they may be tried again.
 */
#include "config.h"

#include "grpc-client.h"
#include "grpc-limits.h"
#include "grpc-thread.h"

/* gRPC's (doc/connection-backoff.md); its first and longest waits are options. */
#define FACTOR 1.6
#define JITTER 0.2

typedef struct
{
  gint64 until_us;
  gint64 wait_us;
  char *problem;
} Backoff;

static void
backoff_free (gpointer data)
{
  Backoff *backoff = data;

  g_free (backoff->problem);
  g_free (backoff);
}

/* What nobody has asked for since is forgotten, so that addresses that come and go leave nothing.
 */
static gboolean
backoff_is_long_ago (gpointer address, gpointer value, gpointer before_us)
{
  return ((const Backoff *) value)->until_us < *(const gint64 *) before_us;
}

/* A connection to @address, begun at @begun_us, has ended before its peer said anything. */
void
grpc_backoff_failed (GrpcThread *thread, const char *address, gint64 begun_us, const char *problem)
{
  const gint64 longest_us = thread->limits->reconnect_max_ms * (gint64) 1000;
  const gint64 first_us = MIN (thread->limits->reconnect_min_ms * (gint64) 1000, longest_us);
  gint64 before_us = begun_us - 2 * longest_us;
  Backoff *backoff;

  if (first_us == 0)
    return;
  if (thread->backoffs == NULL)
    thread->backoffs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, backoff_free);
  g_hash_table_foreach_remove (thread->backoffs, backoff_is_long_ago, &before_us);
  backoff = g_hash_table_lookup (thread->backoffs, address);
  if (backoff == NULL)
    {
      backoff = g_new0 (Backoff, 1);
      g_hash_table_insert (thread->backoffs, g_strdup (address), backoff);
    }
  backoff->wait_us = CLAMP ((gint64) (FACTOR * (double) backoff->wait_us), first_us, longest_us);
  backoff->until_us
      = begun_us
        + (gint64) ((double) backoff->wait_us * g_random_double_range (1 - JITTER, 1 + JITTER));
  g_free (backoff->problem);
  backoff->problem = g_strdup (problem);
}

void
grpc_backoff_worked (GrpcThread *thread, const char *address)
{
  if (thread->backoffs != NULL)
    g_hash_table_remove (thread->backoffs, address);
}

/* How long @address is not to be tried, in microseconds. */
gint64
grpc_backoff_get_wait (GrpcThread *thread, const char *address)
{
  const Backoff *backoff
      = thread->backoffs != NULL ? g_hash_table_lookup (thread->backoffs, address) : NULL;

  return backoff != NULL ? MAX (backoff->until_us - g_get_monotonic_time (), 0) : 0;
}

/* (transfer none) (nullable): why @address is not to be tried at the moment.  Not when it will be:
 * a caller has given up by then. */
const char *
grpc_backoff_problem (GrpcThread *thread, const char *address)
{
  if (grpc_backoff_get_wait (thread, address) == 0)
    return NULL;
  return ((const Backoff *) g_hash_table_lookup (thread->backoffs, address))->problem;
}
