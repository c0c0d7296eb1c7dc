/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One reader of a folder's events, and what it has yet to be told.
 */
#pragma once

#include "local-store.h"

G_BEGIN_DECLS

/* Of one thread, but for the watcher, which its reader may end on any. */
typedef struct
{
  GWeakRef watcher;
  char *service;  /* (nullable): all */
  char *prefix;   /* (nullable): of its files */
  GQueue pending; /* of MicroEvent */
  gpointer owner;
} LocalWatch;

/* @stopped is given the watch, once, when the reader is gone. */
LocalWatch *
local_watch_new (const char *service, gpointer owner, GDestroyNotify stopped, MicroWatcher **ret);
LocalWatch *local_watch_ref (LocalWatch *self);
void local_watch_unref (LocalWatch *self);
void local_watch_queue (LocalWatch *self, MicroEventKind kind, GPtrArray *records);
void local_watch_deliver (LocalWatch *self);

/* Records that came, changed and went, until they are told. */
typedef struct
{
  GPtrArray *of_kind[MICRO_EVENT_DELETED + 1];
} LocalChanges;

LocalChanges local_changes_new (void);
void local_changes_add (LocalChanges *self, MicroEventKind kind, LocalRecord *record);
/* Adds what makes @record out of @known; both (nullable). */
void local_changes_compare (LocalChanges *self, LocalRecord *known, LocalRecord *record);
/* Queues them for each of @watches, and forgets them. */
void local_changes_queue (LocalChanges *self, GPtrArray *watches);

G_END_DECLS
