/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One reader of a folder, and the services whose news it has yet to be told.
 */
#pragma once

#include "local-store.h"

G_BEGIN_DECLS

/* Of one thread, but for the watcher, which its reader may end on any. */
typedef struct
{
  GWeakRef watcher;
  char *service;       /* (nullable): all */
  char *prefix;        /* (nullable): of its files */
  GHashTable *changed; /* of names */
  gpointer owner;
} LocalWatch;

/* @stopped is given the watch, once, when the reader is gone. */
LocalWatch *
local_watch_new (const char *service, gpointer owner, GDestroyNotify stopped, MicroWatcher **ret);
LocalWatch *local_watch_ref (LocalWatch *self);
void local_watch_unref (LocalWatch *self);
gboolean local_watch_wants (LocalWatch *self, const char *name);
/* What the services that have changed are now: @known has LocalRecords by file. */
void local_watch_deliver (LocalWatch *self, GHashTable *known, const char *directory);

/* The services of which something came, changed or went: a set of names. */
GHashTable *local_changes_new (void);
/* Adds what makes @record out of @known; both (nullable). */
void local_changes_compare (GHashTable *self, LocalRecord *known, LocalRecord *record);
void local_changes_add (GHashTable *self, LocalRecord *record);

G_END_DECLS
