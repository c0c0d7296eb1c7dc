/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The selector interface's wrappers.
 */
#include "config.h"

#include <micro/micro-error.h>
#include <micro/micro-node.h>
#include <micro/micro-selector.h>

G_DEFINE_INTERFACE (MicroSelector, micro_selector, G_TYPE_OBJECT)

static void
micro_selector_default_init (MicroSelectorInterface *iface)
{
}

/* NULL exactly when the error is set, whatever the implementation did. */
static gpointer
keep_contract (MicroSelector *self, gpointer result, GError *error, GError **ret_error)
{
  if (result != NULL)
    g_clear_error (&error);
  else if (error == NULL)
    g_set_error (&error, MICRO_ERROR, MICRO_STATUS_INTERNAL,
                 "the selector %s gave neither a result nor an error; tell its author",
                 G_OBJECT_TYPE_NAME (self));
  if (error != NULL)
    g_propagate_error (ret_error, error);
  return result;
}

/**
 * micro_selector_is_tried:
 * @tried: (nullable) (element-type MicroNode): what select() was given
 * @node: a node of the service
 *
 * For selectors.
 *
 * Returns: whether @node must not be chosen any more
 */
gboolean
micro_selector_is_tried (GPtrArray *tried, MicroNode *node)
{
  for (guint i = 0; tried != NULL && i < tried->len; i++)
    if (micro_node_equal (tried->pdata[i], node))
      return TRUE;
  return FALSE;
}

/* Or its caller would call a node that cannot be reached again and again. */
static MicroNode *
refuse_tried (MicroSelector *self, MicroNode *node, GPtrArray *tried, GError **error)
{
  if (node == NULL || !micro_selector_is_tried (tried, node))
    return node;
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
 * @tried: (nullable) (element-type MicroNode): the nodes not to choose any more
 * @error: return location; %MICRO_STATUS_UNAVAILABLE when no node is left
 *
 * Chooses the node for the next call.  Never blocks; any thread.
 *
 * Returns: (transfer full): one of the nodes of @service
 */
MicroNode *
micro_selector_select (MicroSelector *self, MicroService *service, GPtrArray *tried, GError **error)
{
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
  node = refuse_tried (self, iface->select (self, service, tried, &local), tried, &local);
  return keep_contract (self, node, local, error);
}

/**
 * micro_selector_mark:
 * @self: a selector
 * @node: a node that was called
 * @outcome: (nullable): how the call failed, or %NULL if it did not
 *
 * Tells how a call went, for selectors that learn from it.  Never blocks; any thread.
 */
void
micro_selector_mark (MicroSelector *self, MicroNode *node, const GError *outcome)
{
  MicroSelectorInterface *iface;

  g_return_if_fail (MICRO_IS_SELECTOR (self) && node != NULL);
  iface = MICRO_SELECTOR_GET_IFACE (self);
  if (iface->mark != NULL)
    iface->mark (self, node, outcome);
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
  return keep_contract (self, service, local, error);
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
