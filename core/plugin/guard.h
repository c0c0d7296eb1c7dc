/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A sentence before the end: which plugin file it was that crashed while it was loaded.
 */
#pragma once

#include <micro/micro-plugin.h>

G_BEGIN_DECLS

typedef struct _MicroPluginGuard MicroPluginGuard;
struct _MicroPluginGuard
{
  char *text; /* (nullable): not entered */
  gsize length;
  gpointer stack; /* (nullable): the thread had one */
  MicroPluginGuard *outer;
};

/* Around each call into @file that happens before it is used; @self lives on the stack, and the
 * thread that enters leaves.  @what: "loaded".  @file: (nullable): linked in, nothing is done. */
void micro_plugin_guard_enter (MicroPluginGuard *self, const char *file, const char *what);
void micro_plugin_guard_leave (MicroPluginGuard *self);

G_END_DECLS
