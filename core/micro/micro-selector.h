/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Interface: which node of a service gets the next call.
 */
#pragma once

#include <micro/micro-node.h>
#include <micro/micro-registry.h>
#include <micro/micro-service.h>

G_BEGIN_DECLS

#define MICRO_TYPE_SELECTOR (micro_selector_get_type ())
MICRO_API
G_DECLARE_INTERFACE (MicroSelector, micro_selector, MICRO, SELECTOR, GObject)

/**
 * MicroSelectorInterface:
 * @select: mandatory; picks one of the nodes of @service, never one in @tried (nullable, of
 *   MicroNode); returns a reference (transfer full); must not block; any thread
 * @mark: (nullable): told how a call on the node went, %NULL @outcome for success; once for each
 *   node that @select returned, also when the caller or its deadline gave the call up; any thread
 * @resolve: (nullable): makes the service record from its name alone; a selector that has this
 *   never asks the registry; (transfer full); must not block; any thread
 * @get_registry: (nullable): the registry to ask in place of the program's, for a selector that has
 *   to ask somebody itself; (transfer none), the same one for the selector's life; it gets and
 *   watches single services, and need do nothing else; not with @resolve; any thread
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
  MicroRegistry *(*get_registry) (MicroSelector *self);

  /*< private >*/
  gpointer reserved[7];
};

MICRO_API MicroNode *micro_selector_select (MicroSelector *self,
                                            MicroService *service,
                                            GPtrArray *tried,
                                            GError **error);
MICRO_API gboolean micro_selector_is_tried (GPtrArray *tried, MicroNode *node);
MICRO_API void micro_selector_mark (MicroSelector *self, MicroNode *node, const GError *outcome);
MICRO_API gboolean micro_selector_can_resolve (MicroSelector *self);
MICRO_API MicroService *
micro_selector_resolve (MicroSelector *self, const char *name, GError **error);
MICRO_API MicroRegistry *micro_selector_get_registry (MicroSelector *self);

G_END_DECLS
