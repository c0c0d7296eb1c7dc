/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The nodes of this process: one store for all its registries, usable from any thread.
 */
#include "config.h"

#include <string.h>

#include "memory-store.h"

typedef struct
{
  MicroService *service; /* with this one node */
  gpointer owner;
  gint64 expires_us; /* monotonic; -1 for never */
} Record;

/* A watch is a source of its reader's context: it tells there, outside of the lock, what the
 * services are that have changed, and wakes when the next record expires. */
typedef struct
{
  GSource source;
  GWeakRef watcher;
  char *name;          /* (nullable) */
  GHashTable *changed; /* of names, under the mutex */
} Watch;

static GMutex mutex;
static GHashTable *records; /* service and node id → Record */
static GPtrArray *watches;  /* of Watch, not owned: the watcher's end takes it out */

static void
record_free (gpointer data)
{
  Record *record = data;

  micro_service_unref (record->service);
  g_free (record);
}

static void
memory_store_lock (void)
{
  g_mutex_lock (&mutex);
  if (records != NULL)
    return;
  records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, record_free);
  watches = g_ptr_array_new ();
}

static void
memory_store_unlock (void)
{
  g_mutex_unlock (&mutex);
}

/* Neither is of any length or alphabet, so the length keeps them apart. */
static char *
make_key (MicroService *service, MicroNode *node)
{
  const char *name = micro_service_get_name (service);

  return g_strdup_printf ("%" G_GSIZE_FORMAT " %s %s", strlen (name), name,
                          micro_node_get_id (node));
}

/* --- Telling the watches, under the mutex --- */

static gboolean
is_wanted (const char *name, MicroService *service)
{
  return name == NULL || g_str_equal (name, micro_service_get_name (service));
}

static void
memory_store_tell (MicroService *service)
{
  for (guint i = 0; i < watches->len; i++)
    {
      Watch *watch = g_ptr_array_index (watches, i);

      if (!is_wanted (watch->name, service))
        continue;
      g_hash_table_add (watch->changed, g_strdup (micro_service_get_name (service)));
      g_source_set_ready_time ((GSource *) watch, 0);
    }
}

static gint64
next_expiry (void)
{
  GHashTableIter iter;
  gpointer value;
  gint64 next = -1;

  g_hash_table_iter_init (&iter, records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      gint64 at = ((Record *) value)->expires_us;

      if (at >= 0 && (next < 0 || at < next))
        next = at;
    }
  return next;
}

static void
remove_expired (void)
{
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Record *record = value;

      if (record->expires_us < 0 || record->expires_us > now)
        continue;
      memory_store_tell (record->service);
      g_hash_table_iter_remove (&iter);
    }
}

static void
wake_by (gint64 at_us)
{
  for (guint i = 0; at_us >= 0 && i < watches->len; i++)
    {
      GSource *source = g_ptr_array_index (watches, i);
      gint64 ready = g_source_get_ready_time (source);

      if (ready < 0 || ready > at_us)
        g_source_set_ready_time (source, at_us);
    }
}

/* --- Adding, removing, finding --- */

void
memory_store_add (gpointer owner, MicroService *service, guint ttl_s)
{
  GPtrArray *nodes = micro_service_get_nodes (service);
  gint64 expires_us = ttl_s == 0 ? -1 : g_get_monotonic_time () + (gint64) ttl_s * G_USEC_PER_SEC;

  memory_store_lock ();
  remove_expired ();
  for (guint i = 0; i < nodes->len; i++)
    {
      MicroNode *node = g_ptr_array_index (nodes, i);
      g_autoptr (GPtrArray) alone = g_ptr_array_new ();
      Record *record = g_new0 (Record, 1);
      Record *known;
      g_autofree char *key = make_key (service, node);

      g_ptr_array_add (alone, node);
      record->service = micro_service_with_nodes (service, alone);
      record->owner = owner;
      record->expires_us = expires_us;
      known = g_hash_table_lookup (records, key);
      if (known == NULL || !micro_service_equal (known->service, record->service))
        memory_store_tell (record->service);
      g_hash_table_replace (records, g_steal_pointer (&key), record);
    }
  wake_by (expires_us);
  memory_store_unlock ();
}

void
memory_store_remove (gpointer owner, MicroService *service)
{
  GPtrArray *nodes = micro_service_get_nodes (service);

  memory_store_lock ();
  for (guint i = 0; i < nodes->len; i++)
    {
      g_autofree char *key = make_key (service, g_ptr_array_index (nodes, i));
      Record *known = g_hash_table_lookup (records, key);

      if (known == NULL || known->owner != owner)
        continue;
      memory_store_tell (known->service);
      g_hash_table_remove (records, key);
    }
  memory_store_unlock ();
}

void
memory_store_remove_owner (gpointer owner)
{
  GHashTableIter iter;
  gpointer value;

  memory_store_lock ();
  g_hash_table_iter_init (&iter, records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Record *record = value;

      if (record->owner != owner)
        continue;
      memory_store_tell (record->service);
      g_hash_table_iter_remove (&iter);
    }
  memory_store_unlock ();
}

static int
memory_store_compare_records (gconstpointer a, gconstpointer b)
{
  MicroService *first = *(MicroService *const *) a;
  MicroService *second = *(MicroService *const *) b;
  int order = strcmp (micro_service_get_name (first), micro_service_get_name (second));

  if (order == 0)
    order = strcmp (micro_service_get_version (first), micro_service_get_version (second));
  if (order == 0)
    order = strcmp (micro_node_get_id (micro_service_get_nodes (first)->pdata[0]),
                    micro_node_get_id (micro_service_get_nodes (second)->pdata[0]));
  return order;
}

/* The first record of a service and version says what the service is. */
static GPtrArray *
memory_store_merge (GPtrArray *sorted)
{
  GPtrArray *merged = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  guint i = 0;

  while (i < sorted->len)
    {
      MicroService *first = g_ptr_array_index (sorted, i);
      g_autoptr (GPtrArray) nodes = g_ptr_array_new ();

      for (; i < sorted->len; i++)
        {
          MicroService *one = g_ptr_array_index (sorted, i);

          if (!g_str_equal (micro_service_get_name (one), micro_service_get_name (first))
              || !g_str_equal (micro_service_get_version (one), micro_service_get_version (first)))
            break;
          g_ptr_array_add (nodes, micro_service_get_nodes (one)->pdata[0]);
        }
      g_ptr_array_add (merged, micro_service_with_nodes (first, nodes));
    }
  return merged;
}

/* Under the mutex. */
static GPtrArray *
find_services (const char *name)
{
  g_autoptr (GPtrArray) found
      = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  GHashTableIter iter;
  gpointer value;

  remove_expired ();
  g_hash_table_iter_init (&iter, records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (is_wanted (name, ((Record *) value)->service))
      g_ptr_array_add (found, micro_service_ref (((Record *) value)->service));
  g_ptr_array_sort (found, memory_store_compare_records);
  return memory_store_merge (found);
}

GPtrArray *
memory_store_find (const char *name)
{
  GPtrArray *services;

  memory_store_lock ();
  services = find_services (name);
  memory_store_unlock ();
  return services;
}

GError *
memory_store_not_found (const char *name)
{
  return g_error_new (
      MICRO_ERROR, MICRO_STATUS_NOT_FOUND,
      "no service “%s” in the memory of this process: the memory registry finds none "
      "of another process",
      name);
}

/* --- Watching --- */

static MicroEvent *
describe (const char *name)
{
  g_autoptr (GPtrArray) services = find_services (name);
  g_autoptr (GError) reason = NULL;

  if (services->len > 0)
    return micro_event_new_snapshot (name, services);
  reason = memory_store_not_found (name);
  return micro_event_new_gone (name, reason);
}

static gboolean
watch_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Watch *watch = (Watch *) source;
  g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&watch->watcher);
  g_autoptr (GPtrArray) events
      = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_event_unref);
  GHashTableIter iter;
  gpointer name;

  memory_store_lock ();
  remove_expired ();
  g_hash_table_iter_init (&iter, watch->changed);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (events, describe (name));
  g_hash_table_remove_all (watch->changed);
  g_source_set_ready_time (source, next_expiry ());
  memory_store_unlock ();
  for (guint i = 0; watcher != NULL && i < events->len; i++)
    micro_watcher_push (watcher, events->pdata[i]);
  return G_SOURCE_CONTINUE;
}

static void
watch_finalize (GSource *source)
{
  Watch *watch = (Watch *) source;

  g_weak_ref_clear (&watch->watcher);
  g_hash_table_unref (watch->changed);
  g_free (watch->name);
}

/* The reader may stop on any thread, also while the source is told of something. */
static void
memory_store_watch_stopped (gpointer user_data)
{
  GSource *source = user_data;

  memory_store_lock ();
  g_ptr_array_remove_fast (watches, source);
  memory_store_unlock ();
  g_source_destroy (source);
  g_source_unref (source);
}

MicroWatcher *
memory_store_watch (const char *name)
{
  static GSourceFuncs funcs = { .dispatch = watch_dispatch, .finalize = watch_finalize };
  GSource *source = g_source_new (&funcs, sizeof (Watch));
  Watch *watch = (Watch *) source;
  MicroWatcher *watcher = micro_watcher_new (memory_store_watch_stopped, source);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  GHashTableIter iter;
  gpointer value;

  g_source_set_static_name (source, "memory-registry watch");
  g_weak_ref_init (&watch->watcher, watcher);
  watch->name = g_strdup (name);
  watch->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (name != NULL)
    g_hash_table_add (watch->changed, g_strdup (name));
  memory_store_lock ();
  remove_expired ();
  g_hash_table_iter_init (&iter, records);
  while (name == NULL && g_hash_table_iter_next (&iter, NULL, &value))
    g_hash_table_add (watch->changed,
                      g_strdup (micro_service_get_name (((Record *) value)->service)));
  g_ptr_array_add (watches, source);
  g_source_set_ready_time (source, g_hash_table_size (watch->changed) == 0 ? next_expiry () : 0);
  memory_store_unlock ();
  g_source_attach (source, context);
  return watcher;
}
