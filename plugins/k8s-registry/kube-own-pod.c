/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Our own pod: its labels and annotations say what this process serves, and go on saying it.
 */
#include "config.h"

#include <string.h>

#include "../common/kube-clock.h"
#include "../common/kube-reflector.h"
#include "k8s-explain.h"
#include "kube-own-pod.h"
#include "kube-record.h"
#include "kube-template.h"
#include "kube-waiting.h"

/* Somebody who replaces labels in two steps is given the time for the second. */
#define RESTORE_MS 1000
#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 30000
/* A watch that lives says that our keys are there; this is the net below it. */
#define VERIFY_US (300 * G_USEC_PER_SEC)
/* How long a refusal is believed: permissions may be granted, a bad request stays one. */
#define FORBIDDEN_US (5 * G_USEC_PER_SEC)
#define REFUSED_US (300 * G_USEC_PER_SEC)

struct _KubeOwnPod
{
  GObject parent_instance;

  KubeClient *client;
  KubeIdentity *identity;
  gboolean is_static;
  GCancellable *cancellable;
  KubeRecords *records;
  char *path;

  guint generation; /* of what is wanted */
  guint sent;       /* of the patch that runs */
  guint done;       /* of the last that was taken */
  gboolean running;
  KubeWaiting *waiting;
  GSource *timer;
  guint failures;
  gint64 verified_us;
  gint64 refused_until_us;
  GError *refusal;

  KubeReflector *reflector; /* of this one pod */
  gboolean seen;            /* what follows is what it has now */
  gboolean deleting;
  GHashTable *labels, *annotations;
};

G_DEFINE_FINAL_TYPE (KubeOwnPod, kube_own_pod, G_TYPE_OBJECT)

static void send_patch (KubeOwnPod *self);

static GHashTable *
own_pod_new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* --- What the pod has --- */

static gboolean
contains_all (GHashTable *present, GHashTable *wanted)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, wanted);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_strcmp0 (g_hash_table_lookup (present, key), value) != 0)
      return FALSE;
  return TRUE;
}

static gboolean
is_as_wanted (KubeOwnPod *self)
{
  g_autoptr (GHashTable) labels = kube_records_get_labels (self->records);
  g_autoptr (GHashTable) annotations = kube_records_get_annotations (self->records);

  return contains_all (self->labels, labels) && contains_all (self->annotations, annotations);
}

/* Labels of services that another container of the pod, or its template, has put there. */
static gboolean
has_others (KubeOwnPod *self)
{
  g_autoptr (GHashTable) ours = kube_records_get_annotations (self->records);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->annotations);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (g_str_has_prefix (key, KUBE_ANNOTATION_SERVICE) && !g_hash_table_contains (ours, key)
        && !kube_records_is_removed (self->records, key))
      return TRUE;
  return FALSE;
}

static void
own_pod_stop_timer (KubeOwnPod *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static gboolean
own_pod_on_timer (gpointer user_data)
{
  KubeOwnPod *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  if (!self->seen || !is_as_wanted (self))
    {
      if (self->seen && self->failures == 0)
        g_message ("somebody has removed our labels or annotations from the pod %s/%s; putting "
                   "them back",
                   self->identity->namespace_, self->identity->name);
      self->generation++;
      if (!self->running)
        send_patch (self);
    }
  return G_SOURCE_REMOVE;
}

static void
patch_in (KubeOwnPod *self, guint ms)
{
  own_pod_stop_timer (self);
  self->timer = kube_clock_wait (ms);
  g_source_set_callback (self->timer, own_pod_on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static void
take_pod (const char *json, gsize length, gpointer user_data)
{
  KubeOwnPod *self = user_data;
  g_autoptr (GHashTable) labels = own_pod_new_table ();
  g_autoptr (GHashTable) annotations = own_pod_new_table ();
  g_autofree char *uid = NULL;
  gboolean deleting;

  if (!kube_records_read_pod (json, length, labels, annotations, &uid, &deleting))
    return;
  /* A later pod of our name: we are what is left of the former. */
  if (self->identity->uid != NULL && strcmp (self->identity->uid, uid) != 0)
    return;
  self->seen = TRUE;
  self->deleting = deleting;
  g_hash_table_unref (self->labels);
  self->labels = g_steal_pointer (&labels);
  g_hash_table_unref (self->annotations);
  self->annotations = g_steal_pointer (&annotations);
  if (deleting || self->running || self->is_static || self->done == 0 || is_as_wanted (self))
    return;
  /* It may as well be news that are older than our last patch. */
  if (self->timer == NULL)
    patch_in (self, RESTORE_MS);
}

static void
own_pod_take_event (KubeEventKind kind, const char *json, gsize length, gpointer user_data)
{
  KubeOwnPod *self = user_data;

  if (kind == KUBE_EVENT_DELETED)
    self->seen = FALSE;
  else
    take_pod (json, length, user_data);
}

static void
ignore_list (gpointer user_data)
{
}

static void
own_pod_ignore_end (gboolean complete, gpointer user_data)
{
}

static void
ignore_trouble (const KubeReply *reply, const GError *error, gpointer user_data)
{
  if (reply != NULL || error != NULL)
    g_debug ("our own pod cannot be watched: %s", reply != NULL ? reply->message : error->message);
}

static void
own_pod_watch (KubeOwnPod *self)
{
  static const KubeReflectorFuncs funcs
      = { ignore_list,        take_pod,    NULL,           own_pod_ignore_end,
          own_pod_take_event, ignore_list, ignore_trouble, NULL };
  g_autofree char *path = NULL;
  g_autofree char *query = NULL;

  if (self->reflector != NULL)
    return;
  path = g_strdup_printf ("/api/v1/namespaces/%s/pods", self->identity->namespace_);
  query = g_strdup_printf ("fieldSelector=metadata.name%%3D%s", self->identity->name);
  self->reflector = kube_reflector_new (self->client, path, query, &funcs, self);
  kube_reflector_start (self->reflector);
}

/* --- Patching --- */

static void
remember_refusal (KubeOwnPod *self, const KubeReply *reply, const GError *error)
{
  gint64 for_us = 0;

  if (reply->status == 403 || reply->status == 404)
    for_us = FORBIDDEN_US;
  else if (reply->status == 400 || reply->status == 415 || reply->status == 422)
    for_us = REFUSED_US;
  g_clear_error (&self->refusal);
  if (for_us == 0)
    return;
  self->refusal = g_error_copy (error);
  self->refused_until_us = kube_clock_get_time () + for_us;
}

static void
patch_failed (KubeOwnPod *self, const KubeReply *reply, GError *error)
{
  g_autoptr (GError) own = NULL;
  guint ms;

  if (reply != NULL)
    {
      error = own = k8s_explain_patch (reply, self->identity);
      remember_refusal (self, reply, error);
    }
  kube_waiting_tell (self->waiting, self->sent, error);
  /* Who registers tries again by itself; what was lost since then is for us to put back. */
  if (self->done == 0 || kube_records_get_size (self->records) == 0 || self->deleting)
    return;
  ms = MIN (RETRY_FIRST_MS << MIN (self->failures, 10), RETRY_MOST_MS);
  self->failures++;
  patch_in (self, MAX (ms, reply != NULL ? reply->retry_after_ms : 0)
                      + (guint) g_random_int_range (0, (gint32) ms));
}

static void
patch_taken (KubeOwnPod *self, const KubeReply *reply)
{
  self->done = self->sent;
  self->failures = 0;
  self->verified_us = kube_clock_get_time ();
  g_clear_error (&self->refusal);
  if (self->sent == self->generation)
    kube_records_patched (self->records);
  if (self->identity->uid == NULL)
    {
      KubeEntry *entry = kube_map_identity (reply->body, reply->length);

      if (entry != NULL)
        self->identity->uid = g_strdup (entry->uid);
      kube_entry_free (entry);
    }
  take_pod (reply->body, reply->length, self);
  kube_waiting_tell (self->waiting, self->done, NULL);
  if (kube_records_get_size (self->records) > 0)
    own_pod_watch (self);
  else
    g_clear_pointer (&self->reflector, kube_reflector_free);
}

static void
on_patched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KubeOwnPod) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeReply) reply = kube_client_request_finish (KUBE_CLIENT (source), result, &error);

  self->running = FALSE;
  if (reply != NULL && reply->status >= 200 && reply->status < 300)
    patch_taken (self, reply);
  else if (reply != NULL && reply->status == 404 && kube_records_get_size (self->records) == 0)
    kube_waiting_tell (self->waiting, self->sent,
                       NULL); /* what is to be removed is gone with its pod */
  else
    patch_failed (self, reply, error);
  if (self->sent != self->generation && !g_cancellable_is_cancelled (self->cancellable))
    send_patch (self);
}

static void
send_patch (KubeOwnPod *self)
{
  g_autofree char *patch
      = kube_records_make_patch (self->records, self->identity->uid, has_others (self));

  own_pod_stop_timer (self);
  self->running = TRUE;
  self->sent = self->generation;
  kube_client_request_async (self->client, "PATCH", self->path, "application/merge-patch+json",
                             patch, self->cancellable, on_patched, g_object_ref (self));
}

static void
change (KubeOwnPod *self, GTask *task)
{
  self->generation++;
  kube_waiting_add (self->waiting, task, self->generation);
  if (!self->running)
    send_patch (self);
}

/* --- Records of the pod template --- */

static GError *
explain_template (KubeOwnPod *self, const char *what)
{
  g_autofree char *template = kube_template_print (self->records);

  return g_error_new (
      MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
      "the pod %s/%s %s; with --registry-register=static its template must have\n%s",
      self->identity->namespace_, self->identity->name, what, template);
}

/* Others find us whether or not this process can ask: only what is known to be wrong counts. */
static void
own_pod_on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KubeOwnPod *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeReply) reply = kube_client_request_finish (KUBE_CLIENT (source), result, &error);
  g_autofree char *fault = NULL;

  if (reply != NULL && reply->status == 404)
    {
      g_task_return_error (task, k8s_explain_patch (reply, self->identity));
      return;
    }
  if (reply == NULL || reply->status != 200)
    {
      g_debug ("the pod %s/%s cannot be looked at (%s); its template is trusted",
               self->identity->namespace_, self->identity->name,
               reply != NULL ? reply->message : error->message);
      g_task_return_boolean (task, TRUE);
      return;
    }
  take_pod (reply->body, reply->length, self);
  fault = kube_template_find_fault (self->records, self->labels, self->annotations);
  self->verified_us = fault == NULL ? kube_clock_get_time () : 0;
  if (fault == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, explain_template (self, fault));
}

static void
look_at_template (KubeOwnPod *self, GTask *task, gboolean known)
{
  if (known && self->verified_us != 0 && kube_clock_get_time () - self->verified_us < VERIFY_US)
    g_task_return_boolean (task, TRUE);
  else
    kube_client_request_async (self->client, "GET", self->path, NULL, NULL,
                               g_task_get_cancellable (task), own_pod_on_found,
                               g_object_ref (task));
}

/* --- What the registry calls --- */

/* Whether the pod is known to have it, so that nothing need be asked. */
static gboolean
is_verified (KubeOwnPod *self)
{
  return self->done > 0 && self->sent == self->generation && !self->running && self->seen
         && self->reflector != NULL && kube_reflector_is_live (self->reflector)
         && kube_clock_get_time () - self->verified_us < VERIFY_US && is_as_wanted (self);
}

void
kube_own_pod_add_async (KubeOwnPod *self,
                        MicroService *service,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  gboolean known = kube_records_contains (self->records, service);
  GError *error = NULL;

  if (micro_service_get_nodes (service)->len == 0)
    g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                             "“%s” cannot be registered without a node",
                             micro_service_get_name (service));
  else if (!kube_records_add (self->records, service, &error))
    g_task_return_error (task, error);
  else if (self->is_static)
    look_at_template (self, task, known);
  else if (known && is_verified (self))
    g_task_return_boolean (task, TRUE);
  else if (known && self->refusal != NULL && kube_clock_get_time () < self->refused_until_us)
    g_task_return_error (task, g_error_copy (self->refusal));
  else
    change (self, g_steal_pointer (&task));
}

void
kube_own_pod_remove_async (KubeOwnPod *self,
                           MicroService *service,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  gboolean known = kube_records_contains (self->records, service);

  kube_records_remove (self->records, service);
  if (self->is_static || !known || (self->done == 0 && !self->running))
    g_task_return_boolean (task, TRUE);
  else
    change (self, g_steal_pointer (&task));
}

gboolean
kube_own_pod_finish (KubeOwnPod *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

const KubeIdentity *
kube_own_pod_get_identity (KubeOwnPod *self)
{
  return self->identity;
}

/* --- Life --- */

void
kube_own_pod_close (KubeOwnPod *self)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the registry was closed");

  own_pod_stop_timer (self);
  g_clear_pointer (&self->reflector, kube_reflector_free);
  g_cancellable_cancel (self->cancellable);
  kube_waiting_tell (self->waiting, G_MAXUINT, error);
}

static void
kube_own_pod_finalize (GObject *object)
{
  KubeOwnPod *self = KUBE_OWN_POD (object);

  g_clear_pointer (&self->reflector, kube_reflector_free);
  own_pod_stop_timer (self);
  g_clear_object (&self->client);
  kube_identity_free (self->identity);
  g_clear_object (&self->cancellable);
  kube_records_free (self->records);
  g_free (self->path);
  kube_waiting_free (self->waiting);
  g_clear_error (&self->refusal);
  g_hash_table_unref (self->labels);
  g_hash_table_unref (self->annotations);
  G_OBJECT_CLASS (kube_own_pod_parent_class)->finalize (object);
}

static void
kube_own_pod_class_init (KubeOwnPodClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kube_own_pod_finalize;
}

static void
kube_own_pod_init (KubeOwnPod *self)
{
  self->cancellable = g_cancellable_new ();
  self->waiting = kube_waiting_new ();
  self->labels = own_pod_new_table ();
  self->annotations = own_pod_new_table ();
}

KubeOwnPod *
kube_own_pod_new (KubeClient *client,
                  KubeIdentity *identity,
                  const char *container,
                  gboolean is_static)
{
  KubeOwnPod *self = g_object_new (KUBE_TYPE_OWN_POD, NULL);

  self->client = g_object_ref (client);
  self->identity = identity;
  self->is_static = is_static;
  self->records = kube_records_new (container);
  self->path
      = g_strdup_printf ("/api/v1/namespaces/%s/pods/%s", identity->namespace_, identity->name);
  return self;
}
