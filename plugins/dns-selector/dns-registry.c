/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What DNS says of each name: asked once for all who wait, kept for its TTL, asked again while
 * somebody watches.
 */
#include "config.h"

#include "dns-names.h"

static void dns_registry_iface_init (MicroRegistryInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DnsRegistry,
                               dns_registry,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MICRO_TYPE_REGISTRY, dns_registry_iface_init))

/* --- Getting --- */

static gboolean
dns_registry_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  DnsRegistry *self = g_task_get_source_object (task);
  DnsName *name = dns_names_find (self, g_task_get_task_data (task));

  if (name != NULL)
    dns_name_drop_waiting (name, task);
  return G_SOURCE_REMOVE;
}

static void
dns_registry_get_service_async (MicroRegistry *registry,
                                const char *name,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  DnsRegistry *self = DNS_REGISTRY (registry);
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);
  GError *error = NULL;
  DnsName *entry;

  g_task_set_source_tag (task, dns_registry_get_service_async);
  g_task_set_task_data (task, g_strdup (name), g_free);
  if (g_task_return_error_if_cancelled (task))
    return;
  entry = dns_names_get (self, name, &error);
  if (entry == NULL)
    g_task_return_error (task, error);
  else if (dns_name_is_fresh (entry))
    dns_name_answer (entry, task);
  else
    dns_name_wait (entry, task, dns_registry_on_cancelled);
}

/* --- Watching --- */

typedef struct
{
  DnsRegistry *registry;
  char *name;
  gpointer watcher; /* to compare with */
} Stop;

static gboolean
stop_here (gpointer user_data)
{
  Stop *stop = user_data;
  DnsName *name = dns_names_find (stop->registry, stop->name);

  if (name != NULL)
    dns_name_drop_watcher (name, stop->watcher);
  g_object_unref (stop->registry);
  g_free (stop->name);
  g_free (stop);
  return G_SOURCE_REMOVE;
}

static void
on_stopped (gpointer user_data)
{
  Stop *stop = user_data;

  g_main_context_invoke (stop->registry->context, stop_here, stop);
}

static void
dns_registry_watch_async (MicroRegistry *registry,
                          const char *name,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  DnsRegistry *self = DNS_REGISTRY (registry);
  g_autoptr (GTask) task = g_task_new (registry, cancellable, callback, user_data);
  GError *error = NULL;
  MicroWatcher *watcher;
  DnsName *entry;
  Stop *stop;

  g_task_set_source_tag (task, dns_registry_watch_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (name == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               "DNS cannot be watched for all services, only for one by its name");
      return;
    }
  entry = dns_names_get (self, name, &error);
  if (entry == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  stop = g_new (Stop, 1);
  watcher = micro_watcher_new (on_stopped, stop);
  *stop = (Stop){ g_object_ref (self), g_strdup (name), watcher };
  dns_name_add_watcher (entry, watcher);
  g_task_return_pointer (task, watcher, g_object_unref);
}

/* --- Distrust --- */

typedef struct
{
  DnsRegistry *registry;
  char *address;
} Distrust;

static void
distrust_free (gpointer data)
{
  Distrust *self = data;

  g_object_unref (self->registry);
  g_free (self->address);
  g_free (self);
}

static gboolean
distrust_here (gpointer user_data)
{
  Distrust *self = user_data;

  g_atomic_int_set (&self->registry->n_distrusts, 0);
  dns_names_distrust (self->registry, self->address);
  return G_SOURCE_REMOVE;
}

void
dns_registry_distrust (DnsRegistry *self, const char *address)
{
  GMainContext *context = g_atomic_pointer_get (&self->context);
  Distrust *distrust;

  /* One at a time on its way is enough: a node that is gone is met again. */
  if (context == NULL || !g_atomic_int_compare_and_exchange (&self->n_distrusts, 0, 1))
    return;
  distrust = g_new (Distrust, 1);
  *distrust = (Distrust){ g_object_ref (self), g_strdup (address) };
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, distrust_here, distrust, distrust_free);
}

/* --- Life --- */

static void
dns_registry_finalize (GObject *object)
{
  DnsRegistry *self = DNS_REGISTRY (object);

  g_hash_table_unref (self->names);
  g_clear_pointer (&self->context, g_main_context_unref);
  dns_picker_free (self->picker);
  selector_target_clear (&self->target);
  g_free (self->settings.servers);
  g_free (self->settings.port_name);
  G_OBJECT_CLASS (dns_registry_parent_class)->finalize (object);
}

static void
dns_registry_class_init (DnsRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dns_registry_finalize;
}

static void
dns_registry_init (DnsRegistry *self)
{
  self->names = dns_names_new ();
  self->picker = dns_picker_new ();
}

static void
dns_registry_iface_init (MicroRegistryInterface *iface)
{
  iface->get_service_async = dns_registry_get_service_async;
  iface->watch_async = dns_registry_watch_async;
}

DnsRegistry *
dns_registry_new (SelectorTarget *target, DnsSettings *settings)
{
  DnsRegistry *self = g_object_new (DNS_TYPE_REGISTRY, NULL);

  self->target = *target;
  self->settings = *settings;
  *target = (SelectorTarget){ .port = 0 };
  *settings = (DnsSettings){ .timeout_ms = 0 };
  return self;
}

DnsPicker *
dns_registry_get_picker (DnsRegistry *self)
{
  return self->picker;
}
