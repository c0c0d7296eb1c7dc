/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: what a service is now, as a watch tells it.
 */
#include "config.h"

#include <micro/micro-event.h>

struct _MicroEvent
{
  char *name;
  GPtrArray *services; /* (nullable): gone */
  GError *reason;      /* (nullable) */
};

G_DEFINE_BOXED_TYPE (MicroEvent, micro_event, micro_event_ref, micro_event_unref)

static gpointer
copy_record (gconstpointer record, gpointer user_data)
{
  return micro_service_ref ((MicroService *) record);
}

/**
 * micro_event_new_snapshot:
 * @name: of the service
 * @services: (transfer none) (element-type MicroService): a record a version, at least one
 *
 * Returns: (transfer full): the event that the service is this now
 */
MicroEvent *
micro_event_new_snapshot (const char *name, GPtrArray *services)
{
  MicroEvent *self;

  g_return_val_if_fail (name != NULL && services != NULL && services->len > 0, NULL);
  self = g_atomic_rc_box_new0 (MicroEvent);
  self->name = g_strdup (name);
  self->services = g_ptr_array_copy (services, copy_record, NULL);
  g_ptr_array_set_free_func (self->services, (GDestroyNotify) micro_service_unref);
  return self;
}

/**
 * micro_event_new_gone:
 * @name: of the service
 * @reason: (nullable): what a lookup says of it; %NULL: that there is no such service
 *
 * Returns: (transfer full): the event that no node of it is there now
 */
MicroEvent *
micro_event_new_gone (const char *name, const GError *reason)
{
  MicroEvent *self;

  g_return_val_if_fail (name != NULL, NULL);
  self = g_atomic_rc_box_new0 (MicroEvent);
  self->name = g_strdup (name);
  self->reason = reason != NULL ? g_error_copy (reason) : NULL;
  return self;
}

/**
 * micro_event_ref:
 * @self: an event
 *
 * Returns: (transfer full): @self
 */
MicroEvent *
micro_event_ref (MicroEvent *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
event_clear (gpointer data)
{
  MicroEvent *self = data;

  g_free (self->name);
  g_clear_pointer (&self->services, g_ptr_array_unref);
  g_clear_error (&self->reason);
}

/**
 * micro_event_unref:
 * @self: (transfer full) (nullable): an event
 *
 * Drops a reference.  Any thread.
 */
void
micro_event_unref (MicroEvent *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, event_clear);
}

/**
 * micro_event_get_kind:
 * @self: an event
 *
 * Returns: whether the service is there
 */
MicroEventKind
micro_event_get_kind (MicroEvent *self)
{
  return self->services != NULL ? MICRO_EVENT_SNAPSHOT : MICRO_EVENT_GONE;
}

/**
 * micro_event_get_name:
 * @self: an event
 *
 * Returns: (transfer none): the service that it is about
 */
const char *
micro_event_get_name (MicroEvent *self)
{
  return self->name;
}

/**
 * micro_event_get_services:
 * @self: an event
 *
 * Returns: (transfer none) (nullable) (element-type MicroService): the service as it is, a record a
 *   version; %NULL if it has gone
 */
GPtrArray *
micro_event_get_services (MicroEvent *self)
{
  return self->services;
}

/**
 * micro_event_get_reason:
 * @self: an event
 *
 * Returns: (transfer none) (nullable): why there is no service, as a lookup says it
 */
const GError *
micro_event_get_reason (MicroEvent *self)
{
  return self->reason;
}
