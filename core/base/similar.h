/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * “Did you mean …?”: the known word nearest to a mistyped one.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The nearest of @words (of char *), or NULL if none is near: (transfer none). */
const char *micro_similar (const char *word, GPtrArray *words);

G_END_DECLS
