/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the calls made for a served call inherit from it: deadline, cancellation, tracing headers.
 */
#pragma once

#include <micro/micro-call.h>

G_BEGIN_DECLS

typedef struct _MicroContext MicroContext;
typedef struct _MicroScope MicroScope;

/* What runs on a loop now: a handler of @call, or a call-back of a call made with @context. */
struct _MicroScope
{
  MicroCall *call;       /* (nullable): gone once it is answered */
  MicroContext *context; /* (nullable) */
  MicroScope *outer;
};

/* Around every handler and call-back; @self lives on the stack. */
void micro_scope_enter (MicroScope *self, MicroLoop *loop, MicroCall *call, MicroContext *context);
void micro_scope_leave (MicroScope *self, MicroLoop *loop);

/* Something that goes when the caller goes. */
typedef struct _MicroContextChild MicroContextChild;
struct _MicroContextChild
{
  GList link;
  void (*cancel) (MicroContextChild *self);
};

/* All on the loop thread of the served call but ref and unref. */
MicroContext *micro_context_for (MicroLoop *loop); /* (transfer full) (nullable): of what runs */
MicroContext *micro_context_of (MicroCall *call);  /* (transfer full) */
MicroContext *micro_context_ref (MicroContext *self);
void micro_context_unref (MicroContext *self);
gint64 micro_context_get_deadline (MicroContext *self);
GPtrArray *micro_context_get_headers (MicroContext *self); /* name, value, …; no NULL at the end */
/* Instead of what came, if any did. */
void micro_context_set_header (MicroContext *self, const char *name, const char *value);
void micro_context_add_child (MicroContext *self, MicroContextChild *child);
void micro_context_remove_child (MicroContext *self, MicroContextChild *child);
/* Also those that are yet to come. */
void micro_context_cancel (MicroContext *self);
gboolean micro_context_is_cancelled (MicroContext *self);

G_END_DECLS
