/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * YAML read as if it were JSON, for kubeconfig files.
 */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The first document; JSON is taken too.  Plain true, false and null are those, and every other
 * scalar is a string.  (transfer full) */
JsonNode *kube_yaml_parse (const char *text, gsize length, GError **error);

G_END_DECLS
