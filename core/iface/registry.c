/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The registry interface's wrappers: arguments, missing slots, and what may be returned.
 */
#include "config.h"

#include "iface/contract.h"
#include <micro/micro-registry.h>

G_DEFINE_INTERFACE (MicroRegistry, micro_registry, G_TYPE_OBJECT)

static gboolean
registry_finish_boolean (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static GPtrArray *
finish_array (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static MicroWatcher *
finish_watcher (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
micro_registry_default_init (MicroRegistryInterface *iface)
{
  iface->register_finish = registry_finish_boolean;
  iface->deregister_finish = registry_finish_boolean;
  iface->get_service_finish = finish_array;
  iface->list_services_finish = finish_array;
  iface->watch_finish = finish_watcher;
  iface->diagnose_finish = finish_array;
}

static void
not_supported (MicroRegistry *self, GAsyncReadyCallback callback, gpointer user_data, gpointer tag)
{
  g_task_report_new_error (self, callback, user_data, tag, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "%s cannot do this: choose another registry", G_OBJECT_TYPE_NAME (self));
}

/**
 * micro_registry_register_async:
 * @self: a registry
 * @service: (transfer none): the nodes to add or replace, and what they are
 * @ttl_s: how long they stay without being registered again, in seconds; 0 for ever
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Announces the nodes of a service.  On the registry's loop thread; completes in its context.
 */
void
micro_registry_register_async (MicroRegistry *self,
                               MicroService *service,
                               guint ttl_s,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  MicroRegistryInterface *iface = MICRO_REGISTRY_GET_IFACE (self);

  g_return_if_fail (service != NULL);
  if (iface->register_async == NULL)
    not_supported (self, callback, user_data, micro_registry_register_async);
  else
    iface->register_async (self, service, ttl_s, cancellable, callback, user_data);
}

/**
 * micro_registry_register_finish:
 * @self: a registry
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
micro_registry_register_finish (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  gboolean got;

  if (g_async_result_is_tagged (result, micro_registry_register_async))
    {
      g_task_propagate_pointer (G_TASK (result), error);
      return FALSE;
    }
  got = MICRO_REGISTRY_GET_IFACE (self)->register_finish (self, result, &local);
  return micro_keep_boolean (self, got, local, error);
}

/**
 * micro_registry_deregister_async:
 * @self: a registry
 * @service: (transfer none): names the nodes to remove
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Takes nodes back. What is not there is no error.  On the registry's loop thread; completes in its
 * context.
 */
void
micro_registry_deregister_async (MicroRegistry *self,
                                 MicroService *service,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  MicroRegistryInterface *iface = MICRO_REGISTRY_GET_IFACE (self);

  g_return_if_fail (service != NULL);
  if (iface->deregister_async == NULL)
    not_supported (self, callback, user_data, micro_registry_deregister_async);
  else
    iface->deregister_async (self, service, cancellable, callback, user_data);
}

/**
 * micro_registry_deregister_finish:
 * @self: a registry
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
micro_registry_deregister_finish (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  gboolean got;

  if (g_async_result_is_tagged (result, micro_registry_deregister_async))
    {
      g_task_propagate_pointer (G_TASK (result), error);
      return FALSE;
    }
  got = MICRO_REGISTRY_GET_IFACE (self)->deregister_finish (self, result, &local);
  return micro_keep_boolean (self, got, local, error);
}

/**
 * micro_registry_get_service_async:
 * @self: a registry
 * @name: of the service
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Looks a service up.  On the registry's loop thread; completes in its context.
 */
void
micro_registry_get_service_async (MicroRegistry *self,
                                  const char *name,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  MicroRegistryInterface *iface = MICRO_REGISTRY_GET_IFACE (self);

  g_return_if_fail (name != NULL);
  if (iface->get_service_async == NULL)
    not_supported (self, callback, user_data, micro_registry_get_service_async);
  else
    iface->get_service_async (self, name, cancellable, callback, user_data);
}

/**
 * micro_registry_get_service_finish:
 * @self: a registry
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: (transfer container) (element-type MicroService): one record a version;
 * %MICRO_STATUS_NOT_FOUND if there is none
 */
GPtrArray *
micro_registry_get_service_finish (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  GPtrArray *got;

  if (g_async_result_is_tagged (result, micro_registry_get_service_async))
    {
      g_task_propagate_pointer (G_TASK (result), error);
      return NULL;
    }
  got = MICRO_REGISTRY_GET_IFACE (self)->get_service_finish (self, result, &local);
  return micro_keep_contract (self, got, local, error);
}

/**
 * micro_registry_list_services_async:
 * @self: a registry
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Looks all services up.  On the registry's loop thread; completes in its context.
 */
void
micro_registry_list_services_async (MicroRegistry *self,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  MicroRegistryInterface *iface = MICRO_REGISTRY_GET_IFACE (self);

  g_return_if_fail (TRUE);
  if (iface->list_services_async == NULL)
    not_supported (self, callback, user_data, micro_registry_list_services_async);
  else
    iface->list_services_async (self, cancellable, callback, user_data);
}

/**
 * micro_registry_list_services_finish:
 * @self: a registry
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: (transfer container) (element-type MicroService): one record a service and version
 */
GPtrArray *
micro_registry_list_services_finish (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  GPtrArray *got;

  if (g_async_result_is_tagged (result, micro_registry_list_services_async))
    {
      g_task_propagate_pointer (G_TASK (result), error);
      return NULL;
    }
  got = MICRO_REGISTRY_GET_IFACE (self)->list_services_finish (self, result, &local);
  return micro_keep_contract (self, got, local, error);
}

/**
 * micro_registry_watch_async:
 * @self: a registry
 * @name: (nullable): of the service, %NULL for all
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Watches; what is there comes first.  On the registry's loop thread; completes in its context.
 */
void
micro_registry_watch_async (MicroRegistry *self,
                            const char *name,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  MicroRegistryInterface *iface = MICRO_REGISTRY_GET_IFACE (self);

  g_return_if_fail (TRUE);
  if (iface->watch_async == NULL)
    not_supported (self, callback, user_data, micro_registry_watch_async);
  else
    iface->watch_async (self, name, cancellable, callback, user_data);
}

/**
 * micro_registry_watch_finish:
 * @self: a registry
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: (transfer full): the watcher
 */
MicroWatcher *
micro_registry_watch_finish (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  MicroWatcher *got;

  if (g_async_result_is_tagged (result, micro_registry_watch_async))
    {
      g_task_propagate_pointer (G_TASK (result), error);
      return NULL;
    }
  got = MICRO_REGISTRY_GET_IFACE (self)->watch_finish (self, result, &local);
  return micro_keep_contract (self, got, local, error);
}

/**
 * micro_registry_diagnose_async:
 * @self: a registry
 * @cancellable: (nullable): gives up
 * @callback: told of the end
 * @user_data: for @callback
 *
 * Looks at each thing that the registry depends on.  On the registry's loop thread; completes in
 * its context.
 */
void
micro_registry_diagnose_async (MicroRegistry *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  MicroRegistryInterface *iface = MICRO_REGISTRY_GET_IFACE (self);

  if (iface->diagnose_async == NULL)
    not_supported (self, callback, user_data, micro_registry_diagnose_async);
  else
    iface->diagnose_async (self, cancellable, callback, user_data);
}

/**
 * micro_registry_diagnose_finish:
 * @self: a registry
 * @result: what the call-back got
 * @error: return location
 *
 * Returns: (transfer container) (element-type MicroFinding): what was found, in the order of
 * looking; %G_IO_ERROR_NOT_SUPPORTED from a registry that depends on nothing
 */
GPtrArray *
micro_registry_diagnose_finish (MicroRegistry *self, GAsyncResult *result, GError **error)
{
  GError *local = NULL;
  GPtrArray *got;

  if (g_async_result_is_tagged (result, micro_registry_diagnose_async))
    {
      g_task_propagate_pointer (G_TASK (result), error);
      return NULL;
    }
  got = MICRO_REGISTRY_GET_IFACE (self)->diagnose_finish (self, result, &local);
  return micro_keep_contract (self, got, local, error);
}

/**
 * micro_registry_get_config_source:
 * @self: a registry
 * @name: of a group of settings that is kept beside the records, such as a ConfigMap; perhaps with
 *   a namespace and a slash before it
 * @error: return location
 *
 * Returns: (transfer full): the settings in it, to be used on the registry's thread; it keeps
 *   @self.  An error is about @name or how the registry was set up; whether there is such a group
 *   turns out later.
 */
MicroConfigSource *
micro_registry_get_config_source (MicroRegistry *self, const char *name, GError **error)
{
  MicroRegistryInterface *iface;

  g_return_val_if_fail (MICRO_IS_REGISTRY (self) && name != NULL, NULL);
  iface = MICRO_REGISTRY_GET_IFACE (self);
  if (iface->get_config_source != NULL)
    return iface->get_config_source (self, name, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "the registry %s keeps no settings; --registry=kubernetes does",
               G_OBJECT_TYPE_NAME (self));
  return NULL;
}

/**
 * micro_registry_get_renew_interval:
 * @self: a registry
 * @asked_s: how often the operator asks for it, in seconds; 0: never
 *
 * Any thread.
 *
 * Returns: how often a record is to be registered again, in seconds; 0: never
 */
guint
micro_registry_get_renew_interval (MicroRegistry *self, guint asked_s)
{
  MicroRegistryInterface *iface;

  g_return_val_if_fail (MICRO_IS_REGISTRY (self), asked_s);
  iface = MICRO_REGISTRY_GET_IFACE (self);
  return iface->get_renew_interval != NULL ? iface->get_renew_interval (self, asked_s) : asked_s;
}

/**
 * micro_registry_is_local:
 * @self: a registry
 *
 * Any thread.
 *
 * Returns: whether its services are all of this machine, so that loopback addresses are good ones
 */
gboolean
micro_registry_is_local (MicroRegistry *self)
{
  MicroRegistryInterface *iface;

  g_return_val_if_fail (MICRO_IS_REGISTRY (self), FALSE);
  iface = MICRO_REGISTRY_GET_IFACE (self);
  return iface->is_local != NULL && iface->is_local (self);
}
