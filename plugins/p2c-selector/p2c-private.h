/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the files of the p2c selector share: the load of each node.
 */
#pragma once

#include <micro/micro.h>

G_BEGIN_DECLS

typedef struct _P2cLoads P2cLoads;

typedef struct
{
  guint running;
  double mean_us; /* of a call; negative: not known yet */
} P2cView;

/* Times are monotonic, in µs.  Any thread; a node is known by its address. */
P2cLoads *p2c_loads_new (void);
void p2c_loads_free (P2cLoads *self);
P2cView p2c_loads_look (P2cLoads *self, const char *address, gint64 now_us);
void p2c_loads_begin (P2cLoads *self, const char *address, gint64 now_us);
void p2c_loads_end (P2cLoads *self, const char *address, gboolean failed, gint64 now_us);

G_END_DECLS
