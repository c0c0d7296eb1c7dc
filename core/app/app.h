/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The parts of a program, shared by the files that read its options and live its life.
 */
#pragma once

#include "app/checks.h"
#include "app/services.h"
#include "plugin/options.h"
#include <micro/micro-app.h>
#include <micro/micro-health.h>

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
  GPtrArray *loops;         /* of MicroLoop */
  MicroLoop *registry_loop; /* owns the registry, the settings and the registrar */
  MicroRegistry *registry;
  MicroCache *cache;
  MicroSelector *selector;
  MicroTransport *transport;
  MicroClient *client;
  MicroBroker *broker;     /* (nullable) */
  GPtrArray *wishes;       /* (nullable): what it subscribes to; if not NULL it has a broker */
  MicroServices *services; /* (nullable): once it serves */
  MicroChecks *checks;
  MicroConfig *config;
  MicroHealth *health;   /* (nullable): a plugin */
  MicroLoop *check_loop; /* (nullable): with a health plugin */
  guint loops_ms;        /* how often it is seen whether the loops turn, and how long they have */
  char *address;

  GMainLoop *main_loop;
  int quit; /* atomic */
};

/* app/options.c: sets options and plugin_names; what fails first is the error. */
gboolean micro_app_load_plugins (MicroApp *self, int argc, char **argv, GError **error);
gboolean micro_app_check_options (MicroApp *self, GError **error);
guint micro_app_get_duration (MicroApp *self, const char *name);
guint micro_app_get_n_threads (MicroApp *self);
gboolean micro_app_is_in_pod (void);

/* app/ready.c: what the process needs to be ready, and who is told.  Any thread. */
gboolean micro_app_start_health (MicroApp *self, GError **error); /* before it listens */
void micro_app_set_condition (MicroApp *self, const char *name, const char *reason);
void micro_app_stop_checks (MicroApp *self);
void micro_app_stop_health (MicroApp *self);

/* app/subscribe.c */
gboolean micro_app_make_broker (MicroApp *self, GError **error);
gboolean micro_app_start_subscriptions (MicroApp *self, GError **error);
/* Unsubscribes from everything and waits for that, but not for long. */
void micro_app_close_broker (MicroApp *self);

/* app/register.c: keeps one record in a registry, for ever or until stopped. */
typedef struct _MicroRegistrar MicroRegistrar;
MicroRegistrar *micro_registrar_new (MicroApp *app, MicroService *record);
/* Deregisters and waits for that, but not for long; frees. */
void micro_registrar_stop (MicroRegistrar *self);

/* app/config.c */
gboolean micro_app_make_config (MicroApp *self, GError **error);

/* app/quota.c: the CPUs that this process may use, at least one. */
guint micro_quota_cpus (void);

/* app/address.c */
gboolean micro_app_check_advertise (const char *wanted, GError **error);

G_END_DECLS
