/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: where settings are from.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

#define MICRO_TYPE_CONFIG_SOURCE (micro_config_source_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroConfigSource, micro_config_source, MICRO, CONFIG_SOURCE, GObject)

/**
 * MicroConfigFunc:
 * @entries: (nullable) (element-type utf8 GBytes): all there is now, by name, such as "database" or
 *   "tls/ca.crt"; %NULL: it cannot be told, and what was known stays
 * @trouble: (nullable): why, if @entries is %NULL
 * @user_data: as given
 *
 * What a source says.
 */
typedef void (*MicroConfigFunc) (GHashTable *entries, const GError *trouble, gpointer user_data);

/**
 * MicroConfigSourceInterface:
 * @start: mandatory; once: begins to read and to follow.  Calls @func in this thread's default main
 *   context, or at once, the first time soon (also if there is nothing or only trouble), then after
 *   every change, never with half of one
 * @stop: (nullable): @func is not called any more; on the same thread
 * @describe: mandatory; any thread: what goes before an entry's name to say where it is from, such
 *   as "/etc/config/"
 */
struct _MicroConfigSourceInterface
{
  GTypeInterface parent_iface;

  void (*start) (MicroConfigSource *self, MicroConfigFunc func, gpointer user_data);
  void (*stop) (MicroConfigSource *self);
  const char *(*describe) (MicroConfigSource *self);

  /*< private >*/
  gpointer reserved[5];
};

MICRO_API void
micro_config_source_start (MicroConfigSource *self, MicroConfigFunc func, gpointer user_data);
MICRO_API void micro_config_source_stop (MicroConfigSource *self);
MICRO_API const char *micro_config_source_describe (MicroConfigSource *self);

/* The variables of the process that begin with @prefix, (nullable): all; without it. */
MICRO_API MicroConfigSource *micro_config_environment_new (const char *prefix);
/* The files of a directory, such as a mounted ConfigMap or Secret. */
MICRO_API MicroConfigSource *micro_config_directory_new (const char *path);

G_END_DECLS
