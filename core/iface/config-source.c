/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: where settings are from.
 */
#include "config.h"

#include <micro/micro-config-source.h>

G_DEFINE_INTERFACE (MicroConfigSource, micro_config_source, G_TYPE_OBJECT)

static void
micro_config_source_default_init (MicroConfigSourceInterface *iface)
{
}

/**
 * micro_config_source_start:
 * @self: a source
 * @func: (scope forever): told of what it says, on this thread
 * @user_data: for @func
 *
 * Begins to read it, once.  The thread's default main context must run on.
 */
void
micro_config_source_start (MicroConfigSource *self, MicroConfigFunc func, gpointer user_data)
{
  MicroConfigSourceInterface *iface;

  g_return_if_fail (MICRO_IS_CONFIG_SOURCE (self) && func != NULL);
  iface = MICRO_CONFIG_SOURCE_GET_IFACE (self);
  g_return_if_fail (iface->start != NULL);
  iface->start (self, func, user_data);
}

/**
 * micro_config_source_stop:
 * @self: a source that was started
 *
 * Ends that, on the thread that started it.
 */
void
micro_config_source_stop (MicroConfigSource *self)
{
  g_return_if_fail (MICRO_IS_CONFIG_SOURCE (self));
  if (MICRO_CONFIG_SOURCE_GET_IFACE (self)->stop != NULL)
    MICRO_CONFIG_SOURCE_GET_IFACE (self)->stop (self);
}

/**
 * micro_config_source_describe:
 * @self: a source
 *
 * Returns: (transfer none): what goes before the names of its entries, for people
 */
const char *
micro_config_source_describe (MicroConfigSource *self)
{
  MicroConfigSourceInterface *iface;

  g_return_val_if_fail (MICRO_IS_CONFIG_SOURCE (self), NULL);
  iface = MICRO_CONFIG_SOURCE_GET_IFACE (self);
  return iface->describe != NULL ? iface->describe (self) : G_OBJECT_TYPE_NAME (self);
}
