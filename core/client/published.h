/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Values by name, which any thread reads without a lock while one replaces them.
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _MicroPublished MicroPublished;

/* @ref, @unref: of the values; any thread */
MicroPublished *micro_published_new (GBoxedCopyFunc ref, GBoxedFreeFunc unref);
void micro_published_free (MicroPublished *self); /* once nobody reads */

/* (transfer full) (nullable): what is published now.  Any thread; never waits for another. */
gpointer micro_published_get (MicroPublished *self, const char *name);
/* Replaces it; %NULL: there is none.  One thread, as below. */
void micro_published_set (MicroPublished *self, const char *name, gpointer value);
/* How many are kept only because somebody may be reading them. */
guint micro_published_get_n_retired (MicroPublished *self);

G_END_DECLS
