/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Record: what a service is now, as a watch tells it.
 */
#pragma once

#include <micro/micro-service.h>

G_BEGIN_DECLS

/**
 * MicroEventKind:
 * @MICRO_EVENT_SNAPSHOT: the whole service as it is now
 * @MICRO_EVENT_GONE: no node of it is there
 */
typedef enum
{
  MICRO_EVENT_SNAPSHOT,
  MICRO_EVENT_GONE
} MicroEventKind;

/**
 * MicroEvent:
 *
 * The whole state of one service at one moment: no earlier event is needed to understand it.
 * Immutable, reference-counted; any thread.
 */
#define MICRO_TYPE_EVENT (micro_event_get_type ())
MICRO_API GType micro_event_get_type (void);

/* @services: (element-type MicroService): a record a version, at least one. */
MICRO_API MicroEvent *micro_event_new_snapshot (const char *name, GPtrArray *services);
/* @reason: (nullable): what a lookup says of it, such as %MICRO_STATUS_NOT_FOUND */
MICRO_API MicroEvent *micro_event_new_gone (const char *name, const GError *reason);
MICRO_API MicroEvent *micro_event_ref (MicroEvent *self);
MICRO_API void micro_event_unref (MicroEvent *self);
MICRO_API MicroEventKind micro_event_get_kind (MicroEvent *self);
MICRO_API const char *micro_event_get_name (MicroEvent *self);
MICRO_API GPtrArray *micro_event_get_services (MicroEvent *self);
MICRO_API const GError *micro_event_get_reason (MicroEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MicroEvent, micro_event_unref)

G_END_DECLS
