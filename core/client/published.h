/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Snapshots by name, which any thread reads without a lock while one replaces them.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _MicroPublished MicroPublished;

MicroPublished *micro_published_new (void);
void micro_published_free (MicroPublished *self); /* once nobody reads */

/* (transfer full) (nullable): what is published now.  Any thread; never waits for another. */
GPtrArray *micro_published_get (MicroPublished *self, const char *name);
/* Replaces it; %NULL: there is none.  One thread, as below. */
void micro_published_set (MicroPublished *self, const char *name, GPtrArray *services);
/* How many are kept only because somebody may be reading them. */
guint micro_published_get_n_retired (MicroPublished *self);

G_END_DECLS
