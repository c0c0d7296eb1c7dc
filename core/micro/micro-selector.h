/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: which node of a service gets the next call.
 */
#pragma once

#include <micro/micro-node.h>
#include <micro/micro-service.h>

G_BEGIN_DECLS

#define MICRO_TYPE_SELECTOR (micro_selector_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroSelector, micro_selector, MICRO, SELECTOR, GObject)

/**
 * MicroSelectorInterface:
 * @select: mandatory; picks one of the nodes of @service, never one in @tried (nullable, of
 *   MicroNode); returns a reference (transfer full); must not block; any thread
 * @mark: (nullable): told how a call on the node went, %NULL @outcome for success; any thread
 * @resolve: (nullable): makes the service record from its name alone; a selector that has this
 *   never asks the registry; (transfer full); must not block; any thread
 *
 * A slot left %NULL means "not supported"; the wrapper then does nothing, or returns
 * %G_IO_ERROR_NOT_SUPPORTED.
 */
struct _MicroSelectorInterface
{
  GTypeInterface parent_iface;

  MicroNode *(*select) (MicroSelector *self,
                        MicroService *service,
                        GPtrArray *tried,
                        GError **error);
  void (*mark) (MicroSelector *self, MicroNode *node, const GError *outcome);
  MicroService *(*resolve) (MicroSelector *self, const char *name, GError **error);

  /*< private >*/
  gpointer reserved[8];
};

MICRO_API MicroNode *micro_selector_select (MicroSelector *self,
                                            MicroService *service,
                                            GPtrArray *tried,
                                            GError **error);
MICRO_API void micro_selector_mark (MicroSelector *self, MicroNode *node, const GError *outcome);
MICRO_API gboolean micro_selector_can_resolve (MicroSelector *self);
MICRO_API MicroService *
micro_selector_resolve (MicroSelector *self, const char *name, GError **error);

G_END_DECLS
