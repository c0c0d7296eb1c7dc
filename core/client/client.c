/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The client: what all its calls share, and what is said before the first.
 */
#include "config.h"

#include "client/client.h"
#include "loop/loop.h"
#include <micro/micro-header.h>
#include <micro/micro-request.h>

#define DEFAULT_TIMEOUT_MS 5000
#define DEFAULT_RETRIES 1

G_DEFINE_FINAL_TYPE (MicroClient, micro_client, G_TYPE_OBJECT)

static void
micro_client_finalize (GObject *object)
{
  MicroClient *self = MICRO_CLIENT (object);

  if (self->cache != NULL)
    {
      micro_cache_remove_listener (self->cache, self);
      micro_cache_unref (self->cache);
    }
  micro_ejection_free (self->ejection);
  micro_budgets_free (self->budgets);
  micro_policies_free (self->policies);
  g_clear_pointer (&self->interceptors, micro_interceptors_free);
  g_free (self->name);
  g_free (self->proxy);
  g_clear_object (&self->selector);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->loops, g_ptr_array_unref);
  g_clear_pointer (&self->loops_given, g_ptr_array_unref);
  G_OBJECT_CLASS (micro_client_parent_class)->finalize (object);
}

static void
micro_client_class_init (MicroClientClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = micro_client_finalize;
}

static void
micro_client_init (MicroClient *self)
{
  self->ejection = micro_ejection_new ();
  self->budgets = micro_budgets_new ();
  self->policies = micro_policies_new ();
  self->timeout_ms = DEFAULT_TIMEOUT_MS;
  self->retries = DEFAULT_RETRIES;
}

static void
update_selector (MicroService *service, gpointer user_data)
{
  micro_selector_update (MICRO_CLIENT (user_data)->selector, service);
}

/**
 * micro_client_new:
 * @cache: what is known of services; of the selector's own registry, if it has one
 * @selector: which node is called
 * @transport: how
 * @loops: (element-type MicroLoop): the threads that carry the calls; they outlive the client
 *
 * Returns: (transfer full): a client.  Drop it before the loops end, and not on one of them.
 */
MicroClient *
micro_client_new (MicroCache *cache,
                  MicroSelector *selector,
                  MicroTransport *transport,
                  GPtrArray *loops)
{
  MicroClient *self = g_object_new (MICRO_TYPE_CLIENT, NULL);

  self->cache = micro_cache_ref (cache);
  self->selector = g_object_ref (selector);
  self->transport = g_object_ref (transport);
  self->loops_given = g_ptr_array_ref (loops);
  self->loops = micro_loop_ref_all (loops);
  self->resolves = micro_selector_can_resolve (selector);
  self->learns = MICRO_SELECTOR_GET_IFACE (selector)->done != NULL;
  micro_cache_add_listener (cache, update_selector, self);
  return self;
}

MicroService *
micro_client_resolve (MicroClient *self, const char *name, GError **error)
{
  g_autoptr (GError) problem = NULL;
  MicroService *service;

  if (!g_atomic_int_get (&self->resolves))
    return NULL;
  service = micro_selector_resolve (self->selector, name, &problem);
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    g_atomic_int_set (&self->resolves, FALSE);
  else if (service == NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return service;
}

/**
 * micro_client_set_defaults:
 * @self: a client that has not called yet
 * @timeout_ms: for a whole call; 0 leaves it at 5 s
 * @retries: further tries; negative leaves it at one
 */
void
micro_client_set_defaults (MicroClient *self, guint timeout_ms, int retries)
{
  g_return_if_fail (MICRO_IS_CLIENT (self));
  if (timeout_ms > 0)
    self->timeout_ms = timeout_ms;
  if (retries >= 0)
    self->retries = retries;
}

/**
 * micro_client_set_name:
 * @self: a client that has not called yet
 * @name: (nullable): of the program
 *
 * Tells those who are called who calls, in the header `micro-from-service`, as go-micro does.
 * @name is printable ASCII.
 */
void
micro_client_set_name (MicroClient *self, const char *name)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (MICRO_IS_CLIENT (self));
  if (name != NULL && !micro_header_check ("micro-from-service", name, &error))
    {
      g_critical ("a client's name is no such one: %s", error->message);
      return;
    }
  g_free (self->name);
  self->name = g_strdup (name);
}

/**
 * micro_client_set_proxy:
 * @self: a client that has not called yet
 * @proxy: (nullable): `HOST:PORT`, or the name of a service
 *
 * Sends every call there that does not say an address itself; the path still names the service it
 * is for.  This is what `MICRO_PROXY` does.
 */
void
micro_client_set_proxy (MicroClient *self, const char *proxy)
{
  g_return_if_fail (MICRO_IS_CLIENT (self));
  g_free (self->proxy);
  self->proxy = g_strdup (proxy);
}

/**
 * micro_client_set_policy:
 * @self: a client that has not called yet
 * @service: (nullable): whose calls; %NULL: of all services that have no policy of their own
 * @method: (nullable): `Say.Hello`; %NULL: all of the service that have no policy of their own
 * @policy: how they are attempted; copied
 *
 * Says how calls are attempted, in place of what was said before for the same.
 */
void
micro_client_set_policy (MicroClient *self,
                         const char *service,
                         const char *method,
                         const MicroPolicy *policy)
{
  g_return_if_fail (MICRO_IS_CLIENT (self) && policy != NULL && policy->size > 0);
  g_return_if_fail (service != NULL || method == NULL);
  micro_policies_set (self->policies, service, method, policy);
}

/**
 * micro_client_add_interceptor: (skip)
 * @self: a client
 * @interceptor: (transfer none): must outlive the client
 * @user_data: for @interceptor
 * @destroy: (nullable): frees @user_data with the client
 *
 * Adds an interceptor inside those that were added before, for calls that have not begun yet.  Not
 * from two threads at once.
 */
void
micro_client_add_interceptor (MicroClient *self,
                              const MicroClientInterceptor *interceptor,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  MicroInterceptors *next;

  g_return_if_fail (MICRO_IS_CLIENT (self) && interceptor != NULL);
  /* Loops may be reading the old stack; what is in both has the same place in both. */
  next = micro_interceptors_new ();
  if (self->interceptors != NULL)
    {
      g_array_append_vals (next->entries, self->interceptors->entries->data,
                           self->interceptors->entries->len);
      g_array_set_clear_func (self->interceptors->entries, NULL);
      next->sees_messages = self->interceptors->sees_messages;
      next->before = self->interceptors;
    }
  micro_interceptors_add (next, interceptor, interceptor->message != NULL, user_data, destroy);
  g_atomic_pointer_set (&self->interceptors, next);
}
