/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A program made of micro: options, plugins, server, client, lifetime.
 */
#pragma once

#include <micro/micro-broker.h>
#include <micro/micro-checks.h>
#include <micro/micro-client.h>
#include <micro/micro-config.h>
#include <micro/micro-duration.h>
#include <micro/micro-server.h>

G_BEGIN_DECLS

#define MICRO_TYPE_APP (micro_app_get_type ())
MICRO_API
G_DECLARE_FINAL_TYPE (MicroApp, micro_app, MICRO, APP, GObject)

/* @name: the service's name in the registry; --server-name wins. */
MICRO_API MicroApp *micro_app_new (const char *name, const char *version);

/* More flags for the program, before init; as g_option_context_add_main_entries(). */
MICRO_API void micro_app_add_options (MicroApp *self, const GOptionEntry *entries);
/* For --help: the positional arguments and a sentence. */
MICRO_API void micro_app_set_usage (MicroApp *self, const char *parameters, const char *summary);

/* Reads flags and MICRO_*, loads the plugins, makes the client. Removes what it knows from argv.
 * --help and --version print and end the process with 0. */
MICRO_API gboolean micro_app_init (MicroApp *self, int *argc, char ***argv, GError **error);
/* The same for other languages: returns what it does not know. */
MICRO_API char **micro_app_init_strv (MicroApp *self, const char *const *arguments, GError **error);

/* Before init: messages come on the loop threads while it runs. */
MICRO_API void micro_app_subscribe (MicroApp *self,
                                    const char *topic,
                                    const char *queue,
                                    MicroMessageFunc callback,
                                    gpointer user_data,
                                    GDestroyNotify destroy);
/**
 * MicroTypedMessageFunc: (skip)
 * @message: of the type asked for, valid during the call-back
 * @headers: (nullable): its headers
 * @user_data: as given
 *
 * A message, unpacked.
 */
typedef void (*MicroTypedMessageFunc) (gconstpointer message,
                                       MicroMetadata *headers,
                                       gpointer user_data);
MICRO_API void micro_app_subscribe_message (MicroApp *self,
                                            const char *topic,
                                            const char *queue,
                                            const struct ProtobufCMessageDescriptor *descriptor,
                                            MicroTypedMessageFunc callback,
                                            gpointer user_data,
                                            GDestroyNotify destroy);
/* Before init: for programs that publish and do not subscribe. */
MICRO_API void micro_app_use_broker (MicroApp *self);

MICRO_API MicroRouter *micro_app_get_router (MicroApp *self);
MICRO_API MicroClient *micro_app_get_client (MicroApp *self); /* after init */
/* After init; used on the thread of its loop only, which serves no calls. */
MICRO_API MicroRegistry *micro_app_get_registry (MicroApp *self);
MICRO_API MicroLoop *micro_app_get_registry_loop (MicroApp *self);
MICRO_API MicroCache *micro_app_get_cache (MicroApp *self);   /* after init, any thread */
MICRO_API MicroBroker *micro_app_get_broker (MicroApp *self); /* after init, any thread */
MICRO_API MicroConfig *micro_app_get_config (MicroApp *self); /* after init, any thread */
MICRO_API MicroSelector *micro_app_get_selector (MicroApp *self);
MICRO_API MicroTransport *micro_app_get_transport (MicroApp *self);
MICRO_API GPtrArray *micro_app_get_loops (MicroApp *self);
/* What the service needs to be ready; runs while it serves. */
MICRO_API MicroChecks *micro_app_get_checks (MicroApp *self);
/* After init: what a flag or variable says, such as "server-name"; of those that are a text. */
MICRO_API const char *micro_app_get_option (MicroApp *self, const char *name);
MICRO_API const char *micro_app_get_address (MicroApp *self); /* advertised, once running */

/* For what else listens: the address to tell others when @bound is what we listen on. */
MICRO_API char *micro_app_advertise (const char *bound, const char *wanted, gboolean same_machine);

/* The whole life of a service: init if need be, listen, register, serve until SIGTERM or SIGINT,
 * drain.  Prints what goes wrong; returns main()'s exit status. */
MICRO_API int micro_app_run (MicroApp *self, int argc, char *argv[]);
MICRO_API void micro_app_quit (MicroApp *self); /* any thread */

G_END_DECLS
