/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Registration without a right to patch: what the template of a pod has to say of its services.
 */
#pragma once

#include "kube-record.h"

G_BEGIN_DECLS

/* (transfer full): the metadata of a pod template for all of @records, as YAML. */
char *kube_template_print (KubeRecords *records);
/* (transfer full) (nullable): why others do not find @records by the @labels and @annotations of a
 * pod; NULL when they do. */
char *kube_template_find_fault (KubeRecords *records, GHashTable *labels, GHashTable *annotations);

G_END_DECLS
