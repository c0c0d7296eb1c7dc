/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Mirrors a collection of the API server: lists it once and watches it from there, for ever.
 */
#pragma once

#include "kube-client.h"

G_BEGIN_DECLS

typedef struct _KubeReflector KubeReflector;

typedef enum
{
  KUBE_EVENT_ADDED,
  KUBE_EVENT_MODIFIED,
  KUBE_EVENT_DELETED
} KubeEventKind;

/**
 * KubeReflectorFuncs:
 * @begin_list: a list comes: collect its items beside what is known
 * @item: one of them
 * @item_gone: one of them is not there any more, in a list that the server streams; without this
 *   none is asked for; (nullable)
 * @end_list: @complete: what was collected is now the truth; otherwise forget it
 * @event: one object was added, changed, or is gone
 * @flush: no more comes at once: tell others of what has changed
 * @trouble: it does not go on for now; @reply is %NULL if there was no answer.  What is known stays
 *   known, and it is tried again
 * @missing: the collection is not there: returns another path to try, or %NULL; (nullable)
 *
 * None may free the reflector but @flush and @trouble.
 */
typedef struct
{
  void (*begin_list) (gpointer user_data);
  void (*item) (const char *json, gsize length, gpointer user_data);
  void (*item_gone) (const char *json, gsize length, gpointer user_data);
  void (*end_list) (gboolean complete, gpointer user_data);
  void (*event) (KubeEventKind kind, const char *json, gsize length, gpointer user_data);
  void (*flush) (gpointer user_data);
  void (*trouble) (const KubeReply *reply, const GError *error, gpointer user_data);
  char *(*missing) (gpointer user_data);
} KubeReflectorFuncs;

/**
 * KubeReflectorStats:
 *
 * For tests and for people who ask why.
 */
typedef struct
{
  guint n_lists;
  guint n_quorum_lists;
  guint n_streamed_lists;
  guint n_watches;
  guint64 n_events;
  guint64 n_bookmarks;
  guint64 n_strange_events; /* of an unknown type */
} KubeReflectorStats;

/* @path: of the collection; @query: (nullable): "labelSelector=…", escaped. */
KubeReflector *kube_reflector_new (KubeClient *client,
                                   const char *path,
                                   const char *query,
                                   const KubeReflectorFuncs *funcs,
                                   gpointer user_data);
void kube_reflector_start (KubeReflector *self);
/* No function is called any more. */
void kube_reflector_free (KubeReflector *self);
/* Whether a list was ever complete. */
gboolean kube_reflector_is_synced (KubeReflector *self);
/* Whether a watch is open now. */
gboolean kube_reflector_is_live (KubeReflector *self);
const KubeReflectorStats *kube_reflector_get_stats (KubeReflector *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeReflector, kube_reflector_free)

G_END_DECLS
