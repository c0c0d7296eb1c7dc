/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * All that every server has beside its own services.
 */
#include "config.h"

#include "app/services.h"

#include "services.h"

struct _MicroServices
{
  MicroHealth *health;
  DebugService *debug;
};

MicroServices *
micro_services_new (MicroRouter *router, MicroClient *client, const char *name)
{
  MicroServices *self = g_new0 (MicroServices, 1);

  log_start ();
  self->health = health_service_new (router, name);
  self->debug = debug_service_new (router, client);
  reflection_service_add (router);
  return self;
}

MicroHealth *
micro_services_get_health (MicroServices *self)
{
  return self->health;
}

void
micro_services_stop (MicroServices *self)
{
  micro_health_stop (self->health);
  debug_service_stop (self->debug);
}

void
micro_services_free (MicroServices *self)
{
  g_object_unref (self->health);
  debug_service_free (self->debug);
  g_free (self);
}
