/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A stack of interceptors, and the one around a served call.
 */
#include "config.h"

#include "call/call.h"

static void
entry_clear (gpointer data)
{
  MicroInterceptorEntry *entry = data;

  if (entry->destroy != NULL)
    entry->destroy (entry->user_data);
}

MicroInterceptors *
micro_interceptors_new (void)
{
  MicroInterceptors *self = g_new0 (MicroInterceptors, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (MicroInterceptorEntry));
  g_array_set_clear_func (self->entries, entry_clear);
  return self;
}

void
micro_interceptors_free (MicroInterceptors *self)
{
  g_clear_pointer (&self->before, micro_interceptors_free);
  g_array_unref (self->entries);
  g_free (self);
}

void
micro_interceptors_add (MicroInterceptors *self,
                        gconstpointer funcs,
                        gboolean sees_messages,
                        gpointer user_data,
                        GDestroyNotify destroy)
{
  MicroInterceptorEntry entry = { funcs, user_data, destroy };

  self->sees_messages |= sees_messages;
  g_array_append_val (self->entries, entry);
}

static const MicroInterceptorEntry *
interceptor_get_entry (MicroInterceptors *self, guint i)
{
  return &g_array_index (self->entries, MicroInterceptorEntry, i);
}

/* Without memory for the states the call goes on unseen. The first word counts the started. */
void
micro_interceptors_start (MicroInterceptors *self, MicroCall *call)
{
  guint n = self->entries->len;
  gpointer *states = micro_call_alloc (call, (n + 1) * sizeof (gpointer));

  if (states == NULL)
    return;
  states[0] = NULL;
  call->intercepted = states;
  for (guint i = 0; i < n && call->state != MICRO_CALL_ENDED; i++)
    {
      const MicroInterceptorEntry *entry = interceptor_get_entry (self, i);
      const MicroServerInterceptor *funcs = entry->funcs;

      states[i + 1] = funcs->begin != NULL ? funcs->begin (call, entry->user_data) : NULL;
      states[0] = GUINT_TO_POINTER (i + 1);
    }
}

void
micro_interceptors_message (MicroCall *call, gboolean sent, gsize size)
{
  MicroInterceptors *self = call->route->interceptors;

  if (!self->sees_messages)
    return;
  for (guint i = GPOINTER_TO_UINT (call->intercepted[0]); i > 0; i--)
    {
      const MicroInterceptorEntry *entry = interceptor_get_entry (self, i - 1);
      const MicroServerInterceptor *funcs = entry->funcs;

      if (funcs->message != NULL)
        funcs->message (call, sent, size, call->intercepted[i], entry->user_data);
    }
}

void
micro_interceptors_end (MicroCall *call, MicroStatus status, const char *message)
{
  MicroInterceptors *self = call->route->interceptors;
  gpointer *states = g_steal_pointer (&call->intercepted);

  for (guint i = states != NULL ? GPOINTER_TO_UINT (states[0]) : 0; i > 0; i--)
    {
      const MicroInterceptorEntry *entry = interceptor_get_entry (self, i - 1);
      const MicroServerInterceptor *funcs = entry->funcs;

      if (funcs->end != NULL)
        funcs->end (call, status, message, states[i], entry->user_data);
    }
}
