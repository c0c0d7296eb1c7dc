/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Asking a selector for a node past those that were tried.
 */
#pragma once

#include <micro/micro.h>

static inline MicroNode *
select_untried (MicroSelector *selector, MicroService *service, GPtrArray *tried, GError **error)
{
  MicroPick pick = MICRO_PICK_INIT;

  pick.tried = tried;
  return micro_selector_select (selector, service, &pick, error);
}
