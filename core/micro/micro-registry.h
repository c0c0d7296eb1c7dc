/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: where services announce themselves and are found.
 */
#pragma once

#include <micro/micro-config-source.h>
#include <micro/micro-finding.h>
#include <micro/micro-service.h>
#include <micro/micro-watcher.h>

G_BEGIN_DECLS

#define MICRO_TYPE_REGISTRY (micro_registry_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroRegistry, micro_registry, MICRO, REGISTRY, GObject)

/**
 * MicroRegistryInterface:
 * @register_async: mandatory; adds or replaces the nodes of a service; @ttl_s 0 means for ever
 * @deregister_async: mandatory; removes the nodes that the record names
 * @get_service_async: mandatory; one record a version, %MICRO_STATUS_NOT_FOUND if there is none
 * @list_services_async: mandatory; one record a service and version, with nodes
 * @watch_async: (nullable): what one service is, now and after each change, each time the whole
 *   of it: the first event of a service comes in any case, a snapshot or that there is none, as
 * soon as the registry knows.  When @name is %NULL, what every service is: those that are there
 * first. A watcher that cannot know fails; it is opened again
 * @diagnose_async: (nullable): looks at each thing that the registry depends on, and changes none;
 *   what is wrong is a #MicroFinding and no error
 * @get_config_source: (nullable): settings that are kept beside the records
 * @get_renew_interval: (nullable): how often, in seconds, it wants a record to be registered again
 *   where the operator has asked for every @asked_s; 0: never; %NULL: as asked
 * @is_local: (nullable): whether its services are all of this machine; %NULL: they are not
 *
 * An array that a *_finish gives is a new one, and frees what is in it.
 *
 * All are called on the loop thread that owns the registry and complete in its context.  A
 * registry that completes them with a GTask needs no *_finish of its own.
 * A slot left %NULL means "not supported".
 */
struct _MicroRegistryInterface
{
  GTypeInterface parent_iface;

  void (*register_async) (MicroRegistry *self,
                          MicroService *service,
                          guint ttl_s,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  gboolean (*register_finish) (MicroRegistry *self, GAsyncResult *result, GError **error);
  void (*deregister_async) (MicroRegistry *self,
                            MicroService *service,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
  gboolean (*deregister_finish) (MicroRegistry *self, GAsyncResult *result, GError **error);
  void (*get_service_async) (MicroRegistry *self,
                             const char *name,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
  GPtrArray *(*get_service_finish) (MicroRegistry *self, GAsyncResult *result, GError **error);
  void (*list_services_async) (MicroRegistry *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
  GPtrArray *(*list_services_finish) (MicroRegistry *self, GAsyncResult *result, GError **error);
  void (*watch_async) (MicroRegistry *self,
                       const char *name,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  MicroWatcher *(*watch_finish) (MicroRegistry *self, GAsyncResult *result, GError **error);
  void (*diagnose_async) (MicroRegistry *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  GPtrArray *(*diagnose_finish) (MicroRegistry *self, GAsyncResult *result, GError **error);
  MicroConfigSource *(*get_config_source) (MicroRegistry *self, const char *name, GError **error);
  guint (*get_renew_interval) (MicroRegistry *self, guint asked_s);
  gboolean (*is_local) (MicroRegistry *self);

  /*< private >*/
  gpointer reserved[8];
};

MICRO_API void micro_registry_register_async (MicroRegistry *self,
                                              MicroService *service,
                                              guint ttl_s,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
MICRO_API gboolean micro_registry_register_finish (MicroRegistry *self,
                                                   GAsyncResult *result,
                                                   GError **error);
MICRO_API void micro_registry_deregister_async (MicroRegistry *self,
                                                MicroService *service,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data);
MICRO_API gboolean micro_registry_deregister_finish (MicroRegistry *self,
                                                     GAsyncResult *result,
                                                     GError **error);
MICRO_API void micro_registry_get_service_async (MicroRegistry *self,
                                                 const char *name,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data);
MICRO_API GPtrArray *
micro_registry_get_service_finish (MicroRegistry *self, GAsyncResult *result, GError **error);
MICRO_API void micro_registry_list_services_async (MicroRegistry *self,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
MICRO_API GPtrArray *
micro_registry_list_services_finish (MicroRegistry *self, GAsyncResult *result, GError **error);
MICRO_API void micro_registry_watch_async (MicroRegistry *self,
                                           const char *name,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
MICRO_API MicroWatcher *
micro_registry_watch_finish (MicroRegistry *self, GAsyncResult *result, GError **error);
MICRO_API void micro_registry_diagnose_async (MicroRegistry *self,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
MICRO_API GPtrArray *
micro_registry_diagnose_finish (MicroRegistry *self, GAsyncResult *result, GError **error);
MICRO_API guint micro_registry_get_renew_interval (MicroRegistry *self, guint asked_s);
MICRO_API gboolean micro_registry_is_local (MicroRegistry *self);
MICRO_API MicroConfigSource *
micro_registry_get_config_source (MicroRegistry *self, const char *name, GError **error);

G_END_DECLS
