/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A stack of interceptors, of a router or of a client.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

typedef struct
{
  gconstpointer funcs;
  gpointer user_data;
  GDestroyNotify destroy;
} MicroInterceptorEntry;

typedef struct _MicroInterceptors MicroInterceptors;
struct _MicroInterceptors
{
  GArray *entries;           /* of MicroInterceptorEntry */
  gboolean sees_messages;    /* one of them does */
  MicroInterceptors *before; /* (nullable): that this one replaced; freed with it */
};

MicroInterceptors *micro_interceptors_new (void);
void micro_interceptors_free (MicroInterceptors *self);
void micro_interceptors_add (MicroInterceptors *self,
                             gconstpointer funcs,
                             gboolean sees_messages,
                             gpointer user_data,
                             GDestroyNotify destroy);

G_END_DECLS
