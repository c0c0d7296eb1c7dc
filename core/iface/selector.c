/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The selector interface's wrappers.
 */
#include "config.h"

#include "iface/contract.h"
#include <micro/micro-error.h>
#include <micro/micro-node.h>
#include <micro/micro-selector.h>

G_DEFINE_INTERFACE (MicroSelector, micro_selector, G_TYPE_OBJECT)

static void
micro_selector_default_init (MicroSelectorInterface *iface)
{
}

/* Or its caller would call a node that cannot be reached again and again. */
static MicroNode *
refuse_tried (MicroSelector *self,
              MicroService *service,
              MicroNode *node,
              const MicroPick *pick,
              GError **error)
{
  MicroOutcome given_up = MICRO_OUTCOME_INIT;

  if (node == NULL || micro_pick_may_use (pick, node))
    return node;
  given_up.status = MICRO_STATUS_CANCELLED;
  given_up.sent = FALSE;
  micro_selector_done (self, service, node, &given_up);
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_UNAVAILABLE,
               "the selector %s gave the node %s again, which cannot be called now",
               G_OBJECT_TYPE_NAME (self), micro_node_get_address (node));
  micro_node_unref (node);
  return NULL;
}

/**
 * micro_selector_select:
 * @self: a selector
 * @service: whose nodes to choose from
 * @pick: (nullable): the call; %NULL: nothing is known of it
 * @error: return location; %MICRO_STATUS_UNAVAILABLE when no node is left
 *
 * Chooses the node for the next call, of which micro_selector_done() has to be told once.  Never
 * blocks; any thread.
 *
 * Returns: (transfer full): one of the nodes of @service
 */
MicroNode *
micro_selector_select (MicroSelector *self,
                       MicroService *service,
                       const MicroPick *pick,
                       GError **error)
{
  static const MicroPick nothing = MICRO_PICK_INIT;
  MicroSelectorInterface *iface;
  GError *local = NULL;
  MicroNode *node;

  g_return_val_if_fail (MICRO_IS_SELECTOR (self) && service != NULL, NULL);
  iface = MICRO_SELECTOR_GET_IFACE (self);
  if (iface->select == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "the selector %s cannot select",
                   G_OBJECT_TYPE_NAME (self));
      return NULL;
    }
  if (pick == NULL)
    pick = &nothing;
  node = refuse_tried (self, service, iface->select (self, service, pick, &local), pick, &local);
  return micro_keep_contract (self, node, local, error);
}

/**
 * micro_selector_done:
 * @self: a selector
 * @service: what the node was picked from
 * @node: the node that was picked
 * @outcome: how the call went there
 *
 * Tells how a call went, once for each micro_selector_select().  Never blocks; any thread.
 */
void
micro_selector_done (MicroSelector *self,
                     MicroService *service,
                     MicroNode *node,
                     const MicroOutcome *outcome)
{
  MicroSelectorInterface *iface;

  g_return_if_fail (MICRO_IS_SELECTOR (self) && service != NULL && node != NULL);
  g_return_if_fail (outcome != NULL);
  iface = MICRO_SELECTOR_GET_IFACE (self);
  if (iface->done != NULL)
    iface->done (self, service, node, outcome);
}

/**
 * micro_selector_update:
 * @self: a selector
 * @snapshot: a service as it is now
 *
 * Tells what micro_selector_select() will choose from.  One thread at a time; never blocks.
 */
void
micro_selector_update (MicroSelector *self, MicroService *snapshot)
{
  MicroSelectorInterface *iface;

  g_return_if_fail (MICRO_IS_SELECTOR (self) && snapshot != NULL);
  iface = MICRO_SELECTOR_GET_IFACE (self);
  if (iface->update != NULL)
    iface->update (self, snapshot);
}

/**
 * micro_selector_can_resolve:
 * @self: a selector
 *
 * Returns: whether micro_selector_resolve() takes the registry's place
 */
gboolean
micro_selector_can_resolve (MicroSelector *self)
{
  g_return_val_if_fail (MICRO_IS_SELECTOR (self), FALSE);
  return MICRO_SELECTOR_GET_IFACE (self)->resolve != NULL;
}

/**
 * micro_selector_resolve:
 * @self: a selector
 * @name: the name of a service
 * @error: return location; %G_IO_ERROR_NOT_SUPPORTED if it needs a registry for that
 *
 * Makes a service record of its name alone.  Never blocks; any thread.
 *
 * Returns: (transfer full): the record
 */
MicroService *
micro_selector_resolve (MicroSelector *self, const char *name, GError **error)
{
  MicroSelectorInterface *iface;
  GError *local = NULL;
  MicroService *service;

  g_return_val_if_fail (MICRO_IS_SELECTOR (self) && name != NULL, NULL);
  iface = MICRO_SELECTOR_GET_IFACE (self);
  if (iface->resolve == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "the selector %s needs a registry to find “%s”", G_OBJECT_TYPE_NAME (self),
                   name);
      return NULL;
    }
  service = iface->resolve (self, name, &local);
  return micro_keep_contract (self, service, local, error);
}

/**
 * micro_selector_get_registry:
 * @self: a selector
 *
 * Returns: (transfer none) (nullable): the registry that it asks in place of the program's
 */
MicroRegistry *
micro_selector_get_registry (MicroSelector *self)
{
  MicroSelectorInterface *iface;

  g_return_val_if_fail (MICRO_IS_SELECTOR (self), NULL);
  iface = MICRO_SELECTOR_GET_IFACE (self);
  return iface->get_registry != NULL ? iface->get_registry (self) : NULL;
}
