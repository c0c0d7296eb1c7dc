/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls backends of a service, and says which of them answered how often and how late.
 *
 * Output: "now LABEL" whenever another backend answers, or "now failed: WHY"; at the end
 * "count LABEL N" for each, "failed N", "skew PERCENT" (most less least, over the mean), and
 * "latency P50 P99 MOST" in ms.
 */
#include "config.h"

#include <stdio.h>

#include "greeter.micro.h"

static int n_calls = 1000;
static int n_at_once = 1;
static int pause_ms;
static int duration_s;
static gboolean quiet;

static const GOptionEntry entries[]
    = { { "calls", 0, 0, G_OPTION_ARG_INT, &n_calls, "How many", "N" },
        { "at-once", 0, 0, G_OPTION_ARG_INT, &n_at_once, "How many of them at a time", "N" },
        { "pause", 0, 0, G_OPTION_ARG_INT, &pause_ms, "After each", "MS" },
        { "duration", 0, 0, G_OPTION_ARG_INT, &duration_s, "Instead of a number of calls", "S" },
        { "quiet", 0, 0, G_OPTION_ARG_NONE, &quiet, "No lines before the end", NULL },
        G_OPTION_ENTRY_NULL };

typedef struct
{
  MicroClient *client;
  const char *service;
  GMutex mutex;
  GHashTable *counts; /* label → how often */
  GArray *times_us;   /* of gint64 */
  char *last;
  int n_failed;
} Result;

static void
note (Result *self, const Greeter__HelloResponse *response, const GError *error, gint64 took_us)
{
  g_autofree char *now = response != NULL ? g_strdup (response->msg)
                                          : g_strdup_printf ("failed: %s", error->message);

  g_mutex_lock (&self->mutex);
  g_array_append_val (self->times_us, took_us);
  if (response == NULL)
    self->n_failed++;
  else
    g_hash_table_insert (
        self->counts, g_strdup (now),
        GINT_TO_POINTER (GPOINTER_TO_INT (g_hash_table_lookup (self->counts, now)) + 1));
  if (!quiet && g_strcmp0 (now, self->last) != 0)
    {
      printf ("now %s\n", now);
      fflush (stdout);
    }
  g_free (self->last);
  self->last = g_steal_pointer (&now);
  g_mutex_unlock (&self->mutex);
}

static gpointer
call_on (gpointer data)
{
  Result *self = data;
  Greeter__HelloRequest request = GREETER__HELLO_REQUEST__INIT;
  gint64 end_us = g_get_monotonic_time () + duration_s * G_USEC_PER_SEC;

  for (int i = 0; duration_s > 0 ? g_get_monotonic_time () < end_us : i < n_calls / n_at_once; i++)
    {
      gint64 began_us = g_get_monotonic_time ();
      g_autoptr (GError) error = NULL;
      g_autoptr (Greeter__HelloResponse) response
          = greeter_say_hello_sync (self->client, self->service, &request, NULL, &error);

      note (self, response, error, g_get_monotonic_time () - began_us);
      if (pause_ms > 0)
        g_usleep ((gulong) pause_ms * 1000);
    }
  return NULL;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *left = a, *right = b;

  return (*left > *right) - (*left < *right);
}

static double
time_at (const Result *self, double share)
{
  guint n = self->times_us->len;
  guint index = MIN ((guint) (share * n), n - 1);

  return n > 0 ? (double) g_array_index (self->times_us, gint64, index) / 1000 : 0;
}

static void
tell (Result *self)
{
  g_autoptr (GList) labels
      = g_list_sort (g_hash_table_get_keys (self->counts), (GCompareFunc) g_strcmp0);
  int least = G_MAXINT, most = 0, sum = 0;

  for (GList *label = labels; label != NULL; label = label->next)
    {
      int count = GPOINTER_TO_INT (g_hash_table_lookup (self->counts, label->data));

      printf ("count %s %d\n", (char *) label->data, count);
      least = MIN (least, count);
      most = MAX (most, count);
      sum += count;
    }
  printf ("failed %d\n", self->n_failed);
  if (sum > 0)
    printf ("skew %.2f\n", 100.0 * (most - least) * g_hash_table_size (self->counts) / sum);
  g_array_sort (self->times_us, compare_times);
  printf ("latency %.2f %.2f %.2f\n", time_at (self, 0.5), time_at (self, 0.99), time_at (self, 1));
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("caller", "1");
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Result result = { .service = NULL };

  micro_app_add_options (app, entries);
  if (!micro_app_init (app, &argc, &argv, &error) || argc != 2)
    {
      g_printerr ("caller: %s\n", error != NULL ? error->message : "one name of a service");
      return 2;
    }
  result.client = micro_app_get_client (app);
  result.service = argv[1];
  result.counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  result.times_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_mutex_init (&result.mutex);
  for (int i = 0; i < n_at_once; i++)
    g_ptr_array_add (threads, g_thread_new ("caller", call_on, &result));
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  tell (&result);
  g_hash_table_unref (result.counts);
  g_array_unref (result.times_us);
  g_free (result.last);
  g_mutex_clear (&result.mutex);
  return result.n_failed > 0 ? 1 : 0;
}
