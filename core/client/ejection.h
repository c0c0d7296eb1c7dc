/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Nodes that cannot be reached: left alone for a while, then tried by a single call.
 */
#pragma once

#include <micro/micro-selector.h>

G_BEGIN_DECLS

typedef struct _MicroEjection MicroEjection;

/* Any thread. */
MicroEjection *micro_ejection_new (void);
void micro_ejection_free (MicroEjection *self);
/* How a call went on the node at @address, to which it was sent or not. */
void micro_ejection_done (MicroEjection *self, const char *address, const MicroOutcome *outcome);
/* A call has left for it: whatever becomes of that, the node is there. */
void micro_ejection_reached (MicroEjection *self, const char *address);
/* It will be called: of a node whose time is over, this is the call that tries it. */
void micro_ejection_chosen (MicroEjection *self, const char *address);
/* (transfer full) (nullable): @tried and the nodes of @service that are out; %NULL for none */
GPtrArray *micro_ejection_get_tried (MicroEjection *self, MicroService *service, GPtrArray *tried);

G_END_DECLS
