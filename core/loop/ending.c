/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Who waits on a loop, and must not wait for ever when its thread ends.
 */
#include "config.h"

#include "loop/loop.h"

void
micro_loop_add_ending (MicroLoop *self, MicroLoopEnding *ending)
{
  ending->next = self->endings;
  ending->link = &self->endings;
  if (ending->next != NULL)
    ending->next->link = &ending->next;
  self->endings = ending;
}

void
micro_loop_remove_ending (MicroLoopEnding *ending)
{
  if (ending->link == NULL)
    return;
  *ending->link = ending->next;
  if (ending->next != NULL)
    ending->next->link = ending->link;
  ending->link = NULL;
}

void
micro_loop_tell_endings (MicroLoop *self)
{
  while (self->endings != NULL)
    {
      MicroLoopEnding *ending = self->endings;

      micro_loop_remove_ending (ending);
      ending->ending (ending);
    }
}
