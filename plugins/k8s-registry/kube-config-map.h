/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The settings in a ConfigMap, as the API server has them.
 */
#pragma once

#include <micro/micro.h>

#include "../common/kube-client.h"

G_BEGIN_DECLS

/* (transfer full): @owner lives as long; on the thread of @client. */
MicroConfigSource *
kube_config_map_new (KubeClient *client, GObject *owner, const char *namespace_, const char *name);

/* (transfer full) (nullable) (element-type utf8 GBytes): its data and binaryData; NULL: no object
 */
GHashTable *kube_config_map_read (const char *json, gsize length);

G_END_DECLS
