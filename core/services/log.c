/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The last lines that the process has logged, through g_log().
 */
#include "config.h"

#include "services.h"

#define N_RECORDS 1024 /* go-micro's */

static GMutex mutex;
static LogRecord *records[N_RECORDS]; /* each in a g_atomic_rc_box */
static guint64 n_records;
static LogFunc listener;
static gpointer listener_data;
static GLogFunc next_handler;

void
log_record_clear (gpointer record)
{
  LogRecord *self = record;

  g_free (self->domain);
  g_free (self->message);
}

static const char *
level_name (GLogLevelFlags level)
{
  if (level & G_LOG_LEVEL_ERROR)
    return "fatal";
  if (level & G_LOG_LEVEL_CRITICAL)
    return "error";
  if (level & G_LOG_LEVEL_WARNING)
    return "warn";
  if (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
    return "info";
  return "debug";
}

static void
log_remember (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  LogRecord *record = g_atomic_rc_box_new0 (LogRecord);
  LogRecord *old;

  record->timestamp = g_get_real_time () / G_USEC_PER_SEC;
  record->level = level_name (level);
  record->domain = g_strdup (domain);
  record->message = g_strdup (message);
  g_mutex_lock (&mutex);
  old = records[n_records % N_RECORDS];
  records[n_records++ % N_RECORDS] = record;
  /* Under the lock, so that what is told follows what was read. */
  if (listener != NULL)
    listener (record, listener_data);
  g_mutex_unlock (&mutex);
  if (old != NULL)
    g_atomic_rc_box_release_full (old, log_record_clear);
  next_handler (domain, level, message, user_data);
}

void
log_start (void)
{
  static gsize started;

  if (!g_once_init_enter (&started))
    return;
  next_handler = g_log_set_default_handler (log_remember, NULL);
  g_once_init_leave (&started, 1);
}

void
log_set_listener (LogFunc func, gpointer user_data)
{
  g_mutex_lock (&mutex);
  listener = func;
  listener_data = user_data;
  g_mutex_unlock (&mutex);
}

static void
record_release (gpointer record)
{
  g_atomic_rc_box_release_full (record, log_record_clear);
}

GPtrArray *
log_get (gint64 count, gint64 since)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (record_release);
  guint64 first;

  g_mutex_lock (&mutex);
  first = n_records > N_RECORDS ? n_records - N_RECORDS : 0;
  if (count > 0 && (guint64) count < n_records - first)
    first = n_records - (guint64) count;
  for (guint64 i = first; i < n_records; i++)
    if (records[i % N_RECORDS]->timestamp >= since)
      g_ptr_array_add (found, g_atomic_rc_box_acquire (records[i % N_RECORDS]));
  g_mutex_unlock (&mutex);
  return found;
}
