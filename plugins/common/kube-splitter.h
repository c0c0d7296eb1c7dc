/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Cuts what the API server streams into objects, without a tree of the whole.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* An object that is longer is not one of ours; the stream is given up. */
#define KUBE_SPLITTER_MAX_OBJECT (16 * 1024 * 1024)

typedef struct _KubeSplitter KubeSplitter;

/**
 * KubeSplitterFunc:
 * @json: one object, valid during the call; no NUL follows
 *
 * Returns: whether to go on
 */
typedef gboolean (*KubeSplitterFunc) (const char *json, gsize length, gpointer user_data);

/* Of a watch: one object after another.  Of a list: the elements of "items". */
KubeSplitter *kube_splitter_new_watch (KubeSplitterFunc func, gpointer user_data);
KubeSplitter *kube_splitter_new_list (KubeSplitterFunc func, gpointer user_data);
void kube_splitter_free (KubeSplitter *self);

/* FALSE with @error when the bytes are no JSON or an object is too long, without @error when the
 * function wants no more. */
gboolean kube_splitter_feed (KubeSplitter *self, const char *data, gsize length, GError **error);
/* Whether the stream may end here: the list was complete, or no object of the watch is cut. */
gboolean kube_splitter_is_complete (KubeSplitter *self);
/* Of a list: the object without its items, such as {"kind":…,"metadata":{…},"items":[]}. */
const char *kube_splitter_get_envelope (KubeSplitter *self, gsize *ret_length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KubeSplitter, kube_splitter_free)

G_END_DECLS
