/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Blocking calls, for threads that have nothing else to do.
 */
#include "config.h"

#include "client/client.h"

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean done;
  gpointer value;
  GError *error;
} Wait;

static void
wait_init (Wait *self)
{
  *self = (Wait){ .done = FALSE };
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
}

static void
wait_end (Wait *self, gpointer value, GError *error)
{
  g_mutex_lock (&self->mutex);
  self->value = value;
  self->error = error;
  self->done = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static gpointer
wait_for (Wait *self, GError **error)
{
  g_mutex_lock (&self->mutex);
  while (!self->done)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  if (self->error != NULL)
    g_propagate_error (error, self->error);
  return self->value;
}

/* A loop thread that waited would wait for itself. */
static gboolean
may_block (GError **error)
{
  if (micro_loop_get_current () == NULL)
    return TRUE;
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
               "a blocking call inside a handler would stop its own thread: use the _async call");
  return FALSE;
}

static void
bytes_done (GBytes *reply, const GError *error, gpointer user_data)
{
  wait_end (user_data, reply != NULL ? g_bytes_ref (reply) : NULL,
            error != NULL ? g_error_copy (error) : NULL);
}

/**
 * micro_client_call_bytes_sync:
 * @self: a client
 * @service: the service's name in the registry
 * @endpoint: `Say.Hello`, or a whole path
 * @codec: of @request and the reply
 * @request: the request
 * @options: (nullable): otherwise all defaults
 * @error: return location
 *
 * Blocks until the call has ended.  Not on a loop thread: FAILED_PRECONDITION there.
 *
 * Returns: (transfer full): the reply
 */
GBytes *
micro_client_call_bytes_sync (MicroClient *self,
                              const char *service,
                              const char *endpoint,
                              MicroCodec codec,
                              GBytes *request,
                              const MicroCallOptions *options,
                              GError **error)
{
  Wait wait;

  g_return_val_if_fail (MICRO_IS_CLIENT (self) && endpoint != NULL && request != NULL, NULL);
  if (!may_block (error))
    return NULL;
  wait_init (&wait);
  micro_client_start (self, service, micro_client_make_path (service, endpoint), codec, request,
                      options, NULL, bytes_done, &wait);
  return wait_for (&wait, error);
}

/**
 * micro_client_call_sync: (skip)
 * @self: a client
 * @service: the service's name in the registry
 * @method: what to call
 * @request: its request message
 * @options: (nullable): otherwise all defaults
 * @error: return location
 *
 * Blocks until the call has ended.  Not on a loop thread: FAILED_PRECONDITION there.
 *
 * Returns: (transfer full): the reply; free with protobuf_c_message_free_unpacked (reply, NULL)
 */
gpointer
micro_client_call_sync (MicroClient *self,
                        const char *service,
                        const MicroMethod *method,
                        gconstpointer request,
                        const MicroCallOptions *options,
                        GError **error)
{
  g_autofree char *path = micro_client_method_path (service, method, options);
  g_autoptr (GBytes) packed = micro_client_pack (method, request);
  g_autoptr (GBytes) reply = micro_client_call_bytes_sync (self, service, path, MICRO_CODEC_PROTO,
                                                           packed, options, error);

  return reply != NULL ? micro_client_unpack_bytes (method, reply, error) : NULL;
}

/* --- Looking up --- */

static void
listed (GPtrArray *services, GError *error, gpointer user_data)
{
  wait_end (user_data, services, error);
}

/**
 * micro_client_list_services_sync:
 * @self: a client
 * @error: return location
 *
 * Blocks until the registry has answered.  Not on a loop thread.
 *
 * Returns: (transfer container) (element-type MicroService): every service the registry knows
 */
GPtrArray *
micro_client_list_services_sync (MicroClient *self, GError **error)
{
  Wait wait;

  if (!may_block (error))
    return NULL;
  wait_init (&wait);
  micro_cache_list (self->cache, listed, &wait);
  return wait_for (&wait, error);
}

static gpointer
copy_record_of (gconstpointer record, gpointer user_data)
{
  return micro_service_ref ((MicroService *) record);
}

/* The snapshot's own array is not for the caller, whose language may take it to pieces. */
static GPtrArray *
copy_records (GPtrArray *records)
{
  GPtrArray *copy = g_ptr_array_copy (records, copy_record_of, NULL);

  g_ptr_array_set_free_func (copy, (GDestroyNotify) micro_service_unref);
  return copy;
}

/**
 * micro_client_get_service_sync:
 * @self: a client
 * @name: of a service
 * @error: return location
 *
 * Blocks until registry or selector have answered.  Not on a loop thread.
 *
 * Returns: (transfer container) (element-type MicroService): one record a version
 */
GPtrArray *
micro_client_get_service_sync (MicroClient *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) one = NULL;
  g_autoptr (GError) problem = NULL;
  MicroService *service;

  if (!may_block (error))
    return NULL;
  service = micro_client_resolve (self, name, &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  if (service == NULL)
    {
      g_autoptr (MicroSnapshot) snapshot = micro_cache_get_sync (self->cache, name, error);

      return snapshot != NULL ? copy_records (snapshot->records) : NULL;
    }
  one = g_ptr_array_new_with_free_func ((GDestroyNotify) micro_service_unref);
  g_ptr_array_add (one, service);
  return g_steal_pointer (&one);
}
