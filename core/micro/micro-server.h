/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The methods a process serves, and how a path finds its handler.
 */
#pragma once

#include <micro/micro-call.h>
#include <micro/micro-endpoint.h>

G_BEGIN_DECLS

/**
 * MicroRouter:
 *
 * The table from method path to handler.  Filled before the server listens, never changed after.
 */
#define MICRO_TYPE_ROUTER (micro_router_get_type ())
MICRO_API
G_DECLARE_FINAL_TYPE (MicroRouter, micro_router, MICRO, ROUTER, GObject)

MICRO_API MicroRouter *micro_router_new (void);
/* @handlers: one a method, in the descriptor's order; a %NULL one answers UNIMPLEMENTED. */
MICRO_API void micro_router_add (MicroRouter *self,
                                 const MicroServiceDescriptor *service,
                                 const MicroHandler *handlers,
                                 gpointer user_data,
                                 GDestroyNotify destroy);
/* The same for what every server has, such as health: the registry does not show it. */
MICRO_API void micro_router_add_internal (MicroRouter *self,
                                          const MicroServiceDescriptor *service,
                                          const MicroHandler *handlers,
                                          gpointer user_data,
                                          GDestroyNotify destroy);
/**
 * MicroBytesHandler:
 * @call: (transfer none): the call to answer, with micro_call_reply_bytes() or micro_call_fail()
 *   for one, now or later and from any thread, exactly once
 * @request: (nullable): the request, of a method that takes one message; written as
 *   micro_call_get_codec() says
 * @user_data: what was given with the handler
 *
 * Runs on the loop thread of the connection; must not block.
 */
typedef void (*MicroBytesHandler) (MicroCall *call, GBytes *request, gpointer user_data);
/* One method without generated code: "/greeter.Say/Hello". */
MICRO_API void micro_router_add_bytes (MicroRouter *self,
                                       const char *path,
                                       MicroMethodKind kind,
                                       MicroBytesHandler func,
                                       gpointer user_data,
                                       GDestroyNotify destroy);
MICRO_API GPtrArray *micro_router_get_services (MicroRouter *self);  /* of MicroServiceDescriptor */
MICRO_API GPtrArray *micro_router_get_endpoints (MicroRouter *self); /* of MicroEndpoint, sorted */

G_END_DECLS
