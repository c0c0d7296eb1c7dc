/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a plugin returns is a result or an error, whatever its author did.
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* @result of @self, and @local, (nullable) (transfer full): NULL exactly when @error is set. */
gpointer micro_keep_contract (gpointer self, gpointer result, GError *local, GError **error);
gboolean micro_keep_boolean (gpointer self, gboolean result, GError *local, GError **error);

G_END_DECLS
