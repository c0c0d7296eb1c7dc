/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Strings of which equal ones are one, as long as somebody has it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* (transfer full): the one of @text. Any thread. */
char *micro_intern (const char *text);
void micro_intern_release (char *interned);

G_END_DECLS
