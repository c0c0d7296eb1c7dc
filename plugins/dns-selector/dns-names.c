/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The names that were asked for, each with what is known of it and for how long.
 */
#include "config.h"

#include "dns-names.h"

/* A TTL of 0 is for one use; a service that is called a thousand times a second has one a second.
 */
#define MIN_TTL_S 1
/* How long a "no" holds: to calls that ask anyway, and between questions for those who watch. */
#define DENIED_S 1
#define DENIED_WATCHED_S 5
/* Servers that fail are asked again after 1, 2, 4 … 30 s, with what was known until then. */
#define MAX_BACKOFF_S 30
/* A name that nobody calls is not asked for any more, and its nodes are forgotten. */
#define IDLE_US (10 * 60 * (gint64) G_USEC_PER_SEC)
/* A node that failed is reason to ask early, but not more often. */
#define MIN_DISTRUST_US G_USEC_PER_SEC
/* From here on, names that nobody needs any more are looked for when one is added. */
#define MANY_NAMES 100

typedef struct
{
  GTask *task;
  GSource *cancel; /* (nullable) */
} Waiting;

/* A watcher may be dropped on any thread, and is taken out here a moment later. */
typedef struct
{
  gpointer watcher; /* to compare with */
  GWeakRef alive;
  gboolean told; /* something */
} Watch;

struct _DnsName
{
  DnsRegistry *registry; /* who has it */
  char *name;
  char *address;
  gboolean literal; /* no name for DNS */
  gboolean want_srv;
  gboolean had_srv;
  MicroService *service; /* (nullable) */
  GError *error;         /* (nullable): why there is no service */
  gint64 expires_us;     /* 0: nothing is known */
  gint64 asked_us;
  gint64 wanted_us; /* by somebody who waited */
  guint backoff_s;
  DnsLookup *lookup;   /* (nullable): under way */
  GSource *timer;      /* (nullable): asks again */
  GPtrArray *watchers; /* of Watch: taken out when they stop */
  GArray *waiting;     /* of Waiting */
};

static void dns_names_ask (DnsName *self);

/* --- Telling those who wait and watch --- */

static void
waiting_clear (Waiting *waiting)
{
  if (waiting->cancel != NULL)
    g_source_destroy (waiting->cancel);
  g_clear_pointer (&waiting->cancel, g_source_unref);
  g_clear_object (&waiting->task);
}

void
dns_name_answer (DnsName *self, GTask *task)
{
  GPtrArray *services;

  if (self->service == NULL)
    {
      g_task_return_error (task, g_error_copy (self->error));
      return;
    }
  services = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_ptr_array_add (services, micro_service_ref (self->service));
  g_task_return_pointer (task, services, (GDestroyNotify) g_ptr_array_unref);
}

static void
answer_all (DnsName *self)
{
  g_autoptr (GArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  for (guint i = 0; i < waiting->len; i++)
    {
      Waiting *one = &g_array_index (waiting, Waiting, i);

      dns_name_answer (self, one->task);
      waiting_clear (one);
    }
}

/* (transfer full): what it is now */
static MicroEvent *
describe_name (DnsName *self)
{
  g_autoptr (GPtrArray) services = NULL;

  if (self->service == NULL)
    return micro_event_new_gone (self->name, self->error);
  services = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_ptr_array_add (services, micro_service_ref (self->service));
  return micro_event_new_snapshot (self->name, services);
}

/* @changed: those too that know what it was. */
static void
tell_watchers (DnsName *self, gboolean changed)
{
  g_autoptr (MicroEvent) event = describe_name (self);

  for (guint i = 0; i < self->watchers->len; i++)
    {
      Watch *watch = g_ptr_array_index (self->watchers, i);
      g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&watch->alive);

      if (watcher == NULL || (watch->told && !changed))
        continue;
      watch->told = TRUE;
      micro_watcher_push (watcher, event);
    }
}

/* Those who have never heard what it is; the others go on with what they know. */
static void
fail_watchers (DnsName *self)
{
  for (guint i = 0; i < self->watchers->len; i++)
    {
      Watch *watch = g_ptr_array_index (self->watchers, i);
      g_autoptr (MicroWatcher) watcher = g_weak_ref_get (&watch->alive);

      if (watcher != NULL && !watch->told)
        micro_watcher_fail (watcher, self->error);
    }
}

static int
dns_names_compare_nodes (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (micro_node_get_id (*(MicroNode *const *) a),
                    micro_node_get_id (*(MicroNode *const *) b));
}

static void
set_service (DnsName *self, MicroService *service)
{
  g_autoptr (MicroService) before = g_steal_pointer (&self->service);
  gboolean same = before != NULL && service != NULL && micro_service_equal (before, service);

  if (same)
    self->service = g_steal_pointer (&before);
  else if (service != NULL)
    self->service = micro_service_ref (service);
  else
    dns_picker_forget (self->registry->picker, self->name);
  tell_watchers (self, !same && (before != NULL || service != NULL));
}

/* --- Asking --- */

static void
dns_names_stop_timer (DnsName *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static gboolean
dns_names_on_timer (gpointer user_data)
{
  DnsName *self = user_data;
  gint64 used_us = dns_picker_get_used (self->registry->picker, self->name);

  dns_names_stop_timer (self);
  if (self->service != NULL && MAX (used_us, self->wanted_us) + IDLE_US < g_get_monotonic_time ())
    {
      g_info ("“%s” is not called any more, and not asked for in DNS", self->name);
      set_service (self, NULL);
      self->expires_us = 0;
    }
  else
    dns_names_ask (self);
  return G_SOURCE_REMOVE;
}

/* While nobody watches, whoever wants to know asks. */
static void
dns_names_start_timer (DnsName *self)
{
  gint64 left_us = self->expires_us - g_get_monotonic_time ();

  dns_names_stop_timer (self);
  if (self->watchers->len == 0 || self->literal || self->expires_us == 0)
    return;
  self->timer = g_timeout_source_new ((guint) (MAX (left_us, 0) / 1000 + 1));
  g_source_set_callback (self->timer, dns_names_on_timer, self, NULL);
  g_source_set_static_name (self->timer, "[micro] DNS TTL");
  g_source_attach (self->timer, self->registry->context);
}

static guint
deny (DnsName *self, const GError *error)
{
  self->error = g_error_copy (error);
  set_service (self, NULL);
  return self->watchers->len > 0 ? DENIED_WATCHED_S : DENIED_S;
}

/* What was known goes on being true while nobody can say otherwise (RFC 8767). */
static guint
bridge (DnsName *self, const GError *error)
{
  if (self->backoff_s == 0)
    g_info ("%s", error->message);
  self->backoff_s = CLAMP (self->backoff_s * 2, 1, MAX_BACKOFF_S);
  if (self->service != NULL)
    return self->backoff_s;
  self->error = g_error_copy (error);
  fail_watchers (self);
  return DENIED_S;
}

static guint
accept (DnsName *self, const DnsResult *result)
{
  g_autoptr (MicroService) service = NULL;

  /* Servers turn the order of records for clients that take the first. */
  g_ptr_array_sort (result->nodes, dns_names_compare_nodes);
  service = micro_service_new (self->name, "", NULL, NULL, result->nodes);
  self->had_srv = result->srv;
  set_service (self, service);
  return MAX (result->ttl_s, MIN_TTL_S);
}

static void
on_result (const DnsResult *result, gpointer user_data)
{
  DnsName *self = user_data;
  gboolean sure = result->error == NULL
                  || g_error_matches (result->error, MICRO_ERROR, MICRO_STATUS_NOT_FOUND);
  guint seconds;

  self->lookup = NULL;
  g_clear_error (&self->error);
  if (sure)
    self->backoff_s = 0;
  if (result->error == NULL)
    seconds = accept (self, result);
  else if (sure)
    seconds = deny (self, result->error);
  else
    seconds = bridge (self, result->error);
  self->expires_us = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  dns_names_start_timer (self);
  answer_all (self);
}

static void
dns_names_ask (DnsName *self)
{
  if (self->lookup != NULL)
    return;
  dns_names_stop_timer (self);
  self->asked_us = g_get_monotonic_time ();
  self->lookup = dns_lookup_start (&self->registry->settings, self->name, self->address,
                                   self->want_srv, self->had_srv, on_result, self);
}

/* Nobody wants to know any more. */
static void
rest (DnsName *self)
{
  if (self->watchers->len > 0)
    return;
  dns_names_stop_timer (self);
  if (self->waiting->len == 0)
    g_clear_pointer (&self->lookup, dns_lookup_cancel);
}

/* --- What the registry calls --- */

gboolean
dns_name_is_fresh (DnsName *self)
{
  return self->literal || self->expires_us > g_get_monotonic_time ();
}

void
dns_name_wait (DnsName *self, GTask *task, GCancellableSourceFunc on_cancelled)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiting waiting = { g_object_ref (task), NULL };

  if (cancellable != NULL)
    {
      waiting.cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiting.cancel, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (waiting.cancel, self->registry->context);
    }
  g_array_append_val (self->waiting, waiting);
  self->wanted_us = g_get_monotonic_time ();
  dns_names_ask (self);
}

void
dns_name_drop_waiting (DnsName *self, GTask *task)
{
  for (guint i = 0; i < self->waiting->len; i++)
    {
      Waiting *waiting = &g_array_index (self->waiting, Waiting, i);

      if (waiting->task != task)
        continue;
      g_task_return_error_if_cancelled (task);
      waiting_clear (waiting);
      g_array_remove_index (self->waiting, i);
      rest (self);
      return;
    }
}

void
dns_name_add_watcher (DnsName *self, MicroWatcher *watcher)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->watcher = watcher;
  g_weak_ref_init (&watch->alive, watcher);
  g_ptr_array_add (self->watchers, watch);
  self->wanted_us = g_get_monotonic_time ();
  if (self->service != NULL || (dns_name_is_fresh (self) && self->error != NULL))
    {
      tell_watchers (self, FALSE);
      if (self->lookup == NULL)
        dns_names_start_timer (self);
    }
  else
    dns_names_ask (self);
}

void
dns_name_drop_watcher (DnsName *self, gpointer watcher)
{
  for (guint i = 0; i < self->watchers->len; i++)
    if (((Watch *) g_ptr_array_index (self->watchers, i))->watcher == watcher)
      {
        g_ptr_array_remove_index (self->watchers, i);
        rest (self);
        return;
      }
}

void
dns_names_distrust (DnsRegistry *registry, const char *address)
{
  gint64 now_us = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, registry->names);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      DnsName *name = value;
      GPtrArray *nodes = name->service != NULL ? micro_service_get_nodes (name->service) : NULL;

      if (nodes == NULL || name->literal || name->watchers->len == 0
          || now_us - name->asked_us < MIN_DISTRUST_US)
        continue;
      for (guint i = 0; i < nodes->len; i++)
        if (g_str_equal (micro_node_get_address (nodes->pdata[i]), address))
          {
            dns_names_ask (name);
            break;
          }
    }
}

static void
dns_names_watch_free (gpointer data)
{
  Watch *self = data;

  g_weak_ref_clear (&self->alive);
  g_free (self);
}

/* --- The table --- */

static void
dns_name_free (gpointer data)
{
  DnsName *self = data;

  dns_names_stop_timer (self);
  g_clear_pointer (&self->lookup, dns_lookup_cancel);
  g_clear_pointer (&self->service, micro_service_unref);
  g_clear_error (&self->error);
  g_ptr_array_unref (self->watchers);
  g_array_unref (self->waiting);
  g_free (self->address);
  g_free (self->name);
  g_free (self);
}

static gboolean
is_dispensable (gpointer key, gpointer value, gpointer user_data)
{
  DnsName *self = value;

  return self->watchers->len == 0 && self->waiting->len == 0
         && (self->literal || !dns_name_is_fresh (self));
}

GHashTable *
dns_names_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, dns_name_free);
}

DnsName *
dns_names_find (DnsRegistry *registry, const char *name)
{
  return g_hash_table_lookup (registry->names, name);
}

/* An address needs no look-up: it is its own node. */
static void
take_literally (DnsName *self)
{
  g_autoptr (GPtrArray) nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_node_unref);

  self->literal = TRUE;
  g_ptr_array_add (nodes, micro_node_new (self->address, self->address, NULL));
  self->service = micro_service_new (self->name, "", NULL, NULL, nodes);
}

static gboolean
is_literal (const char *address)
{
  const char *colon = strrchr (address, ':');
  g_autofree char *host = g_strndup (address, (gsize) (colon - address));

  return g_str_has_prefix (address, "unix:") || host[0] == '[' || g_hostname_is_ip_address (host);
}

DnsName *
dns_names_get (DnsRegistry *registry, const char *name, GError **error)
{
  DnsName *self = dns_names_find (registry, name);
  g_autofree char *address = NULL;

  if (self != NULL)
    return self;
  address = selector_target_make (&registry->target, name, error);
  if (address == NULL)
    return NULL;
  if (registry->context == NULL)
    g_atomic_pointer_set (&registry->context, g_main_context_ref_thread_default ());
  if (g_hash_table_size (registry->names) >= MANY_NAMES)
    g_hash_table_foreach_remove (registry->names, is_dispensable, NULL);
  self = g_new0 (DnsName, 1);
  self->registry = registry;
  self->name = g_strdup (name);
  self->address = g_steal_pointer (&address);
  /* Who names a port means that one. */
  self->want_srv = strchr (name, ':') == NULL;
  self->watchers = g_ptr_array_new_with_free_func (dns_names_watch_free);
  self->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  if (is_literal (self->address))
    take_literally (self);
  g_hash_table_insert (registry->names, self->name, self);
  return self;
}
