/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which loop's thread this is.
 */
#include "config.h"

#include "loop/loop.h"

static _Thread_local MicroLoop *current_loop;

/**
 * micro_loop_get_current:
 *
 * Returns: (nullable) (transfer none): the loop whose thread this is
 */
MicroLoop *
micro_loop_get_current (void)
{
  return current_loop;
}

void
micro_loop_set_current (MicroLoop *self)
{
  current_loop = self;
}
