/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A service at one moment, as calls use it.
 */
#pragma once

#include <micro/micro-service.h>

G_BEGIN_DECLS

/* Immutable but for `used`; reference-counted. */
typedef struct
{
  GPtrArray *records;  /* of MicroService: as the registry has them, one a version */
  MicroService *all;   /* what calls choose from: the nodes of all versions */
  GPtrArray *versions; /* of MicroService: the same of each version */
  int used;            /* atomic: somebody has asked since this was last cleared */
} MicroSnapshot;

/* @records: (element-type MicroService): at least one, kept */
MicroSnapshot *micro_snapshot_new (GPtrArray *records);
MicroSnapshot *micro_snapshot_ref (MicroSnapshot *self);
void micro_snapshot_unref (MicroSnapshot *self);
/* (transfer full): what to choose from, the same object each time; @version: (nullable): of this
 * one, without nodes if there is none */
MicroService *micro_snapshot_get_service (MicroSnapshot *self, const char *version);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroSnapshot, micro_snapshot_unref)

G_END_DECLS
