/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the calls made for a served call inherit from it: deadline, cancellation, tracing headers.
 */
#include "config.h"

#include <string.h>

#include "call/context.h"
#include "loop/loop.h"
#include <micro/micro-transport.h>

struct _MicroContext
{
  gatomicrefcount references;
  gint64 deadline_us;
  GPtrArray *headers;
  gboolean cancelled;
  GQueue children; /* of MicroContextChild, through their links */
};

/* --- Scopes --- */

void
micro_scope_enter (MicroScope *self, MicroLoop *loop, MicroCall *call, MicroContext *context)
{
  MicroScope **current = micro_loop_get_scope (loop);

  *self = (MicroScope){ call, context, *current };
  *current = self;
  if (call != NULL)
    call->scope = self;
}

void
micro_scope_leave (MicroScope *self, MicroLoop *loop)
{
  *micro_loop_get_scope (loop) = self->outer;
  if (self->call != NULL)
    self->call->scope = NULL;
}

/* --- Contexts --- */

/* W3C Trace Context and Baggage; go-micro's own; see its wrapper for traces. */
static gboolean
is_inherited (const char *name)
{
  return g_str_equal (name, "traceparent") || g_str_equal (name, "tracestate")
         || g_str_equal (name, "baggage")
         || (g_str_has_prefix (name, "micro-") && !g_str_equal (name, "micro-from-service"));
}

static gboolean
inherit_header (const char *name, const char *value, gpointer user_data)
{
  GPtrArray *headers = user_data;

  if (is_inherited (name))
    {
      g_ptr_array_add (headers, g_strdup (name));
      g_ptr_array_add (headers, g_strdup (value));
    }
  return TRUE;
}

static MicroContext *
context_new (MicroCall *call)
{
  MicroContext *self = g_new0 (MicroContext, 1);

  g_atomic_ref_count_init (&self->references);
  self->deadline_us = call->deadline_us;
  self->headers = g_ptr_array_new_with_free_func (g_free);
  call->ops->foreach_header (call, FALSE, inherit_header, self->headers);
  return self;
}

MicroContext *
micro_context_of (MicroCall *call)
{
  if (call->context == NULL)
    call->context = context_new (call);
  return micro_context_ref (call->context);
}

MicroContext *
micro_context_for (MicroLoop *loop)
{
  MicroScope *scope = *micro_loop_get_scope (loop);

  if (scope == NULL)
    return NULL;
  if (scope->call != NULL)
    return micro_context_of (scope->call);
  return scope->context != NULL ? micro_context_ref (scope->context) : NULL;
}

MicroContext *
micro_context_ref (MicroContext *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
micro_context_unref (MicroContext *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_ptr_array_unref (self->headers);
  g_free (self);
}

gint64
micro_context_get_deadline (MicroContext *self)
{
  return self->deadline_us;
}

GPtrArray *
micro_context_get_headers (MicroContext *self)
{
  return self->headers;
}

void
micro_context_set_header (MicroContext *self, const char *name, const char *value)
{
  for (guint i = 0; i < self->headers->len; i += 2)
    if (g_str_equal (g_ptr_array_index (self->headers, i), name))
      {
        g_ptr_array_remove_range (self->headers, i, 2);
        break;
      }
  g_ptr_array_add (self->headers, g_strdup (name));
  g_ptr_array_add (self->headers, g_strdup (value));
}

void
micro_context_add_child (MicroContext *self, MicroContextChild *child)
{
  child->link.data = child;
  g_queue_push_tail_link (&self->children, &child->link);
}

void
micro_context_remove_child (MicroContext *self, MicroContextChild *child)
{
  if (child->link.data == NULL)
    return;
  g_queue_unlink (&self->children, &child->link);
  child->link.data = NULL;
}

void
micro_context_cancel (MicroContext *self)
{
  MicroContextChild *child;

  micro_context_ref (self);
  self->cancelled = TRUE;
  while ((child = g_queue_peek_head (&self->children)) != NULL)
    {
      micro_context_remove_child (self, child);
      child->cancel (child);
    }
  micro_context_unref (self);
}

gboolean
micro_context_is_cancelled (MicroContext *self)
{
  return self->cancelled;
}
