/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The parts of a program, shared by the files that read its options and live its life.
 */
#pragma once

#include <micro/micro-app.h>
#include <micro/micro-options-private.h>

G_BEGIN_DECLS

struct _MicroApp
{
  GObject parent_instance;

  char *name;
  char *version;
  char *parameters;
  char *summary;

  GArray *entries; /* of GOptionEntry */
  MicroOptions *options;
  char *plugin_names[MICRO_PLUGIN_N_KINDS];

  MicroRouter *router;
  GPtrArray *loops; /* of MicroLoop */
  MicroRegistry *registry;
  MicroSelector *selector;
  MicroTransport *transport;
  MicroClient *client;
  char *address;

  GMainLoop *main_loop;
  int quit; /* atomic */
};

/* micro-app-options.c: sets options and plugin_names; what fails first is the error. */
gboolean micro_app_load_plugins (MicroApp *self, int argc, char **argv, GError **error);
gboolean micro_app_check_options (MicroApp *self, GError **error);
guint micro_app_get_duration (MicroApp *self, const char *name);
guint micro_app_get_n_threads (MicroApp *self);
gboolean micro_app_is_in_pod (void);

/* micro-app-address.c: the address to tell others when @bound is what we listen on. */
char *micro_app_advertise (const char *bound, const char *wanted, gboolean same_machine);

/* micro-app-register.c: keeps one record in a registry, for ever or until stopped. */
typedef struct _MicroRegistrar MicroRegistrar;
MicroRegistrar *micro_registrar_new (MicroApp *app, MicroService *record);
/* Deregisters and waits for that, but not for long; frees. */
void micro_registrar_stop (MicroRegistrar *self);

/* micro-quota.c: the CPUs that this process may use, at least one. */
guint micro_quota_cpus (void);

G_END_DECLS
