/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The plugin: services find each other through Kubernetes alone.
 */
#include "config.h"

#include <string.h>

#include "k8s-doctor.h"
#include "kube-config-map.h"

typedef struct
{
  GObjectClass parent_class;
} K8sRegistryClass;

static void k8s_registry_iface_init (MicroRegistryInterface *iface);

G_DEFINE_TYPE_WITH_CODE (K8sRegistry,
                         k8s_registry,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, k8s_registry_iface_init))

/* --- Starting --- */

/* The domain is ours for callers that ask for a gRPC status. */
static gboolean
start_or_fail (K8sRegistry *self, GTask *task)
{
  g_autoptr (GError) error = NULL;

  if (k8s_registry_start (self, &error))
    return TRUE;
  g_task_return_new_error (task, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION, "%s",
                           error->message);
  return FALSE;
}

/* --- Registering --- */

static void
k8s_registry_on_own_pod (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (kube_own_pod_finish (KUBE_OWN_POD (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
k8s_registry_register_async (MicroRegistry *registry,
                             MicroService *service,
                             guint ttl_s,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  K8sRegistry *self = (K8sRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  (void) ttl_s; /* the pod's life is the lease */
  if (start_or_fail (self, task))
    kube_own_pod_add_async (self->own_pod, service, cancellable, k8s_registry_on_own_pod,
                            g_steal_pointer (&task));
}

static void
k8s_registry_deregister_async (MicroRegistry *registry,
                               MicroService *service,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  K8sRegistry *self = (K8sRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  if (start_or_fail (self, task))
    kube_own_pod_remove_async (self->own_pod, service, cancellable, k8s_registry_on_own_pod,
                               g_steal_pointer (&task));
}

/* --- Looking up --- */

typedef struct
{
  char *name;         /* (nullable): all */
  guint id;           /* of the wait */
  GSource *cancelled; /* (nullable) */
} Lookup;

static void
lookup_free (gpointer data)
{
  Lookup *self = data;

  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  g_free (self->name);
  g_free (self);
}

/* Takes the reference that the wait held. */
static void
on_known (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  K8sRegistry *self = g_task_get_source_object (task);
  Lookup *lookup = g_task_get_task_data (task);
  GError *error = NULL;
  GPtrArray *services;

  if (lookup->cancelled != NULL)
    g_source_destroy (lookup->cancelled);
  if (lookup->name != NULL)
    services = kube_catalog_resolve (self->catalog, lookup->name, &error);
  else
    services = kube_catalog_list (self->catalog, &error);
  if (services != NULL)
    g_task_return_pointer (task, services, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static gboolean
k8s_registry_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  K8sRegistry *self = g_task_get_source_object (task);
  Lookup *lookup = g_task_get_task_data (task);

  kube_catalog_give_up (self->catalog, lookup->id);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
look_up (MicroRegistry *registry,
         const char *name,
         GCancellable *cancellable,
         GAsyncReadyCallback callback,
         gpointer user_data)
{
  K8sRegistry *self = (K8sRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Lookup *lookup = g_new0 (Lookup, 1);

  lookup->name = g_strdup (name);
  g_task_set_task_data (task, lookup, lookup_free);
  if (!start_or_fail (self, task))
    return;
  /* The wait, or its cancellation, has the reference. */
  lookup->id
      = kube_catalog_await (self->catalog, name, self->timeout_ms, on_known, g_object_ref (task));
  if (lookup->id == 0 || cancellable == NULL)
    return;
  lookup->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (lookup->cancelled, G_SOURCE_FUNC (k8s_registry_on_cancelled), task, NULL);
  g_source_attach (lookup->cancelled, g_task_get_context (task));
}

static void
k8s_registry_list_services_async (MicroRegistry *registry,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  look_up (registry, NULL, cancellable, callback, user_data);
}

static void
k8s_registry_watch_async (MicroRegistry *registry,
                          const char *name,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  K8sRegistry *self = (K8sRegistry *) registry;
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  if (start_or_fail (self, task))
    g_task_return_pointer (task, kube_catalog_watch (self->catalog, name, self->timeout_ms),
                           g_object_unref);
}

/* --- Settings --- */

/* RFC 1123's subdomain: what Kubernetes names things by. */
static gboolean
k8s_registry_is_name (const char *text)
{
  return *text != '\0' && strlen (text) <= 253
         && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen (text);
}

static MicroConfigSource *
k8s_registry_get_config_source (MicroRegistry *registry, const char *name, GError **error)
{
  K8sRegistry *self = (K8sRegistry *) registry;
  const char *slash = strchr (name, '/');
  g_autofree char *namespace_ = slash != NULL ? g_strndup (name, slash - name) : NULL;
  const char *own = slash != NULL ? slash + 1 : name;

  if (!k8s_registry_is_name (own) || (namespace_ != NULL && !k8s_registry_is_name (namespace_)))
    {
      g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                   "“%s” names no ConfigMap; write NAME or NAMESPACE/NAME", name);
      return NULL;
    }
  if (!k8s_registry_start (self, error))
    return NULL;
  if (namespace_ == NULL)
    namespace_ = g_strdup (kube_client_get_config (self->client)->namespace_);
  return kube_config_map_new (self->client, G_OBJECT (self), namespace_, own);
}

/* --- The object --- */

static void
k8s_registry_finalize (GObject *object)
{
  K8sRegistry *self = (K8sRegistry *) object;

  if (self->own_pod != NULL)
    kube_own_pod_close (self->own_pod);
  g_clear_object (&self->own_pod);
  g_clear_pointer (&self->catalog, kube_catalog_free);
  g_clear_object (&self->client);
  k8s_options_free (self);
  G_OBJECT_CLASS (k8s_registry_parent_class)->finalize (object);
}

static void
k8s_registry_class_init (K8sRegistryClass *class)
{
  GObjectClass *klass = G_OBJECT_CLASS (class);

  klass->finalize = k8s_registry_finalize;
  k8s_options_install (klass);
}

static void
k8s_registry_init (K8sRegistry *self)
{
}

static void
k8s_registry_iface_init (MicroRegistryInterface *iface)
{
  iface->register_async = k8s_registry_register_async;
  iface->deregister_async = k8s_registry_deregister_async;
  iface->get_service_async = look_up;
  iface->list_services_async = k8s_registry_list_services_async;
  iface->watch_async = k8s_registry_watch_async;
  iface->diagnose_async = k8s_doctor_async;
  iface->get_config_source = k8s_registry_get_config_source;
}

MICRO_PLUGIN_DEFINE (k8s_registry,
                     .name = "k8s",
                     .summary = "the cluster's own API: pods and EndpointSlices",
                     .version = PACKAGE_VERSION,
                     .license = "Apache-2.0",
                     .get_type = k8s_registry_get_type,
                     .alias = "kubernetes")
