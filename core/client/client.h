/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the client share.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "call/interceptor.h"
#include "client/budget.h"
#include "client/cache.h"
#include "client/ejection.h"
#include "client/policy.h"
#include <micro/micro-client.h>

G_BEGIN_DECLS

struct _MicroClient
{
  GObject parent_instance;

  MicroSelector *selector;
  MicroTransport *transport;
  GPtrArray *loops;
  GPtrArray *loops_given; /* whose last reference may end them */
  MicroCache *cache;
  int resolves;    /* atomic: the selector does, and has not said that it needs a registry */
  gboolean learns; /* the selector wants to know how calls went */
  MicroEjection *ejection;
  MicroBudgets *budgets;
  MicroPolicies *policies;
  MicroInterceptors *interceptors; /* (nullable) */
  char *name;                      /* (nullable): of the program, told to those it calls */
  char *proxy; /* (nullable): the address or the service that takes every call */
  guint timeout_ms;
  int retries;
  guint next_loop; /* atomic */
};

/* (transfer full) (nullable): a service as the selector makes it by itself, or @error; %NULL
 * without one: it asks the registry, and so the cache.  Any thread. */
MicroService *micro_client_resolve (MicroClient *self, const char *name, GError **error);

/* One call with all its tries; the answer is bytes.  Takes @path. */
void micro_client_start (MicroClient *self,
                         const char *service,
                         char *path,
                         MicroCodec codec,
                         GBytes *request,
                         const MicroCallOptions *options,
                         GCancellable *cancellable,
                         MicroBytesFunc callback,
                         gpointer user_data);
/* The same with the reply as a message. */
void micro_client_start_typed (MicroClient *self,
                               const char *service,
                               const MicroMethod *method,
                               GBytes *request,
                               const MicroCallOptions *options,
                               MicroReplyFunc callback,
                               gpointer user_data);
char *micro_client_make_path (const char *service, const char *endpoint);
char *micro_client_method_path (const char *service,
                                const MicroMethod *method,
                                const MicroCallOptions *options);
GBytes *micro_client_pack (const MicroMethod *method, gconstpointer request);
/* @allocator: (nullable): of the message */
gpointer micro_client_unpack (const MicroMethod *method,
                              ProtobufCAllocator *allocator,
                              const guint8 *data,
                              gsize length,
                              GError **error);
gpointer micro_client_unpack_bytes (const MicroMethod *method, GBytes *reply, GError **error);

G_END_DECLS
